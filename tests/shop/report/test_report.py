"""The model card in a real browser with the network off, and the bundle with its evidence."""

import dataclasses
import io
import json
import re
import zipfile
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from typer.testing import CliRunner

from pricetrail.cli.main import app
from pricetrail.errors import Blocked, UsageError
from pricetrail.lineage import canonical, channel, envelope, place
from pricetrail.shop import production
from pricetrail.shop.report import crate
from pricetrail.shop.report.annex import HEADINGS
from pricetrail.shop.report.facts import gather
from pricetrail.shop.report.page import PARTS, page

FIGURES = json.loads((Path(__file__).parent / "figures.json").read_text(encoding="utf-8"))


def found(shop):
    return gather(shop.root, shop.entries("release")[0].objects[0][:8])


def filled(facts):
    """The facts of a small shop, with the figures of a real one."""
    made = [
        {"path": path, "size": 1, "sha256": canonical.digest(path.encode()), "md5": ""}
        for path in (*FIGURES["metrics"], *FIGURES["files"])
    ]
    kept = [each for each in facts.run["artifacts"] if each["path"] not in {one["path"] for one in made}]
    run = {**facts.run, "metrics": FIGURES["metrics"], "artifacts": [*kept, *made]}
    run["parameters"] = {"tune_primary_model": {"n_trials": 16}}
    subject = dataclasses.replace(facts.subject, run=run)
    return dataclasses.replace(facts, subject=subject, files=FIGURES["files"])


@pytest.fixture(params=[("light", True), ("dark", True), ("light", False)], ids=["light", "dark", "bare"])
def opened(browser, ran, tmp_path, request):
    """The page, full of figures or with few of them, and everything that went wrong in it."""
    scheme, full = request.param
    facts = found(ran)
    (tmp_path / "card.html").write_text(page(filled(facts) if full else facts), encoding="utf-8")
    tab = browser.new_page(color_scheme=scheme, viewport={"width": 1100, "height": 900}, offline=True)
    faults = []
    tab.on("pageerror", lambda error: faults.append(str(error)))
    tab.on("request", lambda asked: faults.append(asked.url) if not asked.url.startswith("file:") else None)
    tab.goto((tmp_path / "card.html").as_uri())
    yield tab
    tab.close()
    assert faults == []


def test_page_is_accessible_and_needs_no_network(opened):
    checked = Axe().run(opened)
    assert checked.violations_count == 0, checked.generate_report()
    opened.set_viewport_size({"width": 380, "height": 800})
    assert opened.evaluate("document.documentElement.scrollWidth") <= 380


def test_every_citation_leads_to_a_digest(ran):
    facts = filled(found(ran))
    text = page(facts)
    cited = set(re.findall(r'href="#source-(\d+)"', text))
    rows = dict(re.findall(r'<tr id="source-(\d+)">.*?<code>([0-9a-f]{64})</code>', text, re.DOTALL))
    assert cited == set(rows)
    assert {canonical.digest(path.encode()) for path in FIGURES["metrics"]} <= set(rows.values())


def test_figures_are_those_of_the_run(ran):
    text = re.sub(r"<[^>]+>", "", page(filled(found(ran))))
    tested = FIGURES["metrics"]["metrics/dfn_inf.json"]
    assert f"{tested['mse_inf']:.4f}" in text
    assert f"{tested['by_channel']['unregistered']['mse_inf']:.4f}" in text
    assert "56,596 accepted, 3,002 removed, 174 rejected" in text
    assert text.index("7,954 to 15,210") > text.index("111 to 967")


def test_what_happened_to_it_is_told(ran):
    assert "serves nowhere now" in page(found(ran))
    production.promote(ran.root, None, why="the spring prices & more")
    text = page(found(ran))
    assert "the spring prices &amp; more" in text
    assert "serves as production" in text
    channel.quarantine(place.ledger(ran.root), found(ran).id, who="somebody", why="a bad file")
    assert "in quarantine" in page(found(ran))


def test_verdict_of_a_reproduction_is_told(ran):
    assert "not made again yet" in page(found(ran))
    ledger, id = place.ledger(ran.root), found(ran).id
    kept = ledger.keep(b"{}")
    body = {"release": id, "verdict": "different", "files": 7, "tensors": 3, "different": ["models/a.onnx"]}
    body |= {"environment": "different", "code": "same", "compared": kept}
    ledger.append("reproduction", body, who="somebody", objects=(id, kept))
    text = page(found(ran))
    assert "made again: different" in text
    assert "models/a.onnx" in text


def test_checklist_points_at_parts_of_the_page_and_claims_nothing(ran):
    assert {part for each in HEADINGS for part in each.parts} <= set(PARTS)
    text = page(found(ran))
    assert all(f'id="{part}"' in text for part in PARTS)
    assert "It states no conformity with the regulation" in text
    assert not re.search(r"\b(complies|compliant|conforms)\b", text)


def test_run_that_is_no_release_has_no_card(ran):
    ran.write("wanted.txt", "block")
    with pytest.raises(Blocked):
        ran.run()
    with pytest.raises(UsageError, match="is no release"):
        gather(ran.root, ran.entries("run")[0].objects[0])


def test_bundle_holds_what_it_describes(ran, tmp_path):
    facts, key = found(ran), place.keyring(ran.root).first()
    files = crate.bundle(ran.root, facts, key)
    graph = json.loads(files[crate.METADATA])["@graph"]
    described = {each["@id"]: each["sha256"] for each in graph if each["@type"] == "File"}
    assert described == {
        name: canonical.digest(content) for name, content in files.items() if name != crate.METADATA
    }
    ids = {each["@id"] for each in graph}
    assert set(re.findall(r'"@id": "([^"]+)"', json.dumps(graph))) <= ids | {crate.SPECIFICATION}
    [software] = [each for each in graph if each["@type"] == "SoftwareApplication"]
    assert {"name", "url", "version"} <= software.keys()
    assert not any(name.startswith(("files/data", "files/preprocessors/encoder")) for name in files)
    assert envelope.parse(files["exports/provenance.intoto.json"]).fits(place.ledger(ran.root).key())
    for each in re.findall(r'<a href="([^"#]+)"', files[crate.PREVIEW].decode()):
        assert each in files


def test_same_record_gives_the_same_bytes(ran, tmp_path):
    for name in ("one.zip", "two.zip"):
        facts = found(ran)
        crate.write(crate.bundle(ran.root, facts, None), tmp_path / name, facts.history[-1].when)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_command_writes_page_and_bundle(ran, tmp_path):
    words = ["report", found(ran).id[:8], "--shop", str(ran.root), "--output", str(tmp_path)]
    told = CliRunner().invoke(app, [*words, "--json"])
    assert told.exit_code == 0
    said = json.loads(told.stdout)
    assert Path(said["page"]).read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    with zipfile.ZipFile(io.BytesIO(Path(said["bundle"]).read_bytes())) as packed:
        assert sorted(packed.namelist()) == said["files"]
