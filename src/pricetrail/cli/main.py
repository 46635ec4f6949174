"""The command ``pricetrail``.

Exit codes: 0 done, 1 a fault, 2 a usage error, 3 blocked by a gate, 130 interrupted.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

from pricetrail import __version__
from pricetrail.cli.console import say
from pricetrail.errors import Blocked, Interrupted, PricetrailError, minding_the_disk

COMMANDS = (
    "init",
    "ingest",
    "run",
    "serve",
    "replay",
    "releases",
    "promote",
    "rollback",
    "reproduce",
    "emit",
    "verify",
    "keys",
    "report",
    "export",
    "simulate",
    "drift",
    "receipts",
    "trace",
    "diff",
    "graph",
    "recall",
    "recommend",
    "reprice",
    "experiment",
    "remote",
    "push",
    "pull",
    "restore",
    "schedule",
    "rehearse",
)


class Commands(TyperGroup):
    """The commands, each imported only when it is asked for: a run that has nothing to do must not load pandas."""

    def invoke(self, ctx: Any) -> Any:
        """Run one; an interrupt is an error of ours, for the framework would end without a word."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            raise Interrupted(
                "Nothing half-written is left. Give the same command again when you want it done."
            ) from error

    def list_commands(self, ctx: Any) -> list[str]:
        """Their names, in the order in which a newcomer needs them."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command in the module of its name."""
        if cmd_name not in COMMANDS:
            return None
        found = getattr(import_module(f"pricetrail.cli.{cmd_name}"), cmd_name)
        if isinstance(found, typer.Typer):
            return typer.main.get_command(found)
        alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
        alone.command(cmd_name)(found)
        return typer.main.get_command(alone)


app = typer.Typer(
    cls=Commands,
    help="Prices with their proof: a demand model, a recommendation, and the trail behind both.",
    epilog="Exit codes: 0 done, 1 a fault, 2 a usage error, 3 blocked by a gate, 130 interrupted.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"pricetrail {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Show the version."
    ),
) -> None:
    pass


def main() -> None:
    """Run the command line; every error of ours becomes one clear message and its exit code."""
    try:
        with minding_the_disk():
            app()
    except PricetrailError as error:
        _tell(error)
        sys.exit(error.exit_code)


def _tell(error: PricetrailError) -> None:
    known = isinstance(error, Blocked | Interrupted)
    title = type(error).__name__ if known else "Error"
    say(f"{title}: {error}", style="yellow" if known else "red")
    if "--json" in sys.argv and not isinstance(error, Blocked):  # a blocked run has shown its figures
        fault = {"error": type(error).__name__, "message": str(error), "exit_code": error.exit_code}
        sys.stdout.write(json.dumps(fault, ensure_ascii=False) + "\n")
