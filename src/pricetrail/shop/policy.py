"""What AWS has to allow for a shop in a bucket, and nothing else: an IAM policy per role."""

from __future__ import annotations

from typing import Any, Literal

from pricetrail.errors import UsageError
from pricetrail.lineage import blob, entry, hint, lease
from pricetrail.shop.remote import Place

Role = Literal["pipeline", "service"]
Statement = dict[str, Any]

READ = (f"{blob.FOLDER}/*", f"{entry.FOLDER}*", f"{entry.OBJECTS}*", "receipts/*", hint.NAME)
"""What a service reads: all but git's history."""
RECEIPTS = "receipts/log/*"
DELETED = ("receipts/*", f"{lease.FOLDER}*")
VERSION = "2012-10-17"


def policy(place: Place, role: Role) -> dict[str, Any]:
    """The policy document of a role.

    Args:
        place: an S3 remote.
        role: ``pipeline`` runs, pushes, pulls, promotes and seals; ``service`` reads releases and writes receipts.

    Raises:
        UsageError: the remote is not on S3.
    """
    if not place.url.startswith("s3://"):
        raise UsageError(f"{place.url} is not on S3, and has no use for an AWS policy.")
    bucket, _, prefix = place.url.removeprefix("s3://").partition("/")
    base = f"{prefix}/" if prefix else ""
    objects = f"arn:aws:s3:::{bucket}/{base}"
    given = _pipeline(objects) if role == "pipeline" else _service(objects)
    return {"Version": VERSION, "Statement": [_names(bucket, base), *given, *_key(place)]}


def _pipeline(objects: str) -> list[Statement]:
    return [
        _allow("Keep", ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"], [f"{objects}*"]),
        _allow("Forget", ["s3:DeleteObject"], [f"{objects}{path}" for path in DELETED]),
    ]


def _service(objects: str) -> list[Statement]:
    return [
        _allow("ReadReleases", ["s3:GetObject"], [f"{objects}{path}" for path in READ]),
        _allow("WriteReceipts", ["s3:PutObject"], [f"{objects}{RECEIPTS}"]),
    ]


def _names(bucket: str, base: str) -> Statement:
    """Without the right to list, S3 calls a missing object forbidden. A request for one names no prefix."""
    found = _allow("FindNames", ["s3:ListBucket"], [f"arn:aws:s3:::{bucket}"])
    return {**found, "Condition": {"StringLikeIfExists": {"s3:prefix": [f"{base}*"]}}}


def _key(place: Place) -> list[Statement]:
    """The right to use a key of one's own; Amazon's own key for S3 needs none."""
    key = (place.encryption or "").partition("aws:kms:")[2]
    if not key:
        return []
    actions = ["kms:GenerateDataKey", "kms:Decrypt"]
    if key.startswith("arn:") and ":alias/" not in key:
        return [_allow("UseKey", actions, [key])]
    alias = key.rpartition(":")[2] if key.startswith("arn:") else key
    condition = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": alias}}
    return [{**_allow("UseKey", actions, ["*"]), "Condition": condition}]


def _allow(name: str, actions: list[str], resources: list[str]) -> Statement:
    return {"Sid": name, "Effect": "Allow", "Action": actions, "Resource": resources}
