"""``pricetrail keys``: which key signs, which did, and another one from here on."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pricetrail.cli.console import AsJson, answer, say, stdout
from pricetrail.lineage import place
from pricetrail.lineage.rotation import Term, rotate, terms
from pricetrail.shop import git


class Action(StrEnum):
    """What to do with keys."""

    SHOW = "show"
    ROTATE = "rotate"


def keys(
    shop: Annotated[Path, typer.Argument(help="The shop's folder.")] = Path(),
    action: Annotated[Action, typer.Argument(help="Show them, or let a new one sign.")] = Action.SHOW,
    as_json: AsJson = False,
) -> None:
    """Show the keys that signed the ledger, or put a new one in force; the old one signs that it does."""
    ledger = place.ledger(shop)
    if action is Action.ROTATE:
        rotate(ledger, place.keyring(shop), who=git.somebody(shop))
    known = terms(ledger, place.keyring(shop))
    if as_json:
        answer([each.to_dict() for each in known])
    else:
        _show(known)


def _show(known: list[Term]) -> None:
    if not known:
        say("The ledger was not begun yet: its first run brings its key along.", to=stdout)
    for each in known:
        signs = "signs now" if each.last is None else f"signed up to entry {each.last}"
        here = "" if each.key is None else ", at hand" if each.here else ", not at hand"
        say(
            f"{each.key or 'unsigned'}  from entry {each.first} ({each.when[:19]}) by {each.who}: {signs}{here}",
            to=stdout,
        )
