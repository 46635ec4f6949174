"""Small pictures beside a number in a table. The number is always there too, for those who cannot see them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from markupsafe import Markup

WIDTH, HEIGHT = 180, 18


def bar(value: float, most: float, kind: str = "bar") -> Markup:
    """A bar as long as the value's share of the greatest one."""
    length = 0.0 if most <= 0 else max(0.0, min(1.0, value / most)) * WIDTH
    return _svg(f'<rect class="{kind}" x="0" y="3" width="{length:.1f}" height="{HEIGHT - 6}" rx="2"/>')


def parts(values: Sequence[tuple[str, float]]) -> Markup:
    """A bar that is made of parts, each of a class of its own."""
    whole, at, drawn = sum(value for _, value in values) or 1.0, 0.0, list[str]()
    for kind, value in values:
        length = value / whole * 2 * WIDTH
        drawn.append(f'<rect class="{kind}" x="{at:.1f}" y="2" width="{length:.1f}" height="{HEIGHT - 4}"/>')
        at += length
    return _svg("".join(drawn), 2 * WIDTH)


def interval(
    low: float, middle: float, high: float, span: tuple[float, float], limit: float | None = None
) -> Markup:
    """An estimate with its interval, on a scale that is the same for all of a table; zero and a limit are marked."""

    def x(value: float) -> float:
        return 4 + (value - span[0]) / ((span[1] - span[0]) or 1.0) * (WIDTH - 8)

    middle_line = HEIGHT / 2
    drawn = ""
    if limit is not None:
        wide = x(limit) - x(-limit)
        drawn += f'<rect class="allowed" x="{x(-limit):.1f}" y="0" width="{wide:.1f}" height="{HEIGHT}"/>'
    if span[0] <= 0 <= span[1]:
        drawn += f'<line class="zero" x1="{x(0):.1f}" x2="{x(0):.1f}" y1="0" y2="{HEIGHT}"/>'
    drawn += (
        f'<line class="reach" x1="{x(low):.1f}" x2="{x(high):.1f}" y1="{middle_line}" y2="{middle_line}"/>'
    )
    drawn += f'<circle class="point" cx="{x(middle):.1f}" cy="{middle_line}" r="3.5"/>'
    return _svg(drawn)


def curve(values: Sequence[float]) -> Markup:
    """A line through the values, from left to right."""
    if len(values) < 2:
        return Markup("")
    low, high = min(values), max(values)
    step = (WIDTH - 8) / (len(values) - 1)
    points = [
        (4 + at * step, 3 + (high - value) / ((high - low) or 1.0) * (HEIGHT - 6))
        for at, value in enumerate(values)
    ]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    x, y = points[-1]
    return _svg(
        f'<polyline class="curve" points="{line}"/><circle class="point" cx="{x:.1f}" cy="{y:.1f}" r="2.5"/>'
    )


def span(values: Iterable[float]) -> tuple[float, float]:
    """The scale that holds all the values, and zero."""
    held = [0.0, *values]
    room = (max(held) - min(held)) * 0.05
    return min(held) - room, max(held) + room


def _svg(drawn: str, width: int = WIDTH) -> Markup:
    head = f'<svg class="mark" width="{width}" height="{HEIGHT}" viewBox="0 0 {width} {HEIGHT}" aria-hidden="true">'
    return Markup(f"{head}{drawn}</svg>")
