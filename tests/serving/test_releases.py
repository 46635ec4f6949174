import pytest

from pricetrail.lineage import channel
from pricetrail.lineage.keys import Keyring, make
from pricetrail.serving.app import create_app

KEY = {"Authorization": "Bearer open sesame"}


@pytest.fixture
def client(served):
    served.newer = served.release({"price": 3.1})
    return served.client(key="open sesame", every=1e9)


def test_releases_with_their_channels(served, client):
    found = client.get("/v1/releases").json["releases"]
    assert [(each["release"], each["channels"]) for each in found] == [
        (served.newer, []),
        (served.id, ["production"]),
    ]


def test_promoted_release_serves_at_once(served, client):
    assert client.get("/readyz").json["release"] == served.id
    asked = {"why": "better", "who": "An Analyst"}
    found = client.post(f"/v1/releases/{served.newer[:8]}/promote", json=asked, headers=KEY).json
    assert found["release"] == client.get("/readyz").json["release"] == served.newer
    entry = served.ledger.read(found["entry"])
    assert (entry.who, entry.body["why"]) == ("An Analyst", "better")
    client.post("/v1/releases/rollback", json={}, headers=KEY)
    assert client.get("/readyz").json["release"] == served.id


def test_a_shop_beside_the_ledger_moves_the_channel_itself(served):
    asked = []

    class Mover:
        def promote(self, release, who, why):
            asked.append((release, who, why))
            channel.promote(served.ledger, release, who=who, why=why)

        def rollback(self, who, why):
            asked.append((who, why))
            channel.rollback(served.ledger, who=who, why=why)

    client = create_app(served.settings(key="open sesame"), Mover()).test_client()
    newer = served.release({"price": 3.1})
    client.post(f"/v1/releases/{newer[:8]}/promote", json={"why": "better"}, headers=KEY)
    assert client.get("/readyz").json["release"] == newer
    client.post("/v1/releases/rollback", json={"who": "Ann"}, headers=KEY)
    assert client.get("/readyz").json["release"] == served.id
    assert asked == [(newer, "the service", "better"), ("Ann", "")]


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer shut"}, {"Authorization": "Bearer ä"}])
def test_nobody_writes_without_the_key(served, client, headers):
    found = client.post(f"/v1/releases/{served.newer}/promote", json={}, headers=headers)
    assert found.status_code == 403
    assert client.get("/readyz").json["release"] == served.id


def test_service_without_a_key_is_read_only(served):
    found = served.client().post("/v1/releases/rollback", json={}, headers=KEY)
    assert (found.status_code, "PRICETRAIL_KEY" in found.json["detail"]) == (403, True)


def test_release_whose_files_are_gone_is_not_promoted(served, client):
    served.kept(served.newer).unlink()
    found = client.post(f"/v1/releases/{served.newer}/promote", json={}, headers=KEY)
    assert found.status_code == 503
    assert channel.current(served.ledger).release == served.id


def test_unknown_and_quarantined_releases(served, client):
    assert client.post("/v1/releases/abcd/promote", json={}, headers=KEY).status_code == 404
    channel.quarantine(served.ledger, served.newer, who="a test", why="bad rows")
    found = client.post(f"/v1/releases/{served.newer}/promote", json={}, headers=KEY)
    assert (found.status_code, "bad rows" in found.json["detail"]) == (409, True)


def test_nothing_to_roll_back_to(served, client):
    assert client.post("/v1/releases/rollback", json={}, headers=KEY).status_code == 422


def test_reproduction_can_be_required(served):
    client = served.client(key="open sesame", reproduced=True)
    newer = served.release({"price": 3.1})
    found = client.post(f"/v1/releases/{newer}/promote", json={}, headers=KEY)
    assert (found.status_code, "pricetrail reproduce" in found.json["detail"]) == (409, True)


def test_service_that_holds_no_signing_key(served, tmp_path):
    Keyring(tmp_path / "other", {}).add(make())
    client = served.client(key="open sesame", keys=str(tmp_path / "other"))
    newer = served.release({"price": 3.1})
    assert client.post(f"/v1/releases/{newer}/promote", json={}, headers=KEY).status_code == 503
