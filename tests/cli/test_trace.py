import re

import pytest
import typer
from typer.testing import CliRunner

from pricetrail.cli.trace import trace
from pricetrail.errors import UnknownId
from pricetrail.lineage import channel, place


def typed(*words):
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(trace)
    return CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False).stdout


def test_every_line_has_a_digest_and_the_raw_bytes_are_at_the_end(ran):
    [release] = channel.releases(place.ledger(ran.root))
    lines = typed(release, "--shop", ran.root).splitlines()
    assert lines[0].startswith(f"release {release[:12]}  entry 3, rows until 2011-10-31, never promoted")
    assert all(re.search(r" [0-9a-f]{12}\b|no digest", line) for line in lines)
    assert "raw data/raw/0001-lines.csv" in lines[-1]
    assert lines[-1].endswith("4 bytes")


def test_stage_is_followed_once_and_named_from_then_on(ran):
    [release] = channel.releases(place.ledger(ran.root))
    said = typed(release, "--shop", ran.root)
    assert said.count("stage learn") == 1
    assert re.search(r"encoder\.json  [0-9a-f]{12}  \d+ bytes, made by learn\n", said)


def test_file_has_its_uses_below(ran):
    said = typed("preprocessors/encoder.json", "--shop", ran.root)
    assert said.splitlines()[-1].split()[1:2] == ["passed"]
    assert "made preprocessors/encoder.json" in said


def test_what_promoted_and_what_keeps_it_back_is_said(ran):
    ledger = place.ledger(ran.root)
    [release] = channel.releases(ledger)
    channel.promote(ledger, release, who="ann", why="better")
    channel.quarantine(ledger, release, who="bob", why="bad file")
    first = typed(release, "--shop", ran.root).splitlines()[0]
    assert first.endswith("production in entry 4 by ann, in quarantine: bad file")
    with pytest.raises(UnknownId):
        typed("nothing", "--shop", ran.root)
