"""Where a shop is kept beside its own machine: the bytes, the history, the ledger and the receipts, under one URL."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pricetrail.errors import AlreadyThere, StoreFailed, UsageError
from pricetrail.lineage import blob, entry, hint, lease, place
from pricetrail.lineage.store import Store, open_store
from pricetrail.shop import dvc, git, settings, transfer
from pricetrail.shop.transfer import BUNDLES, Pushed

NAME = "pricetrail"
BUCKET = re.compile("s3://[^/]")
LEFT = (f"{blob.FOLDER}/", BUNDLES, hint.NAME, lease.FOLDER)
"""What is no record: it is made anew at another place."""


@dataclass(frozen=True, slots=True)
class Place:
    """A remote: its URL, and how S3 is spoken to there."""

    url: str
    endpoint: str | None = None
    encryption: str | None = None

    @classmethod
    def of(cls, url: str, endpoint: str | None, encryption: str | None) -> Place:
        """A place as a person names it: a folder is taken from where they are.

        Raises:
            UsageError: no bucket is named, or what is asked of a bucket is asked of another place.
        """
        whole = url.removeprefix("file://")
        if whole.startswith("s3:") and not BUCKET.match(whole):
            raise UsageError(f"{url!r} names no bucket. The URL of one is s3://bucket/prefix.")
        if (endpoint or encryption) and not BUCKET.match(whole):
            raise UsageError(f"--endpoint and --encryption are for s3://bucket/prefix, and not for {url}.")
        return cls(whole.rstrip("/") if "://" in whole else str(Path(whole).resolve()), endpoint, encryption)

    def open(self) -> Store:
        """The store there. Nothing is read or written yet."""
        return open_store(self.url, self.endpoint, self.encryption)

    def dvc(self) -> dict[str, str]:
        """What DVC has to know of it to read and write there by itself."""
        sse, _, key = (self.encryption or "").removeprefix("aws:").partition(":")
        known = {
            "url": f"{self.url}/{blob.FOLDER}",
            "endpointurl": self.endpoint,
            "sse": f"aws:{sse}" if sse == "kms" else sse,
            "sse_kms_key_id": key,
        }
        return {name: value for name, value in known.items() if value}


@dataclass(frozen=True, slots=True)
class Standing:
    """A remote as it is: where, and the number and commit of the newest push; None before the first."""

    place: Place
    entry: int | None
    commit: str | None
    behind: int

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {**asdict(self.place), "entry": self.entry, "commit": self.commit, "behind": self.behind}


def move(root: Path, there: Place) -> Pushed:
    """Keep the shop at a new place from now on: bytes first, then the record, then the settings, then a push.

    A move that was cut off has changed no setting, and is taken up by the next.

    Raises:
        AlreadyThere: another shop is kept there.
        StoreFailed: it cannot be reached, refuses, or could let two writers fork the ledger.
    """
    remote, before = there.open(), place.store(root)
    if not remote.exclusive:
        raise StoreFailed(
            f"{there.url} has no way to create a file only where there is none, and a ledger needs that."
            " Name a folder, or a bucket on S3 or Google's cloud."
        )
    transfer.send(root, remote, git.git(root, "rev-list", "HEAD").split())
    _carry(before, remote)
    settings.change(root, "ledger", **asdict(there))
    dvc.point(root, NAME, there.dvc())
    git.commit(root, f"Keep the shop at {there.url}")
    return transfer.push(root)


def standing(root: Path) -> Standing:
    """The shop's remote, and how many commits it is behind the shop.

    Raises:
        UsageError: it has none.
    """
    there = named(root)
    last = transfer.newest(place.ledger(root))
    commit = None if last is None else str(last.body["commit"])
    known = commit is not None and git.knows(root, commit)
    behind = git.git(root, "rev-list", "HEAD", *([f"^{commit}"] if known else [])).split()
    return Standing(there, last.number if last else None, commit, len(behind))


def named(root: Path) -> Place:
    """The remote that the shop's settings name.

    Raises:
        UsageError: they name none.
    """
    place.remote(root)
    said = settings.read(root).ledger
    return Place(said.url, said.endpoint, said.encryption)


def _carry(before: Store, remote: Store) -> None:
    """Copy the record: the entries last and in order, so that none is there before what it names."""
    names = [name for name in before.names() if not name.startswith(LEFT)]
    for name in sorted(names, key=lambda name: (name.startswith(entry.FOLDER), name)):
        try:
            remote.create(name, before.read(name))
        except AlreadyThere as error:
            raise AlreadyThere(
                f"{remote} holds the record of another shop, or a later one of this. Name a new prefix, or bring"
                f" what is there with 'pricetrail restore'. ({error})"
            ) from error
