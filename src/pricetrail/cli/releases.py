"""``pricetrail releases``: what may serve, and what does."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from pricetrail.cli import record
from pricetrail.cli.console import AsJson, answer, show, stderr
from pricetrail.lineage import catalogue
from pricetrail.lineage.catalogue import Known


def releases(
    shop: Annotated[Path, typer.Argument(help="The shop's folder.")] = Path(),
    as_json: AsJson = False,
) -> None:
    """List every release, newest first, with the channels that point at it."""
    known = catalogue.releases(record.ledger(shop))
    if as_json:
        answer([each.to_dict() for each in known])
    elif known:
        show(_table(known))
    else:
        stderr.print("There is no release yet: no run has passed its gates. 'pricetrail run' makes one.")


def _table(known: list[Known]) -> Table:
    table = Table(
        "Release",
        "Recorded",
        "Rows until",
        "MSE(log)",
        "Serves as",
        "",
        box=None,
        padding=(0, 2),
        header_style="bold",
    )
    for each in known:
        error = each.manifest["metrics"].get("mse_inf")
        table.add_row(
            each.id[:12],
            each.entry.when[:16].replace("T", " "),
            str(each.manifest["rows_until"]),
            "" if error is None else f"{error:.4f}",
            ", ".join(each.channels),
            "" if each.quarantine is None else f"in quarantine: {each.quarantine}",
        )
    return table
