"""A decision in plain words: the answer in one sentence, and the reasons behind it."""

from __future__ import annotations

from collections.abc import Iterator

from pricetrail.pricing import money
from pricetrail.pricing.bounds import Conflict, Name
from pricetrail.pricing.decision import Cause, Decision, Prospect, Status
from pricetrail.pricing.experiment import Experiment, Measure
from pricetrail.pricing.gain import Gain
from pricetrail.standing import BORROWED, IDENTIFIED, UNKNOWN, Standing

BINDS = {
    Name.OBSERVED: "list prices beyond it were never observed",
    Name.FLOOR: "the floor",
    Name.CEILING: "the ceiling",
    Name.MARGIN: "the least margin",
    Name.CHANGE: "the largest change in one cycle",
    Name.COMPETITOR: "the band beside competitors",
    Name.LADDER: "the ladder of the family",
    Name.ENDINGS: "the endings that prices may have",
}
RULES = {
    Name.OBSERVED: "range observed",
    Name.FLOOR: "floor",
    Name.CEILING: "ceiling",
    Name.MARGIN: "least margin",
    Name.CHANGE: "largest change",
    Name.COMPETITOR: "competitors' band",
    Name.LADDER: "family ladder",
    Name.ENDINGS: "list of price endings",
}
KNOWN: dict[Standing, str] = {
    IDENTIFIED: "its own changes of price",
    BORROWED: "those of other products for the most part, as its own price changed too little",
    UNKNOWN: "all products together: its own price never changed, or all prices did at once, or demand did not follow",
}


def sentence(decision: Decision) -> str:
    """The answer."""
    name, now = _called(decision), money.price(decision.now)
    if decision.status is Status.CHANGE:
        brought = _bounded(decision.gained, f" {decision.aim.objective} a week")
        return f"Charge {money.price(decision.price)} for {name} instead of {now}: {brought}."
    if decision.status is Status.FORCED:
        return (
            f"Charge {money.price(decision.price)} for {name}: the price now, {now}, breaks a hard rule, and this is "
            "the nearest that does not. No gain is promised."
        )
    if decision.status is Status.CONFLICT:
        clashes = "; ".join(_clash(each) for each in decision.conflicts if each.hard)
        return (
            f"No price of {name} meets every hard rule, so it stays at {now}: {clashes}. Loosen one of them."
        )
    return f"Keep {name} at {now}: {_why(decision)}."


def reasons(decision: Decision) -> list[str]:
    """What was weighed, one sentence each, most important first."""
    return list(_reasons(decision))


def caveats(decision: Decision) -> Iterator[str]:
    """Rules that clash, and soft ones that the answer does not meet, one sentence each."""
    for conflict in decision.conflicts:
        fate = "no price meets them" if conflict.hard else "it was set aside"
        yield f"Conflict: {_clash(conflict)}; {fate}."
    yield from (f"Not met, as it is soft: {BINDS[name]}." for name in decision.unmet)


def proposal(found: Experiment) -> str:
    """An experiment in a few sentences."""
    half, tried, now = found.weeks // 2, money.price(found.price), money.price(found.now)
    told = (
        f"Try {tried} in {half} weeks drawn at random, and {now} in {half} others, and count {found.measure}: a "
        f"difference of {found.detects * 100:.0f} % or more would be seen in four such trials of five (80 % power)."
    )
    return " ".join([told, _tells(found), *_instead(found)])


def _tells(found: Experiment) -> str:
    """Whether it tells which price brings more."""
    if found.needed is None:
        return (
            "Which price brings more it would not tell, nor would a hundred stores in a year: what the two bring is "
            "too close."
        )
    if found.needed <= found.weeks:
        return "That is enough to tell which price brings more."
    return (
        f"To tell which price brings more would take {found.needed:,} weeks, or {found.weeks} weeks in "
        f"{found.stores:,} stores or products alike; a larger change would tell sooner."
    )


def _instead(found: Experiment) -> Iterator[str]:
    """Why it is orders that are to be counted, and what that takes for granted."""
    other = found.other
    if other is None or found.measure is not Measure.ORDERS:
        return
    blurred = "Units are blurred by large orders: "
    if found.needed is None:
        yield f"{blurred}by them only a difference of {other.detects * 100:.0f} % would be seen."
    else:
        late = f"would take {other.needed:,} weeks" if other.needed else "could not be told"
        yield f"{blurred}by them it {late}. What is on an order is taken to answer as is believed."


def _clash(conflict: Conflict) -> str:
    """Which rules leave no price together."""
    others = " and ".join(f"the {RULES[name]}" for name in conflict.against) or "every price"
    return f"the {RULES[conflict.rule]} clashes with {others}"


def chance(probability: float) -> str:
    """A probability in whole per cent; what was estimated is never certain."""
    if probability < 0.01:
        return "under 1 %"
    return "over 99 %" if probability > 0.99 else f"{probability * 100:.0f} %"


def _called(decision: Decision) -> str:
    return decision.stockcode if decision.store is None else f"{decision.stockcode} in {decision.store}"


def _bounded(found: Gain, what: str = "") -> str:
    amount = found.amount
    middle, low, high = money.amounts(amount.middle, amount.low90, amount.high90, sign="+")
    return f"{middle}{what} (90 % interval {low} to {high}, {chance(found.probability)} likely to be a gain)"


def _why(decision: Decision) -> str:
    if decision.cause is Cause.UNKNOWN or decision.prospect is None:
        return "how its demand answers to price cannot be known from these data"
    if decision.cause is Cause.AT_BOUND:
        return (
            f"demand is believed to fall by no more than prices rise (elasticity {decision.elasticity.middle:.2f}), "
            "so a higher price would always look better, and only a trial can tell how far that holds"
        )
    if decision.cause is Cause.UNSURE:
        found = decision.prospect
        brought = _bounded(found.gain, f" {decision.aim.objective} a week")
        return f"{money.price(found.price)} may bring more, but that is not sure enough: {brought}"
    return "no price that the rules allow is believed to bring more"


def _reasons(decision: Decision) -> Iterator[str]:
    slope = decision.elasticity
    yield (
        f"Elasticity {slope.middle:.2f} (90 % interval {slope.low90:.2f} to {slope.high90:.2f}), known from "
        f"{KNOWN[decision.identification]}."
    )
    if decision.status is not Status.CONFLICT and decision.prospect is not None:
        yield from _prospects(decision, decision.prospect)
    yield from caveats(decision)


def _prospects(decision: Decision, found: Prospect) -> Iterator[str]:
    """What the best allowed price is like, and what keeps it from being better."""
    if decision.binding is not None:
        yield f"What keeps {money.price(found.price)} from going further: {BINDS[decision.binding]}."
    if decision.at_bound:
        yield "At the bound: with this elasticity a higher price always seems better, and only a rule ends it."
    low, high = found.zone
    if low < high:
        yield f"Prices from {money.price(low)} to {money.price(high)} bring within 1 % of the best that is allowed."
    if decision.status is Status.CHANGE and found.price != decision.price:
        yield f"{money.price(found.price)} may bring more, but that is not sure."
