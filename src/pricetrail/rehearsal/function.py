"""A rehearsal of AWS Lambda: the service as a function, with nothing installed but what the image holds.

A shop's copy is pushed to a local bucket; AWS's own runtime client drives the function through a local Runtime API.
Measured are the first answer of a fresh process and the ones after it. Then a release is promoted while it runs, and
then the bucket fails while it runs.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil

from pricetrail.errors import StageFailed, UsageError
from pricetrail.flows.command import command
from pricetrail.lineage.modules import PACKAGE
from pricetrail.rehearsal import runtime
from pricetrail.rehearsal.bucket import NAME, Bucket, bucket
from pricetrail.rehearsal.runtime import Runtime
from pricetrail.shop import responses, settings

WARM = 300
PRODUCTS = 100
LONG = 1800.0
STARTS = 5
PLACE = f"s3://{NAME}/shop"
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What was seen.

    Attributes:
        cold: seconds from the start of a process to its first price, the median of ``STARTS``.
        p50, p99: seconds of the prices after it.
        memory: bytes that the process held in the end.
        size: bytes of everything installed, Python itself left out.
        followed: seconds until a release that was promoted meanwhile answered, without a redeployment.
        refused: the status that was answered while the bucket failed; nothing may be quoted then.
        lost: receipts of answers given that could not be found again.
    """

    cold: float
    p50: float
    p99: float
    memory: int
    size: int
    followed: float
    refused: int
    lost: int

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def rehearse(shop: Path, scratch: Path, tell: Tell) -> Rehearsed:
    """Rehearse with a copy of ``shop``, which has a release.

    Raises:
        ShopMissing: ``shop`` is not one.
        StageFailed: a step did not do what it should.
        UsageError: what a rehearsal needs is not installed.
    """
    _possible()
    codes = [each.stockcode for each in responses.read(shop).products][:PRODUCTS]
    copy = scratch / "shop"
    tell("copying the shop, and installing the service alone")
    shutil.copytree(shop, copy, symlinks=True)
    python = _install(scratch / "alone")
    with bucket() as there:
        tell("pushing the shop to a bucket")
        _shop(there, "remote", "set", PLACE, "--endpoint", there.endpoint, "--shop", copy)
        _shop(there, "promote", "--shop", copy, "--why", "rehearsal")
        tell("starting the function")
        cold = statistics.median(_first(there, python, codes[0]) for _ in range(STARTS))
        with _function(there, python) as (asked, process):
            tell(f"asking for {WARM} prices")
            seconds, numbers = _warm(asked, codes)
            tell("promoting another release while the function runs")
            followed, number = _follow(copy, there, asked, codes[0])
            tell("failing the bucket while the function runs")
            refused = _refuse(there, asked, codes[0])
            numbers += [number, _price(asked, codes[0])["receipt"]]
            return Rehearsed(
                cold=cold,
                p50=statistics.median(seconds),
                p99=statistics.quantiles(seconds, n=100)[98],
                memory=process.memory_info().rss,
                size=_size(scratch / "alone"),
                followed=followed,
                refused=refused,
                lost=sum(_status(asked, f"/v1/receipts/{each}") != 200 for each in numbers),
            )


def _possible() -> None:
    if sys.platform != "linux":
        raise UsageError(
            "AWS's runtime client is made for Linux alone. Rehearse on a Linux machine, or in a container; what"
            " the function answers is answered here by 'pricetrail serve'."
        )


def _warm(asked: Runtime, codes: list[str]) -> tuple[list[float], list[str]]:
    """Seconds that each of many prices took, and their receipts."""
    seconds, numbers = [], []
    for turn in range(WARM):
        began = time.perf_counter()
        numbers.append(str(_price(asked, codes[turn % len(codes)])["receipt"]))
        seconds.append(time.perf_counter() - began)
    return seconds, numbers


def _install(folder: Path) -> Path:
    """An environment with what serving needs and nothing else; its Python."""
    _call([sys.executable, "-m", "venv", folder])
    python = folder / "bin" / "python"
    checkout = PACKAGE.parent.parent
    lock = checkout / "requirements" / "serving.txt"
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if lock.exists():
        _call([*install, "--require-hashes", "-r", lock])
        _call([*install, "--no-deps", checkout])
    else:
        from pricetrail import __version__

        _call([*install, f"pricetrail[cloud]=={__version__}"])
    _call([python, "-m", "pip", "uninstall", "--quiet", "--yes", "pip", "setuptools"])
    return python


def _first(there: Bucket, python: Path, code: str) -> float:
    """Seconds from the start of a process to its first price."""
    began = time.perf_counter()
    with _function(there, python) as (asked, _):
        _price(asked, code)
        return time.perf_counter() - began


@contextmanager
def _function(there: Bucket, python: Path) -> Iterator[tuple[Runtime, psutil.Process]]:
    """The function's process, driven by a Runtime API of its own."""
    with runtime.running() as (asked, address):
        environment = {
            **{name: value for name, value in there.environment.items() if name != "PYTHONPATH"},
            "AWS_LAMBDA_RUNTIME_API": address,
            "AWS_LAMBDA_FUNCTION_NAME": NAME,
            "PRICETRAIL_LEDGER": PLACE,
            "PRICETRAIL_ENDPOINT": there.endpoint,
            "PRICETRAIL_RATE": "0",
            "PRICETRAIL_WAIT": "true",
        }
        words = [str(python), "-m", "pricetrail.serving"]
        with subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL) as process:
            try:
                yield asked, psutil.Process(process.pid)
            finally:
                process.kill()


def _follow(copy: Path, there: Bucket, asked: Runtime, code: str) -> tuple[float, str]:
    """Promote another release; seconds until it answers, and the receipt of that answer."""
    before = _price(asked, code)["release"]
    deep = settings.read(copy).fit_price_response.deep_from
    settings.change(copy, "fit_price_response", deep_from=round(deep * 1.01, 6))
    _shop(there, "run", copy)
    _shop(there, "push", copy)
    _shop(there, "promote", "--shop", copy, "--why", "rehearsal")
    began = time.perf_counter()
    while (found := _price(asked, code))["release"] == before:
        if time.perf_counter() - began > runtime.SECONDS:
            raise StageFailed("The function did not take the release that was promoted.")
        time.sleep(0.1)
    return time.perf_counter() - began, str(found["receipt"])


def _refuse(there: Bucket, asked: Runtime, code: str) -> int:
    there.shut = True
    try:
        return _status(asked, f"/v1/predict-price/{quote(code, safe='')}")
    finally:
        there.shut = False


def _price(asked: Runtime, code: str) -> dict[str, Any]:
    return _ask(asked, f"/v1/predict-price/{quote(code, safe='')}", "num_price_bins=100")


def _ask(asked: Runtime, path: str, query: str = "") -> dict[str, Any]:
    answer = asked.invoke(runtime.get(path, query))
    if answer["statusCode"] != 200:
        raise StageFailed(f"{path} was answered with {answer['statusCode']}: {answer['body']}")
    found: dict[str, Any] = json.loads(answer["body"])
    return found


def _status(asked: Runtime, path: str) -> int:
    return int(asked.invoke(runtime.get(path))["statusCode"])


def _shop(there: Bucket, *words: object) -> None:
    done = command(*map(str, words), seconds=LONG, environment=there.environment)
    if done.blocked:
        raise StageFailed(done.said)


def _call(words: list[Any]) -> None:
    done = subprocess.run([str(each) for each in words], capture_output=True, text=True)
    if done.returncode != 0:
        raise StageFailed(
            f"'{' '.join(map(str, words))}' ended with {done.returncode}:\n{done.stderr[-2000:]}"
        )


def _size(folder: Path) -> int:
    return sum(each.stat().st_size for each in (folder / "lib").rglob("*") if each.is_file())
