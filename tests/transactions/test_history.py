"""What is told of a line is what its past says, by definitions written out line by line."""

from datetime import datetime, timedelta
from math import isclose, log, log1p, sqrt

import ibis
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pricetrail.transactions import history

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table")  # ibis 12 under duckdb 2
START = datetime(2011, 1, 3, 9, 30)
DAY = timedelta(days=1)
TOLERANCE = dict.fromkeys(("customer_spread", "channel_tier_spread"), 3e-3)  # roots of sums in steps of 2^-20
TEXTS = ("stockcode", "customerid", "country", "invoiceno", "description", "file", "store")
SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in TEXTS),
        *((name, pa.float64()) for name in ("quantity", "unitprice")),
        ("invoicedate", pa.timestamp("us")),
        ("is_registered", pa.int8()),
        ("line", pa.int64()),
    ]
)
MOMENTS = st.integers(0, 40).map(lambda at: START + at * timedelta(hours=7, minutes=1))
LINES = st.lists(
    st.fixed_dictionaries(
        {
            "stockcode": st.sampled_from(["A", "B"]),
            "customerid": st.sampled_from(["17850", "13047", None]),
            "unitprice": st.sampled_from([0.42, 0.55, 2.55, 3.75]),
            "quantity": st.sampled_from([1.0, 2.0, 2.5, 12.0, 480.0]),
            "invoicedate": MOMENTS,
            "store": st.sampled_from(["5", "8"]),
        }
    ),
    min_size=1,
    max_size=40,
)


def whole(lines):
    return [
        {
            **{
                "line": at,
                "invoiceno": f"{at // 2}",
                "country": "France",
                "description": "",
                "file": "a.csv",
            },
            **line,
            "is_registered": int(line["customerid"] is not None),
        }
        for at, line in enumerate(lines)
    ]


def told(lines, key=None):
    """The features, by line."""
    engine = ibis.duckdb.connect(threads=1)
    engine.con.register("sales", pa.Table.from_pylist(whole(lines), SCHEMA))
    return history.features(engine.table("sales"), key).order_by("line").to_pyarrow().to_pylist()


class Past:
    """The lines of an earlier moment that agree with one line in some respects."""

    def __init__(self, line, lines, *same):
        self.line = line
        self.lines = [
            other
            for other in lines
            if other["invoicedate"] < line["invoicedate"]
            and all(respect(other) == respect(line) for respect in same)
        ]

    def values(self, name):
        return [line[name] for line in self.lines]

    def logs(self):
        return [log1p(quantity) for quantity in self.values("quantity")]

    def mean(self, values):
        return sum(values) / len(values) if values else None

    def spread(self):
        mean = self.mean(self.logs())
        return sqrt(self.mean([(value - mean) ** 2 for value in self.logs()])) if self.lines else None

    def newest(self):
        return max(self.values("invoicedate"), default=None)

    def days(self):
        return (self.line["invoicedate"] - self.newest()) / DAY if self.lines else None

    def last(self, name):
        """The largest of the newest moment."""
        return max((line[name] for line in self.lines if line["invoicedate"] == self.newest()), default=None)


def product(line):
    return line["stockcode"]


def price(line):
    return line["unitprice"]


def band(line):
    return log(line["unitprice"]) * 2 // 1


def customer(line):
    return line["customerid"]


def store(line):
    return line["store"]


def registered(line):
    return line["customerid"] is not None


def first(*values):
    return next((value for value in values if value is not None), None)


def expected(line, lines):
    """What is usual of the product, as near to the line as there is a past of."""
    pasts = [
        Past(line, lines, product, price, registered),
        Past(line, lines, product, registered),
        Past(line, lines, product),
    ]
    return first(*[past.mean(past.logs()) for past in pasts], 0.0)


def of_product(line, lines):
    past = Past(line, lines, product)
    prices = past.values("unitprice")
    against = {"vs_last": past.last("unitprice"), "vs_most": max(prices, default=None)}
    against["vs_least"] = min(prices, default=None)
    return {
        "product_count": len(past.lines),
        "product_mean": past.mean(past.logs()),
        "product_days": past.days(),
        **{name: other and log(line["unitprice"] / other) for name, other in against.items()},
    }


def of_tier(line, lines):
    past = Past(line, lines, product, price)
    last, least = past.last("quantity"), min(past.values("quantity"), default=None)
    return {
        "tier_count": len(past.lines),
        "tier_mean": past.mean(past.logs()),
        "tier_last": last and log1p(last),
        "tier_least": least and log1p(least),
    }


def of_channel(line, lines):
    one, both = Past(line, lines, product, registered), Past(line, lines, product, price, registered)
    return {
        "channel_count": len(one.lines),
        "channel_mean": one.mean(one.logs()),
        "channel_tier_count": len(both.lines),
        "channel_tier_mean": both.mean(both.logs()),
        "channel_tier_spread": both.spread(),
    }


def of_customer(line, lines):
    past = Past(line, lines if registered(line) else [], customer)
    worths = [log1p(other["quantity"] * other["unitprice"]) for other in past.lines]
    surprises = [(log1p(other["quantity"]) - expected(other, lines), other) for other in past.lines]
    visits = sorted(set(past.values("invoicedate")))[-3:]
    return {
        "customer_count": len(past.lines) or None,
        "customer_mean": past.mean(past.logs()),
        "customer_spread": past.spread(),
        "customer_value": past.mean(worths),
        "customer_days": past.days(),
        "customer_habit": past.mean([surprise for surprise, _ in surprises]),
        "customer_recent": past.mean(
            [surprise for surprise, other in surprises if other["invoicedate"] in visits]
        ),
    }


def of_repeats(line, lines):
    past = Past(line, lines if registered(line) else [], customer, product)
    last = past.last("quantity")
    return {
        "repeat_count": len(past.lines) if registered(line) else None,
        "repeat_mean": past.mean(past.logs()),
        "repeat_last": last and log1p(last),
        "repeat_days": past.days(),
    }


def of_prices_of_a_customer(line, lines):
    near, same = (Past(line, lines if registered(line) else [], customer, by) for by in (band, price))
    worths = [log1p(other["quantity"] * other["unitprice"]) for other in near.lines]
    return {
        "level_count": len(near.lines) or None,
        "level_mean": near.mean(near.logs()),
        "level_value": near.mean(worths),
        "same_price_count": len(same.lines) or None,
        "same_price_mean": same.mean(same.logs()),
    }


def of_places(line, lines):
    place, shelf = Past(line, lines, store), Past(line, lines, product, store)
    moments = sorted(set(shelf.values("invoicedate")))
    recent = {
        name: shelf.mean([log1p(o["quantity"]) for o in shelf.lines if o["invoicedate"] in moments[-count:]])
        for name, count in {"shelf_last": 1, "shelf_recent": 4}.items()
    }
    prices = [log(price) for price in shelf.values("unitprice")]
    return {
        "place_count": len(place.lines) or None,
        "place_mean": place.mean(place.logs()),
        "shelf_count": len(shelf.lines) or None,
        "shelf_mean": shelf.mean(shelf.logs()),
        "shelf_days": shelf.days(),
        "vs_shelf": log(line["unitprice"]) - shelf.mean(prices) if prices else None,
        **recent,
    }


def of_itself(line, lines):
    repeat = of_repeats(line, lines)["repeat_last"]
    moment = line["invoicedate"]
    return {
        "is_registered": int(registered(line)),
        "log_price": log(line["unitprice"]),
        "weekday": moment.weekday(),
        "minute_of_day": moment.hour * 60 + moment.minute,
        "week_of_year": moment.isocalendar().week,
        "day_of_month": moment.day,
        "naive_log": first(
            repeat, of_channel(line, lines)["channel_mean"], of_product(line, lines)["product_mean"], 1.0
        ),
    }


FAMILIES = (of_product, of_tier, of_channel, of_customer, of_repeats, of_prices_of_a_customer, of_itself)


def agree(name, found, wanted):
    if found is None or wanted is None:
        return found is wanted
    return isclose(found, wanted, rel_tol=1e-5, abs_tol=TOLERANCE.get(name, 2e-5))


@settings(max_examples=8, deadline=None)
@given(LINES)
def test_features_are_what_came_before(lines):
    found, lines = told(lines), whole(lines)
    for line, features in zip(lines, found, strict=True):
        wanted = {name: value for family in FAMILIES for name, value in family(line, lines).items()}
        assert wanted.keys() == set(history.NUMERIC)
        wrong = {
            name: (features[name], value)
            for name, value in wanted.items()
            if not agree(name, features[name], value)
        }
        assert not wrong, line


@settings(max_examples=6, deadline=None)
@given(LINES)
def test_places_are_told_apart_by_the_key(lines):
    found, lines = told(lines, "store"), whole(lines)
    for line, features in zip(lines, found, strict=True):
        wanted, plain = of_places(line, lines), of_itself(line, lines)["naive_log"]
        assert wanted.keys() == set(history.OF_KEY)
        repeat = of_repeats(line, lines)["repeat_last"]
        wanted["naive_log"] = plain if repeat is not None else first(wanted["shelf_mean"], plain)
        wrong = {
            name: (features[name], value)
            for name, value in wanted.items()
            if not agree(name, features[name], value)
        }
        assert not wrong, line


@settings(max_examples=4, deadline=None)
@given(LINES, LINES)
def test_what_comes_later_changes_nothing(lines, more):
    end = max(line["invoicedate"] for line in lines)
    later = [{**line, "invoicedate": line["invoicedate"] - START + end} for line in more]
    assert told([*lines, *later])[: len(lines)] == told(lines)
