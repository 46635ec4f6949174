"""A store at any other URL that fsspec reaches: Google's and Azure's clouds, SFTP, memory."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from pricetrail.errors import AlreadyThere, ArtifactMissing, LineageError, StoreFailed
from pricetrail.lineage.store.protocol import checked, clash, prefixed


class RemoteStore:
    """Files of an fsspec file system under a URL.

    A file system that has no exclusive way to create a file of its own looks first and writes then. Two writers at
    once can then overwrite each other: ``exclusive`` is false, and such a store is for one writer alone.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")

    def __repr__(self) -> str:
        return f"RemoteStore({self.url!r})"

    def __str__(self) -> str:
        return self.url

    @property
    def exclusive(self) -> bool:
        """Whether the file system brings its own way to create a file only where none is."""
        from fsspec.spec import AbstractFileSystem

        system, _ = self._place
        own = getattr(system, "_pipe_file", None)
        if own is not None:
            return "mode" in inspect.signature(own).parameters
        return bool(type(system).pipe_file is not AbstractFileSystem.pipe_file)

    def read(self, name: str) -> bytes:
        """The bytes under ``name``."""
        with self._speaking(checked(name)) as (system, path):
            try:
                return bytes(system.cat_file(path))
            except FileNotFoundError:
                raise ArtifactMissing(f"There is no {name} in {self.url}.") from None

    def create(self, name: str, content: bytes) -> None:
        """Put ``content`` under a name that holds nothing yet."""
        with self._speaking(checked(name)) as (system, path):
            system.makedirs(path.rpartition("/")[0], exist_ok=True)
            try:
                system.pipe_file(path, content, mode="create")
            except FileExistsError:
                if self.read(name) != content:
                    raise AlreadyThere(clash(name)) from None

    def replace(self, name: str, content: bytes) -> None:
        """Put ``content`` under ``name``, whatever it held."""
        with self._speaking(checked(name)) as (system, path):
            system.makedirs(path.rpartition("/")[0], exist_ok=True)
            system.pipe_file(path, content)

    def size(self, name: str) -> int | None:
        """How many bytes are under ``name``; None where there is nothing."""
        with self._speaking(checked(name)) as (system, path):
            system.invalidate_cache()
            return int(system.size(path)) if system.exists(path) else None

    def send(self, name: str, path: Path) -> None:
        """Put a file's bytes under ``name``."""
        with self._speaking(checked(name)) as (system, goal):
            system.makedirs(goal.rpartition("/")[0], exist_ok=True)
            system.put_file(str(path), goal)

    def take(self, name: str, path: Path) -> None:
        """Write the bytes under ``name`` to a file."""
        with self._speaking(checked(name)) as (system, source):
            try:
                system.get_file(source, str(path))
            except FileNotFoundError:
                raise ArtifactMissing(f"There is no {name} in {self.url}.") from None

    def names(self, prefix: str = "") -> list[str]:
        """Every name that begins with ``prefix``, in order."""
        with self._speaking(prefixed(prefix)) as (system, path):
            system.invalidate_cache()
            root = path.removesuffix(prefix)
            found = system.find(path.rpartition("/")[0])
            return sorted(name for each in found if (name := each[len(root) :]).startswith(prefix))

    def delete(self, name: str) -> None:
        """Take a name away."""
        with self._speaking(checked(name)) as (system, path):
            if system.exists(path):
                system.rm_file(path)

    @cached_property
    def _place(self) -> tuple[Any, str]:
        try:
            from fsspec.core import url_to_fs

            system, path = url_to_fs(self.url, use_listings_cache=False)
        except (ImportError, ValueError) as error:
            raise StoreFailed(f"{self.url} cannot be reached by the packages installed: {error}") from error
        return system, path

    @contextmanager
    def _speaking(self, name: str) -> Iterator[tuple[Any, str]]:
        system, root = self._place
        try:
            yield system, f"{root.rstrip('/')}/{name}"
        except LineageError:
            raise
        except Exception as error:
            raise StoreFailed(
                f"{self.url} failed at {name or 'listing'} ({type(error).__name__}: {error})."
            ) from error
