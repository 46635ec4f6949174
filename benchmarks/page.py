"""The report: docs/benchmarks.md from what was measured, and nothing that was not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from benchmarks.figures import Figure, Peer, Result, Spread

HEAD = """# pricetrail beside what you would pick instead

Made by `make bench` from `benchmarks/results/{name}`; not written by hand. {date}, {measure}.

{machine}

Each part runs ours and its peers in turns, in one go on one machine. A ratio is ours over theirs, pair by pair:
median, and in brackets the least and the most of the pairs. **Below 1 is better** unless the row says "more is
better". Where the machine had other work, processor seconds say more than the clock.
"""
TABLE = "| what | pricetrail | instead | theirs | ratio |\n|---|---|---|---|---|"
MISSING = "not installed"


def page(run: Mapping[str, Any], titles: Mapping[str, str], *, name: str, more: Iterable[str] = ()) -> str:
    """The whole report of a run, in the order of ``titles``; ``more`` is what other measures found."""
    results = {part: Result.from_dict(value) for part, value in run["parts"].items()}
    measured = "the full measure" if not run["quick"] else "a quick measure: few repeats, small data"
    head = HEAD.format(name=name, date=run["date"], measure=measured, machine=_machine(run))
    parts = [section(titles[part], results[part]) for part in titles if part in results]
    return "\n\n".join([head.strip(), *parts, *more]) + "\n"


def section(title: str, result: Result) -> str:
    """One part: what was compared, on how much, and the table."""
    told = ", ".join(f"{name} {_value(value)}" for name, value in result.settings.items())
    foot = f"{told}; {result.seconds:.0f} s." if told else f"{result.seconds:.0f} s."
    fault = [f"**This part failed:** {result.fault}"] if result.fault else []
    table = ["\n".join([TABLE, *(row for each in result.figures for row in rows(each))])]
    return "\n\n".join([f"## {title}", result.about, *fault, *(table if result.figures else []), foot])


def rows(figure: Figure) -> Iterator[str]:
    """A row for each peer; one for ours alone where there is none."""
    name = figure.name if figure.less else f"{figure.name} (more is better)"
    ours = _figure(figure.ours, figure.unit)
    if not figure.peers:
        yield f"| {name} | {ours} | | | |"
    for at, peer in enumerate(figure.peers):
        first = (name, ours) if at == 0 else ("", "")
        yield f"| {first[0]} | {first[1]} | {peer.name} | {_theirs(peer, figure.unit)} | {_ratio(peer)} |"


def _machine(run: Mapping[str, Any]) -> str:
    machine = run["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in run["versions"].items())
    return (
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gb']:g} GB, {machine['system']}, "
        f"Python {machine['python']}; load before it began {machine['load_before']:g}. Versions: {versions}."
    )


def _theirs(peer: Peer, unit: str) -> str:
    return MISSING if peer.figure is None else _figure(peer.figure, unit)


def _ratio(peer: Peer) -> str:
    if peer.ratio is None:
        return ""
    spread = peer.ratio
    alone = spread.count == 1
    return f"**{spread.median:.3g}**" + ("" if alone else f" ({spread.low:.3g} to {spread.high:.3g})")


def _figure(spread: Spread, unit: str) -> str:
    return f"{spread.median:,.4g} {unit}".strip()


def _value(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
