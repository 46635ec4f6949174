"""Channels: which release serves under a name such as ``production``.

A channel's pointer *is* its newest promotion or rollback in the ledger. It moves with the creation of that entry, so
it is moved or it is not, and two who move it at once come one after the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pricetrail.errors import Blocked, UsageError
from pricetrail.lineage import ids
from pricetrail.lineage.entry import Entry
from pricetrail.lineage.ledger import Ledger

PRODUCTION = "production"
PREFIX = "channel/"
QUARANTINE, CLEARANCE = "quarantine", "clearance"
NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")


@dataclass(frozen=True)
class Standing:
    """The release that a channel points at, and the entry that made it so."""

    release: str
    entry: Entry


def releases(ledger: Ledger) -> dict[str, Entry]:
    """The entry of every release by the release's id, newest first."""
    return {entry.objects[0]: entry for entry in ledger.topic("release")}


def recorded(ledger: Ledger, release: str) -> Entry | None:
    """The entry that recorded a release, by its whole id; None when none did."""
    return next((each for each in ledger.topic("release") if each.objects[:1] == (release,)), None)


def became(ledger: Ledger, run: str) -> Entry | None:
    """The entry of the release that a run became; None of a run that is no release."""
    return next((each for each in ledger.topic("release") if each.body["run"] == run), None)


def quarantined(ledger: Ledger) -> dict[str, Entry]:
    """The entry that put each release into quarantine, by the id of a release that is in it."""
    return shunned(entry for kind in (QUARANTINE, CLEARANCE) for entry in ledger.topic(kind))


def shunned(entries: Iterable[Entry]) -> dict[str, Entry]:
    """Of entries in any order, the one that put each release into quarantine of which no later one let it out."""
    known = dict[str, Entry]()
    for entry in sorted(entries, key=lambda each: each.number):
        if entry.kind in (QUARANTINE, CLEARANCE):
            known |= dict.fromkeys(entry.body["releases"], entry)
    return {id: entry for id, entry in known.items() if entry.kind == QUARANTINE}


def current(ledger: Ledger, channel: str = PRODUCTION) -> Standing | None:
    """What the channel points at; None when nothing was ever promoted to it."""
    newest = next(ledger.topic(_topic(channel)), None)
    return None if newest is None else Standing(str(newest.body["release"]), newest)


def standing(ledger: Ledger) -> dict[str, str]:
    """The release that each channel points at, by the channel's name."""
    head = ledger.head()
    names = [
        topic.removeprefix(PREFIX) for topic in (head.newest if head else ()) if topic.startswith(PREFIX)
    ]
    return {name: found.release for name in names if (found := current(ledger, name)) is not None}


def history(ledger: Ledger, channel: str = PRODUCTION) -> list[Entry]:
    """Every promotion and rollback of the channel, newest first."""
    return list(ledger.topic(_topic(channel)))


def promote(ledger: Ledger, release: str, channel: str = PRODUCTION, *, who: str, why: str) -> Entry:
    """Point the channel at a release.

    Args:
        ledger: where the release is recorded, by an entry of kind ``release`` that names its manifest as its first
            object and holds its gates' verdicts under ``gates``.
        release: its id, or the beginning of one.
        channel: lower-case letters, digits and dashes.
        who: who answers for it.
        why: for those who read it later.

    Raises:
        UnknownId: there is no such release, or more than one.
        Blocked: it did not pass its gates, or is in quarantine.
    """
    topic = _topic(channel)
    known = releases(ledger)
    id = ids.resolve(release, known, "release")
    verdicts = known[id].body.get("gates", {})
    short = sorted(f"{gate}: {verdict}" for gate, verdict in verdicts.items() if verdict != "passed")
    if short or not verdicts:
        raise Blocked(
            f"Only a release whose gates all passed can be promoted; {id[:12]}… has {', '.join(short) or 'no gates'}."
        )
    body = {"channel": topic.partition("/")[2], "release": id, "why": why}
    return ledger.append(
        "promotion", body, who=who, objects=(id,), check=lambda _: _refuse_quarantined(ledger, id)
    )


def rollback(ledger: Ledger, channel: str = PRODUCTION, *, who: str, why: str) -> Entry:
    """Point the channel at the release that stood before the one that stands; again, at the one before that.

    A release in quarantine is passed over. Should somebody else move the channel meanwhile, nothing is done.

    Raises:
        UsageError: there is nothing to go back to, or the channel moved.
    """
    topic = _topic(channel)
    standing = current(ledger, channel)
    target = _behind(ledger, topic, standing) if standing else None
    if standing is None or target is None:
        raise UsageError(
            f"Nothing that may serve stood in the channel {channel} before; there is no way back."
        )
    body = {"channel": channel, "release": target.body["release"], "restores": target.number, "why": why}

    def unmoved(head: Entry) -> None:
        if head.newest[topic] != standing.entry.number:
            raise UsageError(f"The channel {channel} moved in the meantime. Look at it, and decide again.")
        _refuse_quarantined(ledger, str(body["release"]))

    return ledger.append("rollback", body, who=who, objects=(str(body["release"]),), check=unmoved)


def quarantine(ledger: Ledger, release: str, *, who: str, why: str) -> Entry:
    """Keep a release from being promoted, or gone back to, from now on. What serves now is not moved by it."""
    id = ids.resolve(release, releases(ledger), "release")
    return ledger.append(QUARANTINE, {"releases": [id], "why": why}, who=who, objects=(id,))


def clear(ledger: Ledger, release: str, *, who: str, why: str) -> Entry:
    """Let a release out of quarantine. That it was in it stays on record."""
    id = ids.resolve(release, releases(ledger), "release")
    return ledger.append(CLEARANCE, {"releases": [id], "why": why}, who=who, objects=(id,))


def reproduced(ledger: Ledger, release: str) -> None:
    """Let pass a release that was made again and came out equal.

    Raises:
        Blocked: the newest verdict on it is another one, or there is none.
    """
    said = (entry.body for entry in ledger.topic("reproduction"))
    verdict = next((body["verdict"] for body in said if body["release"] == release), "none")
    if verdict != "equal":
        raise Blocked(
            f"release.reproduce is required, and the newest verdict on {release[:12]} is {verdict}. Make one with "
            f"'pricetrail reproduce {release[:12]}'."
        )


def before(ledger: Ledger, channel: str = PRODUCTION) -> Entry | None:
    """The promotion that a rollback would restore; None where there is nothing to go back to."""
    standing = current(ledger, channel)
    return _behind(ledger, _topic(channel), standing) if standing else None


def _behind(ledger: Ledger, topic: str, standing: Standing) -> Entry | None:
    """The promotion that stood before, passing over those in quarantine."""
    shunned = {*quarantined(ledger), standing.release}
    stood: Entry | None = _promotion(ledger, standing.entry)
    while stood is not None:
        number = stood.links.get(topic)
        stood = _promotion(ledger, ledger.read(number)) if number else None
        if stood is not None and stood.body["release"] not in shunned:
            return stood
    return None


def _promotion(ledger: Ledger, entry: Entry) -> Entry:
    """The promotion that an entry makes stand: itself, or the one that a rollback restores."""
    return entry if entry.kind == "promotion" else ledger.read(int(entry.body["restores"]))


def _refuse_quarantined(ledger: Ledger, id: str) -> None:
    if by := quarantined(ledger).get(id):
        raise Blocked(
            f"The release {id[:12]}… is in quarantine since entry {by.number}: {by.body.get('why', 'no reason given')}."
            f" 'pricetrail recall --release {id[:12]} --lift --why WHY' lets it out."
        )


def _topic(channel: str) -> str:
    if not NAME.fullmatch(channel):
        raise UsageError(
            f"A channel is named in lower-case letters, digits and dashes, 40 at most; found {channel[:80]!r}."
        )
    return f"{PREFIX}{channel}"
