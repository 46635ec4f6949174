"""Getting raw order lines from wherever they are: local files, the web, object stores, SQL databases.

What can be named: a path; a folder or a pattern such as ``exports/*.csv``; a URL that fsspec knows
(``https://``, ``s3://``, ``file://``, ...; patterns too where the store can list); ``uci``; and a table of a
SQL database as an Ibis connection URL, ``::`` and the table's name:

    duckdb://orders.db::lines          relative to the current folder
    sqlite:///srv/orders.db::lines     absolute
    postgres://me@host/shop::sales.lines

Files keep their bytes. A table is written down as Parquet, sorted by all of its columns, so that the same
rows give the same bytes.
"""

from __future__ import annotations

import glob
import hashlib
import shutil
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import count
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

import aiohttp
import fsspec
from fsspec.callbacks import Callback

from pricetrail.errors import PricetrailError, SourceEmpty, SourceUnreadable
from pricetrail.transactions import database
from pricetrail.transactions.database import masked

T = TypeVar("T")
Progress = Callable[[float, str], None]
WAITS = (0.3, 1.0, 3.0)
"""Seconds before each further try of something that may pass: a reset, a time-out, a server's fault."""


@dataclass(frozen=True, slots=True)
class Pinned:
    """A public file whose bytes are known: its address, SHA-256, size, and what it is called."""

    url: str
    sha256: str
    size: int
    title: str


UCI = Pinned(
    url="https://archive.ics.uci.edu/static/public/352/online+retail.zip",
    sha256="f5385cbb54bbebf7196389109c6b0621faab0c304e3702548165e71c84aede8b",
    size=23_715_478,
    title="Online Retail (D. Chen, 2015, UCI Machine Learning Repository, doi 10.24432/C5BW33, CC BY 4.0)",
)
"""541,909 order lines, an XLSX in a zip. The digest and the size are those that a dozen independent public
projects record for their own downloads of this address; it was not downloaded when this was written."""


def fetch(places: Sequence[str], into: Path, progress: Progress | None = None) -> list[Path]:
    """Turn what the user named into local files, in the order named; a pattern's or a folder's by name.

    Local files are given where they lie; everything else is written into the folder ``into``.

    Args:
        places: as the module's docstring says.
        into: an existing folder for what has to be fetched.
        progress: called with the share of the current file that is done, and a note.

    Raises:
        SourceUnreadable: something is not there, may not be read, or cannot be reached.
        SourceEmpty: a folder or a pattern has no file.
    """
    if not places:
        raise SourceUnreadable(
            "No source was named. Expected a path, a pattern, a URL, a SQL table, or 'uci'."
        )
    tell = progress or _silent
    return [path for place in places for path in _one(place, into, tell)]


def pinned(wanted: Pinned, into: Path, progress: Progress | None = None) -> Path:
    """Fetch a public file and check that it is the one that is known, to the last byte.

    Raises:
        SourceUnreadable: it cannot be reached (without a network at once, and saying what to do instead), or
            holds other bytes.
    """
    instead = (
        f"Download {wanted.url} by other means and give its path instead, or use '--data demo', which needs "
        "no network."
    )
    try:
        path = _remote(wanted.url, into, progress or _silent)[0]
    except SourceUnreadable as error:
        raise SourceUnreadable(f"{wanted.title} cannot be fetched. {error}\n{instead}") from error
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found == wanted.sha256:
        return path
    size = path.stat().st_size
    path.unlink()
    raise SourceUnreadable(
        f"{wanted.url} gave other bytes than it is known for.\n"
        f"  expected {wanted.size:,} bytes, SHA-256 {wanted.sha256}\n"
        f"  found    {size:,} bytes, SHA-256 {found}\n"
        "Try again; if it stays so, the archive has changed: download it yourself, look at it, and give its "
        "path."
    )


def _one(place: str, into: Path, tell: Progress) -> list[Path]:
    if place == "uci":
        return [pinned(UCI, into, tell)]
    if "::" in place and not Path(place).exists():
        return [database.snapshot(place, into)]
    if "://" in place:
        return _remote(place, into, tell)
    return _local(place)


def _local(place: str) -> list[Path]:
    path = Path(place).expanduser()
    if path.is_file():
        return [path]
    if path.is_dir():
        found = sorted(
            child for child in path.iterdir() if child.is_file() and not child.name.startswith(".")
        )
        if not found:
            raise SourceEmpty(f"The folder {place} holds no files.")
        return found
    found = sorted(Path(name) for name in glob.glob(str(path), recursive=True) if Path(name).is_file())
    if found:
        return found
    if glob.has_magic(place):
        raise SourceEmpty(f"No file matches {place}. Check the pattern, or name the files one by one.")
    raise SourceUnreadable(f"There is no file {place}. {_nearby(path)}")


def _nearby(path: Path) -> str:
    folder = path.parent
    if not folder.is_dir():
        return f"There is no folder {folder} either."
    names = sorted(child.name for child in folder.iterdir())
    close = get_close_matches(path.name, names, n=1)
    return f"Did you mean {folder / close[0]}?" if close else "Check the spelling, or give the full path."


def _remote(url: str, into: Path, tell: Progress) -> list[Path]:
    with _explaining(url):
        filesystem, root = fsspec.url_to_fs(url, skip_instance_cache=True, **_options(url))
        found = [root]
        if glob.has_magic(root) and not url.startswith("http"):
            found = sorted(str(name) for name in _patiently(lambda: filesystem.glob(root)))
            if not found:
                raise SourceEmpty(f"Nothing matches {url}. Check the bucket and the pattern.")
        names = _names(found, (child.name for child in into.iterdir()))
        return [
            _download(filesystem, source, into / name, tell)
            for source, name in zip(found, names, strict=True)
        ]


def _download(filesystem: Any, source: str, target: Path, tell: Progress) -> Path:
    draft = target.with_name(f".{target.name}.draft")
    try:
        _patiently(lambda: filesystem.get_file(source, str(draft), callback=_Telling(tell, target.name)))
        if draft.is_dir() or not draft.exists():
            raise FileNotFoundError(source)
        draft.replace(target)
    finally:
        shutil.rmtree(draft) if draft.is_dir() else draft.unlink(missing_ok=True)
    return target


def _names(sources: Sequence[str], taken: Iterable[str]) -> list[str]:
    """The files' own names, told apart from each other and from those that are taken."""
    met = [*taken]
    for source in sources:
        path = urlsplit(source).path if "://" in source else source
        name = unquote(path.rstrip("/").rpartition("/")[2]) or "data"
        free = (f"{at}-{name}" for at in count(2))
        met.append(name if name not in met else next(other for other in free if other not in met))
    return met[len(met) - len(sources) :]


def _options(url: str) -> dict[str, Any]:
    if not url.startswith("http"):
        return {}
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=60)
    return {"client_kwargs": {"timeout": timeout, "trust_env": True}}


def _patiently(action: Callable[[], T]) -> T:
    for wait in WAITS:
        try:
            return action()
        except Exception as error:
            if not _passing(error):
                raise
            time.sleep(wait)
    return action()


def _passing(error: BaseException) -> bool:
    if isinstance(error, aiohttp.ClientResponseError):
        return error.status >= 500 or error.status in (408, 429)
    return isinstance(
        error,
        TimeoutError | ConnectionResetError | aiohttp.ServerDisconnectedError | aiohttp.ClientPayloadError,
    )


@contextmanager
def _explaining(url: str) -> Iterator[None]:
    """Say of whatever a transport raises what it means for the person who named the URL."""
    try:
        yield
    except PricetrailError:
        raise
    except Exception as error:
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise SourceUnreadable(
            f"{_meaning(error, masked(url))} ({reason.replace(url, masked(url))})"
        ) from error


def _meaning(error: Exception, url: str) -> str:
    status = error.status if isinstance(error, aiohttp.ClientResponseError) else None
    if type(error).__name__ in ("NoCredentialsError", "PartialCredentialsError"):
        return (
            f"No credentials were found for {url}. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or "
            "AWS_PROFILE."
        )
    if isinstance(error, PermissionError) or status in (401, 403):
        return f"{url} may not be read with the credentials at hand. Check them and the rights they give."
    if isinstance(error, FileNotFoundError) or status in (404, 410):
        return f"There is nothing at {url}. Check the spelling."
    if (
        isinstance(error, aiohttp.ClientConnectionError | socket.gaierror)
        or "EndpointConnection" in type(error).__name__
    ):
        return f"{url} cannot be reached. Check the network and the address."
    if isinstance(error, ImportError):
        return f"Reading {url} needs a package that is not installed; 'pip install' the one named here."
    if isinstance(error, ValueError) and "rotocol" in str(error):
        return f"{url} is no kind of address that is known. Expected https://, s3://, file:// or a path."
    return f"{url} could not be fetched. Try again later, or download it yourself and give its path."


class _Telling(Callback):  # type: ignore[misc]
    """Passes fsspec's count of bytes on as a share."""

    def __init__(self, tell: Progress, name: str) -> None:
        super().__init__()
        self._tell, self._name = tell, name

    def call(self, *args: Any, **kwargs: Any) -> None:
        """fsspec has counted further."""
        if self.size:
            self._tell(min(self.value / self.size, 1.0), self._name)


def _silent(share: float, note: str) -> None:
    pass
