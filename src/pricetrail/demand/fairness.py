"""How forecasts of two groups of lines differ: figures by group, differences with intervals, and the verdict.

The figures by group are Fairlearn's (Bird et al., 2020). The intervals are not: its bootstrap draws
lines, and the lines of one invoice are too alike for that; see ``interval``.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from fairlearn.metrics import MetricFrame

from pricetrail.demand.inference import Chosen, Forecasts, Numbers
from pricetrail.demand.interval import Interval, Resamples
from pricetrail.demand.verdict import Rule, Verdict, closing, said, within

GROUPS = ("unprivileged", "privileged")
GateOn = Literal["error", "outcome"]


def _mse(true: Numbers, predicted: Numbers) -> float:
    return float(np.mean((predicted - true) ** 2))


def _rmsle(true: Numbers, predicted: Numbers) -> float:
    return float(np.sqrt(_mse(true, predicted)))


def _mae(true: Numbers, predicted: Numbers) -> float:
    return float(np.mean(np.abs(np.expm1(predicted) - np.expm1(true))))


def _mean_prediction(true: Numbers, predicted: Numbers) -> float:
    return float(np.mean(predicted))


def _mean_error(true: Numbers, predicted: Numbers) -> float:
    return float(np.mean(predicted - true))


def _mean_prediction_units(true: Numbers, predicted: Numbers) -> float:
    return float(np.mean(np.expm1(predicted)))


def _mean_error_units(true: Numbers, predicted: Numbers) -> float:
    return float(np.mean(np.expm1(predicted) - np.expm1(true)))


FIGURES = {
    "mse": _mse,
    "mae": _mae,
    "rmsle": _rmsle,
    "mean_prediction": _mean_prediction,
    "mean_error": _mean_error,
    "mean_prediction_units": _mean_prediction_units,
    "mean_error_units": _mean_error_units,
}


@dataclass(frozen=True, slots=True)
class Sides:
    """Which lines are of the privileged group and which are not; lines of unknown group are of neither."""

    feature: str
    privileged_group: int | str
    unprivileged: Chosen
    privileged: Chosen

    @classmethod
    def of(cls, values: npt.NDArray[Any], *, feature: str, privileged: int | str) -> Sides:
        """Part lines by ``values`` (n,), of which null and NaN are unknown."""
        known = np.array([value is not None and value == value for value in values], dtype=bool)
        chosen = np.array([value == privileged for value in values], dtype=bool) & known
        return cls(feature, privileged, known & ~chosen, chosen)

    def named(self) -> dict[str, Chosen]:
        """The two sides by name, the unprivileged first."""
        return dict(zip(GROUPS, (self.unprivileged, self.privileged), strict=True))

    def described(self, side: str) -> str:
        """A side in words."""
        return f"{self.feature} {'=' if side == 'privileged' else '!='} {self.privileged_group}"


def figures(found: Forecasts, sides: Sides) -> dict[str, float | None]:
    """Each of ``FIGURES`` for both groups, as ``<figure>_<group>``; null for an empty group.

    ``mse``, ``rmsle``, ``mean_prediction`` and ``mean_error`` (forecast minus truth) are on the log1p scale;
    ``mae`` and ``*_units`` are in units.
    """
    either = sides.privileged | sides.unprivileged
    by_group: dict[str, dict[str, float]] = {}
    if either.any():
        labels = np.where(sides.privileged, "privileged", "unprivileged")[either]
        frame = MetricFrame(
            metrics=FIGURES,
            y_true=found.true[either],
            y_pred=found.predicted[either],
            sensitive_features=labels,
        )
        by_group = frame.by_group.to_dict("index")
    return {
        f"{figure}_{side}": float(by_group[side][figure]) if side in by_group else None
        for figure in FIGURES
        for side in GROUPS
    }


def counts(sides: Sides, resamples: Resamples) -> dict[str, int]:
    """Lines and invoices of both groups, and the lines that are of neither."""
    rows = {f"rows_{side}": int(chosen.sum()) for side, chosen in sides.named().items()}
    invoices = {f"invoices_{side}": resamples.invoices(chosen) for side, chosen in sides.named().items()}
    neither = int((~sides.privileged & ~sides.unprivileged).sum())
    return {**rows, "rows_unknown": neither, **invoices}


def differences(found: Forecasts, sides: Sides, resamples: Resamples) -> dict[str, Interval | None]:
    """The unprivileged group's figure minus the privileged group's, each with its interval.

    All null where a group is empty.
    """
    error = found.predicted - found.true
    values = {
        "mean_error_difference": error,
        "mean_outcome_difference": found.predicted,
        "mse_diff": error**2,
        "mae_diff": np.abs(np.expm1(found.predicted) - np.expm1(found.true)),
        "mean_error_units_difference": np.expm1(found.predicted) - np.expm1(found.true),
    }
    if not (sides.privileged.any() and sides.unprivileged.any()):
        return dict.fromkeys(values)
    return {
        name: resamples.difference(each, sides.unprivileged, sides.privileged)
        for name, each in values.items()
    }


@dataclass(frozen=True, slots=True)
class Limits:
    """What the gate looks at, how large it may be, and how large a group must be to be judged."""

    gate_on: GateOn
    threshold: float
    rows: int
    invoices: int

    @property
    def figure(self) -> str:
        """The name of the difference that decides."""
        return "mean_error_difference" if self.gate_on == "error" else "mean_outcome_difference"


def fair(sides: Sides, sizes: dict[str, int], found: dict[str, Interval | None], limits: Limits) -> Rule:
    """Judge the deciding difference; an empty or small group reads inconclusive, whatever its figures."""
    decider = found[limits.figure]
    small = [reason for side in GROUPS if (reason := _too_small(sides, side, sizes, limits))]
    if small or decider is None:
        return Rule("fairness", Verdict.INCONCLUSIVE, " ".join(small), {**sizes})
    verdict = within(decider, limits.threshold)
    subject = "mean error" if limits.gate_on == "error" else "mean forecast"
    words = (
        f"The {subject} of lines with {sides.described('unprivileged')} differs from that of the others by "
        f"{said(decider)} on the log1p scale; at most {limits.threshold:g} either way is accepted."
    )
    words += closing(verdict) + _decidable(decider, verdict)
    return Rule("fairness", verdict, words, {**asdict(decider), "limit": limits.threshold})


def _decidable(found: Interval, verdict: Verdict) -> str:
    """The smallest limit that the interval keeps, for whoever would rather widen it than wait for more lines."""
    if verdict is not Verdict.INCONCLUSIVE or found.low is None or found.high is None:
        return ""
    limit = math.ceil(100 * max(-found.low, found.high)) / 100
    return f" More lines may, or a limit of {limit:.2f} (assess_model_risk.mod_threshold)."


def _too_small(sides: Sides, side: str, sizes: dict[str, int], limits: Limits) -> str | None:
    rows, invoices = sizes[f"rows_{side}"], sizes[f"invoices_{side}"]
    if rows >= limits.rows and invoices >= limits.invoices:
        return None
    lines = f"only {rows:,} test lines of {invoices:,} invoices have" if rows else "no test line has"
    return (
        f"{lines.capitalize()} {sides.described(side)}: too few to judge "
        f"(at least {limits.rows} lines of {limits.invoices} invoices are needed; a larger preprocess.test_share tests "
        "on more, and with assess_model_risk.sensitive_feature: null no groups are compared)."
    )
