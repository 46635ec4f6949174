"""``pricetrail serve``: prices over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from pricetrail import params
from pricetrail.cli.console import say
from pricetrail.lineage import place
from pricetrail.lineage.channel import PRODUCTION
from pricetrail.serving.settings import Settings
from pricetrail.shop import cache

THREADS = 8


def serve(
    shop: Annotated[Path, typer.Argument(help="The shop's folder.")] = Path(),
    host: Annotated[str, typer.Option(help="The address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port to listen at.")] = 5002,
    channel: Annotated[str, typer.Option(help="Whose release to serve.")] = PRODUCTION,
) -> None:
    """Answer for the release that stands in a channel, until interrupted."""
    from waitress import create_server

    from pricetrail.serving.app import create_app

    settings = of(shop, channel=channel)
    server = create_server(
        create_app(settings),
        host=host,
        port=port,
        threads=THREADS,
        max_request_body_size=settings.body + 1,
        ident=None,
    )
    say(f"Serving {shop} at http://{host}:{server.effective_port}")
    server.run()


def of(shop: Path, **more: Any) -> Settings:
    """The settings that serve a shop from its own folder, and from where it is shared."""
    known = params.load(shop / "params.yaml")
    ledger = known.ledger
    return Settings(
        ledger=ledger.url if "://" in ledger.url else str(shop / ledger.url),
        blobs=tuple(each.store for each in (cache.local(shop), *cache.remotes(shop))),
        endpoint=ledger.endpoint,
        encryption=ledger.encryption,
        signed=ledger.signed,
        trust=place.anchor(shop) if ledger.signed else None,
        keys=str(shop / place.KEYS),
        reproduced=known.release.reproduce == "required",
        **more,
    )
