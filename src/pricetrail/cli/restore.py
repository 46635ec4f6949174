"""``pricetrail restore``: a shop from its remote alone."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from pricetrail.cli.console import AsJson, answer, say, stdout
from pricetrail.shop import restore as restoring
from pricetrail.shop.remote import Place


def restore(
    url: Annotated[str, typer.Argument(help="Where the shop is kept: s3://bucket/prefix, a folder, a URL.")],
    shop: Annotated[Path, typer.Argument(help="A new folder.")],
    endpoint: Annotated[
        str | None, typer.Option(help="A server that speaks S3's protocol, when it is not Amazon's own.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Bring a shop back as it was pushed last: history, data, ledger. The key that signs is brought by you."""
    found = restoring.restore(shop, Place.of(url, endpoint, None))
    if as_json:
        answer(asdict(found))
        return
    say(
        f"{shop.resolve().name} is back at {found.pulled.commit[:12]}: {found.pulled.brought:,} files.",
        to=stdout,
    )
    if not found.at_hand:
        say(
            f"The key {(found.key or '')[:12]}… signs its ledger and is not at hand. Before the next run, put it into"
            f" {shop}/.pricetrail/keys, or name its file in PRICETRAIL_SIGNING_KEY_FILE."
        )
