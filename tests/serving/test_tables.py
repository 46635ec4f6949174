import csv
import io

import pytest

from pricetrail.lineage.receipts import find, log
from pricetrail.serving.app import create_app
from pricetrail.serving.asking import Terms

TABLE, BULK = "/v1/products", "/v1/recommendations"


def test_every_product_with_a_receipt(served):
    found = served.client().get(f"{TABLE}?cost=1.1").json
    assert (found["total"], found["release"]) == (3, served.id)
    assert [row["stockcode"] for row in found["products"]] == ["22423", "85123A", "ÄPFEL/½ 🍏"]
    assert found["counts"] == {"change": 1, "keep": 2}
    for row in found["products"]:
        kept = find(served.ledger.store, row["receipt"]).receipt
        assert (kept.product, kept.price) == (row["stockcode"], row["price"])


def test_table_is_quoted_once(served):
    client = served.client()
    one, other, else_ = (client.get(f"{TABLE}{more}").json for more in ("", "?sort=-price", "?cost=1"))
    assert {row["receipt"] for row in one["products"]} == {row["receipt"] for row in other["products"]}
    assert {row["receipt"] for row in one["products"]} != {row["receipt"] for row in else_["products"]}


def test_only_what_is_shown_was_quoted(served):
    served.client().get(f"{TABLE}?limit=1")
    store = served.ledger.store
    assert [len(log.read(store, each)) for each in log.segments(store)] == [1]


def test_table_that_was_made_ready_is_the_one_asked_for(served):
    service = create_app(served.settings()).extensions["pricetrail"]
    table = service.tables.of(Terms(), service.shelf.release())
    table.warm()
    assert [each["status"] for each in table.rows()] == ["change", "keep", "keep"]
    assert service.tables.of(Terms(), service.shelf.release()) is table


def test_shown_rows_are_the_decided_ones_with_a_receipt(served):
    service = create_app(served.settings()).extensions["pricetrail"]
    table = service.tables.of(Terms(default_margin=0.5), service.shelf.release())
    for decided, shown in zip(table.rows(), table.shown(table.rows()), strict=True):
        assert shown == {**decided, "receipt": shown["receipt"]}


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ("sort=-price_now", ["22423", "85123A", "ÄPFEL/½ 🍏"]),
        ("q=CAKE", ["22423"]),
        ("q=äpfel", ["ÄPFEL/½ 🍏"]),
        ("identification=unknown", ["22423"]),
        ("status=change", ["85123A"]),
        ("status=error", []),
        ("limit=1&offset=1", ["85123A"]),
        ("sort=cost", ["ÄPFEL/½ 🍏", "85123A", "22423"]),
    ],
)
def test_rows_are_chosen_and_sorted(served, query, codes):
    found = served.client().get(f"{TABLE}?{query}").json
    assert [row["stockcode"] for row in found["products"]] in (
        codes,
        [codes[0], *codes[:0:-1]] if codes else [],
    )


@pytest.mark.parametrize("how", [{"query_string": "format=csv"}, {"headers": {"Accept": "text/csv"}}])
def test_table_as_csv(served, how):
    found = served.client().get(TABLE, **how)
    assert found.mimetype == "text/csv"
    rows = list(csv.DictReader(io.StringIO(found.text)))
    assert [row["stockcode"] for row in rows] == ["22423", "85123A", "ÄPFEL/½ 🍏"]


@pytest.mark.parametrize("query", ["sort=glory", "limit=0", "offset=-1", "format=xml", "status=fine"])
def test_table_that_cannot_be_had(served, query):
    assert served.client().get(f"{TABLE}?{query}").status_code == 422


def test_what_is_known_of_a_product(served):
    client = served.client()
    found = client.get(f"{TABLE}/85123A").json
    assert found["known"][0]["prices"] == [[2.55, 8], [2.95, 37], [3.45, 4]]
    assert client.get(f"{TABLE}/85123").json["near"] == ["85123A"]


def test_each_row_answers_for_itself(served):
    asked = {
        "terms": {"objective": "margin", "max_change": 0.2},
        "products": [
            {"stockcode": "85123A", "cost": 1.1},
            {"stockcode": "85123"},
            {"stockcode": "85123A", "cost": "cheap"},
            {"stockcode": "85123A"},
            {"stockcode": "85123A", "objective": "revenue", "max_change": 0.0},
        ],
    }
    found = served.client().post(BULK, json=asked).json
    assert [row["status"] for row in found["products"]] == ["change", "error", "error", "error", "keep"]
    reasons = [row["reason"] for row in found["products"]]
    assert "nearest are: 85123A" in reasons[1]
    assert "cost: Input should be a valid number" in reasons[2]
    assert "Margin needs the cost" in reasons[3]
    assert found["counts"] == {"change": 1, "error": 3, "keep": 1}
    assert find(served.ledger.store, found["products"][0]["receipt"]).receipt.request["max_change"] == 0.2


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"products": []}, "products"),
        ({"products": [{"cost": 1}]}, "products.0"),
        ({"products": [{"stockcode": "A"}], "terms": {"cost": -1}}, "terms"),
        ({"products": [{"stockcode": "A"}], "customer": 7}, "customer"),
        ([1], "request"),
        ("x", "request"),
    ],
)
def test_body_that_cannot_be_used(served, asked, field):
    found = served.client().post(BULK, json=asked)
    assert found.status_code == 422
    assert field in found.json["faults"]


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b'{"products": [NaN]}', "application/json", 422),
        (b'{"products": [{"stockcode": "\\ud800"}]}', "application/json", 422),
        (b"[" * 100_000, "application/json", 422),
        (b"\xff\xfe{", "application/json", 422),
        (b"1" * 5_000, "application/json", 422),
        (b"stockcode=85123A", "application/x-www-form-urlencoded", 415),
        (b"", "", 415),
        (b"x" * 10_000_000, "application/json", 413),
    ],
)
def test_bytes_that_are_no_question(served, content, kind, status):
    found = served.client().post(BULK, data=content, content_type=kind)
    assert (found.status_code, found.mimetype) == (status, "application/problem+json")


def test_more_than_there_is_time_for(served):
    found = served.client(seconds=-1.0).get(TABLE)
    assert (found.status_code, found.headers["Retry-After"]) == (429, "1")


def test_rules_that_clash_in_themselves_are_one_error(served):
    found = served.client().get(f"{TABLE}?hard=change&soft=change")
    assert (found.status_code, found.json["title"]) == (422, "LimitsInvalid")
