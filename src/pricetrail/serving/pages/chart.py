"""Charts as SVG, drawn from numbers alone. Colours come from the page's style sheet, so that they follow its scheme."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup, escape

from pricetrail.pricing import money
from pricetrail.pricing.curve import Bands

WIDTH, HEIGHT = 720.0, 300.0
LEFT, RIGHT, TOP, BOTTOM = 64.0, 16.0, 30.0, 48.0
RUG = 12.0
# Of a letter of a label where letters are largest: on a narrow screen.
WIDE, DIGIT = 10.5, 12.5
# Of a curve that goes through the roof, so much is drawn as shows how steeply.
BEYOND = 20.0
NOTHING = 1e-9
STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
Shape = Literal["now", "best", "tried", "bound"]


@dataclass(frozen=True, slots=True)
class Mark:
    """A price that means something: ``now``, the ``best``, one ``tried`` out, or a ``bound``."""

    price: float
    label: str
    shape: Shape


@dataclass(frozen=True, slots=True)
class Scale:
    """From values between ``low`` and ``high`` to places between ``start`` and ``end``.

    Attributes:
        beyond: values lie so many times its length beyond an end at most.
    """

    low: float
    high: float
    start: float
    end: float
    beyond: float = 0.0

    def at(self, value: float) -> float:
        """The place of a value."""
        share = (value - self.low) / (self.high - self.low)
        return self.start + min(max(share, -self.beyond), 1.0 + self.beyond) * (self.end - self.start)

    def ticks(self, about: int) -> list[float]:
        """Round values, about so many.

        >>> Scale(0.0, 10.0, 0.0, 1.0).ticks(5)
        [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]
        """
        rough = (self.high - self.low) / about
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(each * power for each in STEPS if each * power >= rough * 0.999)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        # Rounding takes the outermost past an end that they stand at.
        return [min(max(round(n * step, 10), self.low), self.high) for n in range(first, last + 1)]


@dataclass(frozen=True, slots=True)
class Chart:
    """A figure against the price, with bands, the prices that were observed, and marks.

    Attributes:
        observed: each list price with its weeks.
    """

    title: str
    prices: Sequence[float]
    bands: Bands
    observed: Sequence[tuple[float, int]]
    marks: Sequence[Mark]

    def svg(self) -> Markup:
        """The drawing. What it shows is told by a table beside it; to a screen reader it is one image."""
        y = self._up()
        x = self._across(_room(y.ticks(4)))
        parts = [
            *self._grid(x, y),
            *self._outside(x),
            *self._curve(x, y),
            *self._rug(x),
            *self._marks(x),
        ]
        label = f"{self.title} at each price, with 50 % and 90 % bands"
        return Markup(
            f'<svg class="chart" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" aria-label="{escape(label)}">'
            f'<text class="title" x="{x.start}" y="14">{escape(self.title)}</text>{"".join(parts)}</svg>'
        )

    def _across(self, left: float) -> Scale:
        return Scale(min(self.prices), max(self.prices), left, WIDTH - RIGHT)

    def _curve(self, x: Scale, y: Scale) -> Iterator[str]:
        """Within a drawing of its own, which cuts off what goes through the roof."""
        box = f"{x.start} {TOP} {x.end - x.start} {HEIGHT - BOTTOM - TOP}"
        left, top, wide, tall = box.split(" ")
        yield f'<svg class="plot" x="{left}" y="{top}" width="{wide}" height="{tall}" viewBox="{box}">'
        yield _area(x, y, self.prices, self.bands.low90, self.bands.high90, "band90")
        yield _area(x, y, self.prices, self.bands.low50, self.bands.high50, "band50")
        yield f'<polyline class="middle" points="{_points(x, y, self.prices, self.bands.middle)}"/></svg>'

    def _up(self) -> Scale:
        """As high as the 90 % band where there are data: beyond, it may go through the roof."""
        low, high = self._inside()
        within = [at for at, price in enumerate(self.prices) if low <= price <= high] or range(
            len(self.prices)
        )
        top = max(float(self.bands.high90[at]) for at in within) * 1.08
        bottom = min(0.0, *(float(self.bands.low90[at]) for at in within))
        return Scale(bottom, top if top - bottom > NOTHING else bottom + 1.0, HEIGHT - BOTTOM, TOP, BEYOND)

    def _inside(self) -> tuple[float, float]:
        known = [price for price, _ in self.observed] or list(self.prices)
        return min(known), max(known)

    def _grid(self, x: Scale, y: Scale) -> Iterator[str]:
        for value, told in _told(y.ticks(4)):
            at = y.at(value)
            yield f'<line class="grid" x1="{x.start}" x2="{x.end}" y1="{at:.1f}" y2="{at:.1f}"/>'
            yield f'<text class="tick" x="{x.start - 8}" y="{at + 4:.1f}" text-anchor="end">{told}</text>'
        for value, told in _told(x.ticks(7)):
            at, under = x.at(value), HEIGHT - BOTTOM + 30
            yield f'<text class="tick" x="{at:.1f}" y="{under}" text-anchor="middle">{told}</text>'
        yield f'<text class="tick" x="{WIDTH - RIGHT}" y="{HEIGHT - 2}" text-anchor="end">price</text>'

    def _outside(self, x: Scale) -> Iterator[str]:
        low, high = self._inside()
        for start, end in ((x.low, low), (high, x.high)):
            left, right = x.at(start), x.at(end)
            if right - left > 1:
                yield (
                    f'<rect class="outside" x="{left:.1f}" y="{TOP}" width="{right - left:.1f}" '
                    f'height="{HEIGHT - BOTTOM - TOP}"><title>Prices that were never observed</title></rect>'
                )

    def _rug(self, x: Scale) -> Iterator[str]:
        most = max((weeks for _, weeks in self.observed), default=1)
        ground = HEIGHT - BOTTOM
        for price, weeks in self.observed:
            if x.low <= price <= x.high:
                tall = RUG * (0.3 + 0.7 * weeks / most)
                told = f"{money.price(price)}: {weeks} {'week' if weeks == 1 else 'weeks'}"
                yield (
                    f'<line class="rug" x1="{x.at(price):.1f}" x2="{x.at(price):.1f}" y1="{ground}" '
                    f'y2="{ground + tall:.1f}"><title>{told}</title></line>'
                )

    def _marks(self, x: Scale) -> Iterator[str]:
        """The lines, and then the labels, so that none is crossed by another mark's line."""
        taken: list[tuple[float, float]] = []
        placed = [(mark, x.at(mark.price)) for mark in self.marks if x.low <= mark.price <= x.high]
        for mark, at in placed:
            yield f'<line class="mark {mark.shape}" x1="{at:.1f}" x2="{at:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>'
        yield from (_label(mark, at, taken) for mark, at in placed if mark.label)


def _label(mark: Mark, at: float, taken: list[tuple[float, float]]) -> str:
    """A mark's name at its top; on the next line where another's is in the way."""
    wide = WIDE * len(mark.label)
    right = at + wide + 6 > WIDTH - RIGHT
    span = (at - wide - 6, at) if right else (at, at + wide + 6)
    row = sum(1 for low, high in taken if low < span[1] and span[0] < high)
    taken.append(span)
    anchor, shift = ("end", -5) if right else ("start", 5)
    return (
        f'<text class="label {mark.shape}" x="{at + shift:.1f}" y="{TOP}" dy="{0.95 + 1.15 * row:.2f}em" '
        f'text-anchor="{anchor}">{escape(mark.label)}</text>'
    )


def bars(values: Iterable[tuple[str, float]], title: str) -> Markup:
    """Named values as bars, in the order given."""
    rows = list(values)
    most = max((value for _, value in rows), default=1.0) or 1.0
    parts = []
    for at, (name, value) in enumerate(rows):
        y, wide = 8 + 24 * at, 380 * value / most
        parts.append(
            f'<text class="tick" x="216" y="{y + 13}" text-anchor="end">{escape(name)}</text>'
            f'<rect class="bar" x="224" y="{y}" width="{wide:.1f}" height="17" rx="2"/>'
            f'<text class="tick" x="{230 + wide:.1f}" y="{y + 13}">{value:.3f}</text>'
        )
    return Markup(
        f'<svg class="chart bars" viewBox="0 0 {WIDTH:g} {16 + 24 * len(rows)}" role="img" '
        f'aria-label="{escape(title)}">{"".join(parts)}</svg>'
    )


def line(values: Sequence[tuple[str, float]], title: str) -> Markup:
    """Values in order of time, each with a name of its own."""
    figures = [value for _, value in values]
    room = (max(figures) - min(figures)) * 0.15 or abs(figures[0]) * 0.1 or 1.0
    y = Scale(min(figures) - room, max(figures) + room, 150.0, 16.0)
    left = _room(y.ticks(3))
    x = Scale(0.0, max(len(values) - 1.0, 1.0), left, WIDTH - RIGHT - 24)
    grid = "".join(
        f'<line class="grid" x1="{left}" x2="{WIDTH - RIGHT}" y1="{y.at(each):.1f}" y2="{y.at(each):.1f}"/>'
        f'<text class="tick" x="{left - 8}" y="{y.at(each) + 4:.1f}" text-anchor="end">{told}</text>'
        for each, told in _told(y.ticks(3))
    )
    dots = "".join(
        f'<circle class="dot" cx="{x.at(at):.1f}" cy="{y.at(value):.1f}" r="4">'
        f"<title>{escape(name)}: {value:.4f}</title></circle>"
        for at, (name, value) in enumerate(values)
    ) + "".join(
        f'<text class="tick" x="{x.at(at):.1f}" y="176" text-anchor="{anchor}">{escape(values[at][0])}</text>'
        for at, anchor in ((0, "start"), (len(values) - 1, "end"))
    )
    path = " ".join(f"{x.at(at):.1f},{y.at(value):.1f}" for at, value in enumerate(figures))
    return Markup(
        f'<svg class="chart line" viewBox="0 0 {WIDTH:g} 184" role="img" aria-label="{escape(title)}">'
        f'{grid}<polyline class="middle" points="{path}"/>{dots}</svg>'
    )


def _area(
    x: Scale, y: Scale, prices: Sequence[float], low: Iterable[float], high: Iterable[float], kind: str
) -> str:
    there = _points(x, y, prices, high)
    back = " ".join(reversed(_points(x, y, prices, low).split(" ")))
    return f'<polygon class="{kind}" points="{there} {back}"/>'


def _points(x: Scale, y: Scale, prices: Sequence[float], values: Iterable[float]) -> str:
    return " ".join(
        f"{x.at(price):.1f},{y.at(float(value)):.1f}" for price, value in zip(prices, values, strict=True)
    )


def _room(ticks: Sequence[float]) -> float:
    """How far from the left a chart begins, so that its longest figure fits where letters are largest."""
    return max(LEFT, 14 + DIGIT * max((len(told) for _, told in _told(ticks)), default=0))


def _told(ticks: Sequence[float]) -> list[tuple[float, str]]:
    """Each tick with its text, all with as many decimals as the longest needs."""
    digits = max((len(f"{each:g}".partition(".")[2]) for each in ticks if abs(each) < 1000), default=0)
    return [(each, f"{each:,.{digits}f}") for each in ticks]
