"""``pricetrail drift``: every drift check of a shop over time, on Evidently's own dashboard."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
import webbrowser
from pathlib import Path
from typing import Annotated, Any

import typer

from pricetrail.cli.console import AsJson, answer, say
from pricetrail.errors import UsageError
from pricetrail.shop import settings
from pricetrail.transactions import workspace


def drift(
    shop: Annotated[Path, typer.Argument(help="The shop's folder.")] = Path(),
    host: Annotated[str, typer.Option(help="The address to serve on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to serve on; 0 takes a free one.")] = 8000,
    browser: Annotated[bool, typer.Option(help="Open a browser.")] = True,
    as_json: AsJson = False,
) -> None:
    """Show the drift checks over time in a browser, until Ctrl-C; with --json, list them and end."""
    folder = workspace.folder_of(shop, settings.read(shop).data_drift_check.workspace)
    checks = [_entry(path) for path in workspace.entries(folder)]
    if as_json:
        answer(sorted(checks, key=lambda entry: str(entry["window"])))
        return
    if not checks:
        raise UsageError(f"{folder} holds no drift check yet. Make one with 'pricetrail run {shop}'.")
    _serve(folder, host, port or _free(host), browser=browser)


def _entry(path: Path) -> dict[str, Any]:
    """One check: its window, its verdict and each column's distance."""
    found = json.loads(path.read_text(encoding="utf-8"))
    distances = {
        str(location["params"]["column"]): result["value"]
        for result in found["metric_results"].values()
        if "column" in (location := result["metric_value_location"]["metric"])["params"]
    }
    return {"window": found["name"], "verdict": found["metadata"]["verdict"], "distances": distances}


def _serve(folder: Path, host: str, port: int, *, browser: bool) -> None:
    url = f"http://{host}:{port}/projects/{workspace.PROJECT}"
    words = ["ui", "--workspace", str(folder), "--host", host, "--port", str(port)]
    quiet = {**os.environ, "DO_NOT_TRACK": "1", "PYTHONWARNINGS": "ignore"}
    with subprocess.Popen(
        [sys.executable, "-m", "evidently.cli", *words], env=quiet, stdout=sys.stderr
    ) as server:
        say(f"The dashboard is at {url} (Ctrl-C ends it)")
        if browser:
            threading.Thread(target=_open, args=(host, port, url), daemon=True).start()
        try:
            status = server.wait()
        except KeyboardInterrupt:
            server.terminate()
            return
    if status:
        raise UsageError(
            f"The dashboard ended with status {status}. Is port {port} free? Choose another with --port."
        )


def _open(host: str, port: int, url: str) -> None:
    for _ in range(120):
        with socket.socket() as probe:
            if probe.connect_ex((host, port)) == 0:
                webbrowser.open(url)
                return
        time.sleep(0.5)


def _free(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
