"""Files that pieces of work read: named by their digests, and read where they lie, or where they were shipped to."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from pricetrail.errors import WorkFailed
from pricetrail.lineage import canonical


@dataclass(frozen=True, slots=True)
class Files:
    """Some files of a folder, each name with its SHA-256; equal wherever they lie."""

    digests: tuple[tuple[str, str], ...]
    root: Path = field(compare=False)

    @classmethod
    def of(cls, root: Path, names: Iterable[str]) -> Self:
        """The files of those names as they are now in ``root``."""
        return cls(tuple((name, canonical.file_digest(root / name)) for name in sorted(names)), root)

    @property
    def digest(self) -> str:
        """One digest for all."""
        return canonical.digest(canonical.dumps(self.digests))

    @property
    def elsewhere(self) -> Path:
        """The folder that they are shipped to on a machine that cannot read ``root``."""
        return Path(tempfile.gettempdir()) / f"pricetrail-{self.digest}"

    def folder(self) -> Path:
        """Where this process finds them, looked at byte by byte: read them right after.

        Raises:
            WorkFailed: they are nowhere, or are not what they were.
        """
        for place in (self.root, self.elsewhere):
            if self._lie(place):
                return place
        raise WorkFailed(
            f"Files of {self.root} are not at hand, or are not what they were when the work began: "
            f"{', '.join(name for name, _ in self.digests)}. Is something writing there?"
        )

    def lacking(self) -> bool:
        """Whether this process finds them nowhere."""
        return not any(map(self._lie, (self.root, self.elsewhere)))

    def contents(self) -> dict[str, bytes]:
        """The bytes of each, to be shipped."""
        folder = self.folder()
        return {name: (folder / name).read_bytes() for name, _ in self.digests}

    def land(self, contents: Mapping[str, bytes]) -> None:
        """Lay shipped bytes down, whole or not at all; other processes of this machine may do the same meanwhile."""
        draft = Path(tempfile.mkdtemp(prefix=f"{self.elsewhere.name}."))
        for name, content in contents.items():
            (draft / name).parent.mkdir(parents=True, exist_ok=True)
            (draft / name).write_bytes(content)
        try:
            os.rename(draft, self.elsewhere)
        except OSError:  # another was first
            shutil.rmtree(draft)

    def discard(self) -> None:
        """Remove what was shipped to this machine."""
        shutil.rmtree(self.elsewhere, ignore_errors=True)

    def _lie(self, place: Path) -> bool:
        return all(
            (place / name).is_file() and canonical.file_digest(place / name) == digest
            for name, digest in self.digests
        )
