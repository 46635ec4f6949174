import pytest

from pricetrail.errors import DigestMismatch, UnknownId
from pricetrail.lineage import canonical, channel
from pricetrail.lineage.recall import clear, committed, holding, quarantine, recall, recall_release
from pricetrail.lineage.receipts import Writer, segment
from pricetrail.lineage.receipts.retention import Policy, forget
from pricetrail.lineage.receipts.seal import seal

GOOD, BAD = "11" * 32, "bb" * 32
RELEASES = ["a0" * 32, "a1" * 32]


@pytest.fixture
def story(ledger, make):
    """Two runs and their releases, of which the second read the bad file; three receipts of each."""
    for at, raw in enumerate([[GOOD], [GOOD, BAD]]):
        run = {
            "outcome": "passed",
            "shop": {"commit": f"5{at}" * 20},
            "code": {"commit": "cc" * 20},
            "sources": {
                "data/raw": [{"path": f"data/raw/{n}", "sha256": each} for n, each in enumerate(raw)]
            },
        }
        id = ledger.keep(canonical.dumps(run))
        ledger.append("run", {"run": id, "outcome": "passed"}, who="x", objects=(id,))
        body = {"release": RELEASES[at], "run": id, "gates": {"model": "passed"}}
        ledger.append("release", body, who="x", objects=(RELEASES[at],))
        writer = Writer(ledger.store)
        for n in range(3):
            writer.issue(make(n, release=RELEASES[at], product=f"P{n % 2}"))
        writer.close()
    return ledger


def test_file_leads_to_the_runs_that_read_it(story):
    found = recall(story, holding({BAD}))
    assert (len(found.runs), found.releases) == (1, (RELEASES[1],))
    assert (found.receipts, found.open, found.revenue, found.products) == (3, 3, 303.0, ("P0", "P1"))
    assert len(recall(story, holding({GOOD[:10]})).runs) == 2


def test_sealing_changes_nothing_but_that_they_are_sealed(story):
    before = recall(story, holding({GOOD}))
    seal(story, who="x")
    after = recall(story, holding({GOOD}))
    assert (before.open, after.open) == (6, 0)
    assert {**before.to_dict(), "open": 0} == after.to_dict()


def test_deleted_receipts_are_still_counted(story):
    seal(story, who="x")
    forget(story, Policy(newest=0), who="x", why="")
    found = recall(story, holding({BAD}))
    assert (found.receipts, found.forgotten, found.revenue) == (3, 3, 303.0)


def test_commit_of_the_shop_or_of_the_code(story):
    assert recall(story, committed("5151")).releases == (RELEASES[1],)
    assert len(recall(story, committed("cccc")).releases) == 2
    assert recall(story, committed("abcd")).receipts == 0


def test_release_by_the_beginning_of_its_id(story):
    found = recall_release(story, "a0a0")
    assert (found.receipts, len(found.runs)) == (3, 1)
    with pytest.raises(UnknownId):
        recall_release(story, "ffff")


def test_quarantine_blocks_what_was_touched_once(story):
    found = recall(story, holding({BAD}))
    assert len(quarantine(story, found, who="ann", why="bad file")) == 1
    assert quarantine(story, found, who="ann", why="bad file") == []
    assert set(channel.quarantined(story)) == {RELEASES[1]}


def test_a_quarantine_is_lifted_and_put_again(story):
    found = recall(story, holding({BAD}))
    quarantine(story, found, who="ann", why="bad file")
    assert [each.body["why"] for each in clear(story, found, who="bob", why="it was fine")] == ["it was fine"]
    assert channel.quarantined(story) == {}
    assert clear(story, found, who="bob", why="twice") == []
    channel.promote(story, RELEASES[1], who="bob", why="")
    quarantine(story, found, who="ann", why="it was not")
    assert set(channel.quarantined(story)) == {RELEASES[1]}


def test_changed_summary_is_not_believed(story):
    seal(story, who="x")
    [name, _] = segment.names(story.store)
    content = story.store.read(segment.path(name, "json"))
    story.store.replace(segment.path(name, "json"), content.replace(b'"receipts":[2,1]', b'"receipts":[1,1]'))
    with pytest.raises(DigestMismatch, match="is not what was sealed"):
        recall(story, holding({BAD}))
