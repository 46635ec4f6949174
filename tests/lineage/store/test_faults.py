"""A store on S3 when something goes wrong on the wire: a proxy before moto's server, which is a simulator."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from benchmarks import proxy as wire

from pricetrail.errors import AlreadyThere, StoreFailed
from pricetrail.lineage.ledger import Ledger
from pricetrail.lineage.store import S3Store


@pytest.fixture
def proxy(s3):
    with wire.before(s3) as running:
        yield running


@pytest.fixture
def store(proxy):
    return S3Store(f"s3://records/{uuid.uuid4().hex}", proxy.address)


def once(*faults):
    """Spoil the first requests with these faults, one each, and no other."""
    left = list(faults)
    return lambda request: left.pop(0) if left else None


def always(fault):
    """Spoil every request about an object."""
    return lambda request: fault if request.path.count("/") > 1 else None


@pytest.mark.parametrize("fault", ["InternalError", "SlowDown", wire.DROP, wire.CUT, wire.LOST])
def test_one_fault_is_not_noticed(store, proxy, fault):
    store.create("a", b"1" * 1000)
    for work in (lambda: store.create("b", b"2"), lambda: store.read("a"), lambda: store.names()):
        proxy.script = once(fault)
        work()
    assert (store.names(), store.read("b")) == (["a", "b"], b"2")


@pytest.mark.parametrize("fault", [wire.LOST, "PreconditionFailed", "ConditionalRequestConflict"])
def test_write_whose_answer_misleads(store, proxy, fault):
    proxy.script = once(fault)
    if fault == "PreconditionFailed":
        with pytest.raises(Exception, match="no a in"):
            store.create("a", b"1")
    store.create("a", b"1")
    assert store.read("a") == b"1"


def test_write_that_another_won_is_told(store, proxy):
    store.create("a", b"1")
    proxy.script = once("ConditionalRequestConflict")
    with pytest.raises(AlreadyThere):
        store.create("a", b"2")


def test_stale_list_hides_no_entry(store, proxy):
    for _ in range(3):
        Ledger(store).append("note", {}, who="somebody")
    store.delete("head.json")
    proxy.script = lambda request: wire.STALE if request.lists else None
    assert Ledger(store).head().number == 4
    assert wire.STALE in proxy.spoiled


def test_two_writers_on_a_bad_line_never_fork(store, proxy):
    proxy.script = lambda request: wire.LOST if request.conditional and len(proxy.seen) % 3 == 0 else None
    with ThreadPoolExecutor(4) as pool:
        for _ in pool.map(lambda n: Ledger(store).append("note", {"n": n}, who="somebody"), range(4)):
            pass
    entries = list(Ledger(store).entries())
    assert sorted(entry.body["n"] for entry in entries if entry.kind == "note") == list(range(4))


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("ExpiredToken", "credentials have expired. Get new ones"),
        ("RequestTimeTooSkewed", "clock is off by more than 15 minutes"),
        ("AccessDenied", "pricetrail remote policy"),
        ("SignatureDoesNotMatch", "Correct AWS_ACCESS_KEY_ID"),
        ("PermanentRedirect", "in eu-west-1, and another region was asked. Set AWS_DEFAULT_REGION"),
    ],
)
def test_refusal_says_what_to_do_in_one_line(store, proxy, fault, said):
    proxy.script = always(fault)
    for work in (lambda: store.create("a", b"1"), lambda: store.read("a"), lambda: store.size("a")):
        with pytest.raises(StoreFailed, match=said) as told:
            work()
        assert "\n" not in str(told.value)


def test_server_that_sends_everything_elsewhere(store, proxy):
    proxy.script = lambda request: "PermanentRedirect"
    with pytest.raises(StoreFailed, match="does not say which") as told:
        store.size("a")
    assert str(told.value).startswith(f"{store}: ")


def test_server_that_stays_out_of_order(store, proxy):
    proxy.script = always("ServiceUnavailable")
    with pytest.raises(StoreFailed, match="Give the same command again in a while"):
        store.size("a")


def test_no_credentials(store, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(StoreFailed, match=r"no credentials were found\. Set AWS_ACCESS_KEY_ID"):
        store.read("a")


def test_bucket_that_is_missing(s3):
    store = S3Store("s3://no-such-bucket/a", s3)
    for work in (lambda: store.create("a", b"1"), lambda: store.read("a"), lambda: store.names()):
        with pytest.raises(StoreFailed, match="there is no such bucket"):
            work()


def test_nobody_answers(s3):
    with pytest.raises(StoreFailed, match=r"nobody answers\. Check the network"):
        S3Store("s3://records/a", "http://127.0.0.1:9").read("a")


def test_encryption_is_asked_for_by_every_write(s3, tmp_path):
    import boto3

    prefix = uuid.uuid4().hex
    store = S3Store(f"s3://records/{prefix}", s3, "aws:kms:alias/shop")
    (tmp_path / "file").write_bytes(b"1")
    store.create("a", b"1")
    store.replace("b", b"1")
    store.send("c", tmp_path / "file")
    asked = boto3.client("s3", endpoint_url=s3)
    for name in "abc":
        found = asked.head_object(Bucket="records", Key=f"{prefix}/{name}")
        assert (found["ServerSideEncryption"], found["SSEKMSKeyId"]) == ("aws:kms", "alias/shop")
