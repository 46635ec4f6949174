"""``pricetrail recall`` and ``verify`` as a person reads them."""

import subprocess
import sys

from pricetrail.shop import production


def said(shop, *words):
    words = [sys.executable, "-m", "pricetrail", *words]
    return subprocess.run(words, cwd=shop.root, capture_output=True, text=True)


def test_recall_names_runs_what_is_kept_back_and_the_way_out(ran):
    id = production.promote(ran.root, None, why="")[:12]
    run = ran.entries("run")[0].objects[0][:12]
    done = said(ran, "recall", ".", "--release", id, "--quarantine", "--why", "odd prices")
    assert "Touched: runs 1, releases 1, receipts 0, products 0, weekly revenue quoted 0.00.\n" in done.stdout
    assert f"  {run}    passed " in done.stdout
    assert f"keeps {id} from being promoted: odd prices.\n" in done.stdout
    assert "Nothing that may serve stood there before: 'pricetrail promote" in done.stderr
    assert "in quarantine: odd prices" in said(ran, "releases").stdout


def test_what_was_quarantined_by_mistake_is_let_out(ran):
    id = production.releases(ran.root)[0].id[:12]
    said(ran, "recall", ".", "--file", "data/raw/0001-lines.csv", "--quarantine")
    refused = said(ran, "promote", id)
    assert (refused.returncode, "recalled by file data/raw/0001-lines.csv" in refused.stderr) == (3, True)
    lifted = said(ran, "recall", ".", "--release", id, "--lift", "--why", "another file was meant")
    assert f"lets {id} be promoted again: another file was meant.\n" in lifted.stdout
    assert said(ran, "promote", id).returncode == 0
    assert said(ran, "verify").returncode == 0
    assert said(ran, "recall", ".", "--release", id, "--lift", "--quarantine").returncode == 2


def test_verify_tells_a_fault_of_many_files_once(ran):
    for path in ("data/clean.txt", "metrics/etl.json"):
        (ran.root / path).unlink()
    told = said(ran, "verify").stdout
    assert "shop: 2 times: it is missing [since entry 2 (" in told
    assert "\n  data/clean.txt\n  metrics/etl.json\n" in told
