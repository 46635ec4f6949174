"""What a weekly run is asked to do: the parameters of its deployment."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from pydantic import Field

from pricetrail.lineage import place
from pricetrail.lineage.store import Store, open_store
from pricetrail.params import Block
from pricetrail.shop import git

WEBHOOK = "PRICETRAIL_WEBHOOK"
DIGITS = 8
"""Of the first commit's id, enough to tell apart the shops of one Prefect server."""


class Week(Block):
    """The settings of a shop's weekly runs.

    Attributes:
        shop: the shop's folder on the worker.
        remote, endpoint: where the shop is kept; from there it is brought when the worker has no such folder.
        sources: where new order lines are: files, folders, patterns, URLs, ``DATABASE-URL::TABLE``.
        publish: whether a release that passed all gates serves at once.
        services: the addresses of services that must answer from it.
        webhook: where to tell how it ended; without one, the worker's ``PRICETRAIL_WEBHOOK``.
        credentials: the name of a Prefect block of AWS credentials; without one, the worker's own role.
        hours: how long the pipeline may take.
        pause: seconds before what failed is tried again, doubled each time.
        lease: seconds after which a run that says nothing more is given up.
    """

    shop: str
    remote: str | None = None
    endpoint: str | None = None
    sources: tuple[str, ...] = ()
    publish: bool = True
    services: tuple[str, ...] = ()
    webhook: str | None = None
    credentials: str | None = None
    hours: Annotated[float, Field(gt=0)] = 6.0
    pause: Annotated[float, Field(ge=0)] = 30.0
    lease: Annotated[float, Field(gt=0)] = 180.0

    @property
    def root(self) -> Path:
        """The shop's folder."""
        return Path(self.shop)

    @property
    def folder(self) -> str:
        """What the shop's folder is called, as Prefect allows it in a name."""
        return re.sub(r"[^A-Za-z0-9_-]+", "-", self.root.resolve().name).strip("-") or "shop"

    @property
    def id(self) -> str:
        """The first digits of what the shop's history began with: no other shop's, though folders be called alike."""
        return git.first(self.root)[:DIGITS]

    @property
    def name(self) -> str:
        """The shop, as Prefect knows it."""
        return f"{self.folder}-{self.id}"

    @property
    def here(self) -> bool:
        """Whether the worker has the shop."""
        return (self.root / "params.yaml").exists()

    def store(self) -> Store:
        """Where the shop's ledger lies, whether the shop is here or not."""
        if self.here or self.remote is None:
            return place.store(self.root)
        return open_store(self.remote, self.endpoint)
