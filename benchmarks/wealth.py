"""Gives a shop one of everything that can be tampered with: a promotion, receipts, a second key, a remote."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from pricetrail.lineage import place
from pricetrail.lineage.receipts import Receipt, Writer
from pricetrail.lineage.receipts.seal import seal
from pricetrail.lineage.rotation import rotate
from pricetrail.shop import cache, dvc, git, production

SEGMENTS, EACH = 3, 300


def enrich(root: Path) -> None:
    """Promote, serve, rotate, push."""
    who = git.somebody(root)
    release = production.promote(root, None, why="to be tampered with")
    ledger = place.ledger(root)
    for at in range(SEGMENTS + 1):
        writer = Writer(ledger.store)
        for n in range(EACH):
            writer.issue(_receipt(release, at * EACH + n))
        writer.close()
        if at < SEGMENTS:
            seal(ledger, who=who)
    rotate(ledger, place.keyring(root), who=who)
    ledger.append("note", {"said": "the last entry"}, who=who)
    remote = root.parent / "remote"
    words = dvc.command("remote", "add", "-d", "far", str(remote))
    subprocess.run(words, cwd=root, env=dvc.environment(), check=True, capture_output=True)
    # DVC's push of all commits passes over those whose pipeline it cannot collect, and says so in a warning.
    shutil.copytree(root / cache.DEFAULT / "files", remote / "files")
    git.commit(root, "A remote")


def _receipt(release: str, n: int) -> Receipt:
    answer = {"status": "change", "price": 2.5, "units": n, "gain": n / 7}
    at = datetime(2026, 3, 1, n % 24, tzinfo=UTC)
    asked = {"stockcode": "85123A", "cost": 1.0}
    return Receipt(at, release, "cd" * 32, "85123A", None, asked, answer, 2.5, 100.0 + n)
