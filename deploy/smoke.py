"""Asks a deployed service for a price, and follows its trail. Python's standard library only.

    python deploy/smoke.py https://prices.example.com [--stockcode 85123A]

Exit code 0: ready, a price with a receipt, the receipt found again, its trail led to raw data, and the price was
replayed equal. 1: something of that did not hold; it is said which.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import Request, urlopen

ATTEMPTS = 4
SECONDS = 30


class NotWell(Exception):
    """What was asked was not answered as it should have been."""


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("endpoint")
    parser.add_argument("--stockcode", help="the product to ask about; the first of the table without one")
    given = parser.parse_args()
    try:
        for line in steps(given.endpoint.rstrip("/"), given.stockcode):
            print(line)
    except NotWell as error:
        print(f"not well: {error}", file=sys.stderr)
        return 1
    return 0


def steps(endpoint: str, stockcode: str | None) -> Iterator[str]:
    """Say what was found, step by step."""
    ready = ask(f"{endpoint}/readyz")
    expect(ready["status"] == "ready", f"/readyz says {ready}")
    yield f"ready with release {ready['release'][:12]}"
    code = stockcode or ask(f"{endpoint}/v1/products?limit=1")["products"][0]["stockcode"]
    price = ask(f"{endpoint}/v1/predict-price/{quote(code, safe='')}")
    expect(price["release"] == ready["release"], "the price comes from another release than /readyz names")
    yield f"{code}: {price['price']}, receipt {price['receipt']}"
    kept = ask(f"{endpoint}/v1/receipts/{price['receipt']}")
    expect(kept["receipt"]["release"] == price["release"], "the receipt names another release")
    trail = ask(f"{endpoint}/v1/lineage/{price['receipt']}")
    raw = [step["name"] for step in trail["steps"] if step["kind"] == "raw"]
    expect(bool(raw), "the trail does not lead to raw data")
    yield f"trail of {len(trail['steps'])} steps, down to {', '.join(raw)}"
    again = ask(f"{endpoint}/v1/replay/{price['receipt']}", method="POST")
    expect(again["equal"], f"replayed, it differs: {again['difference']}")
    yield "replayed: equal"


def ask(url: str, method: str = "GET") -> Any:
    """The JSON that a URL answers; tried again while a new instance starts.

    Raises:
        NotWell: it does not answer, or with an error.
    """
    for attempt in range(ATTEMPTS):
        time.sleep(2**attempt - 1)
        try:
            with urlopen(Request(url, method=method), timeout=SECONDS) as answer:
                return json.load(answer)
        except HTTPError as error:
            fault = f"{error.code}, {error.read(500).decode('utf-8', 'replace')}"
            if error.code not in {502, 503, 504}:
                break
        except (URLError, OSError, ValueError) as error:
            fault = str(error)
    raise NotWell(f"{method} {url}: {fault}")


def expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise NotWell(otherwise)


if __name__ == "__main__":
    sys.exit(main())
