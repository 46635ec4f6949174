"""The service alone in its own environment: size, start, warm prices, throughput, and beside it the reference's way.

python -m benchmarks.serving [--venv FOLDER] [--seconds N] [--json]

An empty environment is made from ``requirements/serving.txt`` and this package, nothing else (one that is given is
kept, and used again). What it serves is a signed release of 4,000 products drawn at random. Every figure is of real
HTTP on this machine, and every price has its receipt on the disk before it leaves. No price is asked for twice but
where it says "cached".

The reference's way to one price is 1,200 sampled rows at each of 100 prices, with its features, through its network,
and back to a figure for each price; its network alone is told beside it. It asks nothing over HTTP and keeps nothing,
which flatters it: ours is measured from the question to the last byte of the answer, the receipt on the disk.

Processor seconds stand beside the clock: on a machine that is busy with other things only they mean much.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import random
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from benchmarks.telling import tell
from benchmarks.turns import cost

from pricetrail.flows.local import free
from pricetrail.lineage import blob, canonical, channel
from pricetrail.lineage.artifact import Artifact
from pricetrail.lineage.keys import Keyring
from pricetrail.lineage.ledger import Ledger
from pricetrail.lineage.release import TYPE
from pricetrail.lineage.store import FolderStore

ROOT = Path(__file__).parent.parent
RESPONSE = "models/price_response/response.json"
PRODUCTS, CLIENTS, STARTS = 4_000, 32, 7
QUIET = 0.5
PRICES = 100
TICK = os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--venv", type=Path)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder), asked.venv or Path(folder) / "venv", asked.seconds)
    tell(found, as_json=asked.json)


def measure(folder: Path, venv: Path, seconds: float) -> dict[str, Any]:
    install(venv)
    release(folder)
    found: dict[str, Any] = {"cores": os.cpu_count(), "load": round(os.getloadavg()[0], 1)}
    found |= {"python": platform.python_version(), "installed_mb": round(size(venv) / 1e6)}
    found |= starts(folder, venv)
    found |= pages(folder, venv)
    with serving(folder, venv) as server:
        server.settle()
        found |= server.measured("price", fresh, 1, seconds)
        found |= server.measured("cached_price", lambda at: price(at % 50, 1.0), 1, seconds)
        found |= server.measured("price_32_clients", fresh, CLIENTS, seconds)
        found |= reprice(server)
    with serving(folder, venv, (os.cpu_count() or 1) + 1) as server:
        server.settle()
        found |= server.measured("all_cores_32_clients", fresh, CLIENTS, seconds)
        found |= server.measured(
            "cached_all_cores_32_clients", lambda at: price(at % 50, 1.0), CLIENTS, seconds
        )
    found |= reference()
    for name in ("reference", "reference_network"):
        found[f"{name}_times_slower"] = round(found[f"{name}_ms"] / found["price_p50_ms"])
        found[f"{name}_times_more_cpu"] = round(found[f"{name}_cpu_ms"] / found["price_cpu_ms"])
    return found


def install(venv: Path) -> None:
    """Make the environment, where it is not there yet, from the lock; and put this package there as it is now."""
    pip = [sys.executable, "-m", "pip", "--python", str(venv / "bin/python"), "install", "--quiet"]
    if not (venv / "bin/python").exists():
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
        subprocess.run([*pip, "--require-hashes", "-r", "requirements/serving.txt"], cwd=ROOT, check=True)
    clean = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
    subprocess.run([*pip, "--no-deps", "--force-reinstall", "."], cwd=ROOT, check=True, env=clean)


def size(venv: Path) -> int:
    return sum(path.stat().st_size for path in (venv / "lib").rglob("*") if path.is_file())


def release(folder: Path) -> None:
    """Release products drawn at random, and let them serve."""
    drawn = random.Random(7)
    value = {
        "format": 1,
        "deep_from": 0.3,
        "pool": {name: {"mean": -1.4, "sd": 0.1, "between_sd": 0.4} for name in ("slope", "deep")},
        "products": [product(drawn, at) for at in range(PRODUCTS)],
    }
    content = json.dumps(value).encode()
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    FolderStore(folder / "cache").create(blob.key(md5), content)
    files = [Artifact(RESPONSE, len(content), canonical.digest(content), md5).to_dict()]
    gates = dict.fromkeys(("etl", "data_drift", "model"), "passed")
    made = {"type": TYPE, "run": "00" * 32, "files": files, "gates": gates, "metrics": {}, "rows_until": None}
    ledger = Ledger(FolderStore(folder / "ledger"), Keyring(folder / "keys", {}))
    id = ledger.keep(canonical.dumps(made))
    ledger.append(
        "release", {"release": id, "run": "00" * 32, "gates": gates}, who="benchmark", objects=(id,)
    )
    channel.promote(ledger, id, who="benchmark", why="")


def product(drawn: random.Random, at: int) -> dict[str, Any]:
    now = round(drawn.lognormvariate(1.0, 0.7) + 0.3, 2)
    low, high = round(now * drawn.uniform(0.7, 0.95), 2), round(now * drawn.uniform(1.05, 1.4), 2)
    slope = {"mean": drawn.gauss(-1.6, 0.5), "sd": drawn.uniform(0.1, 0.6)}
    return {
        "stockcode": code(at), "store": None, "description": f"PRODUCT {at}", "price": now, "low": low, "high": high,
        "prices": [[low, 9], [now, 37], [high, 4]], "orders": 20.0, "units": drawn.lognormvariate(3.0, 1.0),
        "units_log_sd": 0.2, "units_week_sd": 0.5, "slope": slope, "deep": slope, "identification": "identified",
        "changes": 3, "weeks": 50, "cost": None,
    }  # fmt: skip


def code(at: int) -> str:
    return f"P{at:05}"


def price(at: int, cost: float) -> str:
    return f"/v1/predict-price/{code(at % PRODUCTS)}?num_price_bins={PRICES}&cost={cost:.4f}"


def fresh(at: int) -> str:
    """A question that was not asked before."""
    return price(at, 0.2 + at / 1e4)


class Server:
    """A service in a process of its own."""

    def __init__(self, folder: Path, venv: Path, processes: int = 1) -> None:
        self.port = free(0)
        settings = {
            "PRICETRAIL_LEDGER": str(folder / "ledger"),
            "PRICETRAIL_BLOBS": str(folder / "cache"),
            "PRICETRAIL_RATE": "0",
            "PRICETRAIL_SECONDS": "300",
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "PROCESSES": str(processes),
            "OMP_NUM_THREADS": "1",
        }
        command = [str(venv / "bin/python"), "-m", "pricetrail.serving"]
        self.asked = 0
        self.process = subprocess.Popen(command, env=settings, stderr=subprocess.DEVNULL)

    def cpu(self) -> float:
        """Processor seconds so far, of all its processes."""
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return sum(ticks(each) for each in (str(pid), *children)) / TICK

    def first(self) -> float:
        """Ask until a price comes; seconds since now."""
        began = time.perf_counter()
        while True:
            try:
                with Client(self.port) as client:
                    client.get(price(0, 1.0))
                return time.perf_counter() - began
            except OSError:
                time.sleep(0.002)

    def settle(self) -> None:
        """Wait until it is warm: behind its first price it makes its table of products."""
        before = -1.0
        while self.cpu() - before > QUIET / 50:
            before = self.cpu()
            time.sleep(QUIET)

    def measured(self, name: str, path: Any, clients: int, seconds: float) -> dict[str, Any]:
        """Milliseconds of each price, and prices a second, of so many clients at once, each waiting for its answer.

        One thread asks for all of them. It works on the same cores, so its processor time is told too.
        """
        cpu, own = self.cpu(), time.process_time()
        began = time.perf_counter()
        spent = self._crowd(path, clients, began + seconds)
        lasted = time.perf_counter() - began
        cpu, own = self.cpu() - cpu, time.process_time() - own
        ranks = statistics.quantiles(spent, n=100)
        return {
            f"{name}_p50_ms": round(ranks[49], 2),
            f"{name}_p99_ms": round(ranks[98], 2),
            f"{name}_a_second": round(len(spent) / lasted),
            f"{name}_cpu_ms": round(cpu / len(spent) * 1000, 3),
            f"{name}_client_cpu_ms": round(own / len(spent) * 1000, 3),
        }

    def _crowd(self, path: Any, clients: int, until: float) -> list[float]:
        """The milliseconds that each answer took."""
        spent = list[float]()
        with ExitStack() as stack:
            ready = stack.enter_context(selectors.DefaultSelector())
            for _ in range(clients):
                client = stack.enter_context(Client(self.port))
                ready.register(client.socket, selectors.EVENT_READ, client)
                self._ask(client, path)
            while ready.get_map():
                for key, _ in ready.select():
                    if key.data.take() is None:
                        continue
                    now = time.perf_counter()
                    spent.append((now - key.data.began) * 1000)
                    if now < until:
                        self._ask(key.data, path)
                    else:
                        ready.unregister(key.fileobj)
        return spent

    def _ask(self, client: Client, path: Any) -> None:
        self.asked += 1
        client.ask(f"GET {path(self.asked)} HTTP/1.1\r\nHost: here\r\n\r\n".encode())


class Client:
    """Asks over one connection, and does no more than that."""

    def __init__(self, port: int) -> None:
        self.port, self.began, self.found = port, 0.0, b""

    def __enter__(self) -> Client:
        self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def get(self, path: str) -> bytes:
        self.ask(f"GET {path} HTTP/1.1\r\nHost: here\r\n\r\n".encode())
        return self.whole()

    def post(self, path: str, body: bytes) -> bytes:
        head = f"POST {path} HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\n"
        self.ask(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        return self.whole()

    def ask(self, content: bytes) -> None:
        self.began, self.found = time.perf_counter(), b""
        self.socket.sendall(content)

    def whole(self) -> bytes:
        while (body := self.take()) is None:
            pass
        return body

    def take(self) -> bytes | None:
        """The body of the answer once all of it has come."""
        part = self.socket.recv(1 << 20)
        if not part:
            raise ConnectionError("The service hung up.")
        self.found += part
        head, _, body = self.found.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"{head[:80]!r} {body[:300]!r}")
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or -1)
        return body if len(body) == length else None


def ticks(pid: str) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


@contextmanager
def serving(folder: Path, venv: Path, processes: int = 1) -> Iterator[Server]:
    server = Server(folder, venv, processes)
    try:
        server.first()
        yield server
    finally:
        server.process.terminate()
        server.process.wait()


def starts(folder: Path, venv: Path) -> dict[str, float]:
    """From nothing to the first price: the median on the clock and in processor seconds."""
    clock, cpu = list[float](), list[float]()
    for _ in range(STARTS):
        began, server = time.perf_counter(), Server(folder, venv)
        server.first()
        clock.append(time.perf_counter() - began)
        cpu.append(server.cpu())
        server.process.terminate()
        server.process.wait()
    return {"start_seconds": round(statistics.median(clock), 2), "start_cpu_seconds": statistics.median(cpu)}


def pages(folder: Path, venv: Path) -> dict[str, float]:
    """Milliseconds of the page of all products: behind the first price, on other terms, again; and of the sheet."""
    asked = {
        "page_at_once": "/",
        "page_other_terms": "/?default_margin=0.4",
        "page_again": "/?sort=price",
        "sheet": "/products.csv",
        "sheet_again": "/products.csv?sort=price",
    }
    found = dict[str, float]()
    with serving(folder, venv) as server, Client(server.port) as client:
        for name, path in asked.items():
            began, cpu = time.perf_counter(), server.cpu()
            client.get(path)
            found[f"{name}_ms"] = round((time.perf_counter() - began) * 1000, 1)
            found[f"{name}_cpu_ms"] = round((server.cpu() - cpu) * 1000)
    return found


def reprice(server: Server) -> dict[str, float]:
    """Every product in one request, each row with its receipt."""
    asked = {"products": [{"stockcode": code(at), "cost": 0.5} for at in range(PRODUCTS)]}
    with Client(server.port) as client:
        began, cpu = time.perf_counter(), server.cpu()
        answer = json.loads(client.post("/v1/recommendations", json.dumps(asked).encode()))
        lasted, cpu = time.perf_counter() - began, server.cpu() - cpu
    assert len(answer["products"]) == PRODUCTS
    assert all(row["receipt"] for row in answer["products"])
    return {"reprice_seconds": round(lasted, 2), "reprice_cpu_seconds": round(cpu, 2)}


def reference() -> dict[str, float]:
    """Milliseconds for one price as the reference finds it, and those of its network alone; medians of five."""
    from benchmarks.peers.published import Pricer

    pricer = Pricer()
    found = dict[str, float]()
    for name, work in (("reference", pricer.price), ("reference_network", pricer.alone)):
        took = [cost(work) for _ in range(6)][1:]
        found[f"{name}_ms"] = round(1000 * statistics.median(each.clock for each in took), 1)
        found[f"{name}_cpu_ms"] = round(1000 * statistics.median(each.processor for each in took), 1)
    return found


if __name__ == "__main__":
    main()
