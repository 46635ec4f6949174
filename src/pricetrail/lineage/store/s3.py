"""A store in an S3 bucket, or on a server that speaks S3's protocol and honours conditional writes."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from pricetrail.errors import AlreadyThere, ArtifactMissing, StoreFailed
from pricetrail.lineage.store import refusal
from pricetrail.lineage.store.protocol import checked, clash, prefixed
from pricetrail.lineage.store.refusal import BARE, MISSING, RACED, TAKEN

ATTEMPTS = 6
PAUSE = 0.05
CHUNK = 1 << 20
KMS = "aws:kms"
NEEDED = "A store on S3 needs boto3. Install it with: pip install 'pricetrail[cloud]'"

T = TypeVar("T")


class S3Store:
    """Objects under a bucket's prefix, created by ``PUT`` with ``If-None-Match: *``.

    When the answer to a ``PUT`` is lost and boto3 asks again, the second is refused by the first; so a refusal is
    followed by a look at what lies there, and what is ours counts as created.

    Args:
        url: ``s3://bucket/prefix``.
        endpoint: the address of a server that speaks S3's protocol, when it is not Amazon's own.
        encryption: ``AES256``, ``aws:kms`` or ``aws:kms:KEY``; None for what the bucket does by itself.
    """

    exclusive = True

    def __init__(self, url: str, endpoint: str | None = None, encryption: str | None = None) -> None:
        self.bucket, _, prefix = url.removeprefix("s3://").partition("/")
        self.prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self.endpoint = endpoint
        self._sealed = _sealed(encryption)

    def __repr__(self) -> str:
        return f"S3Store({str(self)!r})"

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")

    def read(self, name: str) -> bytes:
        """The bytes under ``name``."""
        where = self._where(name)

        def whole() -> bytes:
            return bytes(self._client.get_object(**where)["Body"].read())

        with self._speaking(name):
            return self._patiently(whole)

    def create(self, name: str, content: bytes) -> None:
        """Put ``content`` under a name that holds nothing yet."""
        for attempt in range(ATTEMPTS):
            answer = self._put_new(name, content)
            if answer in TAKEN and self.read(name) != content:
                raise AlreadyThere(clash(name))
            if answer not in RACED:
                return
            _pause(attempt)
        raise StoreFailed(f"{name} is being written by too many at once in {self}. Try again.")

    def replace(self, name: str, content: bytes) -> None:
        """Put ``content`` under ``name``, whatever it held."""
        with self._speaking(name):
            self._client.put_object(**self._where(name), Body=content, **self._sealed)

    def size(self, name: str) -> int | None:
        """How many bytes are under ``name``; None where there is nothing."""
        where = self._where(name)
        try:
            with self._speaking(name):
                from botocore.exceptions import ClientError

                try:
                    return int(self._client.head_object(**where)["ContentLength"])
                except ClientError as error:
                    if error.response["Error"]["Code"] in BARE:
                        self._client.get_object(**where)  # is refused too, and says why
                    raise
        except ArtifactMissing:
            return None

    def send(self, name: str, path: Path) -> None:
        """Put a file's bytes under ``name``, in parts when it is large."""
        where = self._where(name)
        with self._speaking(name), path.open("rb") as file:
            self._client.upload_fileobj(file, where["Bucket"], where["Key"], ExtraArgs=self._sealed)

    def take(self, name: str, path: Path) -> None:
        """Write the bytes under ``name`` to a file."""
        where = self._where(name)

        def whole() -> None:
            body = self._client.get_object(**where)["Body"]
            with path.open("wb") as file:
                for chunk in body.iter_chunks(CHUNK):
                    file.write(chunk)

        with self._speaking(name):
            self._patiently(whole)

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
            self._client.delete_object(**self._where(name))

    def _where(self, name: str) -> dict[str, str]:
        return {"Bucket": self.bucket, "Key": self.prefix + checked(name)}

    def _put_new(self, name: str, content: bytes) -> str:
        """Try to create; the code of S3's refusal, or nothing."""
        where = self._where(name)
        with self._speaking(name):
            from botocore.exceptions import ClientError

            try:
                self._client.put_object(**where, Body=content, IfNoneMatch="*", **self._sealed)
            except ClientError as error:
                code = str(error.response["Error"]["Code"])
                if code not in TAKEN | RACED:
                    raise
                return code
        return ""

    def _patiently(self, ask: Callable[[], T]) -> T:
        """Ask again when an answer is cut short: boto3 does so only until the first byte of it."""
        from botocore.exceptions import HTTPClientError, IncompleteReadError

        for attempt in range(ATTEMPTS - 1):
            try:
                return ask()
            except (HTTPClientError, IncompleteReadError):
                _pause(attempt)
        return ask()

    @cached_property
    def _client(self) -> Any:
        try:
            import boto3
            from botocore.config import Config
        except ImportError as error:
            raise StoreFailed(NEEDED) from error
        retries = {"total_max_attempts": ATTEMPTS, "mode": "standard"}
        settings = Config(retries=retries, connect_timeout=5, read_timeout=30, max_pool_connections=16)
        with self._speaking(""):
            return boto3.Session().client("s3", endpoint_url=self.endpoint, config=settings)

    @contextmanager
    def _speaking(self, name: str) -> Iterator[None]:
        try:
            from botocore.exceptions import BotoCoreError, ClientError
        except ImportError as error:
            raise StoreFailed(NEEDED) from error
        try:
            yield
        except ClientError as error:
            if error.response["Error"]["Code"] in MISSING:
                raise ArtifactMissing(f"There is no {name} in {self}.") from None
            raise StoreFailed(f"{self}: {refusal.explain(error.response)}") from error
        except (BotoCoreError, OSError, RecursionError) as error:
            raise StoreFailed(f"{self}: {refusal.diagnose(error)}") from error


def _sealed(encryption: str | None) -> dict[str, str]:
    """What asks S3 to encrypt what it is given."""
    if encryption is None:
        return {}
    if not encryption.startswith(f"{KMS}:"):
        return {"ServerSideEncryption": encryption}
    return {"ServerSideEncryption": KMS, "SSEKMSKeyId": encryption.removeprefix(f"{KMS}:")}


def _pause(attempt: int) -> None:
    """Wait twice as long each time, and by chance, so that those who met do not meet again."""
    time.sleep(PAUSE * 2**attempt * random.uniform(0.5, 1.5))
