"""Every single thing that is changed in a shop, one kind after another."""

from __future__ import annotations

import ast
import json
import random
import re
import struct
from collections.abc import Mapping
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.aside import aside, history
from benchmarks.mutant import Kind, Mutant, flip, flipped, md5, newest

from pricetrail.lineage import entry, hint, modules, place, record
from pricetrail.lineage.keys import make
from pricetrail.lineage.receipts import log, segment
from pricetrail.lineage.verify import chain, depth, objects
from pricetrail.shop import cache, git


def every(root: Path, chance: random.Random) -> Kind:
    """All of them."""
    run = _run(root)
    yield from data(root, run, chance)
    yield from artifacts(root, run, chance)
    yield from beside(root, run)
    yield from kept(root, chance)
    yield from settings(root, run, chance)
    yield from code(run, chance)
    yield from environment(root, run, chance)
    yield from lock(root, chance)
    yield from entries(root, chance)
    yield from manifests(root, chance)
    yield from receipts(root, chance)
    yield from pointer(root, chance)
    yield from keys(root, chance)
    yield from aside(root)
    yield from history(root, chance)


def data(root: Path, run: Mapping[str, Any], chance: random.Random) -> Kind:
    """Raw files: a byte, a row, a file more."""
    raw = [
        each["path"]
        for path, values in run["sources"].items()
        if path not in ("", "production")
        for each in values
    ]
    for path in raw:
        for _ in range(10 // len(raw)):
            yield flipped("a byte of raw data", root, path, chance)
        yield flipped("a byte of raw data, its time put back", root, path, chance, still=True)
        if path.endswith(".parquet"):
            for n in range(6):
                yield Mutant(
                    "a row of raw data", f"row {n}", (path,), {root / path: _row(root / path, chance)}
                )
            anew = Mutant(
                "a raw table written anew", "its rows the same", (path,), {root / path: _anew(root / path)}
            )
            yield anew
        moved = {root / path: None, root / f"{path}.csv": (root / path).read_bytes()}
        yield Mutant("a raw file under another name", path, (path,), moved)
    extra = str(Path(raw[0]).parent / "9999-more.csv")
    yield Mutant("a raw file more", extra, (extra,), {root / extra: b"1,2\n"})


def artifacts(root: Path, run: Mapping[str, Any], chance: random.Random) -> Kind:
    """What the stages made, in the working copy: a byte, a byte behind DVC's back, a number of a model."""
    paths = [each["path"] for each in run["artifacts"]]
    for path in paths:
        yield flipped("a byte of an artifact", root, path, chance)
    for path in chance.sample(paths, min(10, len(paths))):
        yield flipped("a byte of an artifact, its time put back", root, path, chance, still=True)
    for path in paths:
        if path.endswith(".safetensors"):
            for _ in range(8):
                yield Mutant(
                    "a number of a model", path, (path,), {root / path: _number(root / path, chance)}
                )
    for path in paths:
        if path.startswith(("metrics/", "gates/")):
            better = flip((root / path).read_bytes(), chance)
            what = "a figure or verdict, committed to git"
            yield Mutant(what, path, (path,), {root / path: better}, commit=root)
    yield Mutant("an artifact taken away", paths[0], (paths[0],), {root / paths[0]: None})


def beside(root: Path, run: Mapping[str, Any]) -> Kind:
    """A file more in a folder that a stage wrote; a link to the same bytes elsewhere in place of a file."""
    paths = [each["path"] for each in run["artifacts"]]
    for folder in sorted({str(Path(path).parent) for path in paths if path.startswith("models/")}):
        extra = f"{folder}/more.bin"
        yield Mutant("a file more where a stage wrote", folder, (extra,), {root / extra: b"more"})
    for path in (paths[0], paths[-1]):
        apart = root.parent / "apart"
        change = {apart: (root / path).read_bytes(), root / path: apart}
        yield Mutant("a link in place of a file", path, (path,), change)


def kept(root: Path, chance: random.Random) -> Kind:
    """Older and present versions, in DVC's cache and in its remote."""
    found = objects.check(place.store(root), chain.walk(place.store(root)))
    blobs = list(depth.wanted(found.runs[::-1], lambda names: git.contents(root, names)).blobs.values())
    for where, title in zip(
        (cache.local(root), *cache.remotes(root)), ("the cache", "the remote"), strict=False
    ):
        for blob in chance.sample(blobs, min(16, len(blobs))):
            path = where.path(blob.md5)
            change = {path: flip(path.read_bytes(), chance)}
            yield Mutant(f"a byte in {title}", blob.path, (blob.md5, blob.path), change, still=True)
        for blob in chance.sample(blobs, min(6, len(blobs))):
            change = {where.path(blob.md5): None}
            yield Mutant(f"a file missing in {title}", blob.path, (blob.md5, blob.path), change)


def settings(root: Path, run: Mapping[str, Any], chance: random.Random) -> Kind:
    """One value of ``params.yaml``; characters of the other files that say what is run."""
    text = (root / "params.yaml").read_text()
    values = [found for found in re.finditer(r"^ +(\w+): (\d[\d.]*|\w+)$", text, re.MULTILINE)]
    for found in chance.sample(values, min(24, len(values))):
        if found[1] in ("url", "signed"):
            continue
        value = found[2] + "1" if found[2][0].isdigit() else {"true": "false", "false": "true"}.get(found[2])
        if value is not None:
            changed = f"{text[: found.start(2)]}{value}{text[found.end(2) :]}"
            yield Mutant("a parameter", found[1], (found[1],), {root / "params.yaml": changed.encode()})
    words = text.encode() + b"# nothing to see here\n"
    yield Mutant("words in params.yaml", "a comment", ("params.yaml",), {root / "params.yaml": words})
    for path in ("dvc.yaml", "code.yaml"):
        for _ in range(4 if (root / path).exists() else 0):
            yield flipped("a character of dvc.yaml or code.yaml", root, path, chance)
        if (root / path).exists():
            longer = (root / path).read_bytes() + b"\n"
            yield Mutant("a line break more in dvc.yaml or code.yaml", path, (path,), {root / path: longer})
    for path in sorted(path for path in (*root.glob("*.dvc"), *root.glob("*/*.dvc")) if path.is_file()):
        name = path.relative_to(root).as_posix()
        changed = re.sub(rb"md5: .", b"md5: x", path.read_bytes(), count=1)
        yield Mutant("a .dvc file", name, (name,), {path: changed})


def code(run: Mapping[str, Any], chance: random.Random) -> Kind:
    """One character of a module that a stage imported; it still parses, and is often within words."""
    known = {name: sha for kept in run["records"].values() for name, sha in kept["modules"].items()}
    same = sorted(name for name, sha in modules.digests(known).items() if sha == known[name])
    filled = [name for name in same if modules.source(name).stat().st_size > 200]
    for name in chance.sample(filled, min(24, len(filled))):
        path = modules.source(name)
        yield Mutant("a character of code", name, (f"{name}:",), {path: _letter(path.read_text(), chance)})
    for name in chance.sample(filled, min(4, len(filled))):
        path = modules.source(name)
        yield Mutant("a blank line in code", name, (f"{name}:",), {path: path.read_bytes() + b"\n"})


def environment(root: Path, run: Mapping[str, Any], chance: random.Random) -> Kind:
    """An entry of what a record says of the environment; and a package that is installed now."""
    for stage in run["records"]:
        path = root / record.path(stage)
        said = json.loads(path.read_bytes())
        at = chance.randrange(len(said["environment"]["packages"]))
        said["environment"]["packages"][at] += ".1"
        content = json.dumps(said, indent=2, ensure_ascii=False).encode() + b"\n"
        where = path.relative_to(root).as_posix()
        yield Mutant("an environment entry in a record", where, (where,), {path: content})
        told = (root / "dvc.lock").read_bytes().replace(md5(path.read_bytes()), md5(content))
        yield Mutant(
            "a record, and dvc.lock to fit it", where, (where,), {path: content, root / "dvc.lock": told}
        )
    for name in ("intruder", "numpi", "torsh"):
        path = modules.PACKAGE.parent / f"{name}-9.9.dist-info" / "METADATA"
        yield Mutant("a package installed", name, (f"package {name}",), {path: b"Name: x\n"})


def lock(root: Path, chance: random.Random) -> Kind:
    """One entry of ``dvc.lock``: as it is, and committed to git."""
    text = (root / "dvc.lock").read_text()
    spots = [found for found in re.finditer(r"(?:md5: |size: |path: |cmd: )(\S)", text)]
    for at, found in enumerate(chance.sample(spots, min(20, len(spots)))):
        other = "7" if found[1] != "7" else "3"
        changed = f"{text[: found.start(1)]}{other}{text[found.end(1) :]}".encode()
        change = {root / "dvc.lock": changed}
        if at % 2:
            yield Mutant(
                "an entry of dvc.lock, committed to git", found[0], ("dvc.lock",), change, commit=root
            )
        else:
            yield Mutant("an entry of dvc.lock", found[0], ("dvc.lock",), change)


def entries(root: Path, chance: random.Random) -> Kind:
    """Entries of the ledger: a byte, cut, removed, reordered, replayed, forged; cut off with the note forged."""
    store = place.store(root).root
    paths = sorted((store / entry.FOLDER).iterdir())
    names = [path.relative_to(store).as_posix() for path in paths]
    for path, name in zip(paths, names, strict=True):
        content = path.read_bytes()
        yield Mutant("a byte of a ledger entry", name, (name,), {path: flip(content, chance)})
        yield Mutant("a byte of a ledger entry", name, (name,), {path: flip(content, chance)}, still=True)
        yield Mutant("a ledger entry cut", name, (name,), {path: content[: len(content) // 2]})
        yield Mutant("a ledger entry removed", name, (name,), {path: None})
    for at in (2, 4):
        one, two = paths[at], paths[at + 1]
        change = {one: two.read_bytes(), two: one.read_bytes()}
        yield Mutant("two ledger entries reordered", names[at], (names[at],), change)
        again = store / entry.name(len(paths) + 1)
        yield Mutant("a ledger entry replayed", names[at], (again.name,), {again: paths[at].read_bytes()})
    yield from _forged(store, paths)
    before = entry.parse(len(paths) - 1, paths[-2].read_bytes())[0]
    note = hint.Hint(before.number, before.digest).to_bytes()
    change = {paths[-1]: None, store / hint.NAME: note}
    yield Mutant("the last ledger entry cut off, the note of it forged", names[-1], (names[-1],), change)
    for path in (store / hint.NAME,):
        yield Mutant(
            "a byte of the head's note",
            path.name,
            (path.name, names[-1]),
            {path: flip(path.read_bytes(), chance)},
        )


def _forged(store: Path, paths: list[Path]) -> Kind:
    """Entries that say something else, signed by a key that was never in force."""
    stranger = make()
    for at in (1, 2, len(paths) - 1):
        found, sealed = entry.parse(at + 1, paths[at].read_bytes())
        fields = dict(sealed.statement()["predicate"])
        del fields["nonce"]
        content = entry.seal({**fields, "who": "eve"}, found.objects, stranger)
        yield Mutant(
            "a ledger entry signed by another key",
            entry.name(at + 1),
            (entry.name(at + 1),),
            {paths[at]: content},
        )


def manifests(root: Path, chance: random.Random) -> Kind:
    """The manifests of runs and releases."""
    for path in sorted((place.store(root).root / entry.OBJECTS).iterdir()):
        kind = "a release" if b"release/v1" in path.read_bytes() else "a run manifest"
        for _ in range(5):
            yield Mutant(
                f"a byte of {kind}", path.name, (path.name,), {path: flip(path.read_bytes(), chance)}
            )
        yield Mutant(f"{kind} removed", path.name, (path.name,), {path: None})


def receipts(root: Path, chance: random.Random) -> Kind:
    """Receipts that are sealed, and those in a log."""
    store = place.store(root)
    for name in store.names(segment.FOLDER):
        path = store.root / name
        yield Mutant("a byte of sealed receipts", name, (name,), {path: flip(path.read_bytes(), chance)})
        yield Mutant("sealed receipts removed", name, (name,), {path: None})
    whole = [name for name in store.names(segment.FOLDER) if name.endswith(".parquet")]
    for name, other in pairwise(whole):
        one, two = ((store.root / each).read_bytes() for each in (name, other))
        yield Mutant("sealed receipts cut", name, (name,), {store.root / name: one[: len(one) // 2]})
        change = {store.root / name: two, store.root / other: one}
        yield Mutant("sealed receipts in each other's place", name, (name,), change)
    for name in store.names(log.FOLDER):
        path = store.root / name
        for _ in range(4):
            content = flip(path.read_bytes()[:-40], chance) + path.read_bytes()[-40:]
            yield Mutant("a byte of a log of receipts", name, (name.rpartition("/")[0],), {path: content})


def pointer(root: Path, chance: random.Random) -> Kind:
    """What production points at, and the copies of it."""
    for path in sorted((root / "production").iterdir()):
        name = path.relative_to(root).as_posix()
        for _ in range(3):
            places = (name, "production.dvc") if path.name == "README.md" else (name,)
            yield Mutant(
                "the channel's pointer and copies", name, places, {path: flip(path.read_bytes(), chance)}
            )


def keys(root: Path, chance: random.Random) -> Kind:
    """The public key that the ledger begins with, and the private ones."""
    for path in (root / place.ANCHOR, *sorted((root / place.KEYS).glob("*.pem"))):
        for _ in range(4):
            name = path.relative_to(root).as_posix()
            places = (name, entry.name(1)) if path.name == place.ANCHOR else (name,)
            yield Mutant("a key", name, places, {path: flip(path.read_bytes(), chance)})
    more = make()
    name = f"{place.KEYS}/{more.id}.pem"
    yield Mutant("a private key more or less", "one more", (name,), {root / name: more.pem()})
    name = f"{place.KEYS}/{place.ledger(root).head().signer}.pem"
    yield Mutant("a private key more or less", "the one in force", (name,), {root / name: None})
    path = root / place.KEYS.parent / hint.NAME
    for content in (None, flip(path.read_bytes(), chance)):
        yield Mutant("this clone's own note of the head", str(content), ("own note",), {path: content})


def _run(root: Path) -> Mapping[str, Any]:
    return dict(json.loads(place.ledger(root).object(newest(root).objects[0])))


def _letter(text: str, chance: random.Random) -> bytes:
    while True:
        at = chance.randrange(len(text))
        if text[at].isalpha():
            changed = f"{text[:at]}{'x' if text[at] != 'x' else 'y'}{text[at + 1 :]}"
            try:
                ast.parse(changed)
            except SyntaxError:
                continue
            return changed.encode()


def _row(path: Path, chance: random.Random) -> bytes:
    """The table without one of its rows, or with one twice."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table, out = pq.read_table(path), BytesIO()
    at = chance.randrange(table.num_rows)
    twice = (
        [table.slice(0, at), table.slice(at, 2), table.slice(at)]
        if at % 2
        else [table.slice(0, at), table.slice(at + 1)]
    )
    pq.write_table(pa.concat_tables(twice), out)
    return out.getvalue()


def _anew(path: Path) -> bytes:
    """The table in another file with the same rows."""
    import pyarrow.parquet as pq

    out = BytesIO()
    pq.write_table(pq.read_table(path), out, compression="gzip")
    return out.getvalue()


def _number(path: Path, chance: random.Random) -> bytes:
    """The file of tensors with one number that is a little larger."""
    content = bytearray(path.read_bytes())
    begin = 8 + struct.unpack("<Q", content[:8])[0]
    at = begin + 4 * chance.randrange((len(content) - begin) // 4)
    struct.pack_into("<f", content, at, struct.unpack_from("<f", content, at)[0] + 0.001)
    return bytes(content)
