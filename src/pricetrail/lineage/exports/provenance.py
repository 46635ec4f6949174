"""Where a run's files come from, as in-toto and SLSA tell it: a provenance statement in a DSSE envelope.

References: in-toto Attestation Framework, Statement v1; SLSA, "Provenance", predicate v1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from google.protobuf import json_format
from in_toto_attestation.predicates.provenance.v1 import provenance_pb2
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement

from pricetrail.lineage import canonical, envelope
from pricetrail.lineage.entry import OBJECTS
from pricetrail.lineage.envelope import Envelope
from pricetrail.lineage.exports.subject import Subject
from pricetrail.lineage.keys import Key, Keyring
from pricetrail.lineage.ledger import Ledger
from pricetrail.lineage.recall import sources

PREDICATE = "https://slsa.dev/provenance/v1"
BUILD = "urn:pricetrail:pipeline:1"
BUILDER = "urn:pricetrail:run:1"

Descriptor = dict[str, Any]


def provenance(subject: Subject, key: Key | None) -> Envelope:
    """State how the release's files were made, or of a run that is no release, all of its files."""
    files = subject.run["artifacts"] if subject.release is None else subject.release["files"]
    subjects = {each["path"]: each["sha256"] for each in files} or {_manifest(subject): subject.run_id}
    sealed = envelope.seal(subjects, PREDICATE, predicate(subject), key)
    check(sealed.statement())
    return sealed


def signer(ledger: Ledger, ring: Keyring) -> Key | None:
    """The key that signs in the ledger now; None where nothing is signed.

    Raises:
        KeyMissing: it is not at hand.
    """
    public = ledger.key()
    return None if public is None else ring.get(canonical.digest(public))


def predicate(subject: Subject) -> dict[str, Any]:
    """The SLSA predicate of a run."""
    run = subject.run
    return {
        "buildDefinition": {
            "buildType": BUILD,
            "externalParameters": {"parameters": run["parameters"]},
            "internalParameters": {
                "stages": {
                    name: {"cmd": record["cmd"], "settings": record["settings"]}
                    for name, record in run["records"].items()
                }
            },
            "resolvedDependencies": list(_dependencies(subject)),
        },
        "runDetails": {
            "builder": {"id": BUILDER, "version": {"pricetrail": run["code"]["version"]}},
            "metadata": {"invocationId": subject.run_id, "finishedOn": subject.entry.when},
            "byproducts": list(_byproducts(subject)),
        },
    }


def check(statement: Mapping[str, Any]) -> None:
    """Have the reference implementation read the statement and its predicate: a field that they lack is an error."""
    read = json_format.ParseDict(dict(statement), statement_pb2.Statement())
    Statement.copy_from_pb(read).validate()
    json_format.ParseDict(dict(statement["predicate"]), provenance_pb2.Provenance())


def _dependencies(subject: Subject) -> Iterator[Descriptor]:
    """Everything that went in, each by a digest of its own: code, raw files, pipeline, packages."""
    run = subject.run
    for name in ("shop", "code"):
        if run[name]["commit"]:
            yield {
                "name": {"code": "pricetrail"}.get(name, name),
                "digest": {"gitCommit": run[name]["commit"]},
            }
    yield from ({"name": each["path"], "digest": {"sha256": each["sha256"]}} for each in sources(run))
    yield from ({"name": path, "digest": {"sha256": sha256}} for path, sha256 in run["pipeline"].items())
    modules = {
        name: sha256 for record in run["records"].values() for name, sha256 in record["modules"].items()
    }
    yield from ({"name": name, "digest": {"sha256": sha256}} for name, sha256 in sorted(modules.items()))
    packages = {each for found in run["environments"].values() for each in found["packages"]}
    yield from ({"uri": f"pkg:pypi/{each.replace('==', '@')}"} for each in sorted(packages))


def _byproducts(subject: Subject) -> Iterator[Descriptor]:
    yield {"name": _manifest(subject), "digest": {"sha256": subject.run_id}}
    served = {each["path"] for each in subject.release["files"]} if subject.release else set[str]()
    for each in subject.run["artifacts"]:
        if subject.release is not None and each["path"] not in served:
            yield {"name": each["path"], "digest": {"sha256": each["sha256"]}}


def _manifest(subject: Subject) -> str:
    return f"{OBJECTS}{subject.run_id}.json"
