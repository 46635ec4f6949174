"""AWS credentials of a Prefect block, for a run and the commands it starts; without one, the worker's own role."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from pricetrail.errors import StoreFailed

NAMES = {
    "AWS_ACCESS_KEY_ID": "access_key",
    "AWS_SECRET_ACCESS_KEY": "secret_key",
    "AWS_SESSION_TOKEN": "token",
}


@dataclass(frozen=True)
class Credentials:
    """Environment variables that no ``repr`` shows; None for one that must not be set beside the others."""

    values: Mapping[str, str | None] = field(repr=False)

    @contextmanager
    def used(self) -> Iterator[None]:
        """Have this process, and commands that it starts, speak to AWS with them until it is done."""
        before = {name: os.environ.get(name) for name in self.values}
        _set(self.values)
        try:
            yield
        finally:
            _set(before)


def environment(block: str | None) -> Credentials:
    """Those of a block.

    Raises:
        StoreFailed: there is no such block, or it gives none.
    """
    if block is None:
        return Credentials({})
    try:
        from prefect_aws import AwsCredentials

        session = AwsCredentials.load(block).get_boto3_session()  # type: ignore[union-attr]
        frozen = session.get_credentials().get_frozen_credentials()
    except Exception as error:
        raise StoreFailed(
            f"The Prefect block aws-credentials/{block} gives no credentials. Make it in the dashboard under Blocks."
        ) from error
    found = {name: getattr(frozen, attribute) or None for name, attribute in NAMES.items()}
    region = {"AWS_DEFAULT_REGION": session.region_name} if session.region_name else {}
    return Credentials(found | region)


def _set(values: Mapping[str, str | None]) -> None:
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
