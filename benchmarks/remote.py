"""Pushes, promotions and pulls of a small shop over a line on which requests fail: does all end right, is any lost?

python -m benchmarks.remote [--runs 100] [--share 0.05] [--seed 7] [--json]

The bucket is moto's server, a simulator that speaks S3's protocol over HTTP; a proxy before it spoils the given share
of the requests: errors 500 and 503, late answers, cut and dropped connections, answers lost after the work was done,
stale lists, refused conditional writes. In each run one machine commits new data, pushes and promotes, and another
pulls. Interrupted, it tells of the runs that were done. The bucket is looked at directly, without the proxy, each
time the ledger is about to get an entry.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import yaml
from benchmarks import proxy as wire
from benchmarks.proxy import Proxy, Request
from benchmarks.telling import tell

from pricetrail.errors import StoreFailed
from pricetrail.lineage import artifact, blob, canonical, channel, place
from pricetrail.lineage.ledger import Ledger
from pricetrail.lineage.store import S3Store, Store
from pricetrail.rehearsal.bucket import simulator
from pricetrail.shop import dvc, git, production, remote, restore, tracked, transfer
from pricetrail.shop.remote import Place

FILES, SIZE = 6, 20_000
FAULTS = ("InternalError", "ServiceUnavailable", "SlowDown", wire.SLOW, wire.DROP, wire.CUT, wire.LOST)
TRIES = 5
BUCKET = "records"


class Machine:
    """A shop on one machine, whose commands are given again when they fail."""

    def __init__(self, root: Path, rng: random.Random) -> None:
        self.root, self.rng, self.repeated = root, rng, 0

    def change(self, n: int) -> None:
        """Commit new bytes of two files, as a run does."""
        for _ in range(2):
            self._write(self.rng.randrange(FILES))
        self.commit(f"Run {n}")

    def commit(self, message: str) -> None:
        """Lock the files as DVC does, and commit."""
        outs = [self._out(n) for n in range(FILES)]
        lock = {"schema": "2.0", "stages": {"make": {"cmd": "make", "outs": outs}}}
        (self.root / "dvc.lock").write_text(yaml.safe_dump(lock, sort_keys=False))
        git.commit(self.root, message)

    def again(self, work: Callable[[], object]) -> None:
        """Give a command until it is done."""
        for _ in range(TRIES):
            try:
                work()
                return
            except StoreFailed:
                self.repeated += 1
        raise SystemExit(f"{TRIES} tries were not enough")

    def promote(self) -> None:
        """Record a release of what is there, and promote it; the data go along."""
        ledger = place.ledger(self.root)
        files = [artifact.read(self.root, f"data/{n}.bin").to_dict() for n in range(FILES)]
        id = ledger.keep(canonical.dumps({"files": files, "run": None, "rows_until": None, "metrics": {}}))
        if id not in channel.releases(ledger):
            ledger.append("release", {"gates": {"model": "passed"}}, who="benchmark", objects=(id,))
        standing = channel.current(ledger)
        if standing is None or standing.release != id:
            production.promote(self.root, id, why="")

    def begin(self) -> None:
        """Make the shop."""
        for folder in ("data", "production"):
            (self.root / folder).mkdir(parents=True)
        outs = [f"data/{n}.bin" for n in range(FILES)]
        (self.root / "dvc.yaml").write_text(
            yaml.safe_dump({"stages": {"make": {"cmd": "make", "outs": outs}}})
        )
        (self.root / "params.yaml").write_text("{}")
        (self.root / ".gitignore").write_text("/data/\n/ledger/\n/.pricetrail/\n")
        place.begin(self.root)
        git.begin(self.root)
        dvc.begin(self.root)
        for n in range(FILES):
            self._write(n)
        (self.root / "production/README.md").write_text("What serves.\n")
        dvc.track(self.root, "production")
        self.commit("Begin")

    def _write(self, n: int) -> None:
        content = self.rng.randbytes(SIZE)
        path = self.root / "data" / f"{n}.bin"
        path.write_bytes(content)
        md5 = _md5(content)
        kept = self.root / ".dvc/cache/files/md5" / md5[:2] / md5[2:]
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(content)

    def _out(self, n: int) -> dict[str, object]:
        found = artifact.read(self.root, f"data/{n}.bin")
        return {"path": found.path, "hash": "md5", "md5": found.md5, "size": found.size}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--share", type=float, default=0.05)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    os.environ |= {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    with tempfile.TemporaryDirectory() as folder, simulator(BUCKET) as server, wire.before(server) as proxy:
        found = measure(Path(folder), server, proxy, asked)
    tell(found, as_json=asked.json)


def measure(folder: Path, server: str, proxy: Proxy, asked: argparse.Namespace) -> dict[str, object]:
    rng = random.Random(asked.seed)
    there = Place(f"s3://{BUCKET}/shop", proxy.address)
    first, second = Machine(folder / "first", rng), Machine(folder / "second", rng)
    first.begin()
    remote.move(first.root, there)
    restore.restore(second.root, there)
    direct = S3Store(there.url, server)
    ahead, wrong, started = list[str](), list[int](), time.perf_counter()
    proxy.script = _script(random.Random(asked.seed), asked.share)
    proxy.after = lambda request: ahead.extend(missing(first.root, direct) if _writes(request) else ())
    proxy.seen.clear()
    done = 0
    with suppress(KeyboardInterrupt):
        for n in range(asked.runs):
            first.change(n)
            first.again(first.promote)
            second.again(lambda: transfer.pull(second.root))
            if _data(first) != _data(second):
                wrong.append(n)
            done += 1
    seconds, proxy.script = time.perf_counter() - started, lambda request: None
    return {
        "runs": done,
        "requests": len(proxy.seen),
        "spoiled": len(proxy.spoiled),
        "faults": dict(Counter(proxy.spoiled)),
        "commands_given_again": first.repeated + second.repeated,
        "runs_ended_wrong": wrong,
        "pointer_ahead_of_data": ahead,
        "lost": _lost(first, direct),
        "entries": len(list(place.ledger(first.root).entries())),
        "seconds": round(seconds, 1),
    }


def _script(rng: random.Random, share: float) -> wire.Script:
    def script(request: Request) -> str | None:
        if rng.random() >= share:
            return None
        faults = [
            *FAULTS,
            *([wire.STALE] * request.lists),
            *(["ConditionalRequestConflict"] * request.conditional),
        ]
        return rng.choice(faults)

    return script


def _writes(request: Request) -> bool:
    return request.method == "PUT" and "/ledger/0" in request.path


def missing(root: Path, direct: Store) -> list[str]:
    """What the pointer, or the newest push, leads to and the bucket does not hold."""
    ledger = Ledger(direct)
    standing, pushed = channel.current(ledger), transfer.newest(ledger)
    wanted = (
        {str(each["md5"]) for each in json.loads(ledger.object(standing.release))["files"]}
        if standing
        else set()
    )
    if pushed is not None:
        wanted |= {each.md5 for each in tracked.at(root, str(pushed.body["commit"]))}
    return [md5 for md5 in sorted(wanted) if direct.size(blob.name(md5)) is None]


def _lost(machine: Machine, direct: S3Store) -> list[str]:
    """What any commit names, and the bucket does not hold byte for byte; what any entry names likewise."""
    commits = git.git(machine.root, "rev-list", str(transfer.newest(Ledger(direct)).body["commit"])).split()
    wanted = {each.md5 for commit in commits for each in tracked.at(machine.root, commit)}
    gone = [
        md5 for md5 in sorted(wanted) if not md5.endswith(".dir") and _md5(direct.read(blob.name(md5))) != md5
    ]
    for entry in Ledger(direct).entries():
        for id in entry.objects:
            Ledger(direct).object(id)
    return gone


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def _data(machine: Machine) -> list[bytes]:
    return [(machine.root / f"data/{n}.bin").read_bytes() for n in range(FILES)]


if __name__ == "__main__":
    main()
