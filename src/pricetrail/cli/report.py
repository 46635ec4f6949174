"""``pricetrail report``: the model card of a release, and the bundle with its evidence."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from pricetrail.cli import record
from pricetrail.cli.asking import Shop
from pricetrail.cli.console import AsJson, answer, say
from pricetrail.errors import KeyMissing
from pricetrail.files import writing
from pricetrail.lineage import place
from pricetrail.lineage.exports import provenance
from pricetrail.shop.report import crate
from pricetrail.shop.report.facts import gather
from pricetrail.shop.report.page import page


def report(
    release: Annotated[str, typer.Argument(help="The release's id, or the beginning of it.")],
    shop: Shop = Path(),
    output: Annotated[Path, typer.Option(help="The folder to write to.")] = Path(),
    as_json: AsJson = False,
) -> None:
    """Write a page that says all there is to know of a release, each figure with its digest, and a bundle for auditors.

    It uses the headings of the EU AI Act's Annex IV as a checklist, and claims no compliance.
    """
    found = gather(shop, release)
    card, bundle = (output / f"release-{found.id[:12]}.{ending}" for ending in ("html", "zip"))
    with writing(card) as draft:
        draft.write_text(page(found), encoding="utf-8")
    key = None
    with suppress(KeyMissing):  # whoever reads a shop's record need not be able to sign in it
        key = provenance.signer(record.ledger(shop), place.keyring(shop))
    files = crate.bundle(shop, found, key)
    crate.write(files, bundle, found.history[-1].when)
    if as_json:
        answer({"release": found.id, "page": str(card), "bundle": str(bundle), "files": sorted(files)})
        return
    say(f"{card}: the model card, to read in a browser.")
    say(f"{bundle}: the same with its evidence, {len(files)} files, an RO-Crate.")
