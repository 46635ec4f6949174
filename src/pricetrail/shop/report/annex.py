"""The headings of Annex IV of Regulation (EU) 2024/1689 as a checklist: where the page says something, and where not.

It is a way to find things, and no statement that anything conforms to the regulation, or that it applies.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Heading:
    """One point of the annex: the parts of the page that speak to it, and what is left for the provider to say."""

    point: str
    title: str
    parts: tuple[str, ...]
    left: str | None = None


HEADINGS = (
    Heading(
        "1",
        "General description: purpose, version, how it meets other software and hardware, instructions for use",
        ("purpose", "accountability", "training"),
        "The provider's name and address; how the retailer's own systems use the prices; instructions for use.",
    ),
    Heading(
        "2 (a), (b)",
        "Methods and steps of development; design, logic, and what is optimised for",
        ("training", "drivers", "limits"),
        "Why these choices suit the retailer's purpose.",
    ),
    Heading(
        "2 (c)",
        "Architecture, and the computing resources used",
        ("training", "lineage"),
        "The energy and cost of training.",
    ),
    Heading(
        "2 (d)",
        "Data: origin, scope, selection, cleaning",
        ("data", "lineage"),
        "How the order lines were collected, and on what legal ground.",
    ),
    Heading(
        "2 (e)",
        "Human oversight",
        ("oversight", "accountability"),
        "Who oversees it day by day, and their training.",
    ),
    Heading("2 (f)", "Changes determined beforehand", ("gates",), "A plan of changes, if there is one."),
    Heading(
        "2 (g)",
        "Validation and testing: data, measures, figures by group, dated and signed reports",
        ("accuracy", "groups", "gates", "reproduction", "accountability"),
    ),
    Heading(
        "2 (h)",
        "Cybersecurity",
        ("accountability", "sources"),
        "Measures around the service and the machines that it runs on.",
    ),
    Heading(
        "3",
        "Monitoring, functioning and control: abilities, limits, accuracy for groups, unintended outcomes",
        ("limits", "groups", "response", "data"),
    ),
    Heading(
        "4",
        "Why the measures of performance are appropriate",
        ("accuracy", "groups"),
        "The provider's judgement.",
    ),
    Heading(
        "5",
        "Risk management",
        ("groups", "gates", "limits"),
        "The risk management system as a whole (Article 9).",
    ),
    Heading("6", "Changes through the life cycle", ("accountability", "lineage")),
    Heading("7", "Standards applied", (), "A list of the standards that the provider applies."),
    Heading("8", "EU declaration of conformity", (), "A copy, if one was drawn up. This page is none."),
    Heading(
        "9",
        "Performance after it is on the market",
        ("data", "accountability"),
        "The plan for monitoring it in use (Article 72).",
    ),
)
