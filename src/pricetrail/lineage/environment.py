"""What outputs may depend on beside data, parameters and code: the machine and the packages.

Only what is true of every process on the machine, so that two clones on one machine say the same; no host, no
path, no clock.
"""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
CPUINFO = Path("/proc/cpuinfo")
GRAPHICS = Path("/proc/driver/nvidia")
MODEL = ("model name", "Processor", "CPU part")
FEATURES = ("flags", "Features")
# What numeric libraries choose their code by: other code adds in another order, and gives other last bits.
CHOSEN_BY = re.compile(r"(a?simd|amx|avx|f16c|fma|neon|s?sse|sve)\w*")
DISTRIBUTION = re.compile(r"(.+?)-(.+)\.dist-info")


def environment() -> dict[str, Any]:
    """Describe this interpreter, its packages as installed, and the machine, as plain data."""
    return {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "platform": f"{platform.system()} {platform.machine()}",
        "libc": " ".join(platform.libc_ver()).strip(),
        "cpu": _cpu(),
        **({"gpu": found} if (found := graphics()) else {}),
        "threads": {name: os.environ.get(name) for name in THREADS},
        "hash_seed": os.environ.get("PYTHONHASHSEED"),
        "packages": sorted(set(_packages())),
    }


def graphics(at: Path = GRAPHICS) -> dict[str, Any] | None:
    """The graphics processors that networks may be trained on, and their driver, as its folder says; or none."""
    said = [path.read_text(encoding="utf-8") for path in sorted(at.glob("gpus/*/information"))]
    if not said:
        return None
    return {
        "model": [name.strip() for text in said for name in re.findall(r"^Model:(.+)$", text, re.MULTILINE)],
        "driver": " ".join((at / "version").read_text(encoding="utf-8").partition("\n")[0].split()),
        "visible": os.environ.get("CUDA_VISIBLE_DEVICES"),
    }


def _packages() -> Iterator[str]:
    """``name==version`` of each, from its folder's name: to read all their metadata takes a hundred times as long."""
    for folder in filter(os.path.isdir, sys.path):
        for name in os.listdir(folder):
            if found := DISTRIBUTION.fullmatch(name):
                yield f"{re.sub('[-_.]+', '-', found[1]).lower()}=={found[2]}"


def _cpu() -> dict[str, Any]:
    """The processor's model, how many are at hand, and the vector instructions that it offers."""
    said = dict(_said()) if CPUINFO.exists() else {}
    flags = next((said[name].split() for name in FEATURES if name in said), [])
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "model": next((said[name] for name in MODEL if name in said), platform.processor()),
        "count": count,
        "features": sorted({flag for flag in flags if CHOSEN_BY.fullmatch(flag)}),
    }


def _said() -> Iterator[tuple[str, str]]:
    for line in CPUINFO.read_text(encoding="utf-8", errors="replace").splitlines():
        name, _, value = line.partition(":")
        yield name.strip(), value.strip()
