"""The page of a trail, in a real browser, with the network off."""

import json
import re
from html.parser import HTMLParser

import pytest
from axe_playwright_python.sync_playwright import Axe

from pricetrail.lineage.drawing.mermaid import mermaid
from pricetrail.lineage.drawing.page import fragment, page
from pricetrail.lineage.trail import Step, Trail

MODEL = "models/production/dfn_best.onnx"


@pytest.fixture(params=["light", "dark"])
def opened(browser, trail, tmp_path, request):
    """The page, and everything that went wrong in it."""
    (tmp_path / "lineage.html").write_text(page(trail), encoding="utf-8")
    tab = browser.new_page(color_scheme=request.param, viewport={"width": 1200, "height": 800}, offline=True)
    faults = []
    tab.on("pageerror", lambda error: faults.append(str(error)))
    tab.on("request", lambda asked: faults.append(asked.url) if not asked.url.startswith("file:") else None)
    tab.goto((tmp_path / "lineage.html").as_uri())
    tab.wait_for_selector(".trail-live")
    yield tab
    tab.close()
    assert faults == []


def node(tab, trail, name):
    return tab.locator(f'[data-step="{next(step.id for step in trail.steps.values() if step.name == name)}"]')


def test_click_says_what_a_step_is(opened, trail):
    node(opened, trail, MODEL).click()
    details = opened.locator(".trail-details")
    assert details.locator("h2").inner_text() == f"file {MODEL}"
    assert next(step.digest for step in trail.steps.values() if step.name == MODEL) in details.inner_text()
    details.get_by_role("button", name="stage learn").click()
    assert details.locator("h2").inner_text() == "stage learn"
    assert "trail-faded" in node(opened, trail, "params.yaml").get_attribute("class")


def test_by_keyboard_alone(opened, trail):
    opened.locator(".trail-canvas [tabindex='0']").focus()
    assert opened.evaluate("document.activeElement.dataset.step") == trail.root.id
    opened.keyboard.press("ArrowDown")
    assert opened.evaluate("document.activeElement.dataset.step") == trail.root.behind[0]
    opened.keyboard.press("Enter")
    assert opened.locator(".trail-details h2").inner_text().startswith("run ")
    opened.keyboard.press("/")
    opened.keyboard.type("encoder")
    opened.keyboard.press("Enter")
    assert opened.locator(".trail-details h2").inner_text() == "file preprocessors/encoder.json"
    assert opened.locator(".trail-found").inner_text() == "1 found"


def test_pan_and_zoom_move_the_view(opened):
    def view():
        return [float(each) for each in opened.locator(".trail-picture").get_attribute("viewBox").split()]

    before, frame = view(), opened.locator(".trail-canvas").bounding_box()
    opened.mouse.move(frame["x"] + 20, frame["y"] + 20)
    opened.mouse.down()
    opened.mouse.move(frame["x"] + 120, frame["y"] + 70, steps=4)
    opened.mouse.up()
    moved = view()
    assert moved[0] < before[0]
    assert moved[1] < before[1]
    opened.mouse.wheel(0, -200)
    opened.wait_for_function(f"document.querySelector('.trail-picture').viewBox.baseVal.width < {moved[2]}")
    opened.get_by_role("button", name="Fit").click()
    assert view()[2] > moved[2] * 0.5


def test_no_accessibility_violation(opened, trail):
    for look in (
        lambda: None,
        lambda: node(opened, trail, MODEL).click(),
        lambda: opened.locator("summary").click(),
    ):
        look()
        found = Axe().run(opened)
        assert found.violations_count == 0, found.generate_report()


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.met = [], []

    def handle_starttag(self, tag, attributes):
        self.met.append((tag, dict(attributes)))
        if tag not in {"meta", "input"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_part_is_well_formed_and_has_every_step(trail):
    tags = Tags()
    tags.feed(fragment(trail))
    assert tags.open == []
    assert {held["data-step"] for _, held in tags.met if "data-step" in held} == set(trail.steps)
    assert not any(name == "style" or name.startswith("on") for _, held in tags.met for name in held)


def test_names_are_text_and_never_markup():
    evil = '</script><img src=x onerror="alert(1)">&'
    text = page(Trail({"a": Step("a", "raw", evil, "ab" * 32, {"note": evil})}))
    assert "<img" not in text
    data = re.search(r'<script type="application/json"[^>]*>(.*?)</script>', text)[1]
    assert json.loads(data)["steps"][0]["facts"] == {"note": evil}
    assert '"' not in mermaid(Trail({"a": Step("a", "raw", evil, None, {})})).split('[("')[1].split('")]')[0]


def test_mermaid_has_a_node_a_step_and_an_arrow_an_edge(trail):
    text = mermaid(trail)
    assert text.startswith("flowchart BT\n")
    assert len(re.findall(r'^    n\d+\S*"', text, re.MULTILINE)) == len(trail.steps)
    assert text.count(" --> ") == len(list(trail.edges()))
