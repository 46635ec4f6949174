"""The service on S3, spoken over HTTP to a local server."""

import pytest

from pricetrail.lineage.receipts import find
from pricetrail.lineage.store import FolderStore


@pytest.fixture
def client(bucket):
    return bucket.client(ledger=bucket.url, blobs=(), endpoint=bucket.endpoint)


def test_price_and_receipt_by_way_of_the_bucket(bucket, client):
    found = client.get("/v1/predict-price/85123A?cost=1.1").json
    kept = find(bucket.ledger.store, found["receipt"]).receipt
    assert (kept.price, kept.release) == (found["price"], bucket.id)
    assert client.post(f"/v1/replay/{found['receipt']}").json["equal"] is True


def test_release_is_taken_from_the_bucket(bucket, client):
    client.get("/readyz")
    newer = bucket.promote({"price": 3.1})
    assert client.get("/v1/predict-price/85123A").json["release"] == newer


def test_release_that_was_not_pushed_is_not_promoted(bucket, tmp_path):
    client = bucket.client(
        ledger=bucket.url, blobs=(str(tmp_path / "cache"),), endpoint=bucket.endpoint, key="open sesame"
    )
    bucket.blobs = FolderStore(tmp_path / "cache")
    newer = bucket.release({"price": 3.1})
    headers = {"Authorization": "Bearer open sesame"}
    found = client.post(f"/v1/releases/{newer}/promote", json={}, headers=headers)
    assert (found.status_code, " is not in " in found.json["detail"]) == (503, True)


def test_bucket_that_is_gone_stops_prices_not_the_service(bucket, client, monkeypatch):
    client.get("/readyz")
    for name in bucket.ledger.store.names("ledger/"):
        bucket.ledger.store.delete(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
    gone = bucket.client(ledger=bucket.url, blobs=(), endpoint="http://127.0.0.1:1")
    found = gone.get("/v1/predict-price/85123A")
    assert found.status_code == 503
    assert gone.get("/livez").status_code == 200
