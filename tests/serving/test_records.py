import json
import subprocess
import sys

import pytest

from pricetrail.lineage.receipts import frame

PRICE = "/v1/predict-price/85123A?cost=1.1"


@pytest.fixture
def client(served):
    return served.client()


@pytest.fixture
def number(client):
    """The number of a receipt."""
    return client.get(PRICE).json["receipt"]


def test_receipt_can_be_read_again(served, client, number):
    found = client.get(f"/v1/receipts/{number.upper()}").json
    assert (found["number"], found["receipt"]["release"], found["proof"]) == (number, served.id, None)


def test_trail_leads_to_raw_bytes(served, client, number):
    found = client.get(f"/v1/lineage/{number}").json
    kinds = [step["kind"] for step in found["steps"]]
    assert kinds[:3] == ["receipt", "release", "run"]
    assert "raw" in kinds
    assert client.get(f"/v1/lineage/{served.id[:8]}").json["root"] == f"release {served.id}"


def test_replay_by_the_release_that_answered(served, client, number):
    served.promote({"price": 3.1})
    client.get("/readyz")
    found = client.post(f"/v1/replay/{number}").json
    assert found == {"receipt": number, "release": served.id, "equal": True, "difference": None}


def test_replay_shows_what_was_changed(served, client, number):
    forge(served)
    found = client.post(f"/v1/replay/{number.rsplit('-', 2)[0]}").json
    assert found["equal"] is False
    assert found["difference"] == {"field": "answer.price", "then": 2.67, "now": 2.66}


def forge(shop):
    """Change the price in the newest receipt, checksums and all."""
    (log,) = (shop.root / "ledger/receipts/log").rglob("00000000")
    (content,) = frame.unpack(log.read_bytes(), 0, "")
    forged = content.replace(b'"price":2.66', b'"price":2.67')
    log.write_bytes(frame.MAGIC + frame.pack(0, forged))


@pytest.mark.parametrize(
    "number", ["../../../etc/passwd", "zzzzzzzz-0", "x", "%00", "-", "k7q2m9xa-3f-9d2e-4t"]
)
@pytest.mark.parametrize("path", ["/v1/receipts", "/v1/lineage"])
def test_what_is_no_number(client, path, number):
    assert client.get(f"{path}/{number}").status_code == 404


def test_receipt_of_another_shop(served, client, number):
    forge(served)
    found = client.get(f"/v1/receipts/{number}")
    assert (found.status_code, "not what that number was given out for" in found.json["detail"]) == (
        409,
        True,
    )


@pytest.fixture
def replay(served):
    """Runs the command on the shop."""
    (served.root / "params.yaml").write_text("ledger: {url: ledger}\n")
    (served.root / ".dvc").mkdir()
    (served.root / ".dvc/config").write_text(f"[cache]\ndir = {served.root / 'cache'}\n")

    def run(number, *more):
        command = [sys.executable, "-m", "pricetrail", "replay", number, "--shop", str(served.root), *more]
        done = subprocess.run(command, capture_output=True, text=True)
        return done.returncode, done.stdout

    return run


def test_replay_on_the_command_line(served, number, replay):
    assert replay(number) == (0, "EQUAL\n")
    code, told = replay(number, "--json")
    assert (code, json.loads(told)["equal"]) == (0, True)


def test_replay_that_differs_fails(served, number, replay):
    forge(served)
    assert replay(number.rsplit("-", 2)[0]) == (1, "DIFFERENT. answer.price: then 2.67, now 2.66\n")
