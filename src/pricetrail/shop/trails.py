"""The trail of whatever a person names in a shop: a path of it too, at the bytes that lie there now."""

from __future__ import annotations

from pathlib import Path

from pricetrail.errors import UnknownId
from pricetrail.lineage import trace
from pricetrail.lineage.canonical import file_digest
from pricetrail.lineage.ledger import Ledger
from pricetrail.lineage.trail import Trail

SHOWN = 5


def find(root: Path, ledger: Ledger, given: str) -> Trail:
    """The trail of a file, by its path in the shop or here, or of what an id names.

    Raises:
        UnknownId: nothing goes by that name; of a file that changed since, the versions that runs know are named.
        AmbiguousId: more than one does.
    """
    path = next((each for each in (root / given, Path(given)) if each.is_file()), None)
    name = inside(root, path or Path(given))
    known = list(trace.versions(ledger, name)) if "/" in given or path else []
    if path is not None:
        digest = file_digest(path)
        try:
            return trace.of_file(ledger, digest, name)
        except UnknownId:
            raise UnknownId(
                f"No run made or read {given} as it is now (SHA-256 {digest[:12]}…).{_others(known)}"
            ) from None
    if "/" in given:
        raise UnknownId(f"There is no file {given}.{_others(known)}")
    return trace.trace(ledger, given)


def inside(root: Path, path: Path) -> str:
    """A path as the shop calls it."""
    whole = path.resolve()
    return (
        whole.relative_to(root.resolve()).as_posix()
        if whole.is_relative_to(root.resolve())
        else path.as_posix()
    )


def _others(known: list[str]) -> str:
    if not known:
        return " No run knows a file of that name either."
    shown = ", ".join(id[:12] for id in known[:SHOWN])
    more = f" and {len(known) - SHOWN} more" if len(known) > SHOWN else ""
    return f" Runs know these versions of it, the newest first: {shown}{more}. Give one of them."
