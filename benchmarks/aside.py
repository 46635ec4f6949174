"""Changes of what no result depends on, and of git's own store."""

from __future__ import annotations

import random
from pathlib import Path

from benchmarks.mutant import Kind, Mutant, flip, newest

from pricetrail.lineage import entry, place
from pricetrail.shop import git

FOLDERS = (
    "",
    "gates",
    "metrics",
    "records",
    "reports",
    "ledger",
    "ledger/objects",
    "ledger/receipts/sealed",
)
EMPTY = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"
"""No bytes at all, which git knows without keeping them."""


def aside(root: Path) -> Kind:
    """What no result depends on: a file more, a mode, what git and DVC are told, a link in the ledger."""
    for folder in (folder for folder in FOLDERS if (root / folder).is_dir()):
        name = f"{folder}/more.json".lstrip("/")
        yield Mutant("a file more beside", name, (name.removeprefix("ledger/"),), {root / name: b"{}"})
    for name in ("params.yaml", "dvc.yaml", "metrics/dfn_inf.json"):
        yield Mutant("a mode", name, (name,), {root / name: 0o755})
    for name in (name for name in ("README.md", ".gitignore", ".dvcignore") if (root / name).exists()):
        changed = {root / name: (root / name).read_bytes() + b"# more\n"}
        yield Mutant("what git and DVC pass over", name, (name,), changed)
        yield Mutant("what git and DVC pass over, committed to git", name, (name,), changed, commit=root)
    store, apart = place.store(root).root, root.parent / "apart"
    for name in (entry.name(2), f"{entry.OBJECTS}{newest(root).objects[0]}.json"):
        change = {apart: (store / name).read_bytes(), store / name: apart}
        yield Mutant("a link in the ledger", name, (name,), change)


def history(root: Path, chance: random.Random) -> Kind:
    """Git's own: a bit of an object, an object less, the branch put back behind a run."""
    paths = sorted(path for path in (root / ".git/objects").glob("??/*") if path.name != EMPTY[2:])
    for path in chance.sample(paths, min(12, len(paths))):
        places = (path.parent.name + path.name, f"{path.parent.name}/{path.name}")
        yield Mutant("a byte of git's history", path.name, places, {path: flip(path.read_bytes(), chance)})
    for path in chance.sample(paths, min(6, len(paths))):
        places = (path.parent.name + path.name, f"{path.parent.name}/{path.name}")
        yield Mutant("a file missing in git's history", path.name, places, {path: None})
    commit = newest(root).body["commit"]
    before = git.git(root, "rev-parse", f"{commit}~1").encode()
    yield Mutant("a branch put back", "main", (commit[:12],), {root / ".git/refs/heads/main": before})
