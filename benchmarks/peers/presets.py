"""A drift check as Evidently's guides show it: its preset over the columns of two stretches of order lines."""

from __future__ import annotations

import json

import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset

NUMBERS, CATEGORIES = ["quantity", "unitprice"], ["country", "is_registered"]


def drifted(reference: pd.DataFrame, current: pd.DataFrame) -> bool:
    """Whether any column has drifted by the preset's own methods and thresholds."""
    definition = DataDefinition(numerical_columns=NUMBERS, categorical_columns=CATEGORIES)
    sides = [
        Dataset.from_pandas(side[[*NUMBERS, *CATEGORIES]], data_definition=definition)
        for side in (current, reference)
    ]
    found = json.loads(Report([DataDriftPreset()]).run(*sides).json())
    share = next(
        each["value"] for each in found["metrics"] if each["config"]["type"].endswith(":DriftedColumnsCount")
    )
    return share["count"] > 0
