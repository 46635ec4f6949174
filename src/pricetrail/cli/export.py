"""``pricetrail export``: the evidence of a shop in one file, for somebody who does not have pricetrail."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pricetrail.cli.console import AsJson, answer, say, stdout
from pricetrail.shop import evidence


def export(
    shop: Annotated[Path, typer.Argument(help="The shop's folder.")] = Path(),
    output: Annotated[Path, typer.Option(help="The zip to write.")] = Path("evidence.zip"),
    with_artifacts: Annotated[
        bool,
        typer.Option(
            "--with-artifacts", help="Put in the bytes of every file too, which the manifests name."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write ledger, manifests and receipts into a zip that docs/verify.py checks without pricetrail."""
    made = evidence.export(shop, output, artifacts=with_artifacts)
    if as_json:
        answer({"output": str(output), **made.to_dict()})
    else:
        say(
            f"{output}: {made.entries:,} entries up to {made.head[:12]}…, {made.objects:,} manifests and verdicts, "
            f"{made.receipts:,} files of receipts, {made.artifacts:,} artifacts."
            f" Check it with: python3 verify.py {output}",
            to=stdout,
        )
