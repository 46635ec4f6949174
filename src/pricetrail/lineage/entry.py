"""One entry of the ledger: a signed statement that holds the digest of the entry before it."""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pricetrail.errors import LedgerBroken
from pricetrail.lineage import canonical, envelope
from pricetrail.lineage.envelope import Envelope
from pricetrail.lineage.keys import Key

PREDICATE = "urn:pricetrail:ledger-entry:1"
FOLDER = "ledger/"
OBJECTS = "objects/"
NAME = re.compile(r"ledger/([0-9]{9})\.json")
FIELDS = {"number", "previous", "kind", "body", "links", "who", "when", "host", "nonce"}
GENESIS, ROTATION = "genesis", "rotation"


@dataclass(frozen=True)
class Entry:
    """What the ledger says at one number.

    ``links`` gives, for every topic, the number of the newest entry before this one that is about it. A topic is a
    kind of entry, ``channel/<name>``, or ``key``. So the newest promotion of a channel is found from the head alone,
    and what the head says about it is under the head's signature.
    """

    number: int
    previous: str | None
    kind: str
    body: Mapping[str, Any]
    links: Mapping[str, int]
    who: str
    when: str
    host: str
    objects: tuple[str, ...]
    signer: str | None
    digest: str

    @property
    def topics(self) -> set[str]:
        """What this entry is about."""
        topics = {self.kind}
        if "channel" in self.body:
            topics.add(f"channel/{self.body['channel']}")
        return topics | {"key"} if self.kind in {GENESIS, ROTATION} else topics

    @property
    def newest(self) -> dict[str, int]:
        """The newest entry of every topic once this one is written: the ``links`` of the next."""
        return {**self.links, **dict.fromkeys(self.topics, self.number)}

    @property
    def key(self) -> bytes | None:
        """The raw public key that a genesis or a rotation puts in force; None when it is to go on unsigned."""
        return public(self.body)

    def to_dict(self) -> dict[str, Any]:
        """As plain data, for people and programs to read."""
        fields = ("number", "kind", "body", "objects", "who", "when", "host", "signer", "digest", "previous")
        return {name: getattr(self, name) for name in fields}


def name(number: int) -> str:
    """Where in the store the entry of that number lies."""
    return f"{FOLDER}{number:09}.json"


def key_body(key: Key | None) -> dict[str, Any]:
    """The body of a genesis or rotation: the key that signs from then on, or none."""
    if key is None:
        return {"key": None, "public": None}
    return {"key": key.id, "public": base64.b64encode(key.public).decode()}


def public(body: Mapping[str, Any]) -> bytes | None:
    """The raw public key in the body of a genesis or rotation."""
    text = body.get("public")
    return None if text is None else base64.b64decode(text)


def seal(fields: Mapping[str, Any], objects: tuple[str, ...], key: Key | None) -> bytes:
    """The bytes of a new entry. It is a statement about the objects it names, or else about its own body."""
    subjects = {f"{OBJECTS}{id}.json": id for id in objects}
    subjects = subjects or {"body": canonical.digest(canonical.dumps(fields["body"]))}
    return envelope.seal(subjects, PREDICATE, {**fields, "nonce": secrets.token_hex(8)}, key).to_bytes()


def parse(number: int, content: bytes) -> tuple[Entry, Envelope]:
    """Read the bytes at a number, without yet asking who signed them.

    Raises:
        LedgerBroken: they are no entry, or one of another number.
    """
    try:
        sealed = envelope.parse(content)
        statement = sealed.statement()
        fields = statement["predicate"]
        if statement["predicateType"] != PREDICATE or set(fields) != FIELDS:
            raise LedgerBroken("The statement is no ledger entry of this format.")
        if fields["number"] != number:
            raise LedgerBroken(f"Entry {fields['number']} lies here: it was moved or replayed.")
        if any(not 0 < before < number for before in fields["links"].values()):
            raise LedgerBroken("It links to an entry that is not before it.")
        subjects = [(each["name"], str(each["digest"]["sha256"])) for each in statement["subject"]]
        objects = tuple(id for name, id in subjects if name != "body")
        if fields["kind"] in {GENESIS, ROTATION}:
            public(fields["body"])
    except LedgerBroken as error:
        raise LedgerBroken(f"Entry {number} of the ledger does not hold. {error}") from None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise LedgerBroken(
            f"Entry {number} of the ledger does not hold. It is no entry of this format ({error!r})."
        ) from None
    del fields["nonce"]
    digest = canonical.digest(content)
    return Entry(**fields, objects=objects, signer=sealed.signer, digest=digest), sealed
