"""Watches over one stage: what it reads must stay as it was while it works.

DVC digests a dependency when the stage has ended; of a file that was edited meanwhile it would keep the new digest
beside an output of the old bytes. So all is digested before and after, here, and a change fails the stage.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pricetrail.errors import InputChanged, ShopMissing
from pricetrail.lineage import artifact, declared, modules, record
from pricetrail.lineage.artifact import Artifact
from pricetrail.lineage.declared import Stage
from pricetrail.lineage.environment import environment
from pricetrail.lineage.record import Record, Settings


@dataclass(frozen=True, slots=True)
class Seen:
    """What a stage reads, at one moment. A file that was written to and put back has another time than it had."""

    files: Mapping[str, Artifact]
    written: Mapping[str, int]
    settings: Settings
    modules: Mapping[str, str]

    def changed(self, later: Seen) -> list[str]:
        """Name all that is no longer as it was."""
        names = sorted(self.files.keys() | later.files.keys())
        files = [name for name in names if self._of(name) != later._of(name)]
        values = [
            f"{file}: {name}"
            for file, known in self.settings.items()
            for name, value in known.items()
            if later.settings[file].get(name) != value
        ]
        return [
            *files,
            *values,
            *(each for each, sha in self.modules.items() if later.modules.get(each) != sha),
        ]

    def _of(self, name: str) -> tuple[Artifact | None, int | None]:
        return self.files.get(name), self.written.get(name)


@contextmanager
def guarding(root: Path, name: str) -> Iterator[None]:
    """Let the stage ``name`` of the shop ``root`` work, then write its record.

    Raises:
        ShopMissing: the shop declares no such stage.
        InputChanged: something that the stage reads was changed meanwhile; all of it is named. No record is
            written, and where the stage failed for that reason, this is what is raised.
    """
    stage = _declared(root, name)
    before = _look(root, stage)
    try:
        yield
    except Exception as error:
        if changed := before.changed(_look(root, stage)):
            raise _fault(name, changed) from error
        raise
    after = _look(root, stage)
    if changed := before.changed(after):
        raise _fault(name, changed)
    made = artifact.files(root, [path for path in stage.writes if path != record.path(name)])
    record.write(
        root,
        Record(
            stage=name,
            cmd=stage.cmd,
            inputs=tuple(after.files.values()),
            outputs=tuple(artifact.read(root, path) for path in made),
            settings=after.settings,
            modules=after.modules,
            environment=environment(),
        ),
    )


def _declared(root: Path, name: str) -> Stage:
    found = next((stage for stage in declared.stages(root) if stage.name == name), None)
    if found is None:
        raise ShopMissing(f"{root / 'dvc.yaml'} declares no stage {name}: there is nothing to watch over.")
    return found


def _look(root: Path, stage: Stage) -> Seen:
    names = list(artifact.files(root, stage.reads))
    return Seen(
        files={name: artifact.read(root, name) for name in names},
        written={name: (root / name).stat().st_mtime_ns for name in names},
        settings=record.settings(root, stage),
        modules=modules.imported(),
    )


def _fault(name: str, changed: list[str]) -> InputChanged:
    return InputChanged(
        f"While {name} was at work, something that it reads was changed:\n"
        + "\n".join(f"  {each}" for each in changed)
        + "\nWhat it made belongs to neither version. Leave it alone for as long as a run takes, and run again."
    )
