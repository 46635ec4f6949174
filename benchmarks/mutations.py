"""One thing of a shop changed at a time: is it noticed, and is the place named? Plain DVC beside us in the same table.

python -m benchmarks.mutations [--shop SHOP] [--seed N] [--json] [--mlflow PYTHON]

A shop that is given is copied; without one a demo shop is made and run first. The copy is then promoted, and given
receipts, a second key and a DVC remote in a folder: one of everything. Each mutation is undone before the next.

- **ours**: 'pricetrail verify --deep', from a copy of this package in which code is changed too.
- **DVC**: 'dvc status', 'dvc data status --granular' and 'dvc status --cloud', by DVC's own API.
- **DVC and git**: the same, and 'git status', as whoever uses DVC uses git beside it.
- **MLflow**: with --mlflow, the interpreter of an environment that has MLflow; see benchmarks/rival.py.

Noticed: the answer is not the one before the change. Named: that answer has the file, entry or setting in it.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

INNER = "PRICETRAIL_MUTATIONS"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shop", type=Path)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--mlflow", type=Path)
    asked = parser.parse_args()
    if INNER in os.environ:
        tell(measure(Path(os.environ[INNER]), asked), as_json=asked.json)
        return
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder), asked.shop)
        here = Path(__file__).parents[1]
        paths = os.pathsep.join([str(Path(folder) / "package"), str(here)])
        environment = {**os.environ, INNER: folder, "PYTHONPATH": paths, "DVC_NO_ANALYTICS": "1"}
        words = [sys.executable, "-m", "benchmarks.mutations", *sys.argv[1:]]
        sys.exit(subprocess.run(words, env=environment, check=False).returncode)


def prepare(folder: Path, shop: Path | None) -> None:
    """A copy of the package and of the shop, in a folder."""
    import pricetrail

    kept = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(pricetrail.__file__).parent, folder / "package" / "pricetrail", ignore=kept)
    if shop is not None:
        shutil.copytree(shop, folder / "shop", symlinks=True)
        return
    for words in (["init", str(folder / "shop"), "--data", "demo"], ["run", str(folder / "shop")]):
        subprocess.run([sys.executable, "-m", "pricetrail", *words], check=True)


def measure(folder: Path, asked: argparse.Namespace) -> list[dict[str, object]]:
    """Each mutation, and what each of the systems made of it."""
    from benchmarks.mutants import every
    from benchmarks.watchers import watching
    from benchmarks.wealth import enrich

    shop = folder / "shop"
    enrich(shop)
    look = watching(shop, folder, asked.mlflow)
    before = look()
    found, began = [], time.monotonic()
    for at, mutant in enumerate(every(shop, random.Random(asked.seed)), 1):
        with mutant.applied():
            said = {name: answer - before[name] for name, answer in look().items()}
        verdicts = {
            name: {"noticed": bool(new), "named": any(mutant.named(line) for line in new)}
            for name, new in said.items()
        }
        found.append({"kind": mutant.kind, "what": mutant.what, "said": sorted(said["ours"])[:3], **verdicts})
        print(f"\r{at} mutations, {time.monotonic() - began:.0f} s", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    left = {name: answer ^ before[name] for name, answer in look().items()}
    assert not any(left.values()), f"a mutation was not undone: {left}"
    return found


def tell(found: list[dict[str, object]], *, as_json: bool) -> None:
    """Both as a table by kind, and as data."""
    if as_json:
        print(json.dumps(found, indent=2, ensure_ascii=False))
        return
    names = [name for name, value in found[0].items() if isinstance(value, dict)]
    print(
        "| changed, one at a time | mutations | "
        + " | ".join(f"{name}: noticed, named" for name in names)
        + " |"
    )
    print("|---|---|" + "---|" * len(names))
    kinds = defaultdict(list)
    for each in found:
        kinds[each["kind"]].append(each)
    for kind, members in [*kinds.items(), ("**all**", found)]:
        shares = [
            f"{sum(each[name]['noticed'] for each in members)}, {named(members, name)}" for name in names
        ]
        print(f"| {kind} | {len(members)} | " + " | ".join(shares) + " |")
    for each in found:
        if not each["ours"]["named"]:
            print(f"ours missed: {each['kind']}, {each['what']}; said {each['said']}", file=sys.stderr)


def named(members: list[dict], name: str) -> int:
    return sum(each[name]["named"] for each in members)


if __name__ == "__main__":
    main()
