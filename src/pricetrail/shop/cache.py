"""Where DVC keeps the bytes of a shop: its cache, and what it names as remotes."""

from __future__ import annotations

import configparser
from collections.abc import Iterator
from pathlib import Path

from pricetrail.errors import StoreFailed, translating
from pricetrail.lineage.artifact import Artifact
from pricetrail.lineage.blob import Blobs
from pricetrail.lineage.canonical import file_digest
from pricetrail.lineage.store import FolderStore, open_store

CONFIGS = (".dvc/config", ".dvc/config.local")
DEFAULT = ".dvc/cache"


def local(root: Path) -> Blobs:
    """The cache of the shop ``root``."""
    found = [
        _resolved(root, config, values["dir"])
        for config, section, values in _sections(root)
        if section == "cache" and "dir" in values
    ]
    return Blobs("cache", FolderStore(found[-1] if found else root / DEFAULT))


def remotes(root: Path) -> list[Blobs]:
    """Every remote of the shop. Nothing is asked of them yet."""
    found: dict[str, dict[str, str]] = {}
    for config, section, values in _sections(root):
        name = section.removeprefix("'remote \"").removesuffix("\"'")
        if name != section:
            said = dict(values)
            if "url" in said and "://" not in said["url"]:
                said["url"] = str(_resolved(root, config, said["url"]))
            found[name] = found.get(name, {}) | said
    return [
        Blobs(f"remote {name}", open_store(said["url"], said.get("endpointurl")))
        for name, said in found.items()
        if said.get("url")
    ]


def held(root: Path, wanted: Artifact) -> Path | None:
    """Where the bytes of a recorded file are, checked: in the shop, its cache, or a folder that is its remote."""
    kept = (place.path(wanted.md5) for place in (local(root), *remotes(root)) if place.here)
    for path in (root / wanted.path, *kept):
        if path.is_file() and file_digest(path) == wanted.sha256:
            return path
    return None


def _sections(root: Path) -> Iterator[tuple[str, str, configparser.SectionProxy]]:
    for config in CONFIGS:
        parser = configparser.ConfigParser(interpolation=None)
        with translating(
            {configparser.Error: StoreFailed, ValueError: StoreFailed}, f"{root / config} cannot be read"
        ):
            parser.read(root / config, encoding="utf-8")
        for section in parser.sections():
            yield config, section, parser[section]


def _resolved(root: Path, config: str, path: str) -> Path:
    """Relative folders count from the file that names them."""
    return (root / config).parent / path
