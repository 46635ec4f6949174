"""Stage ``data_drift_gate``: stops the run on drift, or warns. It reads the check's verdict and decides."""

from __future__ import annotations

import json
import sys
from typing import Any

from pricetrail.errors import Blocked
from pricetrail.files import write_json
from pricetrail.stages.stage import Context, main

WHERE = "Look at reports/data_drift_report.html, or at all checks over time with 'pricetrail drift'."
DRIFTED = (
    "If the data is wrong, correct it and ingest it again. If the shop itself has changed, set "
    "data_drift_gate.on_drift to warn, to train on what is new as well; once promoted, that is the reference."
)
UNDECIDED = "Ingest more order lines, or set data_drift_gate.on_inconclusive to warn to go on without them."


def work(context: Context) -> None:
    """Write the gate's verdict; stop the run where the parameters ask for it.

    The figures are only what decides, so that the stages behind the gate run again only when that changes.

    Raises:
        Blocked: there is drift, or it cannot be told, and the parameters say ``stop``.
    """
    found = json.loads((context.root / "metrics/data_drift.json").read_text(encoding="utf-8"))
    settings = context.params.data_drift_gate
    drifted, undecided = bool(found["drift_detected"]), found["drift_detected"] is None
    stop = (drifted and settings.on_drift == "stop") or (undecided and settings.on_inconclusive == "stop")
    verdict = "inconclusive" if undecided else "blocked" if stop else "passed"
    moved = [name for name, figures in found["columns"].items() if figures["drifted"]]
    figures = {"drift_detected": found["drift_detected"], "drifted": moved}
    write_json(
        context.root / "gates/data_drift.json", {"gate": "data_drift", "verdict": verdict, "figures": figures}
    )
    if stop:
        raise Blocked("\n".join([*_told(found), WHERE, UNDECIDED if undecided else DRIFTED]))
    if drifted or undecided:
        sys.stderr.write("data_drift_gate: " + "\n".join([*_told(found), WHERE]) + "\n")


def _told(found: dict[str, Any]) -> list[str]:
    """What the check found, with its figures, a line each."""
    if found["drift_detected"] is None:
        return [f"Whether the data has drifted cannot be told. {found['reason']}"]
    now, before = found["current"], found["reference"]
    periods = [f"{side['first']} to {side['last']}" for side in (now, before)]
    return [f"The data of {periods[0]} has drifted from that of {periods[1]}:"] + [
        f"  {each['words']} (distance {each['statistic']:.3f}, threshold {each['threshold']:.3f})"
        for each in found["columns"].values()
        if each["drifted"]
    ]


if __name__ == "__main__":
    main("data_drift_gate", work)
