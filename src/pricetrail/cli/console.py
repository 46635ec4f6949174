"""How the command line speaks: answers on stdout, everything else on stderr."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer
from rich.console import Console

AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON on stdout.")]

stderr = Console(stderr=True, highlight=False)
stdout = Console(highlight=False)


def answer(value: object) -> None:
    """Print ``value`` as JSON on stdout."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n")
