"""A signed statement: in-toto Statement v1 inside a DSSE v1 envelope.

The signature is of the payload's bytes as they are kept, behind DSSE's pre-authentication encoding; nothing is ever
written anew in order to check it. An envelope has one spelling only: canonical JSON and strict base64, so that no
byte of it can change unnoticed.

References: Secure Systems Lab, "DSSE: Dead Simple Signing Envelope", protocol 1.0; in-toto Attestation Framework,
"Statement" layer, version 1.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pricetrail.errors import LedgerBroken
from pricetrail.lineage import canonical, keys
from pricetrail.lineage.keys import Key

PAYLOAD = "application/vnd.in-toto+json"
STATEMENT = "https://in-toto.io/Statement/v1"


@dataclass(frozen=True)
class Envelope:
    """A payload, and who signed it: nobody, when there is no key id."""

    payload: bytes
    signer: str | None
    signature: bytes

    def to_bytes(self) -> bytes:
        """The one spelling of this envelope."""
        signed = {"keyid": self.signer, "sig": base64.b64encode(self.signature).decode()}
        return canonical.dumps(
            {
                "payload": base64.b64encode(self.payload).decode(),
                "payloadType": PAYLOAD,
                "signatures": [signed] if self.signer else [],
            }
        )

    def fits(self, public: bytes) -> bool:
        """Whether it was signed by the owner of the raw public key."""
        named = self.signer == canonical.digest(public)
        return named and keys.verified(public, self.signature, preauthenticated(PAYLOAD, self.payload))

    def statement(self) -> dict[str, Any]:
        """The in-toto statement inside.

        Raises:
            LedgerBroken: there is none.
        """
        try:
            value = json.loads(self.payload)
            if value["_type"] == STATEMENT and value["subject"] and isinstance(value["predicate"], dict):
                return dict(value)
        except (ValueError, KeyError, TypeError):
            pass
        raise LedgerBroken("The payload is no in-toto statement.")


def preauthenticated(kind: str, payload: bytes) -> bytes:
    """DSSE's pre-authentication encoding: what is signed instead of the payload alone.

    >>> preauthenticated("http://example.com/HelloWorld", b"hello world")
    b'DSSEv1 29 http://example.com/HelloWorld 11 hello world'
    """
    name = kind.encode()
    return b"DSSEv1 %d %b %d %b" % (len(name), name, len(payload), payload)


def seal(subjects: Mapping[str, str], kind: str, predicate: Mapping[str, Any], key: Key | None) -> Envelope:
    """State something about subjects, each a name and a SHA-256, and sign it; without a key it stays unsigned."""
    payload = canonical.dumps(
        {
            "_type": STATEMENT,
            "subject": [
                {"name": name, "digest": {"sha256": value}} for name, value in sorted(subjects.items())
            ],
            "predicateType": kind,
            "predicate": predicate,
        }
    )
    if key is None:
        return Envelope(payload, None, b"")
    return Envelope(payload, key.id, key.sign(preauthenticated(PAYLOAD, payload)))


def parse(content: bytes) -> Envelope:
    """Read an envelope back.

    Raises:
        LedgerBroken: the bytes are not exactly what ``to_bytes`` writes.
    """
    try:
        value = json.loads(content)
        signer, signature = None, ""
        if value["signatures"]:
            signer, signature = value["signatures"][0]["keyid"], value["signatures"][0]["sig"]
        payload = base64.b64decode(value["payload"], validate=True)
        envelope = Envelope(payload, signer, base64.b64decode(signature, validate=True))
        if envelope.to_bytes() == content:
            return envelope
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    raise LedgerBroken("The bytes are no DSSE envelope in its one spelling: they were cut or changed.")
