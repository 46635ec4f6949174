from urllib.parse import quote as quoted

import pytest

from pricetrail.lineage.receipts import find

PRICE = "/v1/predict-price/85123A"


def test_price_with_its_receipt(served):
    found = served.client().get(f"{PRICE}?cost=1.1&num_price_bins=7").json
    assert (found["status"], found["price"], found["release"]) == ("change", 2.66, served.id)
    assert len(found["curve"]["prices"]) == len(found["curve"]["margin"]["high90"]) == 7
    kept = find(served.ledger.store, found["receipt"]).receipt
    assert (kept.price, kept.release, kept.request["cost"]) == (2.66, served.id, 1.1)
    assert kept.answer["curve_sha256"] == found["curve_sha256"]


def test_curve_spans_what_was_asked_for(served):
    found = served.client().get(f"{PRICE}?unitprice_min=2&unitprice_max=4&num_price_bins=2").json
    assert found["curve"]["prices"] == [2.0, 4.0]
    assert (found["observed"]["low"], found["observed"]["high"]) == (2.55, 3.45)


def test_same_question_same_answer_another_receipt(served):
    client = served.client()
    one, other = (client.get(f"{PRICE}?cost=1.1").json for _ in range(2))
    assert one.pop("receipt") != other.pop("receipt")
    assert one == other


def test_unicode_stock_code(served):
    found = served.client().get(f"/v1/predict-price/{quoted('ÄPFEL/½ 🍏', safe='')}").json
    assert (found["stockcode"], found["cause"]) == ("ÄPFEL/½ 🍏", "at the bound")


def test_rules_that_clash_are_named(served):
    found = served.client().get(f"{PRICE}?unitprice_min=3.4&max_change=0.05").json
    assert (found["status"], found["price"]) == ("conflict", 2.95)
    assert [(each["rule"], each["against"]) for each in found["conflicts"]] == [("change", ["floor"])]


def test_country_changes_no_price_and_says_so(served):
    client = served.client()
    plain, abroad = (client.get(PRICE + more).json for more in ("", "?country=France"))
    assert plain["price"] == abroad["price"]
    assert "every country" in abroad["reasons"][-1]


def test_unknown_product_names_the_nearest(served):
    found = served.client().get("/v1/predict-price/85123")
    assert (found.status_code, found.mimetype) == (404, "application/problem+json")
    assert found.json["near"] == ["85123A"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("unitprice_min=-1", "unitprice_min"),
        ("unitprice_min=0", "unitprice_min"),
        ("unitprice_max=1e300", "unitprice_max"),
        ("cost=nan", "cost"),
        ("cost=inf", "cost"),
        ("cost=cheap", "cost"),
        ("unitprice_min=3&unitprice_max=2", "request"),
        ("num_price_bins=0", "num_price_bins"),
        ("num_price_bins=10000000", "num_price_bins"),
        ("num_price_bins=2.5", "num_price_bins"),
        ("max_change=1", "max_change"),
        ("objective=glory", "objective"),
        ("endings=0.99,nine", "endings.1"),
        ("hard=gravity", "hard.0"),
        ("customerid=7", "customerid"),
    ],
)
def test_field_that_cannot_be_used_is_named(served, query, field):
    found = served.client().get(f"{PRICE}?{query}")
    assert found.status_code == 422
    assert field in found.json["faults"]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("objective=margin", "Margin needs the cost"),
        ("margin_floor=0.3", "needs the cost"),
        ("hard=change&soft=change", "cannot be both hard and soft"),
        ("soft=observed", "never leave those observed"),
        ("cost=1&cost=2", "given twice"),
    ],
)
def test_what_clashes_in_itself_is_refused(served, query, said):
    found = served.client().get(f"{PRICE}?{query}")
    assert (found.status_code, said in found.json["detail"]) == (422, True)


@pytest.mark.parametrize("code", ["../../etc/passwd", "..%2f..%2fetc%2fpasswd", "%00", "%ff%fe", "a" * 5000])
def test_odd_codes_are_no_products(served, code):
    assert served.client().get(f"/v1/predict-price/{code}").status_code in {404, 422}


def test_no_receipt_no_price(served):
    client = served.client()
    client.get("/readyz")
    (served.root / "ledger/receipts").write_text("no folder")
    found = client.get(PRICE)
    assert (found.status_code, found.headers["Retry-After"]) == (503, "5")
    assert "price" not in found.json
