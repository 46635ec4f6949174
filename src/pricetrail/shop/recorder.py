"""Writes a run into the shop's ledger, and the release that it is, if it is one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pricetrail import __version__
from pricetrail.lineage import canonical, channel, manifest, place, release
from pricetrail.lineage.entry import Entry
from pricetrail.lineage.ledger import Ledger
from pricetrail.lineage.manifest import Facts
from pricetrail.lineage.modules import PACKAGE
from pricetrail.shop import git
from pricetrail.shop.journal import Ended
from pricetrail.shop.note import Recorded


def record(root: Path, ended: Ended) -> Recorded:
    """Add what the run that left the shop ``root`` as it is was, unless that is in the ledger already."""
    ledger, shop = place.ledger(root), git.identity(root)
    newest = next(ledger.topic("run"), None)
    if ended.idle and newest is not None and _same(newest, shop):
        return _recorded(ledger, newest)
    facts = Facts(
        ended.outcome,
        shop=shop,
        code={"version": __version__, **git.identity(PACKAGE)},
        stopped=ended.stage,
        said=ended.said,
        ran=ended.ran,
        restored=ended.restored,
        before=json.loads(ledger.object(newest.objects[0])) if newest is not None else {},
    )
    return _add(ledger, manifest.build(root, facts), git.somebody(root))


def _same(newest: Entry, shop: Mapping[str, Any]) -> bool:
    return (newest.body["outcome"], newest.body["commit"]) == ("passed", shop["commit"])


def _recorded(ledger: Ledger, run: Entry) -> Recorded:
    id = run.objects[0]
    released = channel.became(ledger, id)
    return Recorded(id, released.objects[0] if released else None, tuple(run.body["obstacles"]))


def _add(ledger: Ledger, run: Mapping[str, Any], who: str) -> Recorded:
    obstacles = list(release.obstacles(run))
    id = ledger.keep(canonical.dumps(run))
    body = {"run": id, "outcome": run["outcome"], "commit": run["shop"]["commit"], "obstacles": obstacles}
    ledger.append("run", body, who=who, objects=(id,))
    if obstacles:
        return Recorded(id, None, tuple(obstacles))
    made = release.of(run)
    serves = ledger.keep(canonical.dumps(made))
    body = {"release": serves, "run": id, "gates": made["gates"]}
    ledger.append("release", body, who=who, objects=(serves,))
    return Recorded(id, serves, ())
