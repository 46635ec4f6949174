"""Takes the evidence out of a shop: its ledger and what that names, in one file for somebody else to check."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pricetrail.errors import LedgerBroken
from pricetrail.lineage import bundle, canonical, place
from pricetrail.lineage.artifact import Artifact
from pricetrail.lineage.bundle import Bundle
from pricetrail.lineage.recall import sources
from pricetrail.lineage.verify import chain, objects
from pricetrail.lineage.verify.objects import Objects
from pricetrail.shop import git, production


def export(root: Path, target: Path, *, artifacts: bool = False) -> Bundle:
    """Write the bundle of the shop ``root``; with its artifacts, if they are asked for.

    Raises:
        LedgerBroken: the ledger does not hold, and what does not is no evidence.
        ArtifactMissing: something that the ledger names cannot be had.
        DigestMismatch: it is something else by now.
    """
    store = place.store(root)
    found = chain.walk(store, place.anchor(root) if place.signed(root) else None)
    kept = objects.check(store, found)
    if faults := [*found.findings, *kept.findings]:
        raise LedgerBroken(
            f"The ledger does not hold, so it cannot be shown to anybody: {faults[0]}. See 'pricetrail verify'."
        )
    anchor = root / place.ANCHOR
    return bundle.write(
        target,
        store,
        found,
        anchor={place.ANCHOR: anchor.read_bytes()} if anchor.exists() else {},
        wanted=_named(kept) if artifacts else (),
        fetch=lambda each: _fetch(root, kept, each),
    )


def _named(kept: Objects) -> Iterator[Artifact]:
    """Every file that a run read from outside, or made."""
    for run in kept.runs:
        yield from map(Artifact.from_dict, [*sources(run.manifest), *run.manifest["artifacts"]])


def _fetch(root: Path, kept: Objects, wanted: Artifact) -> bytes:
    """From git under the commit of a run that has it, or else from where DVC keeps it."""
    for run in kept.runs:
        sides = [*run.manifest["artifacts"], *run.manifest["sources"].get("", ())]
        if any(each["sha256"] == wanted.sha256 for each in sides):
            [content] = git.contents(root, [f"{run.manifest['shop']['commit']}:{wanted.path}"])
            if content is not None and canonical.digest(content) == wanted.sha256:
                return content
    return production.fetch(root, wanted)
