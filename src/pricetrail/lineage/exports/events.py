"""A run as OpenLineage events: one run for the pipeline, and one below it for each stage.

Every event carries the time at which the run was recorded: a stage's own times are no part of its lineage. A stage
that was not run again is the same run as before, by its id. A file is a dataset under its path, and its version is
its SHA-256.

Reference: OpenLineage specification 2-0-2, by way of the official Python client.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import attr
from openlineage.client.event_v2 import (
    InputDataset,
    Job,
    OutputDataset,
    Run,
    RunEvent,
    RunState,
    set_producer,
)
from openlineage.client.facet_v2 import (
    JobFacet,
    RunFacet,
    dataset_version_dataset,
    error_message_run,
    execution_parameters_run,
    input_statistics_input_dataset,
    job_type_job,
    output_statistics_output_dataset,
    parent_run,
    processing_engine_run,
)
from openlineage.client.serde import Serde
from openlineage.client.transport.file import FileConfig, FileTransport
from openlineage.client.transport.http import ApiKeyTokenProvider, HttpConfig, HttpTransport, TokenProvider
from requests import RequestException

from pricetrail.errors import StoreFailed, UsageError, translating
from pricetrail.files import writing
from pricetrail.lineage import canonical, surroundings
from pricetrail.lineage.exports.subject import Subject, identity

PRODUCER = "urn:pricetrail"
PIPELINE = "pipeline"
ENDS = {
    "passed": RunState.COMPLETE,
    "blocked": RunState.FAIL,
    "failed": RunState.FAIL,
    "killed": RunState.ABORT,
}
KEY = "OPENLINEAGE_API_KEY"


@attr.define
class ManifestFacet(RunFacet):
    """Where in the ledger the whole record of the run is."""

    manifest: str
    outcome: str
    entry: int
    release: str | None = attr.field(default=None)

    @staticmethod
    def _get_schema() -> str:
        return "urn:pricetrail:openlineage:ManifestRunFacet:1"


@attr.define
class CodeFacet(JobFacet):
    """The source that a stage ran, module by module."""

    modules: dict[str, str]

    @staticmethod
    def _get_schema() -> str:
        return "urn:pricetrail:openlineage:CodeJobFacet:1"


@attr.define
class EnvironmentFacet(RunFacet):
    """The interpreter, the machine and the packages, as recorded."""

    environment: dict[str, Any]
    sha256: str

    @staticmethod
    def _get_schema() -> str:
        return "urn:pricetrail:openlineage:EnvironmentRunFacet:1"


def events(subject: Subject) -> list[RunEvent]:
    """Everything that happened in the run, in the order of its stages: a start and an end of each."""
    set_producer(PRODUCER)
    return list(_Account(subject).events())


def lines(found: list[RunEvent]) -> str:
    """The events as JSON, one a line."""
    return "".join(f"{Serde.to_json(each)}\n" for each in found)


def write(found: list[RunEvent], path: Path) -> None:
    """Write the events to a file, one JSON object a line."""
    with writing(path) as draft, translating({RuntimeError: StoreFailed}, f"{path} cannot be written"):
        draft.unlink(missing_ok=True)
        transport = FileTransport(FileConfig(str(draft), append=True))
        for each in found:
            transport.emit(each)


def send(found: list[RunEvent], url: str) -> None:
    """Post the events to a server that speaks OpenLineage; ``OPENLINEAGE_API_KEY`` holds its key, if it asks for one.

    Raises:
        UsageError: it is no URL.
        StoreFailed: the server cannot be reached, or refuses.
    """
    key = os.environ.get(KEY)
    token = ApiKeyTokenProvider({"api_key": key}) if key else TokenProvider({})
    with translating(
        {ValueError: UsageError}, "Expected the address of a server, such as http://localhost:5000"
    ):
        transport = HttpTransport(HttpConfig(url, auth=token))
    with translating({RequestException: StoreFailed}, f"The events were not all taken by {url}"):
        for each in found:
            transport.emit(each)
    transport.close()


@dataclass(frozen=True, slots=True)
class _Account:
    subject: Subject

    def events(self) -> Iterator[RunEvent]:
        run, stopped = self.subject.run, self.subject.run["stopped"] or {}
        yield self._event(PIPELINE, RunState.START)
        for name in _order(run["records"]):
            yield from self._stage(name, run["records"][name])
        if stopped.get("stage"):
            yield self._event(stopped["stage"], RunState.START)
            yield self._event(stopped["stage"], ENDS[run["outcome"]], said=stopped["said"])
        yield self._event(PIPELINE, ENDS[run["outcome"]], said=stopped.get("said"))

    def _stage(self, name: str, record: Mapping[str, Any]) -> Iterator[RunEvent]:
        inputs = [_input(self.subject.namespace, each) for each in record["inputs"]]
        outputs = [_output(self.subject.namespace, each) for each in record["outputs"]]
        yield self._event(name, RunState.START, inputs=inputs, record=record)
        yield self._event(name, RunState.COMPLETE, inputs=inputs, outputs=outputs, record=record)

    def _event(
        self,
        name: str,
        state: RunState,
        *,
        inputs: list[InputDataset] | None = None,
        outputs: list[OutputDataset] | None = None,
        record: Mapping[str, Any] | None = None,
        said: str | None = None,
    ) -> RunEvent:
        facets = dict(self._facets(name, record))
        if said and state is not RunState.START:
            facets["errorMessage"] = error_message_run.ErrorMessageRunFacet(said, "Python")
        return RunEvent(
            eventTime=self.subject.entry.when,
            eventType=state,
            run=Run(self._id(name, record), facets),
            job=Job(self.subject.namespace, name, dict(_job(name, record))),
            inputs=inputs or [],
            outputs=outputs or [],
        )

    def _id(self, name: str, record: Mapping[str, Any] | None) -> str:
        return (
            self.subject.uuid(name) if record is None else identity(canonical.digest(canonical.dumps(record)))
        )

    def _facets(self, name: str, record: Mapping[str, Any] | None) -> Iterator[tuple[str, RunFacet]]:
        subject = self.subject
        version = str(subject.run["code"]["version"])
        yield "processing_engine", processing_engine_run.ProcessingEngineRunFacet(version, "pricetrail")
        if name == PIPELINE:
            yield (
                "pricetrail_manifest",
                ManifestFacet(
                    subject.run_id, subject.run["outcome"], subject.entry.number, subject.release_id
                ),
            )
            return
        run, job = parent_run.Run(subject.uuid(PIPELINE)), parent_run.Job(subject.namespace, PIPELINE)
        yield "parent", parent_run.ParentRunFacet(run, job)
        if record is not None:
            sha256 = record["environment_sha256"]
            yield "pricetrail_environment", EnvironmentFacet(subject.run["environments"][sha256], sha256)
            yield (
                "executionParameters",
                execution_parameters_run.ExecutionParametersRunFacet(_parameters(record)),
            )


def _order(records: Mapping[str, Any]) -> list[str]:
    """The stages, each after those whose files it reads."""
    makers = {each["path"]: name for name, record in records.items() for each in record["outputs"]}
    read = {name: [each["path"] for each in record["inputs"]] for name, record in records.items()}
    before = {name: {makers[path] for path in paths if path in makers} for name, paths in read.items()}
    return list(TopologicalSorter(before).static_order())


def _parameters(record: Mapping[str, Any]) -> list[execution_parameters_run.ExecutionParameter]:
    return [
        execution_parameters_run.ExecutionParameter(f"{file}:{name}", value=canonical.dumps(value).decode())
        for file, values in record["settings"].items()
        for name, value in surroundings.flat(values)
    ]


def _job(name: str, record: Mapping[str, Any] | None) -> Iterator[tuple[str, JobFacet]]:
    kind = "DAG" if name == PIPELINE else "TASK"
    yield "jobType", job_type_job.JobTypeJobFacet("BATCH", "DVC", kind)
    if record is not None:
        yield "pricetrail_code", CodeFacet(dict(record["modules"]))


def _input(namespace: str, each: Mapping[str, Any]) -> InputDataset:
    size = input_statistics_input_dataset.InputStatisticsInputDatasetFacet(size=each["size"])
    return InputDataset(namespace, each["path"], facets=_version(each), inputFacets={"inputStatistics": size})


def _output(namespace: str, each: Mapping[str, Any]) -> OutputDataset:
    size = output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(size=each["size"])
    return OutputDataset(
        namespace, each["path"], facets=_version(each), outputFacets={"outputStatistics": size}
    )


def _version(each: Mapping[str, Any]) -> dict[str, Any]:
    return {"version": dataset_version_dataset.DatasetVersionDatasetFacet(each["sha256"])}
