"""Where DVC keeps bytes by their MD5: the shop's cache, and the folders named as remotes."""

from __future__ import annotations

import configparser
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pricetrail.lineage.canonical import file_digest

CONFIGS = (".dvc/config", ".dvc/config.local")
DEFAULT = ".dvc/cache"


@dataclass(frozen=True, slots=True)
class Cache:
    """A folder of contents, each under its MD5."""

    name: str
    folder: Path

    def path(self, md5: str) -> Path:
        """Where the content of that digest is, if it is here; a folder's is the list of what is in it."""
        return self.folder / "files" / "md5" / md5[:2] / md5[2:]


def local(root: Path) -> Cache:
    """The cache of the shop ``root``."""
    found = [
        _resolved(root, config, values["dir"])
        for config, section, values in _sections(root)
        if section == "cache" and "dir" in values
    ]
    return Cache("cache", found[-1] if found else root / DEFAULT)


def remotes(root: Path) -> list[Cache]:
    """Every remote of the shop that is a folder of this machine; others are DVC's to ask."""
    found: dict[str, Cache] = {}
    for config, section, values in _sections(root):
        name = section.removeprefix("'remote \"").removesuffix("\"'")
        url = values.get("url", "")
        if name != section and url and "://" not in url:
            found[name] = Cache(f"remote {name}", _resolved(root, config, url))
    return list(found.values())


def held(root: Path, each: Mapping[str, Any]) -> Path | None:
    """Where the bytes of a recorded file are, checked: in the shop, its cache, or a remote; None if in none of them."""
    kept = (place.path(each["md5"]) for place in (local(root), *remotes(root)))
    for path in (root / str(each["path"]), *kept):
        if path.is_file() and file_digest(path) == each["sha256"]:
            return path
    return None


def _sections(root: Path) -> Iterator[tuple[str, str, configparser.SectionProxy]]:
    for config in CONFIGS:
        parser = configparser.ConfigParser(interpolation=None)
        parser.read(root / config, encoding="utf-8")
        for section in parser.sections():
            yield config, section, parser[section]


def _resolved(root: Path, config: str, folder: str) -> Path:
    """Relative folders count from the file that names them."""
    return (root / config).parent / folder
