"""A store in an S3 bucket, or on a server that speaks S3's protocol and honours conditional writes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from pricetrail.errors import AlreadyThere, ArtifactMissing, StoreFailed
from pricetrail.lineage.store.protocol import checked, clash, prefixed

MISSING = {"NoSuchKey", "404", "NotFound"}
TAKEN = {"PreconditionFailed", "412"}
RACED = {"ConditionalRequestConflict", "409"}
ATTEMPTS = 5


class S3Store:
    """Objects under a bucket's prefix, created by ``PUT`` with ``If-None-Match: *``.

    When the answer to a ``PUT`` is lost and boto3 asks again, the second is refused by the first; so a refusal is
    followed by a look at what lies there, and what is ours counts as created.
    """

    exclusive = True

    def __init__(self, url: str, endpoint: str | None = None) -> None:
        self.bucket, _, prefix = url.removeprefix("s3://").partition("/")
        self.prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self.endpoint = endpoint

    def __repr__(self) -> str:
        return f"S3Store('s3://{self.bucket}/{self.prefix}')"

    def read(self, name: str) -> bytes:
        """The bytes under ``name``."""
        with self._speaking(name):
            answer = self._client.get_object(Bucket=self.bucket, Key=self.prefix + checked(name))
            return bytes(answer["Body"].read())

    def create(self, name: str, content: bytes) -> None:
        """Put ``content`` under a name that holds nothing yet."""
        for _ in range(ATTEMPTS):
            answer = self._put_new(name, content)
            if answer in TAKEN and self.read(name) != content:
                raise AlreadyThere(clash(name))
            if answer not in RACED:
                return
        raise StoreFailed(f"{name} is being written by too many at once in {self!r}. Try again.")

    def replace(self, name: str, content: bytes) -> None:
        """Put ``content`` under ``name``, whatever it held."""
        with self._speaking(name):
            self._client.put_object(Bucket=self.bucket, Key=self.prefix + checked(name), Body=content)

    def names(self, prefix: str = "") -> list[str]:
        """Every name that begins with ``prefix``, in order."""
        with self._speaking(prefix):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=self.prefix + prefixed(prefix)
            )
            keys = [str(each["Key"]) for page in pages for each in page.get("Contents", ())]
        return sorted(key.removeprefix(self.prefix) for key in keys)

    def delete(self, name: str) -> None:
        """Take a name away."""
        with self._speaking(name):
            self._client.delete_object(Bucket=self.bucket, Key=self.prefix + checked(name))

    def _put_new(self, name: str, content: bytes) -> str:
        """Try to create; the code of S3's refusal, or nothing."""
        from botocore.exceptions import ClientError

        with self._speaking(name):
            try:
                self._client.put_object(
                    Bucket=self.bucket, Key=self.prefix + checked(name), Body=content, IfNoneMatch="*"
                )
            except ClientError as error:
                code = str(error.response["Error"]["Code"])
                if code not in TAKEN | RACED:
                    raise
                return code
        return ""

    @cached_property
    def _client(self) -> Any:
        try:
            import boto3
            from botocore.config import Config
        except ImportError as error:
            raise StoreFailed(
                "A store on S3 needs boto3. Install it with: pip install 'pricetrail[cloud]'"
            ) from error
        retries = {"total_max_attempts": ATTEMPTS, "mode": "standard"}
        settings = Config(retries=retries, connect_timeout=5, read_timeout=30)
        return boto3.client("s3", endpoint_url=self.endpoint, config=settings)

    @contextmanager
    def _speaking(self, name: str) -> Iterator[None]:
        assert self._client is not None  # says what to install before botocore is asked for
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except ClientError as error:
            if error.response["Error"]["Code"] in MISSING:
                raise ArtifactMissing(f"There is no {name} in {self!r}.") from None
            raise StoreFailed(f"{self!r} refused {name or 'to list'}: {error}") from error
        except (BotoCoreError, OSError) as error:
            raise StoreFailed(f"{self!r} cannot be reached ({type(error).__name__}: {error}).") from error
