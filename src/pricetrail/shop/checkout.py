"""A clean copy of a shop at a recorded run: its commit, its data by digest, and nothing that a stage has made."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pricetrail.errors import ArtifactMissing, DigestMismatch, StageFailed
from pricetrail.lineage import artifact, canonical
from pricetrail.lineage.artifact import Artifact
from pricetrail.lineage.manifest import Manifest
from pricetrail.shop import git, production

PLAIN = ("-c", "core.hooksPath=/dev/null", "-c", "core.autocrlf=false", "-c", "advice.detachedHead=false")


@contextmanager
def checkout(root: Path, run: Manifest) -> Iterator[Path]:
    """Give a temporary folder that holds what the run began with; it is gone afterwards, whatever happens.

    Raises:
        ArtifactMissing: the commit, or a file that the run read, cannot be had.
        DigestMismatch: one of them is not what the run recorded.
    """
    with tempfile.TemporaryDirectory(prefix="pricetrail-", ignore_cleanup_errors=True) as folder:
        copy = Path(folder) / "shop"
        _clone(root, copy, str(run["shop"]["commit"]))
        for path, files in run["sources"].items():
            for each in map(Artifact.from_dict, files):
                if path:
                    _put(copy / each.path, production.fetch(root, each))
                _check(copy, each.path, each.sha256)
        for path, sha256 in run["pipeline"].items():
            _check(copy, path, sha256)
        for each in run["artifacts"]:
            (copy / each["path"]).unlink(missing_ok=True)
        (copy / "dvc.lock").unlink()
        yield copy


def recorded(root: Path, run: Manifest, wanted: Artifact) -> bytes | None:
    """The bytes of a file as the run left it, from DVC or git; None where neither has them any more."""
    with suppress(ArtifactMissing):
        return production.fetch(root, wanted)
    content = committed(root, run, wanted.path)
    return content if content is not None and canonical.digest(content) == wanted.sha256 else None


def committed(root: Path, run: Manifest, path: str) -> bytes | None:
    """The bytes of a file in the run's commit; None where git does not keep it."""
    words = ["git", "show", f"{run['shop']['commit']}:./{path}"]
    done = subprocess.run(words, cwd=root, capture_output=True, check=False)
    return done.stdout if done.returncode == 0 else None


def _clone(root: Path, copy: Path, commit: str) -> None:
    try:
        git.git(root, "cat-file", "-e", f"{commit}^{{commit}}")
    except StageFailed as error:
        raise ArtifactMissing(
            f"The commit {commit} is not in the shop's git repository. Bring it with 'git fetch', and try again."
        ) from error
    git.git(root, *PLAIN, "clone", "--quiet", "--no-checkout", "--shared", str(root.resolve()), str(copy))
    git.git(copy, *PLAIN, "checkout", "--quiet", "--detach", commit)


def _put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _check(copy: Path, path: str, sha256: str) -> None:
    if not (copy / path).is_file():
        raise ArtifactMissing(f"{path} was read by the run, and neither git nor DVC has it any more.")
    if (found := canonical.file_digest(copy / path)) != sha256:
        raise DigestMismatch(f"{path} is not what the run read: its SHA-256 is {found}, expected {sha256}.")


def made(copy: Path, path: str) -> Artifact | None:
    """The file that stands in the copy now, by digest."""
    return artifact.read(copy, path) if (copy / path).is_file() else None
