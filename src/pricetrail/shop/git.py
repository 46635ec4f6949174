"""The few git commands that a shop needs."""

from __future__ import annotations

import getpass
import hashlib
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pricetrail.errors import StageFailed

RUN = "Run "
NOBODY = ("-c", "user.name=pricetrail", "-c", "user.email=pricetrail@localhost")
UNHOOKED = ("-c", "core.hooksPath=/dev/null")
LOCKS = ("*.lock", "refs/heads/**/*.lock")


def git(root: Path, *words: str) -> str:
    """Run one git command in ``root`` and return what it printed.

    Raises:
        StageFailed: git is not installed, or answered with an error.
    """
    try:
        done = subprocess.run(["git", *words], cwd=root, check=True, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise StageFailed("git is needed and was not found on the PATH. Install it and try again.") from error
    except subprocess.CalledProcessError as error:
        raise StageFailed(f"'git {' '.join(words)}' failed in {root}: {error.stderr.strip()}") from error
    return done.stdout


def begin(root: Path) -> None:
    """Make a repository of ``root``, whatever repository the folder may lie in."""
    git(root, "init", "--quiet", "--initial-branch=main")


def commit(root: Path, message: str) -> bool:
    """Commit all that changed under ``root``; say whether there was anything.

    Hooks and signing of the machine's own set-up stay out of it: a run must not wait for a passphrase.
    """
    git(root, "add", "--all")
    if not dirty(root):
        return False
    known = subprocess.run(["git", "config", "user.email"], cwd=root, capture_output=True, check=False).stdout
    who = () if known.strip() else NOBODY
    git(root, *who, *UNHOOKED, "commit", "--quiet", "--no-gpg-sign", "-m", message)
    return True


def unlock(root: Path) -> None:
    """Take away the locks that git left when it was killed in ``root``; those of one that is at work there stay."""
    left = [lock for pattern in LOCKS for lock in (root / ".git").glob(pattern)]
    if left and root.resolve() not in _working():
        for lock in left:
            lock.unlink(missing_ok=True)


def _working() -> Iterator[Path]:
    """The folders that git is at work in, and those they lie in."""
    import psutil

    for process in psutil.process_iter(["name"]):
        if process.info["name"] == "git":
            with suppress(psutil.Error):
                here = Path(process.cwd())
                yield from (here, *here.parents)


def dirty(root: Path) -> bool:
    """Whether anything under ``root`` is other than in the newest commit."""
    return bool(git(root, "status", "--porcelain"))


def log(root: Path) -> list[tuple[str, str]]:
    """Every commit behind the newest one, itself included: its id and the first line of its message."""
    lines = git(root, "log", "--format=%H %s").splitlines()
    return [(id, subject) for id, _, subject in (line.partition(" ") for line in lines)]


def kept(root: Path) -> frozenset[str]:
    """The id of every commit that a branch or a tag leads to, or what is checked out."""
    return frozenset(git(root, "rev-list", "--all", "HEAD").split())


def head(root: Path) -> str:
    """The id of the newest commit."""
    return git(root, "rev-parse", "HEAD").strip()


def first(root: Path) -> str:
    """The id of the commit that the history began with: a shop's own, wherever it is restored or copied to."""
    return git(root, "rev-list", "--first-parent", "--max-parents=0", "HEAD").strip()


def tracked(root: Path) -> frozenset[str]:
    """The files of the working copy that git keeps."""
    return frozenset(git(root, "ls-files", "-z").split("\0")[:-1])


def uncommitted(root: Path) -> frozenset[str]:
    """The files of the working copy that are not as in the newest commit: changed, missing, or new and not ignored."""
    changed = git(root, "diff", "--name-only", "--no-renames", "--no-ext-diff", "-z", "HEAD")
    new = git(root, "ls-files", "--others", "--exclude-standard", "-z")
    return frozenset((changed + new).split("\0")[:-1])


def unsound(root: Path) -> list[str]:
    """What git itself finds wrong with the objects that it keeps."""
    words = ["git", "fsck", "--full", "--no-dangling", "--no-progress"]
    done = subprocess.run(words, cwd=root, capture_output=True, text=True, check=False)
    return sorted({*done.stderr.splitlines(), *done.stdout.splitlines()}) if done.returncode else []


def contents(root: Path, names: Sequence[str]) -> list[bytes | None]:
    """The bytes of each object that git knows by a name such as ``<commit>:<path>``; None where it knows none."""
    words = ["git", "cat-file", "--batch"]
    asked = "".join(f"{name}\n" for name in names).encode()
    said = subprocess.run(words, cwd=root, input=asked, capture_output=True, check=False).stdout
    found, at = list[bytes | None](), 0
    for _ in names:
        head, _, _ = said[at:].partition(b"\n") if at < len(said) else (b"missing", b"", b"")
        at += len(head) + 1
        fields = head.split(b" ")
        if len(fields) == 3 and fields[1] == b"blob":
            found.append(said[at : at + int(fields[2])])
        else:
            found.append(None)
        at += int(fields[2]) + 1 if len(fields) == 3 and fields[2].isdigit() else 0
    return found


def identity(folder: Path) -> dict[str, str | None]:
    """The commit that ``folder`` is at, and the digest of all in it that is not committed, or None.

    Both are None where the folder is in no repository, or nothing of it is tracked.
    """
    try:
        if not git(folder, "ls-files", "--", "."):
            return {"commit": None, "diff": None}
        changes = hashlib.sha256(git(folder, "diff", "HEAD", "--binary", "--", ".").encode())
        blank = changes.hexdigest() == hashlib.sha256().hexdigest()
        new = git(folder, "ls-files", "--others", "--exclude-standard", "-z", "--", ".").split("\0")[:-1]
        for name in new:
            changes.update(f"{name}\0".encode() + hashlib.sha256((folder / name).read_bytes()).digest())
        return {"commit": head(folder), "diff": None if blank and not new else changes.hexdigest()}
    except StageFailed:
        return {"commit": None, "diff": None}


@dataclass(frozen=True, slots=True)
class Lines:
    """How many lines of a file were added and removed; both None where it is not text."""

    added: int | None
    removed: int | None


def changed(folder: Path, before: str, after: str) -> dict[str, Lines]:
    """The files under ``folder`` that differ between two commits.

    Raises:
        StageFailed: one of the commits is not there.
    """
    said = git(folder, "diff", "--numstat", "--no-renames", "--relative", "-z", before, after, "--", ".")
    rows = (each.split("\t") for each in said.split("\0")[:-1])
    return {path: Lines(_number(added), _number(removed)) for added, removed, path in rows}


def _number(text: str) -> int | None:
    return None if text == "-" else int(text)


def somebody(root: Path) -> str:
    """Who is at work, as git knows them, or else the machine."""
    found = [
        subprocess.run(
            ["git", "config", f"user.{key}"], cwd=root, capture_output=True, text=True, check=False
        )
        for key in ("name", "email")
    ]
    name, email = (each.stdout.strip() for each in found)
    return f"{name} <{email}>" if name and email else name or email or getpass.getuser()


def knows(root: Path, commit: str) -> bool:
    """Whether the repository holds that commit."""
    return _answers(root, "cat-file", "-e", f"{commit}^{{commit}}")


def within(root: Path, commit: str, newer: str) -> bool:
    """Whether a commit is another, or behind it."""
    return _answers(root, "merge-base", "--is-ancestor", commit, newer)


def _answers(root: Path, *words: str) -> bool:
    return subprocess.run(["git", *words], cwd=root, capture_output=True, check=False).returncode == 0
