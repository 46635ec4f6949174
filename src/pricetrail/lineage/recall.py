"""Recall: from something bad, forward to every run, release and receipt that it touched.

Runs are judged by their manifests. Receipts are counted from the summaries of sealed segments, so that it makes no
difference how many there are; those not sealed yet are read one by one.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pricetrail.lineage import channel, ids
from pricetrail.lineage.entry import Entry
from pricetrail.lineage.ledger import Ledger
from pricetrail.lineage.receipts import log, segment
from pricetrail.lineage.receipts.retention import forgotten
from pricetrail.lineage.receipts.seal import sealed

Manifest = Mapping[str, Any]
Suspicion = Callable[[Manifest], bool]


@dataclass(frozen=True, slots=True)
class Run:
    """A run that was touched."""

    id: str
    outcome: str
    commit: str | None
    when: str


@dataclass(frozen=True, slots=True)
class Quoted:
    """What a release quoted: receipts, and the weekly revenue in them, by product."""

    release: str
    receipts: Mapping[str, int]
    revenue: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Recalled:
    """All that was touched.

    Attributes:
        open: how many of the receipts are not sealed yet.
        forgotten: how many were deleted by policy since; they are counted nevertheless.
    """

    runs: tuple[Run, ...]
    releases: tuple[str, ...]
    receipts: int
    open: int
    forgotten: int
    revenue: float
    products: tuple[str, ...]
    quoted: tuple[Quoted, ...]

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def holding(digests: Collection[str]) -> Suspicion:
    """Of runs that made or read a file whose SHA-256 is one of these, or begins with one of them."""
    return lambda run: any(each["sha256"].startswith(tuple(digests)) for each in files(run))


def committed(commit: str) -> Suspicion:
    """Of runs made at a commit, of the shop or of this package, by the beginning of its name."""
    return lambda run: any((run[side].get("commit") or "").startswith(commit) for side in ("shop", "code"))


def sources(run: Manifest) -> Iterator[Mapping[str, Any]]:
    """The raw files that a run read."""
    for found in run["sources"].values():
        yield from found


def files(run: Manifest) -> Iterator[Mapping[str, Any]]:
    """Every file that a run made or read, and those that say what it ran."""
    yield from run.get("artifacts", ())
    yield from sources(run)
    yield from ({"path": path, "sha256": digest} for path, digest in run.get("pipeline", {}).items())


def runs(ledger: Ledger) -> Iterator[tuple[Entry, Manifest]]:
    """Every run in the ledger with its manifest, newest first."""
    for entry in ledger.topic("run"):
        yield entry, json.loads(ledger.object(entry.objects[0]))


def recall(ledger: Ledger, suspicion: Suspicion) -> Recalled:
    """What the runs under suspicion led to."""
    touched = {
        entry.objects[0]: Run(entry.objects[0], run["outcome"], run["shop"].get("commit"), entry.when)
        for entry, run in runs(ledger)
        if suspicion(run)
    }
    made = [id for id, entry in channel.releases(ledger).items() if entry.body["run"] in touched]
    return _recalled(ledger, tuple(touched.values()), made)


def recall_release(ledger: Ledger, release: str) -> Recalled:
    """What a release led to, by its id or the beginning of it.

    Raises:
        UnknownId: there is no such release, or more than one.
    """
    known = channel.releases(ledger)
    id = ids.resolve(release, known, "release")
    of = [(entry, run) for entry, run in runs(ledger) if entry.objects[0] == known[id].body["run"]]
    touched = [Run(e.objects[0], run["outcome"], run["shop"].get("commit"), e.when) for e, run in of]
    return _recalled(ledger, tuple(touched), [id])


def quarantine(ledger: Ledger, recalled: Recalled, *, who: str, why: str) -> list[Entry]:
    """Keep every release that was touched, and is not yet in quarantine, from being promoted."""
    already = channel.quarantined(ledger)
    return [channel.quarantine(ledger, id, who=who, why=why) for id in recalled.releases if id not in already]


def clear(ledger: Ledger, recalled: Recalled, *, who: str, why: str) -> list[Entry]:
    """Let every release that was touched, and is in quarantine, out of it."""
    inside = channel.quarantined(ledger)
    return [channel.clear(ledger, id, who=who, why=why) for id in recalled.releases if id in inside]


def _recalled(ledger: Ledger, touched: tuple[Run, ...], releases: list[str]) -> Recalled:
    tally = _Tally(releases)
    gone, deleted, waiting = forgotten(ledger), 0, 0
    for name, facts in sealed(ledger).items():
        counted = tally.add(segment.read(ledger.store, name, facts.summary).releases)
        deleted += counted if name in gone else 0
    for name in sorted(set(log.segments(ledger.store)) - set(sealed(ledger))):
        contents = [json.loads(each) for each in log.read(ledger.store, name)]
        waiting += tally.add(segment.quoted(contents))
    return Recalled(
        runs=touched,
        releases=tuple(releases),
        receipts=sum(sum(each.receipts.values()) for each in tally.quoted()),
        open=waiting,
        forgotten=deleted,
        revenue=round(sum(sum(each.revenue.values()) for each in tally.quoted()), 2),
        products=tuple(sorted({name for each in tally.quoted() for name in each.receipts})),
        quoted=tally.quoted(),
    )


class _Tally:
    """Adds up what the releases of interest quoted."""

    def __init__(self, releases: Iterable[str]) -> None:
        self._receipts = {id: defaultdict[str, int](int) for id in releases}
        self._revenue = {id: defaultdict[str, float](float) for id in self._receipts}

    def add(self, quoted: Mapping[str, Mapping[str, Any]]) -> int:
        """Add a segment; how many of its receipts are of interest."""
        added = 0
        for id in self._receipts.keys() & quoted.keys():
            found, receipts, revenue = quoted[id], self._receipts[id], self._revenue[id]
            for name, count, amount in zip(
                *(found[of] for of in ("products", "receipts", "revenue")), strict=True
            ):
                receipts[name] += count
                revenue[name] += amount
                added += count
        return added

    def quoted(self) -> tuple[Quoted, ...]:
        """What each release quoted, those that quoted nothing included."""
        return tuple(Quoted(id, dict(self._receipts[id]), dict(self._revenue[id])) for id in self._receipts)
