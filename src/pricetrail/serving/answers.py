"""What answers look like, for the description of the API: nothing is built from these at run time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from pricetrail.lineage.trail import Step, Use
from pricetrail.pricing.decision import Decision
from pricetrail.pricing.experiment import Experiment


@dataclass(frozen=True)
class Bands:
    """A figure at each price: its middle, and the bounds of its 50 % and 90 % intervals."""

    low90: list[float]
    low50: list[float]
    middle: list[float]
    high50: list[float]
    high90: list[float]


@dataclass(frozen=True)
class Curve:
    """Units, revenue and margin of a week at each price; margin is null without a cost."""

    prices: list[float]
    units: Bands
    revenue: Bands
    margin: Bands | None


@dataclass(frozen=True)
class Observed:
    """The list prices that there were: the lowest, the highest, and each with its weeks."""

    low: float
    high: float
    prices: list[tuple[float, int]]


@dataclass(frozen=True)
class Price(Decision):
    """A recommendation, everything that was weighed for it, and the receipt that was kept of it.

    Attributes:
        proposal: the experiment in words.
    """

    experiment: Experiment | None
    curve_sha256: str
    description: str
    answer: str
    reasons: list[str]
    proposal: str | None
    observed: Observed
    curve: Curve
    release: str
    receipt: str


@dataclass(frozen=True)
class Row:
    """A product in a table. One that could not be priced has the status error, and a reason."""

    stockcode: str
    store: str | None
    description: str | None
    status: Literal["change", "keep", "forced", "conflict", "error"]
    price_now: float | None
    price: float | None
    objective: str | None
    cost: float | None
    gain: float | None
    gain_low90: float | None
    gain_high90: float | None
    probability: float | None
    elasticity: float | None
    identification: str | None
    binding: str | None
    at_bound: bool | None
    reason: str
    receipt: str | None


@dataclass(frozen=True)
class Prices:
    """Many recommendations; ``counts`` says how many there are of each status."""

    release: str
    counts: dict[str, int]
    products: list[Row]


@dataclass(frozen=True)
class Table(Prices):
    """The products that were asked for, of ``total`` that fit."""

    total: int
    offset: int


@dataclass(frozen=True)
class Products:
    """What a release knows of a product: once, or once for each store."""

    release: str
    stockcode: str
    known: list[dict[str, Any]]


@dataclass(frozen=True)
class Quantity:
    """An order line, and the quantity that is typical of such lines."""

    stockcode: str
    unitprice: float
    quantity: float


@dataclass(frozen=True)
class Forecast:
    """Quantities; which model spoke, and why those before it did not."""

    release: str
    model: Literal["network", "lightgbm", "elastic_net"]
    failed: dict[str, str]
    lines: list[Quantity]


@dataclass(frozen=True)
class Receipt:
    """A receipt: its number, the SHA-256 of its bytes, what it holds, and the proof of its place once it is sealed."""

    number: str
    digest: str
    receipt: dict[str, Any]
    proof: dict[str, Any] | None


@dataclass(frozen=True)
class Trail:
    """The way from a price to code and raw bytes: steps, each with the ids of those ``behind`` it."""

    root: str
    steps: list[Step]
    uses: list[Use]


@dataclass(frozen=True)
class Release:
    """A release, the channels that point at it, and why it must not be promoted, if it is in quarantine.

    Attributes:
        content: the same for releases whose files are the same.
    """

    release: str
    content: str
    when: str
    channels: list[str]
    quarantine: str | None
    run: str
    gates: dict[str, str]
    metrics: dict[str, Any]
    rows_until: str | None


@dataclass(frozen=True)
class Releases:
    """Every release, newest first, and the one that this process serves."""

    serving: str | None
    releases: list[Release]


@dataclass(frozen=True)
class Moved:
    """Where a channel points now, and the entry of the ledger that made it so."""

    release: str
    channel: str
    entry: int


@dataclass(frozen=True)
class Difference:
    """The first field, by name, that came out otherwise."""

    field: str
    then: Any
    now: Any


@dataclass(frozen=True)
class Replay:
    """Whether a receipt's question is answered today as it was then."""

    receipt: str
    release: str
    equal: bool
    difference: Difference | None


@dataclass(frozen=True)
class Problem:
    """What went wrong (RFC 9457): what was expected, what was found, what to do.

    Attributes:
        near: codes that come near to one that is not known.
        faults: what is wrong with each field that cannot be answered.
    """

    type: str
    title: str
    status: int
    detail: str
    near: list[str] = field(default_factory=list)
    faults: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Health:
    """How the service is."""

    status: str


@dataclass(frozen=True)
class Ready:
    """Whether the service has a release to answer with, and why it cannot take the next one, if so."""

    status: Literal["ready", "stale"]
    release: str
    fault: str | None


@dataclass(frozen=True)
class Version:
    """What the service is, and what it serves."""

    version: str
    release: str | None
