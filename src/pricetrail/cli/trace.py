"""``pricetrail trace``: where a price, a release, a run or a file came from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from pricetrail.cli import record
from pricetrail.cli.asking import Shop
from pricetrail.cli.console import AsJson, answer, show
from pricetrail.lineage.trail import Branch, Step, Trail
from pricetrail.shop import trails

SHORT = 12
FOLDED = {"stage": "made by", "release": "copied from release"}
"""What is not shown a second time, but named on the line of what came from it."""


def trace(
    given: Annotated[
        str,
        typer.Argument(
            metavar="RECEIPT|RELEASE|RUN|FILE",
            help="A receipt's number; the SHA-256 of a release, a run or a file, or its beginning; a file's path.",
        ),
    ],
    shop: Shop = Path(),
    as_json: AsJson = False,
) -> None:
    """Show the trail down to code and raw bytes, each line with its digest; of a file also the runs that used it."""
    found = trails.find(shop, record.ledger(shop), given)
    if as_json:
        answer(found.to_dict())
        return
    show(tree(found))
    if found.uses:
        show(_uses(found))


def tree(found: Trail) -> Tree:
    """A trail for a terminal."""
    top = found.tree()
    drawn = Tree(label(top))
    _grow(drawn, top)
    return drawn


def _grow(drawn: Tree, branch: Branch) -> None:
    for each in branch.branches:
        if not _folded(each):
            _grow(drawn.add(label(each)), each)


def _folded(branch: Branch) -> bool:
    return branch.again and branch.step.kind in FOLDED


def label(branch: Branch) -> Text:
    """One line: what it is, its digest, and what tells most about it."""
    step = branch.step
    folded = [each.step for each in branch.branches if _folded(each)]
    said = [*_said(step), *(f"{FOLDED[each.kind]} {each.name}" for each in folded)]
    text = Text()
    if step.kind != "file":
        text.append(f"{step.kind} ", style="bold")
    if not (step.digest or "").startswith(step.name):
        text.append(f"{step.name}  ", style="cyan")
    text.append(step.digest[:SHORT] if step.digest else "no digest", style="green")
    text.append(f"  {', '.join([*said, *['see above'] * branch.again])}".rstrip(), style="dim")
    return text


def _said(step: Step) -> list[str]:
    says = SAYS.get(step.kind, _bytes)
    return [each for each in says(step.facts) if each]


def _receipt(facts: Mapping[str, Any]) -> list[str]:
    sealed = facts["sealed"]
    where = f"sealed in entry {sealed['entry']}" if sealed else "not sealed yet"
    return [f"{facts['product']} for {facts['price']:.2f}", facts["at"][:19].replace("T", " "), where]


def _release(facts: Mapping[str, Any]) -> list[str]:
    moved = [
        f"{each['channel']} in entry {each['entry']} by {each['who']}" for each in facts.get("promoted", ())
    ]
    kept, again = facts.get("quarantined"), facts.get("reproduced")
    return [
        _entry(facts),
        f"rows until {facts['rows_until']}",
        *(moved[:1] or ["never promoted"]),
        f"made again: {again['verdict']}" if again else "",
        f"in quarantine: {kept['why']}" if kept else "",
    ]


def _entry(facts: Mapping[str, Any]) -> str:
    return f"entry {facts['entry']}" + (" UNSIGNED" if facts["signer"] is None else "")


def _run(facts: Mapping[str, Any]) -> list[str]:
    gates = [f"{gate} {verdict}" for gate, verdict in facts.get("gates", {}).items()]
    return [_entry(facts), facts["outcome"], facts["when"][:19].replace("T", " "), *gates]


def _stage(facts: Mapping[str, Any]) -> list[str]:
    code = facts["code"]
    return [
        facts["how"],
        f"code {code[:SHORT]}" if code else "",
        f"parameters {facts['parameters_sha256'][:SHORT]}",
    ]


def _environment(facts: Mapping[str, Any]) -> list[str]:
    graphics = facts["gpu"]["model"] if "gpu" in facts else []
    cores = f"{facts['cpu']['count']} cores"
    return [facts["cpu"]["model"], cores, *graphics, f"{len(facts['packages'])} packages"]


def _commit(facts: Mapping[str, Any]) -> list[str]:
    changed = facts["uncommitted"]
    return [f"and changes not committed, {changed[:SHORT]}" if changed else ""]


def _parameters(facts: Mapping[str, Any]) -> list[str]:
    return [f"{len(facts)} blocks"]


def _bytes(facts: Mapping[str, Any]) -> list[str]:
    rows = facts.get("rows")
    return [
        f"{facts['size']:,} bytes" if "size" in facts else "",
        f"{rows:,} rows" if rows is not None else "",
    ]


SAYS: Mapping[str, Callable[[Mapping[str, Any]], list[str]]] = {
    "receipt": _receipt,
    "release": _release,
    "run": _run,
    "stage": _stage,
    "environment": _environment,
    "parameters": _parameters,
    "code": _commit,
    "commit": _commit,
}


def _uses(found: Trail) -> Table:
    table = Table("Run", "Outcome", "When", "Did", "Release", box=None, padding=(0, 2), header_style="bold")
    for use in found.uses:
        releases = ", ".join(id[:SHORT] for id in use.releases)
        table.add_row(
            use.run[:SHORT], use.outcome, use.when[:19].replace("T", " "), f"{use.did} {use.path}", releases
        )
    return table
