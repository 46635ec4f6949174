"""A release as a CycloneDX bill of materials for machine learning: the model, its files, its data, its packages.

Reference: CycloneDX 1.6 (ECMA-424). The library has no class for a model card, so it is added to its JSON; the
whole is then held against the strict schema.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

from pricetrail.errors import DataError
from pricetrail.lineage import canonical
from pricetrail.lineage.exports import words
from pricetrail.lineage.exports.subject import Subject

VERSION = SchemaVersion.V1_6
MODEL = "models/production/dfn_best.onnx"
DATA = "data/"
ERRORS = {"mse": "MSE(log)", "rmsle": "RMSLE", "mae": "MAE"}


def bom(subject: Subject) -> bytes:
    """The bill of materials of a release, as canonical JSON.

    Raises:
        UsageError: the run is no release.
        DataError: the schema does not accept it.
    """
    id, release = subject.released()
    model, data = _model(subject, id), list(_data(subject))
    files = [_file(each) for each in release["files"] if each["path"] != MODEL]
    packages = list(_packages(subject))
    whole = Bom(
        serial_number=uuid.UUID(subject.uuid("bom")),
        metadata=BomMetaData(component=model, timestamp=datetime.fromisoformat(subject.entry.when)),
        components=[*data, *files, *packages],
    )
    whole.register_dependency(model, [*data, *files, *packages])
    text = make_outputter(whole, OutputFormat.JSON, VERSION).output_as_string()
    found = json.loads(text)
    found["metadata"]["component"]["modelCard"] = card(subject, [each.bom_ref.value for each in data])
    content = canonical.dumps(found)
    check(content)
    return content


def check(content: bytes) -> None:
    """Hold a bill of materials against the published schema.

    Raises:
        DataError: it does not fit, with the first reason.
    """
    fault = JsonStrictValidator(VERSION).validate_str(content.decode())
    if fault is not None:
        raise DataError(
            f"The bill of materials does not fit the schema of CycloneDX {VERSION.to_version()}: {fault}"
        )


def card(subject: Subject, datasets: list[str | None]) -> dict[str, Any]:
    """The model card of a release, by CycloneDX's fields."""
    return {
        "modelParameters": {
            "approach": {"type": "supervised"},
            "task": "regression: the quantity of an order line, as log1p",
            "architectureFamily": "feed-forward networks with embeddings",
            "datasets": [{"ref": ref} for ref in datasets],
            "inputs": [{"format": "order lines, as features known before the invoice"}],
            "outputs": [{"format": "log1p of the quantity"}],
        },
        "quantitativeAnalysis": {"performanceMetrics": list(_figures(subject.run["metrics"]))},
        "considerations": {
            "users": list(words.USERS),
            "useCases": list(words.USES),
            "technicalLimitations": [*words.LIMITS, *words.MISUSES],
            "ethicalConsiderations": [
                {"name": name, "mitigationStrategy": mitigation} for name, mitigation in words.ETHICS
            ],
        },
        "properties": [
            {"name": f"pricetrail:gate:{gate}", "value": verdict}
            for gate, verdict in subject.run["gates"].items()
        ],
    }


def _figures(metrics: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    tested = metrics.get("metrics/dfn_inf.json", {})
    for name, title in ERRORS.items():
        if f"{name}_inf" in tested:
            yield {
                "type": title,
                "value": str(tested[f"{name}_inf"]),
                "slice": "the newest order lines, held out",
            }
    for group, found in tested.get("by_channel", {}).items():
        for name, title in ERRORS.items():
            yield {"type": title, "value": str(found[f"{name}_inf"]), "slice": f"held out, {group} customers"}
    risk = metrics.get("metrics/dfn_risk_fairness.json", {})
    for name, interval in risk.get("intervals", {}).items():
        bounds = {"lowerBound": str(interval["low"]), "upperBound": str(interval["high"])}
        yield {
            "type": name,
            "value": str(risk[name]),
            "slice": "between the groups",
            "confidenceInterval": bounds,
        }


def _model(subject: Subject, id: str) -> Component:
    return Component(
        name="pricetrail",
        type=ComponentType.MACHINE_LEARNING_MODEL,
        version=id[:12],
        bom_ref=f"release:{id}",
        description=words.PURPOSE,
        hashes=[_sha256(each["sha256"]) for each in subject.run["artifacts"] if each["path"] == MODEL],
        properties=[
            Property(name="pricetrail:release", value=id),
            Property(name="pricetrail:run", value=subject.run_id),
            Property(name="pricetrail:shop:commit", value=str(subject.run["shop"]["commit"])),
        ],
    )


def _data(subject: Subject) -> Iterator[Component]:
    for path, files in subject.run["sources"].items():
        if path.startswith(DATA):
            yield from (_part(each, ComponentType.DATA) for each in files)


def _file(each: Mapping[str, Any]) -> Component:
    learned = each["path"].endswith(".onnx")
    return _part(each, ComponentType.MACHINE_LEARNING_MODEL if learned else ComponentType.FILE)


def _part(each: Mapping[str, Any], kind: ComponentType) -> Component:
    ref = f"file:{each['path']}"
    return Component(
        name=each["path"],
        type=kind,
        version=each["sha256"][:12],
        bom_ref=ref,
        hashes=[_sha256(each["sha256"])],
    )


def _packages(subject: Subject) -> Iterator[Component]:
    packages = {each for found in subject.run["environments"].values() for each in found["packages"]}
    for name, _, version in (each.partition("==") for each in sorted(packages)):
        purl = PackageURL("pypi", None, name, version)
        yield Component(name=name, version=version, purl=purl, bom_ref=str(purl))


def _sha256(digest: str) -> HashType:
    return HashType(alg=HashAlgorithm.SHA_256, content=digest)
