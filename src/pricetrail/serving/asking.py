"""What can be asked, as strict values: each field is checked before anything is done with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from math import inf
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Strict, ValidationError, model_validator

from pricetrail.demand.prospect import Line
from pricetrail.errors import RequestInvalid
from pricetrail.lineage.receipts.receipt import spelled
from pricetrail.pricing import limits as wording
from pricetrail.pricing.bounds import Limits, Name
from pricetrail.pricing.bulk import COLUMNS
from pricetrail.pricing.decision import Status
from pricetrail.pricing.objective import Objective
from pricetrail.standing import Standing

SHOWN = 100
# The place of what is wrong with a request as a whole.
WHOLE = "request"
SORT = rf"^-?({'|'.join((*COLUMNS, 'description'))})$"


def _split(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(","))
    return tuple(value) if isinstance(value, list) else value


Code = Annotated[str, Field(min_length=1, max_length=200, description="The product's code.")]
Money = Annotated[float, Field(ge=0.0001, le=1e9, allow_inf_nan=False)]
Cost = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)]
Ending = Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)]
Endings = Annotated[tuple[Ending, ...], Field(min_length=1, max_length=20), BeforeValidator(_split)]
Rules = Annotated[
    tuple[Annotated[Name, Strict(False)], ...],
    Field(min_length=1, max_length=len(Name)),
    BeforeValidator(_split),
]


class Asked(BaseModel):
    """A request, in which no field is unknown."""

    model_config = ConfigDict(frozen=True, extra="forbid", regex_engine="python-re")

    @classmethod
    def read(cls, values: object) -> Self:
        """Check plain values; texts stand for numbers, as they do in a query.

        Raises:
            RequestInvalid: something is missing, unknown, of the wrong type, or out of range.
        """
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise _refused(error) from None

    @classmethod
    def parse(cls, content: bytes) -> Self:
        """Check JSON, in which nothing stands for anything else.

        Raises:
            RequestInvalid: it is none, or something is missing, unknown, of the wrong type, or out of range.
        """
        try:
            return cls.model_validate_json(content, strict=True)
        except ValidationError as error:
            raise _refused(error) from None


class Terms(Asked):
    """What a price is to achieve, and the rules that it has to keep."""

    store: Annotated[str | None, Field(max_length=100)] = Field(
        default=None, description="The store, where prices are known by store."
    )
    objective: Objective | None = Field(
        default=None,
        description="What to make as large as can be: margin where a cost is known, else revenue.",
    )
    cost: Cost | None = Field(default=None, description="What one unit costs.")
    default_margin: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] | None = Field(
        default=None, description="The share of the price now that is margin, where no cost is known."
    )
    unitprice_min: Money | None = Field(
        default=None, description="The lowest price to consider; the curve begins there."
    )
    unitprice_max: Money | None = Field(
        default=None, description="The highest price to consider; the curve ends there."
    )
    max_change: Share | Literal["none"] = Field(
        default=0.10,
        description="The largest change in one cycle, as a share of the price now; none lifts it.",
    )
    sure: Share = Field(
        default=0.90,
        description="How sure a gain has to be: the rate of the interval that has to lie above zero.",
    )
    margin_floor: Share | None = Field(
        default=None, description="The least share of the price that is margin."
    )
    competitor_min: Cost | None = Field(
        default=None, description="The lowest price beside competitors' prices."
    )
    competitor_max: Cost | None = Field(
        default=None, description="The highest price beside competitors' prices."
    )
    ladder_min: Cost | None = Field(
        default=None, description="The lowest price between those of the same family."
    )
    ladder_max: Cost | None = Field(
        default=None, description="The highest price between those of the same family."
    )
    endings: Endings = Field(default=(), description="What prices may end in, such as 0.99,0.95.")
    hard: Rules = Field(default=(), description="Rules that must hold.")
    soft: Rules = Field(default=(), description="Rules that give way to those before them.")
    first: Rules = Field(default=(), description="Rules that come before others, most important first.")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        for name in ("unitprice", "competitor", "ladder"):
            low, high = getattr(self, f"{name}_min"), getattr(self, f"{name}_max")
            if low is not None and high is not None and low > high:
                raise ValueError(f"{name}_min is {low}, above {name}_max, which is {high}")
        return self

    def limits(self, step: float) -> Limits:
        """The rules; prices are in multiples of ``step``.

        Raises:
            LimitsInvalid: one is to be hard and soft, or observed prices soft.
        """
        base = Limits(
            change=None if self.max_change == "none" else self.max_change,
            floor=self.unitprice_min,
            ceiling=self.unitprice_max,
            margin=self.margin_floor,
            sure=self.sure,
            competitor=_band(self.competitor_min, self.competitor_max),
            ladder=_band(self.ladder_min, self.ladder_max),
            endings=self.endings,
            step=step,
        )
        return wording.weighted(base, hard=self.hard, soft=self.soft, first=self.first)


class PriceAsked(Terms):
    """A question for one product's price."""

    stockcode: Code
    country: Annotated[str | None, Field(max_length=100)] = Field(
        default=None, description="Prices are not told apart by country; the answer says so."
    )
    num_price_bins: Annotated[int, Field(ge=2, le=1000)] = Field(
        default=100, description="Points of the curve."
    )

    def spelled(self) -> bytes:
        """As a receipt keeps it: canonical JSON, from which ``read`` makes the same question again."""
        given = self.model_dump(mode="json")
        return spelled("request", {name: value for name, value in given.items() if value not in (None, [])})


class Named(BaseModel):
    """A product in a list, with what is asked of it otherwise than of the others; each is checked by itself."""

    model_config = ConfigDict(frozen=True, extra="allow")

    stockcode: Code


class PricesAsked(Asked):
    """A question for many prices at once."""

    products: Annotated[tuple[Named, ...], Field(min_length=1, max_length=5_000)]
    terms: Terms = Field(default=Terms(), description="For every product that does not say otherwise.")

    def each(self) -> Iterator[Callable[[], PriceAsked]]:
        """The questions, not yet checked."""
        shared = self.terms.model_dump(mode="json", exclude_unset=True)
        for product in self.products:
            yield partial(PriceAsked.read, {**shared, **product.model_dump()})


class LineAsked(Asked):
    """An order line whose quantity is to be forecast."""

    stockcode: Code
    unitprice: Money
    is_registered: bool = Field(default=True, description="Whether the customer is known to the shop.")
    country: Annotated[str | None, Field(max_length=100)] = Field(
        default=None, description="Where it goes to; where the product went last, if that is not said."
    )
    at: datetime | None = Field(
        default=None, description="When it is ordered; when the data end, if that is not said."
    )

    def line(self) -> Line:
        """The line, on the clock of the data."""
        at = self.at and self.at.replace(tzinfo=None)
        return Line(self.stockcode, self.unitprice, self.is_registered, self.country, at)


class ForecastAsked(Asked):
    """A question for order quantities."""

    lines: Annotated[tuple[LineAsked, ...], Field(min_length=1, max_length=1_000)]


class Move(Asked):
    """Why a channel is moved, for those who read the ledger later."""

    who: Annotated[str, Field(min_length=1, max_length=100)] = "the service"
    why: Annotated[str, Field(max_length=500)] = ""


class TableAsked(Terms):
    """A question for the table of all products."""

    q: Annotated[str, Field(max_length=100)] = Field(
        default="", description="Text in the code or the description."
    )
    status: Status | Literal["error"] | None = None
    identification: Standing | None = None
    sort: Annotated[str, Field(pattern=SORT)] = Field(
        default="stockcode", description="A column to sort by, with '-' before it the other way round."
    )
    offset: Annotated[int, Field(ge=0, le=10_000_000)] = 0
    limit: Annotated[int, Field(ge=1, le=100_000)] | None = None
    format: Literal["json", "csv"] | None = Field(default=None, description="Comes before what is accepted.")

    def terms(self) -> Terms:
        """What is asked of every price."""
        return Terms(**self.model_dump(include={*Terms.model_fields}, exclude_unset=True))


def _band(low: float | None, high: float | None) -> tuple[float, float] | None:
    return None if low is None and high is None else (low or 0.0, inf if high is None else high)


def _refused(error: ValidationError) -> RequestInvalid:
    faults = dict[str, str]()
    for each in error.errors(include_url=False):
        place, told = _place(each["loc"]), _said(each)
        faults[place] = f"{faults[place]}; or: {told}" if place in faults else told
    told = "; ".join(
        fault if place == WHOLE else f"{place}: {fault}" for place, fault in list(faults.items())[:5]
    )
    return RequestInvalid(f"The request cannot be answered as it stands. {told}", faults)


def _place(location: tuple[int | str, ...]) -> str:
    """A field and, in a list, which; of a field that may be of several kinds, not which kind was tried."""
    named = [part for at, part in enumerate(location) if at == 0 or isinstance(part, int)]
    return ".".join(str(part)[:SHOWN] for part in named) or WHOLE


def _said(error: Any) -> str:
    told = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        return "no such field"
    found = error["input"]
    return told if isinstance(found, dict | list | bytes) else f"{told}, found {str(found)[:SHOWN]!r}"
