"""``pricetrail emit``: a run or release in the formats that other systems read."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pricetrail.cli import record
from pricetrail.cli.console import AsJson, answer, say
from pricetrail.errors import UsageError
from pricetrail.files import writing
from pricetrail.lineage import place
from pricetrail.lineage.exports import subject
from pricetrail.lineage.exports.subject import Subject
from pricetrail.lineage.ledger import Ledger


class Format(StrEnum):
    """Who reads it."""

    OPENLINEAGE = "openlineage"
    INTOTO = "intoto"
    CYCLONEDX = "cyclonedx"


def emit(
    wanted: Annotated[str, typer.Argument(metavar="RELEASE|RUN", help="Its id, or the beginning of it.")],
    form: Annotated[
        Format, typer.Option("--format", help="Events per stage, signed provenance, or a bill of materials.")
    ],
    shop: Annotated[Path, typer.Option(help="The shop's folder.")] = Path(),
    output: Annotated[Path | None, typer.Option(help="A file to write; without one: stdout.")] = None,
    url: Annotated[str | None, typer.Option(help="A server to send OpenLineage events to.")] = None,
    as_json: AsJson = False,
) -> None:
    """Tell a run to another system: as OpenLineage events, in-toto provenance or a CycloneDX bill of materials."""
    if url is not None and form is not Format.OPENLINEAGE:
        raise UsageError(
            f"Only OpenLineage events are sent to a server; {form} is written: leave --url away."
        )
    ledger = record.ledger(shop)
    found = subject.find(ledger, wanted)
    if form is Format.OPENLINEAGE:
        count = _events(found, output, url)
    else:
        count = _document(_content(found, ledger, shop, form), output)
    told = {"run": found.run_id, "release": found.release_id, "format": form, "documents": count}
    where = url or output
    if where is not None:
        answer({**told, "to": str(where)}) if as_json else say(
            f"{form} of the run {found.run_id[:12]} is at {where}."
        )


def _events(found: Subject, output: Path | None, url: str | None) -> int:
    from pricetrail.lineage.exports import events

    told = events.events(found)
    if url is not None:
        events.send(told, url)
    if output is not None:
        events.write(told, output)
    if url is None and output is None:
        sys.stdout.write(events.lines(told))
    return len(told)


def _content(found: Subject, ledger: Ledger, shop: Path, form: Format) -> bytes:
    if form is Format.INTOTO:
        from pricetrail.lineage.exports.provenance import provenance, signer

        key = signer(ledger, place.keyring(shop))
        if key is None:
            say("The ledger is not signed, and neither is this statement.", style="yellow")
        return provenance(found, key).to_bytes()
    from pricetrail.lineage.exports.bom import bom

    return bom(found)


def _document(content: bytes, output: Path | None) -> int:
    if output is None:
        sys.stdout.write(content.decode() + "\n")
    else:
        with writing(output) as draft:
            draft.write_bytes(content)
    return 1
