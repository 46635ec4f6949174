"""Where a figure comes from: every one that a page shows is numbered after the bytes that it was read from."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Source:
    """Bytes with a digest, and where they are: a file of the run, or an object or entry of the ledger."""

    number: int
    path: str
    sha256: str
    what: str


@dataclass
class Sources:
    """The sources that were cited so far, in the order in which they were."""

    known: dict[str, tuple[str, str]]
    cited: dict[str, Source] = field(default_factory=dict)

    def cite(self, path: str) -> Source:
        """The source of that path, numbered when it is cited first."""
        if path not in self.cited:
            sha256, what = self.known[path]
            self.cited[path] = Source(len(self.cited) + 1, path, sha256, what)
        return self.cited[path]

    def has(self, path: str) -> bool:
        """Whether there is such a source."""
        return path in self.known
