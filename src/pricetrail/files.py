"""Files that are written whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pricetrail.errors import UsageError

REFUSED = (FileExistsError, FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError)


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside ``path``; what is written there takes its place at once, or not at all.

    Raises:
        UsageError: there is no writing at that place.
    """
    draft = path.with_name(f".{path.name}.draft")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield draft
        os.replace(draft, path)
    except REFUSED as error:
        if error.filename is None or not str(draft).startswith(str(error.filename)):
            raise
        fault = f"{error.strerror}: {error.filename}"
        raise UsageError(f"{path} cannot be written ({fault}). Name another place.") from error
    finally:
        with suppress(NotADirectoryError, PermissionError):
            draft.unlink(missing_ok=True)


def write_json(path: Path, value: object) -> None:
    """Write ``value`` as JSON: two-space indents, keys in the order given, floats as Python's ``repr``."""
    with writing(path) as draft:
        draft.write_text(
            json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8"
        )
