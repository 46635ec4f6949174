"""The trail of whatever a person names in a shop: a path of it too, at the bytes that lie there now."""

from __future__ import annotations

import os
from pathlib import Path

from pricetrail.errors import UnknownId
from pricetrail.lineage import channel, graph, ids, trace
from pricetrail.lineage.canonical import file_digest
from pricetrail.lineage.ledger import Ledger
from pricetrail.lineage.origin import RAW
from pricetrail.lineage.record import FOLDER
from pricetrail.lineage.trail import Step, Trail, reached

SHOWN = 5


def find(root: Path, ledger: Ledger, given: str) -> Trail:
    """The trail of a file, by its path in the shop or here, or of what an id names.

    Raises:
        UnknownId: nothing goes by that name; of a file that changed since, the versions that runs know are named.
        AmbiguousId: more than one does.
    """
    path, name = meant(root, given)
    a_path = "/" in given or "." in given
    known = list(trace.versions(ledger, name)) if a_path or path else []
    if path is not None:
        digest = file_digest(path)
        try:
            return trace.of_file(ledger, digest, name)
        except UnknownId:
            raise UnknownId(
                f"No run made or read {given} as it is now (SHA-256 {digest[:12]}…).{_others(known)}"
            ) from None
    if os.path.isdir(root / given) and not ids.PREFIX.fullmatch(given):
        raise UnknownId(f"{given[:80]!r} is a folder. Name a file in it.")
    if a_path:
        raise UnknownId(f"There is no file {given[:200]}.{_others(known)}")
    return trace.trace(ledger, given)


def meant(root: Path, given: str) -> tuple[Path | None, str]:
    """The file that somebody means by a path, in the shop or from where they are; and what the shop calls it."""
    path = next((each for each in (root / given, Path(given)) if os.path.isfile(each)), None)
    whole = (path or Path(given)).resolve()
    inside = whole.is_relative_to(root.resolve())
    return path, whole.relative_to(root.resolve()).as_posix() if inside else Path(given).as_posix()


def _others(known: list[str]) -> str:
    if not known:
        return " No run knows a file of that name either."
    shown = ", ".join(id[:12] for id in known[:SHOWN])
    more = f" and {len(known) - SHOWN} more" if len(known) > SHOWN else ""
    return f" Runs know these versions of it, the newest first: {shown}{more}. Give one of them."


def newest(root: Path, ledger: Ledger) -> Trail:
    """The trail of the newest run, by way of the release that it is; of a shop that never ran, what it declares."""
    entry = next(ledger.topic("run"), None)
    if entry is None:
        return declared(root)
    release = channel.became(ledger, entry.objects[0])
    return trace.of_run(ledger, entry) if release is None else trace.of_release(ledger, release)


def declared(root: Path) -> Trail:
    """The stages of a shop, and the files between them, as ``dvc.yaml`` has them: nothing has a digest yet.

    Raises:
        ShopMissing: ``root`` is not a shop.
    """
    known = graph.read(root)
    stages = [stage for stage in known.stages if stage.cmd]
    made = {path: stage for stage in stages for path in stage.writes if not path.startswith(f"{FOLDER}/")}
    reads = {
        stage.name: [
            each
            for path in graph.needs(stage)
            for each in [out for out in made if graph.overlap(out, path)] or [path]
        ]
        for stage in stages
    }
    ends = [path for path in made if all(path not in found for found in reads.values())]
    steps = [
        Step("shop", "shop", root.resolve().name, None, {"declared in": "dvc.yaml"}, tuple(map(_file, ends))),
        *(
            Step(f"stage {name}", "stage", name, None, {}, tuple(dict.fromkeys(map(_file, found))))
            for name, found in reads.items()
        ),
        *(
            Step(_file(path), "file", path, None, {}, (f"stage {stage.name}",))
            for path, stage in made.items()
        ),
        *(
            Step(_file(path), "raw" if path == RAW else "file", path, None, {})
            for path in dict.fromkeys(each for found in reads.values() for each in found)
            if path not in made
        ),
    ]
    return reached(steps[0], steps)


def _file(path: str) -> str:
    return f"file {path}"
