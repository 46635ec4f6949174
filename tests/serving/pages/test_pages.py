"""The pages, walked in a real browser that reaches nothing but the service."""

import csv
import io
import json
import threading

import pytest
from axe_playwright_python.sync_playwright import Axe
from waitress import create_server

from pricetrail.lineage import channel
from pricetrail.serving.app import create_app

DRIVERS = json.dumps([{"feature_name": "price", "mean_abs_shap": 0.2}]).encode()
ODD = "ÄPFEL/½ 🍏"
CHANGE = {"stockcode": "10", "slope": {"mean": -3.5, "sd": 0.1}, "cost": 1.2, "price": 2.8, "high": 3.45}


@pytest.fixture
def site(shop):
    """A shop with two releases, and the address of a service that answers for the second."""
    shop.old = shop.promote()
    shop.id = shop.promote(
        {},
        {"stockcode": ODD, "description": "LONG" * 60},
        CHANGE,
        files={"reports/dfn_shap_mean_abs.json": DRIVERS},
    )
    server = create_server(create_app(shop.settings(key="the key", rate=0)), host="127.0.0.1", port=0)
    threading.Thread(target=server.run, daemon=True).start()
    shop.url = f"http://127.0.0.1:{server.effective_port}"
    yield shop
    # By the thread that waits for its sockets: closed by another, they fail it.
    server.trigger.pull_trigger(server.close)


@pytest.fixture(params=["light", "dark"])
def tab(browser, site, request):
    """A tab at the first page, and everything that goes wrong in it."""
    page = browser.new_page(color_scheme=request.param, viewport={"width": 1200, "height": 900})
    faults = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "request",
        lambda asked: None if asked.url.startswith((site.url, "data:")) else faults.append(asked.url),
    )
    page.goto(site.url)
    yield page
    page.close()
    assert faults == []


def well(page):
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_from_the_table_to_the_proof(tab, site):
    well(tab)
    assert tab.locator("tbody tr").count() == 3
    tab.get_by_role("link", name=ODD).click()
    assert tab.locator("h1").inner_text().startswith(ODD)
    assert tab.locator("svg.chart").count() == 3
    well(tab)
    tab.get_by_role("link", name="Why this price?").click()
    tab.wait_for_selector(".trail-live")
    assert site.id[:8] in tab.locator(".trail-canvas").inner_text()
    well(tab)
    tab.get_by_role("button", name="Replay").click()
    assert "EQUAL" in tab.locator(".verdict").inner_text()


def test_what_if_answers_at_once_and_can_be_shared(tab, site):
    tab.get_by_role("link", name="10", exact=True).click()
    tab.wait_for_load_state()
    before = tab.locator(".answer").inner_text()
    with tab.expect_response(lambda answer: "part=answer" in answer.url):
        tab.get_by_label("the price were").fill("3")
    tab.wait_for_selector(".tried")
    with tab.expect_response(lambda answer: "cost=2.7" in answer.url):
        tab.get_by_label("a unit cost me").fill("2.7")
    tab.wait_for_function("before => document.querySelector('.answer').innerText !== before", arg=before)
    shared = tab.url
    assert "at=3" in shared
    assert "cost=2.7" in shared
    now = tab.locator(".answer").inner_text()
    tab.goto(shared)
    assert tab.locator(".answer").inner_text() == now
    assert tab.get_by_label("a unit cost me").input_value() == "2.7"


def test_what_cannot_be_answered_says_why(tab, site):
    tab.goto(f"{site.url}/products/10?unitprice_min=5&unitprice_max=4")
    assert "“not below” is 5.0, above “not above”" in tab.get_by_role("alert").inner_text()
    well(tab)
    tab.goto(f"{site.url}/products/10?competitor_min=9&hard=competitor")
    assert "competitors' band clashes with" in tab.locator("p.answer.conflict").inner_text()
    well(tab)
    tab.goto(f"{site.url}/products/1O")
    assert tab.locator("main").inner_text().count("10") >= 1
    well(tab)


def test_what_if_that_cannot_be_answered_leaves_the_answer_and_its_terms(tab, site):
    tab.goto(f"{site.url}/products/10?max_change=0.15&competitor_max=9")
    shown = tab.locator("p.answer").inner_text()
    tab.get_by_label("margin at least").fill("30")
    assert "“margin at least”" in tab.get_by_role("alert").inner_text()
    assert tab.locator("p.answer").inner_text() == shown
    tab.get_by_label("a unit cost me").press_sequentially("1e")
    tab.get_by_text("“a unit cost me” is no number").wait_for()
    tab.get_by_label("a unit cost me").fill("1.5")
    with tab.expect_response(lambda answer: answer.ok and "part=answer" in answer.url):
        tab.get_by_label("margin at least").fill("0.3")
    assert "max_change=0.15" in tab.url
    assert "competitor_max=9" in tab.url


def test_address_without_a_page_is_a_page_for_a_browser_alone(served):
    client = served.client()
    found = client.get("/nothing", headers={"Accept": "text/html"})
    assert (found.status_code, found.mimetype) == (404, "text/html")
    assert "default-src 'none'" in found.headers["Content-Security-Policy"]
    assert client.get("/nothing").mimetype == "application/problem+json"


def test_what_was_never_observed_is_said_to_be_so(tab, site):
    for price, said in (("3", False), ("3.6", True)):
        tab.goto(f"{site.url}/products/10?at={price}")
        assert ("never observed" in tab.locator("p.tried").inner_text()) == said


def test_product_by_store_shows_the_first(tab, site):
    site.promote({"store": "North"}, {"store": "South"})
    tab.goto(f"{site.url}/products/85123A")
    assert "85123A in North" in tab.locator("p.answer").inner_text()
    with tab.expect_response(lambda answer: "store=South" in answer.url):
        tab.get_by_label("Store").select_option("South")
    tab.get_by_text("85123A in South").wait_for()


def test_a_narrow_screen_is_wide_enough(tab, site):
    tab.set_viewport_size({"width": 400, "height": 800})
    for path in (
        "/",
        f"/products/{ODD}",
        "/products/10?at=3",
        "/releases",
        f"/releases/{site.id}",
        "/products/1O",
    ):
        tab.goto(site.url + path)
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert tab.evaluate(wide) <= 0, path
        well(tab)


def test_filter_sort_and_csv(tab, site):
    tab.get_by_label("Code or name").fill("äpfel")
    tab.get_by_role("button", name="Show").click()
    assert tab.locator("tbody tr").count() == 1
    tab.get_by_label("Code or name").fill("nothing like it")
    tab.keyboard.press("Enter")
    tab.get_by_text("No product fits").wait_for()
    well(tab)
    tab.goto(site.url)
    tab.get_by_role("link", name="Price now").click()
    assert tab.locator("th[aria-sort=ascending]").inner_text().startswith("Price now")
    with tab.expect_download() as file:
        tab.get_by_role("link", name="CSV").click()
    assert file.value.path().read_text().startswith("\ufeffstockcode,store,")


def test_spreadsheet_takes_no_text_for_a_formula(shop):
    shop.promote({"stockcode": "=1+1", "description": '@SUM("A")'}, {"slope": {"mean": -0.1, "sd": 0.1}})
    found = shop.client().get("/products.csv?sort=stockcode").text
    rows = list(csv.DictReader(io.StringIO(found.removeprefix("\ufeff"))))
    assert (rows[1]["stockcode"], rows[1]["description"]) == ("'=1+1", '\'@SUM("A")')
    assert float(rows[0]["elasticity"]) == -0.1


def test_releases_compared_promoted_and_rolled_back(tab, site):
    tab.get_by_role("link", name="Releases").click()
    well(tab)
    tab.get_by_role("button", name="Compare the two").click()
    assert "tune_primary_model.seed" in tab.locator("main").inner_text()
    well(tab)
    tab.go_back()
    tab.get_by_label("Key").fill("not the key")
    tab.get_by_role("button", name="Roll back").click()
    tab.get_by_text("That is not the service's key").wait_for()
    tab.get_by_label("Key").fill("the key")
    with tab.expect_navigation():
        tab.get_by_role("button", name="Roll back").click()
    assert channel.current(site.ledger).release == site.old
    tab.get_by_role("link", name=site.id[:12]).click()
    well(tab)


def test_older_release_says_that_it_serves_on(tab, site):
    broken = site.release({"stockcode": "11"})
    site.kept(broken).write_bytes(b"something else")
    channel.promote(site.ledger, broken, who="a test", why="")
    tab.reload()
    assert "An older release serves" in tab.locator(".banner").inner_text()
    well(tab)


def test_nothing_serves_yet(shop):
    found = shop.client().get("/")
    assert (found.status_code, found.mimetype) == (503, "text/html")
    assert "pricetrail run" in found.text


@pytest.mark.parametrize("code", ["<script>alert(1)</script>", "../../etc/passwd", "a'b\"c"])
def test_codes_are_text(shop, code):
    shop.promote({"stockcode": code, "description": "<img src=x>"})
    client = shop.client()
    for page in (client.get("/"), client.get(f"/products/{code}")):
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        assert "<img" not in page.text
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
