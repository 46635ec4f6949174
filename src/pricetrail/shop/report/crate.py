"""The audit bundle: an RO-Crate whose preview is the page, and whose files are what the page was read from.

Reference: RO-Crate Metadata Specification 1.2. Order lines, and the encoder, which lists customers' numbers, stay in
the shop: the manifests in the bundle name them by digest.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from mimetypes import guess_type
from pathlib import Path
from typing import Any

from pricetrail.files import writing
from pricetrail.lineage import canonical, entry, place
from pricetrail.lineage.artifact import Artifact
from pricetrail.lineage.exports import bom, events, provenance, words
from pricetrail.lineage.keys import Key
from pricetrail.lineage.ledger import Ledger
from pricetrail.lineage.recall import sources
from pricetrail.shop.checkout import committed, recorded
from pricetrail.shop.report.facts import Facts
from pricetrail.shop.report.page import page

METADATA, PREVIEW = "ro-crate-metadata.json", "ro-crate-preview.html"
SPECIFICATION = "https://w3id.org/ro/crate/1.2"
PRIVATE = ("data/", "preprocessors/encoder.json")
ACTION = "#run"


@dataclass(frozen=True, slots=True)
class Part:
    """One file of the bundle."""

    path: str
    content: bytes
    description: str
    source: str | None = None


def bundle(root: Path, facts: Facts, key: Key | None) -> dict[str, bytes]:
    """Every file of the bundle by its path in it; the same record gives the same bytes.

    Args:
        root: the shop.
        facts: all that is known of the release.
        key: what signs the provenance, if anything does.
    """
    parts = [
        *_ledger(place.ledger(root), facts),
        *_shop(root, facts),
        *_made(root, facts),
        *_exports(facts, key),
    ]
    links = {part.source: part.path for part in parts if part.source}
    parts.append(Part(PREVIEW, page(facts, links).encode(), "The model card: every figure with its source"))
    described = json.dumps(_metadata(facts, parts), indent=2, ensure_ascii=False) + "\n"
    return {METADATA: described.encode(), **{part.path: part.content for part in parts}}


def write(files: Mapping[str, bytes], path: Path, when: str) -> None:
    """Write the bundle as a ZIP file whose bytes depend on nothing but what is in it."""
    moment = datetime.fromisoformat(when).timetuple()[:6]
    with writing(path) as draft, zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            about = zipfile.ZipInfo(name, moment)
            about.external_attr = 0o644 << 16
            about.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(about, content)


def _ledger(ledger: Ledger, facts: Facts) -> Iterator[Part]:
    """The whole chain, so that it can be checked, and of the objects those about this release."""
    for each in ledger.entries():
        if each.number <= facts.until:
            name = entry.name(each.number)
            source = f"entry {each.number}"
            yield Part(name, ledger.store.read(name), f"Ledger entry: {each.kind}", source)
    objects = {
        facts.subject.run_id: ("run", "Manifest of the run"),
        facts.id: ("release", "Manifest of the release"),
    }
    for each in facts.history:
        if "compared" in each.body:
            about = (f"comparison {each.number}", "What became of each file when the release was made again")
            objects[str(each.body["compared"])] = about
    for id, (source, description) in objects.items():
        yield Part(f"{entry.OBJECTS}{id}.json", ledger.object(id), description, source)


def _shop(root: Path, facts: Facts) -> Iterator[Part]:
    """What of the shop's repository steered the run, and the public key that its ledger begins with."""
    for path, sha256 in facts.run["pipeline"].items():
        content = committed(root, facts.run, path)
        if content is not None and canonical.digest(content) == sha256:
            yield Part(f"shop/{path}", content, "As the run found or left it in the shop's repository", path)
    if (root / place.ANCHOR).exists():
        yield Part(place.ANCHOR, (root / place.ANCHOR).read_bytes(), "Public key that the ledger begins with")


def _made(root: Path, facts: Facts) -> Iterator[Part]:
    served = {each["path"] for each in facts.release["files"]}
    for each in map(Artifact.from_dict, facts.run["artifacts"]):
        content = None if each.path.startswith(PRIVATE) else recorded(root, facts.run, each)
        if content is not None:
            what = "File that serving loads" if each.path in served else "File made by the run"
            yield Part(f"files/{each.path}", content, what, each.path)


def _exports(facts: Facts, key: Key | None) -> Iterator[Part]:
    signed = provenance.provenance(facts.subject, key).to_bytes()
    yield Part(
        "exports/provenance.intoto.json", signed, "SLSA provenance, in-toto statement in a DSSE envelope"
    )
    yield Part(
        "exports/bom.cdx.json", bom.bom(facts.subject), "CycloneDX bill of materials for machine learning"
    )
    told = events.lines(events.events(facts.subject)).encode()
    yield Part("exports/openlineage.jsonl", told, "OpenLineage events of the run")


def _metadata(facts: Facts, parts: list[Part]) -> dict[str, Any]:
    files = [_file(part) for part in parts]
    raw = [_reference(each) for each in sources(facts.run)]
    entities = [
        _descriptor(),
        _root(facts, files),
        *files,
        *raw,
        _action(facts, files, raw),
        *_context(facts),
    ]
    return {
        "@context": [f"{SPECIFICATION}/context", {"sha256": "https://schema.org/sha256"}],
        "@graph": entities,
    }


def _descriptor() -> dict[str, Any]:
    return {
        "@id": METADATA,
        "@type": "CreativeWork",
        "conformsTo": {"@id": SPECIFICATION},
        "about": {"@id": "./"},
    }


def _root(facts: Facts, files: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "@id": "./",
        "@type": "Dataset",
        "identifier": f"urn:sha256:{facts.id}",
        "name": f"Release {facts.id[:12]}: model card and evidence",
        "description": words.PURPOSE,
        "datePublished": facts.history[-1].when,
        "license": {"@id": "#licence"},
        "hasPart": [{"@id": each["@id"]} for each in files],
        "mentions": {"@id": ACTION},
    }


def _file(part: Part) -> dict[str, Any]:
    kind = guess_type(part.path)[0] or "application/octet-stream"
    return {
        "@id": part.path,
        "@type": "File",
        "name": part.path.rpartition("/")[2],
        "description": part.description,
        "encodingFormat": kind,
        "contentSize": str(len(part.content)),
        "sha256": canonical.digest(part.content),
    }


def _reference(each: Mapping[str, Any]) -> dict[str, Any]:
    """A file that the run read and that is not in the bundle: known by its digest."""
    about = {"@id": f"urn:sha256:{each['sha256']}", "@type": "CreativeWork", "name": each["path"]}
    return {**about, "contentSize": str(each["size"]), "sha256": each["sha256"]}


def _action(facts: Facts, files: list[dict[str, Any]], raw: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "@id": ACTION,
        "@type": "CreateAction",
        "name": f"Run {facts.subject.run_id[:12]} of the pipeline",
        "endTime": facts.subject.entry.when,
        "agent": {"@id": "#agent"},
        "instrument": {"@id": "#pricetrail"},
        "object": [{"@id": id} for id in dict.fromkeys(each["@id"] for each in raw)],
        "result": [{"@id": each["@id"]} for each in files if each["@id"].startswith("files/")],
    }


def _context(facts: Facts) -> Iterator[dict[str, Any]]:
    yield {"@id": "#agent", "@type": "Person", "name": facts.subject.entry.who}
    code = facts.run["code"]
    yield {
        "@id": "#pricetrail",
        "@type": "SoftwareApplication",
        "name": "pricetrail",
        "url": "urn:pricetrail",
        "version": code["version"],
        "softwareVersion": code["version"],
        "identifier": code["commit"] or code["version"],
    }
    yield {
        "@id": "#licence",
        "@type": "CreativeWork",
        "name": "The shop's own",
        "description": "Given to those who have to judge the release; no licence to pass it on is implied.",
    }
