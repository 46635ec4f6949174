import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from pricetrail.lineage import channel

PRICE = "/v1/predict-price/85123A"


def test_nothing_released_yet(shop):
    for path in (PRICE, "/readyz"):
        found = shop.client().get(path)
        assert found.status_code == 503
        assert "pricetrail promote" in found.json["detail"]
    assert shop.client().get("/livez").status_code == 200


def test_release_is_taken_when_it_is_promoted(served):
    client = served.client()
    assert client.get(PRICE).json["now"] == 2.95
    newer = served.promote({"price": 3.1})
    found = client.get(PRICE).json
    assert (found["now"], found["release"]) == (3.1, newer)


def test_rollback_is_followed(served):
    newer = served.promote({"price": 3.1})
    client = served.client()
    assert client.get(PRICE).json["release"] == newer
    channel.rollback(served.ledger, who="a test", why="")
    assert client.get(PRICE).json["release"] == served.id


def changed(kept):
    kept.write_bytes(kept.read_bytes().replace(b"310.5", b"310.6"))


def missing(kept):
    kept.unlink()


@pytest.mark.parametrize(("harm", "said"), [(changed, "as it was recorded"), (missing, "is not in ")])
def test_last_good_release_serves_on(served, harm, said):
    client = served.client()
    assert client.get("/readyz").json["status"] == "ready"
    harm(served.kept(served.promote({"price": 3.1})))
    assert client.get(PRICE).json["release"] == served.id
    found = client.get("/readyz").json
    assert found["status"] == "stale"
    assert said in found["fault"]


@pytest.mark.parametrize("harm", [changed, missing])
def test_nothing_is_served_from_bytes_that_were_changed(served, harm):
    harm(served.kept(served.id))
    assert served.client().get(PRICE).status_code == 503


def test_pointer_to_a_missing_release(served):
    client = served.client()
    client.get("/readyz")
    body = {"channel": "production", "release": "ab" * 32, "why": ""}
    served.ledger.append("promotion", body, who="a test", objects=("ab" * 32,))
    assert client.get(PRICE).json["release"] == served.id
    assert "never recorded" in client.get("/readyz").json["fault"]
    assert served.client().get(PRICE).status_code == 503


def test_release_that_was_signed_by_somebody_else(served, tmp_path):
    client = served.client(trust="cd" * 32)
    found = client.get(PRICE)
    assert (found.status_code, "it is another one" in found.json["detail"]) == (503, True)


def test_release_that_cannot_be_priced_from(served):
    client = served.client()
    client.get("/readyz")
    served.promote({"price": -1.0})
    assert client.get(PRICE).json["release"] == served.id
    assert "products.0.price" in client.get("/readyz").json["fault"]


def test_broken_release_is_not_loaded_again_by_every_request(served):
    changed(served.kept(served.id))
    client = served.client(every=1e9)
    assert [client.get(PRICE).status_code for _ in range(3)] == [503] * 3
    assert "pricetrail_swap_failures_total 1.0" in client.get("/metrics").text


def test_many_who_come_first_wait_for_one_load(served):
    app = served.client(every=1e9).application
    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(lambda _: app.test_client().get(PRICE).status_code, range(16)))
    assert codes == [200] * 16
    assert "pricetrail_swaps_total 1.0" in app.test_client().get("/metrics").text


def test_release_that_moves_while_prices_are_asked_for(served):
    """Every answer is of one whole release: its price now tells which."""
    app = served.client(every=0.0, wait=False).application
    prices, stop = {served.id: 2.95}, threading.Event()

    def ask(_):
        found = list[tuple[str, float]]()
        while not stop.is_set():
            answer = app.test_client().get(PRICE).json
            found.append((answer["release"], answer["now"]))
        return found

    with ThreadPoolExecutor(4) as pool:
        asked = pool.map(ask, range(4))
        for price in (3.0, 3.1, 3.2):
            prices[served.promote({"price": price})] = price
        stop.set()
    assert all(prices[release] == now for found in asked for release, now in found)
