"""Places boxes in rows so that whatever something came from lies below it, with few crossings (Sugiyama's way).

Rows are counted from the ground. A line that passes rows gets a place in each; each row is put in the order of the
means of its neighbours, and its boxes as near to them as the room allows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import fmean

GAP, FLOOR, SWEEPS = 28.0, 46.0, 12
PASSING = 10.0
"""The width that a line is given where it passes a row."""

Size = tuple[float, float]
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Layout:
    """Where each box's upper left corner lies, and the points that each line passes, from above."""

    width: float
    height: float
    corners: Mapping[str, Point]
    lines: Mapping[tuple[str, str], tuple[Point, ...]]


def layout(sizes: Mapping[str, Size], pairs: Iterable[tuple[str, str]]) -> Layout:
    """Lay out boxes of the sizes given; of each pair the first lies above the second."""
    plan = _Plan(dict(sizes))
    levels = _levels(sizes, pairs := sorted(pairs))
    for name, level in levels.items():
        plan.rows[level].append(name)
    chains = {pair: plan.chain(*pair, levels) for pair in pairs}
    for at in range(SWEEPS):
        plan.sweep(down=at % 2 == 0)
    centres = plan.centres()
    tops = plan.tops()
    left = min(centres[name] - width / 2 for name, (width, _) in plan.sizes.items())
    right = max(centres[name] + width / 2 for name, (width, _) in plan.sizes.items())
    corners = {name: (centres[name] - sizes[name][0] / 2 - left, tops[levels[name]]) for name in sizes}
    lines = {}
    for (above, below), chain in chains.items():
        start, top = centres[above] - left, tops[levels[above]]
        first = ((start, top + sizes[above][1]), (start, top + plan.height(levels[above])))
        middle = [
            (centres[each] - left, tops[level] + end * plan.height(level))
            for each, level in zip(chain, range(levels[above] - 1, levels[below], -1), strict=True)
            for end in (0, 1)
        ]
        lines[above, below] = (*first, *middle, (centres[below] - left, tops[levels[below]]))
    return Layout(right - left, tops[0] + plan.height(0), corners, lines)


def _levels(names: Iterable[str], pairs: Sequence[tuple[str, str]]) -> dict[str, int]:
    """How many rows each lies above the ground: one more than the highest that it came from."""
    below = defaultdict[str, list[str]](list)
    for one, other in pairs:
        below[one].append(other)
    found = dict[str, int]()

    def level(name: str) -> int:
        if name not in found:
            found[name] = 1 + max(map(level, below[name]), default=-1)
        return found[name]

    return {name: level(name) for name in names}


@dataclass(slots=True)
class _Plan:
    """Rows of names in order, those of lines that pass included."""

    sizes: dict[str, Size]
    rows: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    above: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    below: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def chain(self, above: str, below: str, levels: Mapping[str, int]) -> list[str]:
        """Give a line its places in the rows that it passes."""
        names = [f"{above} > {below} {level}" for level in range(levels[above] - 1, levels[below], -1)]
        for name, level in zip(names, range(levels[above] - 1, levels[below], -1), strict=True):
            self.sizes[name] = (PASSING, 0.0)
            self.rows[level].append(name)
        path = [above, *names, below]
        for one, other in pairwise(path):
            self.below[one].append(other)
            self.above[other].append(one)
        return names

    def sweep(self, *, down: bool) -> None:
        """Put every row in the order of the means of its neighbours in the row before."""
        beside = self.above if down else self.below
        for level in sorted(self.rows, reverse=down):
            place = {name: at for row in self.rows.values() for at, name in enumerate(row)}
            self.rows[level].sort(
                key=lambda name: fmean(place[each] for each in beside[name]) if beside[name] else place[name]
            )

    def centres(self) -> dict[str, float]:
        """The middle of everything, across."""
        found = dict[str, float]()
        for row in self.rows.values():
            found |= self._apart(row, dict.fromkeys(row, 0.0))
        for at in range(4 * SWEEPS):
            for level in sorted(self.rows, reverse=at % 2 == 0):
                row = self.rows[level]
                wanted = {name: self._middle(name, found) for name in row}
                found |= self._apart(row, wanted)
        return found

    def _middle(self, name: str, found: Mapping[str, float]) -> float:
        beside = [*self.above[name], *self.below[name]]
        return fmean(found[each] for each in beside) if beside else found[name]

    def _apart(self, row: Sequence[str], wanted: Mapping[str, float]) -> dict[str, float]:
        """The places nearest to those wanted, by least squares, at which nothing in the row overlaps.

        Neighbours that want to be nearer than they may are pushed together into a block, which wants the mean.
        """
        offsets, offset = list[float](), 0.0
        for at, name in enumerate(row):
            offset += (self.sizes[row[at - 1]][0] + self.sizes[name][0]) / 2 + GAP if at else 0.0
            offsets.append(offset)
        blocks = list[tuple[float, int]]()
        for name, offset in zip(row, offsets, strict=True):
            mean, count = wanted[name] - offset, 1
            while blocks and blocks[-1][0] > mean:
                other, many = blocks.pop()
                mean, count = (mean * count + other * many) / (count + many), count + many
            blocks.append((mean, count))
        places = [mean for mean, count in blocks for _ in range(count)]
        return {name: place + offset for name, place, offset in zip(row, places, offsets, strict=True)}

    def height(self, level: int) -> float:
        """The height of a row."""
        return max(self.sizes[name][1] for name in self.rows[level])

    def tops(self) -> dict[int, float]:
        """Where each row begins, from above."""
        found, top = dict[int, float](), 0.0
        for level in sorted(self.rows, reverse=True):
            found[level] = top
            top += self.height(level) + FLOOR
        return found
