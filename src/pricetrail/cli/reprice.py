"""``pricetrail reprice``: a recommendation for every product of a shop, or of a file."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from pricetrail.cli.asking import Aimed, DefaultMargin, First, Hard, Limited, Shop, Soft, limited
from pricetrail.cli.console import AsJson, answer, say, stdout
from pricetrail.errors import SchemaMismatch, SourceUnreadable, UsageError, translating
from pricetrail.files import writing
from pricetrail.pricing import bulk
from pricetrail.shop import responses, settings
from pricetrail.workers.crew import crew


def reprice(
    output: Annotated[Path, typer.Option(help="The CSV file to write.")],
    source: Annotated[
        Path | None,
        typer.Option(
            "--input",
            help="A CSV file with a column stockcode, and, where they are wanted, store, cost, objective, family with "
            "rung (prices rise with it), and limits by their names. Without it, every product of the shop.",
        ),
    ] = None,
    shop: Shop = Path(),
    objective: Aimed = None,
    default_margin: DefaultMargin = None,
    limit: Limited = None,
    hard: Hard = None,
    soft: Soft = None,
    first: First = None,
    as_json: AsJson = False,
) -> None:
    """Decide on many products at once; every row of the output has a status and a reason."""
    known = responses.read(shop)
    if source is not None and source.resolve() == output.resolve():
        raise UsageError(f"{output} would take the place of its own input. Name another --output.")
    rows = bulk.everything(known) if source is None else _rows(source)
    with crew(settings.read(shop).workers) as workers:
        decided = bulk.reprice(
            known,
            rows,
            limited(known, limit, hard, soft, first),
            objective=objective,
            default_margin=default_margin,
            apply=workers.map,
        )
        counts = _write(decided, output)
    if as_json:
        answer({"output": str(output), "rows": counts.total(), "statuses": dict(sorted(counts.items()))})
        return
    told = ", ".join(f"{count:,} {status}" for status, count in sorted(counts.items())) or "no rows"
    stdout.print(f"{counts.total():,} products decided: {told}. {output}", markup=False, soft_wrap=True)


def _rows(path: Path) -> Iterator[dict[str, str]]:
    """The rows of a CSV file, headings in lower case.

    Raises:
        SourceUnreadable: it is not there, or not a CSV file in UTF-8.
        SchemaMismatch: it has no column of stock codes.
    """
    bad = {OSError: SourceUnreadable, UnicodeDecodeError: SourceUnreadable, csv.Error: SourceUnreadable}
    with (
        translating(bad, f"{path} cannot be read as a CSV file in UTF-8."),
        path.open(encoding="utf-8-sig", newline="") as lines,
    ):
        reader = csv.reader(lines)
        headings = [name.strip().lower() for name in next(reader, [])]
        if "stockcode" not in headings:
            hint = "Give the product's code in a column 'stockcode'."
            if len(headings) == 1 and ";" in headings[0]:
                hint = "Columns are told apart by commas, not by semicolons: save the file so."
            raise SchemaMismatch(str(path), missing=["stockcode"], unexpected=headings, hint=hint)
        if idle := [name for name in headings if name not in bulk.ASKS]:
            say(
                f"Columns that ask for nothing: {', '.join(idle)}. What may be asked: {', '.join(bulk.ASKS)}."
            )
        for row in reader:
            if row:
                yield dict(zip(headings, row, strict=False))


def _write(decided: Iterator[bulk.Row], path: Path) -> Counter[str]:
    counts = Counter[str]()
    with (
        translating({OSError: UsageError}, f"{path} cannot be written."),
        writing(path) as draft,
        draft.open("w", encoding="utf-8", newline="") as lines,
    ):
        writer = csv.DictWriter(lines, bulk.COLUMNS, lineterminator="\n")
        writer.writeheader()
        for row in decided:
            counts[str(row["status"])] += 1
            writer.writerow(row)
    return counts
