"""A trail as Mermaid text, for a README, an issue or a wiki: arrows go from what something came from to it."""

from __future__ import annotations

from collections.abc import Iterator

from pricetrail.lineage.trail import Step, Trail

SHAPES = {"stage": ("([", "])"), "raw": ("[(", ")]"), "release": ("{{", "}}"), "receipt": (">", "]")}
SHORT = 12


def mermaid(trail: Trail) -> str:
    """The flowchart of a trail."""
    return "\n".join(["flowchart BT", *_lines(trail), ""])


def _lines(trail: Trail) -> Iterator[str]:
    names = {id: f"n{at}" for at, id in enumerate(trail.steps)}
    for id, step in trail.steps.items():
        left, right = SHAPES.get(step.kind, ("[", "]"))
        yield f'    {names[id]}{left}"{_text(step)}"{right}'
    for step, behind in trail.edges():
        yield f"    {names[behind.id]} --> {names[step.id]}"


def _text(step: Step) -> str:
    named = (step.digest or "").startswith(step.name)
    parts = [step.kind if named else f"{step.kind} {step.name}", step.digest[:SHORT] if step.digest else ""]
    return "<br>".join(_plain(part) for part in parts if part)


def _plain(text: str) -> str:
    """Characters that mean something to Mermaid, as entities."""
    return "".join(each if each.isalnum() or each in " /._-" else f"#{ord(each)};" for each in text)
