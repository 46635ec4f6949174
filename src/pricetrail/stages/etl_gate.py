"""Stage ``etl_gate``: stops the run when too many raw rows were not fit to use.

It reads the counts, and has pandera hold the contract once more against the lines that all later stages use.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from pricetrail.errors import Blocked, NothingToLearn
from pricetrail.files import write_json
from pricetrail.stages.stage import Context, main
from pricetrail.transactions import engine
from pricetrail.transactions.contract import Contract

FEWEST = {"accepted": 60, "products": 2, "weeks": 4}
WORDS = {"accepted": "sales", "products": "products", "weeks": "weeks with sales"}
TOP = 5
DEAR = "Prices of many digits are read in thousands by init's --map unitprice='PRICE / 1000' (etl_pipeline.most)."
AHEAD = (
    "So a run would stop. Make the shop again in a new folder, saying where columns come from (--map) or how they are "
    "written (--dates, --decimal), or correct the source; or add lines with 'pricetrail ingest'."
)
BROKEN = (
    "data/original_df.parquet does not keep the contract of an order line. If somebody changed it, make it again "
    "with 'pricetrail run --stage etl_pipeline --force'."
)


def work(context: Context) -> None:
    """Write the gate's verdict, or stop.

    Raises:
        Blocked: a larger share of the rows was rejected than the parameters accept, or the accepted lines, as
            they were written, do not keep the contract.
        NothingToLearn: hardly any line is left that says something about demand.
    """
    found = json.loads((context.root / "metrics/etl.json").read_text(encoding="utf-8"))
    limit = context.params.etl_pipeline.reject_share
    faults = _faults(context, found["horizon"])
    short, rejected = _short(found), found["rejected_share"] > limit
    figures = {name: found[name] for name in ("rejected_share", *FEWEST)}
    write_json(
        context.root / "gates/etl.json",
        {
            "gate": "etl",
            "verdict": "blocked" if faults or rejected or short else "passed",
            "figures": {**figures, "limit": limit, "faults": faults},
        },
    )
    if faults:
        raise Blocked("\n".join([BROKEN, *(f"  {fault}" for fault in faults)]))
    if rejected:
        raise Blocked("\n".join(_told(found, limit)))
    if short:
        raise NothingToLearn("\n".join(_empty(found, short)))


def foretold(found: dict[str, Any], limit: float) -> list[str]:
    """What would stop a run over lines of such figures; nothing where it would go on."""
    short = _short(found)
    if found["rejected_share"] > limit:
        return [*_unfit(found, limit), *_dear(found), AHEAD]
    return [*_few(found, short), AHEAD] if short else []


def _short(found: dict[str, Any]) -> list[str]:
    return [name for name, fewest in FEWEST.items() if found[name] < fewest]


def _faults(context: Context, horizon: str) -> list[str]:
    lines = engine.connect().read_parquet(context.root / "data/original_df.parquet")
    params = context.params
    return Contract(params.etl_pipeline, params.source, datetime.fromisoformat(horizon)).faults(lines)


def _told(found: dict[str, Any], limit: float) -> list[str]:
    return [
        *_unfit(found, limit),
        "Each row is in data/rejected.parquet with its reason. Correct the source and ingest it again, say where "
        "its columns come from (source.columns), or raise etl_pipeline.reject_share.",
        *_dear(found),
    ]


def _unfit(found: dict[str, Any], limit: float) -> list[str]:
    share = f"{found['rejected_share']:.1%} of the {found['rows']:,} raw rows"
    reasons = _reasons(found["reasons_rejected"], found["examples"])
    return [f"{share} cannot be used; at most {limit:.1%} may be.", *reasons]


def _dear(found: dict[str, Any]) -> list[str]:
    return [DEAR] if any(reason.startswith("price beyond") for reason in found["reasons_rejected"]) else []


def _empty(found: dict[str, Any], short: list[str]) -> list[str]:
    return [*_few(found, short), "Add more order lines with 'pricetrail ingest'."]


def _few(found: dict[str, Any], short: list[str]) -> list[str]:
    needed = " and ".join(f"{FEWEST[name]:,} {WORDS[name]} ({found[name]:,} found)" for name in short)
    return [
        f"Too few of the {found['rows']:,} raw rows are sales to learn from: needed are at least {needed}.",
        *_reasons({**found["reasons_rejected"], **found["reasons_removed"]}, found["examples"]),
    ]


def _reasons(reasons: dict[str, int], examples: dict[str, dict[str, str | None]]) -> list[str]:
    most = sorted(reasons.items(), key=lambda item: -item[1])[:TOP]
    return [line for reason, count in most for line in _reason(reason, count, examples.get(reason))]


def _reason(reason: str, count: int, example: dict[str, str | None] | None) -> list[str]:
    said = [f"  {count:,} row{'s' if count > 1 else ''}: {reason}"]
    if example is not None:
        values = [f"{name} {value!r}" for name, value in example.items() if name != "line" and value]
        said.append(f"    such as {', '.join(values)}")
    return said


if __name__ == "__main__":
    main("etl_gate", work)
