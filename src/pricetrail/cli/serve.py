"""``pricetrail serve``: prices over HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from pricetrail import params
from pricetrail.cli.console import say
from pricetrail.lineage import place
from pricetrail.lineage.channel import PRODUCTION
from pricetrail.serving.settings import Settings
from pricetrail.shop import cache


def serve(
    shop: Annotated[Path, typer.Argument(help="The shop's folder.")] = Path(),
    host: Annotated[str, typer.Option(help="The address to listen at.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The port to listen at; 0 for a free one.")
    ] = 5002,
    channel: Annotated[str, typer.Option(help="Whose release to serve.")] = PRODUCTION,
    redis: Annotated[
        str | None, typer.Option(help="The URL of a cache that several processes share.")
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(envvar="PRICETRAIL_KEY", help="What who promotes must bring; without one nobody does."),
    ] = None,
    cors: Annotated[list[str] | None, typer.Option(help="An origin whose pages may ask; * for all.")] = None,
    rate: Annotated[
        float, typer.Option(min=0, help="Requests a second from one address; 0 for any.")
    ] = 100.0,
    processes: Annotated[
        int, typer.Option(min=1, max=64, help="Processes that answer; each keeps one core busy.")
    ] = 1,
) -> None:
    """Answer for the release that stands in a channel, until interrupted."""
    from pricetrail.serving.server import run

    settings = of(shop, channel=channel, redis=redis, key=key, cors=tuple(cors or ()), rate=rate)
    name = shop.resolve().name
    run(
        settings,
        host,
        port,
        lambda at: say(f"Serving {name} at http://{host}:{at}"),
        processes=processes,
        mover=Mover(shop, channel),
    )


@dataclass(frozen=True, slots=True)
class Mover:
    """Lets another release of a shop serve, as ``pricetrail promote`` and ``pricetrail rollback`` do.

    What does that is imported only then: prices need none of it.
    """

    shop: Path
    channel: str

    def promote(self, release: str, who: str, why: str) -> None:
        """Point the channel at a release, by its whole id."""
        from pricetrail.shop import pipeline, production

        with pipeline.alone(self.shop):
            production.promote(self.shop, release, self.channel, why=why, who=who)

    def rollback(self, who: str, why: str) -> None:
        """Point it at the release that stood there before."""
        from pricetrail.shop import pipeline, production

        with pipeline.alone(self.shop):
            production.rollback(self.shop, self.channel, why=why, who=who)


def of(shop: Path, **more: Any) -> Settings:
    """The settings that serve a shop from its own folder, and from where it is shared."""
    known = params.load(shop / "params.yaml")
    ledger = known.ledger
    return Settings(
        ledger=ledger.url if "://" in ledger.url else str(shop / ledger.url),
        blobs=(cache.local(shop), *cache.remotes(shop)),
        endpoint=ledger.endpoint,
        encryption=ledger.encryption,
        signed=ledger.signed,
        trust=place.anchor(shop) if ledger.signed else None,
        keys=str(shop / place.KEYS),
        reproduced=known.release.reproduce == "required",
        **more,
    )
