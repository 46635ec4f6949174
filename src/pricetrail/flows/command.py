"""Commands of pricetrail as processes of their own: they can be timed out, and their memory is given back."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pricetrail import errors
from pricetrail.errors import Blocked, PricetrailError, StageFailed

PASSING = ("ShopBusy", "StoreFailed", "SourceUnreadable")
"""Errors that may be gone when the same is tried again. No other is: a second try would only hide it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command answered on stdout, and whether a gate blocked it."""

    value: Any
    blocked: bool
    said: str


def command(*words: str, seconds: float, environment: Mapping[str, str] | None = None) -> Answer:
    """Run ``pricetrail`` with these words and ``--json``.

    Raises:
        PricetrailError: whichever the command ended with; ``StageFailed`` where it took too long or was killed.
    """
    whole = [sys.executable, "-m", "pricetrail", *words, "--json"]
    process = subprocess.Popen(
        whole,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **(environment or {})},
        start_new_session=True,
    )
    try:
        out, said = process.communicate(timeout=seconds)
    except BaseException as error:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        if isinstance(error, subprocess.TimeoutExpired):
            raise StageFailed(f"'pricetrail {words[0]}' was ended after {seconds:,.0f} seconds.") from error
        raise
    return _answer(words[0], process.returncode, out, said)


def passing(error: BaseException | None) -> bool:
    """Whether trying again may help."""
    return type(error).__name__ in PASSING


def _answer(name: str, code: int, out: str, said: str) -> Answer:
    value = _json(out)
    if code in (0, Blocked.exit_code):
        return Answer(value, code == Blocked.exit_code, said.strip())
    kind = value.get("error") if isinstance(value, dict) else None
    known = getattr(errors, str(kind), StageFailed)
    lines = (said.strip() or out.strip()).splitlines()[-20:]
    text = value["message"] if kind else "\n".join(lines) or f"it ended with code {code}"
    raise known(f"{text}") if _plain(known) else StageFailed(f"'pricetrail {name}': {text}")


def _plain(kind: object) -> bool:
    """Whether an error of that class is made of its message alone."""
    return (
        isinstance(kind, type) and issubclass(kind, PricetrailError) and kind.__init__ is Exception.__init__
    )


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
