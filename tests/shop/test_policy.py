"""The IAM policies, held to the requests that the code really makes of a local server that speaks S3's protocol."""

import re
import uuid
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from urllib.parse import parse_qs, urlsplit

import pytest
from benchmarks import proxy as wire

from pricetrail.errors import StoreFailed, UsageError
from pricetrail.lineage import blob, channel, place
from pricetrail.lineage.ledger import Ledger
from pricetrail.lineage.receipts import Receipt, Writer
from pricetrail.lineage.receipts.retention import Policy, forget
from pricetrail.lineage.receipts.seal import seal
from pricetrail.lineage.store import S3Store
from pricetrail.shop import production, remote, restore, transfer
from pricetrail.shop.policy import policy
from pricetrail.shop.remote import Place

PUT = "s3:PutObject"
ACTIONS = {
    "GET": "s3:GetObject",
    "HEAD": "s3:GetObject",
    "PUT": PUT,
    "POST": PUT,
    "DELETE": "s3:DeleteObject",
}


@pytest.fixture
def proxy(s3):
    with wire.before(s3) as running:
        yield running


@pytest.fixture
def there(proxy):
    return Place.of(f"s3://records/{uuid.uuid4().hex}", proxy.address, "AES256")


def asked(request):
    """What AWS would look for in a policy: the action, the resource, and the prefix of a list."""
    split = urlsplit(request.path)
    path, query = split.path.lstrip("/"), parse_qs(split.query)
    bucket, _, key = path.partition("/")
    if not key:
        return "s3:ListBucket", f"arn:aws:s3:::{bucket}", query.get("prefix", [None])[0]
    action = (
        "s3:AbortMultipartUpload"
        if request.method == "DELETE" and "uploadId" in query
        else ACTIONS[request.method]
    )
    return action, f"arn:aws:s3:::{path}", None


def allows(statement, action, resource, prefix):
    listed = statement.get("Condition", {}).get("StringLikeIfExists", {}).get("s3:prefix", ["*"])
    return (
        action in statement["Action"]
        and any(fnmatchcase(resource, pattern) for pattern in statement["Resource"])
        and (prefix is None or any(fnmatchcase(prefix, pattern) for pattern in listed))
    )


def hold(document, seen):
    """Every request is allowed, and every action that is allowed was needed."""
    needed = {asked(request) for request in seen}
    for each in needed:
        assert any(allows(statement, *each) for statement in document["Statement"]), each
    granted = {action for statement in document["Statement"] for action in statement["Action"]}
    assert granted == {action for action, *_ in needed}


def answer(writer):
    at = datetime(2026, 3, 1, tzinfo=UTC)
    return writer.issue(
        Receipt(at, "ab" * 32, "cd" * 32, "85123A", None, {"cost": 1.0}, {"price": 2.5}, 2.5, 9.0)
    )


@pytest.mark.slow
def test_pipeline_needs_what_its_policy_allows(ran, there, proxy, tmp_path):
    remote.move(ran.root, there)
    production.promote(ran.root, None, why="")
    restore.restore(tmp_path / "back", there)
    transfer.pull(ran.root)
    ran.dvc("pull")
    ran.dvc("push")
    ledger = place.ledger(ran.root)
    answer(writer := Writer(ledger.store))
    writer.close()
    seal(ledger, who="somebody")
    forget(ledger, Policy(newest=0), who="somebody", why="")
    (tmp_path / "large").write_bytes(b"1" * 9_000_000)
    proxy.script = lambda request: "AccessDenied" if "partNumber" in request.path else None
    with pytest.raises(StoreFailed):
        there.open().send("dvc/files/md5/ab/c", tmp_path / "large")
    hold(policy(there, "pipeline"), proxy.seen)


def test_service_needs_what_its_policy_allows(ran, there, proxy):
    remote.move(ran.root, there)
    production.promote(ran.root, None, why="")
    ledger = Ledger(S3Store(there.url, proxy.address))
    release = production.releases(ran.root)[0]
    proxy.seen.clear()
    assert channel.current(ledger).release == release.id
    for each in release.manifest["files"]:
        ledger.store.read(blob.name(each["md5"]))
    ledger.object(release.id)
    ledger.store.names("ledger/")
    answer(writer := Writer(ledger.store))
    writer.close()
    hold(policy(there, "service"), proxy.seen)


def test_key_of_ones_own_may_be_used():
    arn = "arn:aws:kms:eu-west-1:111122223333:key/1"
    for key, resource in ((arn, arn), ("alias/shop", "*")):
        found = policy(Place.of("s3://a/b", None, f"aws:kms:{key}"), "service")["Statement"][-1]
        assert (found["Action"], found["Resource"]) == (["kms:GenerateDataKey", "kms:Decrypt"], [resource])


def test_no_policy_allows_everything():
    for role in ("pipeline", "service"):
        assert not re.search(r'"(s3|kms)?:?\*"', str(policy(Place.of("s3://a", None, None), role)))


def test_folder_has_no_policy(tmp_path):
    with pytest.raises(UsageError, match="not on S3"):
        policy(Place.of(str(tmp_path), None, None), "service")
