"""Brings a shop back from its remote alone, when the machine is lost."""

from __future__ import annotations

import os
import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from pricetrail.errors import ArtifactMissing, ShopExists
from pricetrail.lineage import place
from pricetrail.lineage.canonical import digest
from pricetrail.lineage.ledger import Ledger
from pricetrail.shop import dvc, git, production, settings, transfer
from pricetrail.shop.remote import NAME, Place
from pricetrail.shop.transfer import Pulled


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored, and the key that signs there: its id (None: nothing signs), and whether it is at hand."""

    pulled: Pulled
    key: str | None
    at_hand: bool


def restore(root: Path, there: Place) -> Restored:
    """Make the folder ``root`` the shop that was pushed last, whole or not at all.

    Keys are in no remote: the one that signs comes from the environment or a file.

    Raises:
        ShopExists: there is something at ``root`` already.
        ArtifactMissing: no shop was ever pushed there, or something of it is gone.
        NotSigned: the ledger there does not begin with the key that the shop's history names.
    """
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise ShopExists(f"{root} already holds something. Name a new folder.")
    root = root.resolve()
    root.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".restore-", dir=root.parent) as scratch:
        shop = Path(scratch) / "shop"
        _clone(shop, there)
        found = Restored(transfer.pull(shop), *_key(shop))
        production.follow(shop)
        if root.exists():
            root.rmdir()
        os.replace(shop, root)
    return found


def _clone(shop: Path, there: Place) -> None:
    remote = there.open()
    pushed = transfer.newest(Ledger(remote))
    if pushed is None:
        raise ArtifactMissing(f"No shop was ever pushed to {there.url}. Check the bucket and the prefix.")
    git.git(shop.parent, "clone", "--quiet", str(transfer.fetch(remote, pushed, shop.parent)), str(shop))
    git.git(shop, "remote", "remove", "origin")
    kept = settings.read(shop).ledger
    now = replace(there, encryption=kept.encryption)
    if Place(kept.url, kept.endpoint, kept.encryption) != now:
        settings.change(shop, "ledger", **asdict(now))
        dvc.point(shop, NAME, now.dvc())
        git.commit(shop, f"Keep the shop at {there.url}")


def _key(shop: Path) -> tuple[str | None, bool]:
    public, keyring = place.ledger(shop).key(), place.keyring(shop)
    id = None if public is None else digest(public)
    keyring.prepare()
    return id, id is None or id in keyring.ids()
