"""A trail as an SVG picture: boxes in rows, what something came from below it, every step a button."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape

from pricetrail.lineage.drawing.boxes import Box, boxes
from pricetrail.lineage.drawing.layout import Point, layout
from pricetrail.lineage.trail import Step, Trail

WIDTH, HEAD, ROW, PAD, MARGIN = 320, 30, 22, 6, 24
NAME, BOLD, SHORT = 34, 25, 8


def svg(trail: Trail) -> str:
    """The picture. It holds no style: classes name what there is to paint."""
    made, pairs = boxes(trail)
    laid = layout({box.name: (WIDTH, _height(box)) for box in made}, pairs)
    size = f"{laid.width + 2 * MARGIN:.0f} {laid.height + 2 * MARGIN:.0f}"
    width, _, height = size.partition(" ")
    return "".join([
        f'<svg class="trail-picture" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}" width="{width}"',
        f' height="{height}" role="group" aria-label="The trail of {escape(_said(trail.root))}">',
        f'<g transform="translate({MARGIN} {MARGIN})">',
        *(_line(one, other, points) for (one, other), points in laid.lines.items()),
        *(part for box in made for part in _box(box, laid.corners[box.name], trail.root)),
        "</g></svg>",
    ])  # fmt: skip


def label(step: Step) -> str:
    """What to call a step in one line: nothing is said twice where its name is the beginning of its digest."""
    return step.kind if (step.digest or "").startswith(step.name) else step.name


def _said(step: Step) -> str:
    return f"{step.kind} {step.name}"


def _height(box: Box) -> int:
    return HEAD + len(box.rows) * ROW + (PAD if box.rows else 0)


def _box(box: Box, corner: Point, root: Step) -> Iterator[str]:
    x, y = corner
    yield f'<g class="trail-box" data-box="{escape(box.name)}" transform="translate({x:.1f} {y:.1f})">'
    yield f'<rect class="trail-frame" width="{WIDTH}" height="{_height(box)}" rx="7"/>'
    if box.head is None:
        yield f'<text class="trail-title" x="12" y="20">{escape(box.name)}</text>'
    else:
        yield _step(box.head, 0, HEAD, root, title=True)
    for at, step in enumerate(box.rows):
        yield _step(step, HEAD + at * ROW, ROW, root, title=False)
    yield "</g>"


def _step(step: Step, y: int, height: int, root: Step, *, title: bool) -> str:
    digest = f"<tspan>{step.digest[:SHORT]}</tspan>" if step.digest else ""
    kind = f'<tspan class="trail-kind">{step.kind} </tspan>' if title and label(step) != step.kind else ""
    middle = y + height / 2 + 4
    return (
        f'<g class="trail-step trail-{step.kind}{" trail-head" if title else ""}" role="button"'
        f' tabindex="{0 if step is root else -1}" data-step="{escape(step.id)}"'
        f' aria-label="{escape(_said(step))}{f", {step.digest[:SHORT]}" if step.digest else ""}">'
        f'<rect x="2" y="{y + 2}" width="{WIDTH - 4}" height="{height - (4 if title else 1)}" rx="5"/>'
        f'<text x="12" y="{middle:.0f}">{kind}{escape(_cut(label(step), title=title))}</text>'
        f'<text class="trail-digest" x="{WIDTH - 12}" y="{middle:.0f}" text-anchor="end">{digest}</text></g>'
    )


def _cut(name: str, *, title: bool) -> str:
    """Short enough for its box; what tells most of a path is its end."""
    room = BOLD if title else NAME
    return name if len(name) <= room else f"…{name[-room + 1 :]}"


def _line(above: str, below: str, points: Iterable[Point]) -> str:
    first, *rest = points
    path, (x, y) = [f"M{first[0]:.1f} {first[1]:.1f}"], first
    for to_x, to_y in rest:
        bend = (to_y - y) / 2
        path.append(f"C{x:.1f} {y + bend:.1f} {to_x:.1f} {to_y - bend:.1f} {to_x:.1f} {to_y:.1f}")
        x, y = to_x, to_y
    ends = f'data-above="{escape(above)}" data-below="{escape(below)}"'
    return f'<path class="trail-line" {ends} d="{"".join(path)}"/>'
