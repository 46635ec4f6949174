"""Lays down a new shop: a git and DVC repository with the raw data, and none of our code."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from importlib.resources import as_file, files
from pathlib import Path

from pricetrail.errors import ShopExists
from pricetrail.lineage import place
from pricetrail.params import Params
from pricetrail.shop import dvc, git, settings

HIDDEN = {"gitignore": ".gitignore", "dvcignore": ".dvcignore", "github": ".github"}


def create(root: Path, fill: Callable[[Path], Params]) -> None:
    """Make the shop ``root``, whole or not at all.

    Args:
        root: a folder that does not exist, or is empty.
        fill: writes the raw files into the folder it is given, and returns the parameters to start with.

    Raises:
        ShopExists: there is something at ``root`` already.
    """
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise ShopExists(
            f"{root} already holds something. Name a new folder, or add data to it with 'pricetrail ingest'."
        )
    root.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".init-", dir=root.parent) as draft:
        shop = Path(draft) / "shop"
        _lay_down(shop)
        settings.write(shop, fill(shop / "data" / "raw"))
        _begin(shop)
        if root.exists():
            root.rmdir()
        os.replace(shop, root)


def _lay_down(shop: Path) -> None:
    with as_file(files("pricetrail.shop") / "template") as template:
        shutil.copytree(template, shop)
    for plain, hidden in HIDDEN.items():
        (shop / plain).rename(shop / hidden)
    for folder in ("data/raw", "production", "gates", "metrics"):
        (shop / folder).mkdir(parents=True)
    (shop / "production" / "README.md").write_text(
        "What the production release was trained on and scored, when there is one.\n"
    )


def _begin(shop: Path) -> None:
    place.begin(shop)
    git.begin(shop)
    dvc.begin(shop)
    (shop / "plots").rename(shop / ".dvc" / "plots")
    dvc.track(shop, "data/raw", "production")
    git.commit(shop, "A new shop")
