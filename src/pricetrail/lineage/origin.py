"""The steps behind a run, read off its manifest: which stage made which file from which, down to the raw ones.

A stage's digest is that of its record in canonical JSON.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pricetrail.lineage import record
from pricetrail.lineage.artifact import Artifact
from pricetrail.lineage.declared import PARAMS
from pricetrail.lineage.entry import Entry
from pricetrail.lineage.manifest import GATES, STUDY, Manifest, records
from pricetrail.lineage.record import CODE, Record
from pricetrail.lineage.release import serves
from pricetrail.lineage.trail import Step

MODEL = "models/production/"
RAW = "data/raw"
ETL = "metrics/etl.json"


def steps(entry: Entry, run: Manifest) -> Iterator[Step]:
    """The run that an entry recorded, then all that is behind it."""
    found = records(run)
    settings, places = _settings(run), [*_environments(run), _code(run), _commit(run)]
    files = {step.id: step for step in [*_sources(run), *_made(found)]}
    ends = _ends(run, found)
    last = (
        *(each.id for each in (settings, *places)),
        *(id for id, step in files.items() if step.kind == "raw"),
    )
    yield Step(
        run_id(entry.objects[0]),
        "run",
        entry.objects[0][:12],
        entry.objects[0],
        _facts(entry, run),
        (*ends, *last),
    )
    yield from (settings, *places)
    for name, each in found.items():
        yield _stage(name, each, run)
    yield from files.values()


def run_id(id: str) -> str:
    """What a run is called on a trail."""
    return f"run {id}"


def file_id(path: str, sha256: str) -> str:
    """What a file is called on a trail."""
    return f"file {path} {sha256}"


def _facts(entry: Entry, run: Manifest) -> dict[str, Any]:
    facts = {
        "outcome": run["outcome"],
        "when": entry.when,
        "who": entry.who,
        "entry": entry.number,
        "signer": entry.signer,
    }
    names = ("stopped", "gates", "ran", "restored", "stale", "disagreements")
    return {**facts, **{name: run[name] for name in names if run.get(name)}}


def _settings(run: Manifest) -> Step:
    return Step(
        "parameters", "parameters", PARAMS, run.get("pipeline", {}).get(PARAMS), run.get("parameters", {})
    )


def _environments(run: Manifest) -> Iterator[Step]:
    """One step for each environment that a stage ran in."""
    for sha256, found in run.get("environments", {}).items():
        yield Step(
            f"environment {sha256}",
            "environment",
            f"Python {found['python']} on {found['platform']}",
            sha256,
            found,
        )


def _code(run: Manifest) -> Step:
    code = run["code"]
    facts = {"uncommitted": code.get("diff"), "stages": code.get("stages", {})}
    return Step("code", "code", f"pricetrail {code.get('version', '')}".strip(), code.get("commit"), facts)


def _commit(run: Manifest) -> Step:
    facts = {"uncommitted": run["shop"].get("diff"), **run.get("pipeline", {})}
    return Step("commit", "commit", "the shop's commit", run["shop"].get("commit"), facts)


def _stage(name: str, found: Record, run: Manifest) -> Step:
    how = (
        "ran" if name in run["ran"] else "restored from the cache" if name in run["restored"] else "unchanged"
    )
    values = run["records"][name]
    facts = {
        "how": how,
        "command": found.cmd,
        "code": found.settings.get(CODE, {}).get(name),
        "parameters": {
            key: value for file, all in found.settings.items() if file != CODE for key, value in all.items()
        },
        "parameters_sha256": values["settings_sha256"],
        "environment_sha256": values["environment_sha256"],
        "modules": found.modules,
        "made": {each.path: each.sha256 for each in found.outputs},
    }
    digest = record.digest({**values, "environment": found.environment})
    behind = tuple(file_id(each.path, each.sha256) for each in found.inputs)
    return Step(stage_id(name), "stage", name, digest, facts, behind)


def stage_id(name: str) -> str:
    """What a stage is called on a trail."""
    return f"stage {name}"


def _sources(run: Manifest) -> Iterator[Step]:
    """The files that came from no stage."""
    rows = run.get("metrics", {}).get(ETL, {}).get("files", {})
    for tracked, found in run["sources"].items():
        for each in found:
            kind = "raw" if tracked == RAW else "file"
            yield _file(kind, each, (), rows=rows.get(each["path"].rpartition("/")[2]))


def _made(found: Mapping[str, Record]) -> Iterator[Step]:
    """The files that stages made. A model also came from the search that chose it."""
    studies = [each for one in found.values() for each in one.outputs if each.path == STUDY]
    for name, one in found.items():
        for each in one.outputs:
            search = tuple(
                file_id(study.path, study.sha256) for study in studies if each.path.startswith(MODEL)
            )
            kind = "study" if each.path == STUDY else "file"
            yield _file(kind, each.to_dict(), (*search, stage_id(name)))


def _file(kind: Any, values: Mapping[str, Any], behind: tuple[str, ...], **more: Any) -> Step:
    facts = {"size": values.get("size"), "md5": values.get("md5"), **more}
    return Step(
        file_id(values["path"], values["sha256"]), kind, values["path"], values["sha256"],
        {name: value for name, value in facts.items() if value is not None}, behind,
    )  # fmt: skip


def _ends(run: Manifest, found: Mapping[str, Record]) -> list[str]:
    """The files that a run was for, the model first: what serving loads and the verdicts on it.

    Of a run that did not get so far, whatever no stage reads.
    """
    read = {each.path for one in found.values() for each in one.inputs}
    made = [each for one in reversed(list(found.values())) for each in one.outputs]
    ends = [each for each in made if serves(each.path) or each.path.startswith(GATES)]
    if run["outcome"] != "passed":
        ends = [each for each in made if each.path not in read]
    return [file_id(each.path, each.sha256) for each in sorted(ends, key=_rank)]


def _rank(each: Artifact) -> tuple[bool, bool]:
    return not each.path.startswith(MODEL), not serves(each.path)
