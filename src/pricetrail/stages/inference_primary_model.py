"""Stage ``inference_primary_model``: all test lines forecast, and what drives the forecasts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pricetrail.demand import explanation, inference
from pricetrail.demand.encode import MISSING
from pricetrail.demand.explanation import Explanation, Inputs
from pricetrail.demand.inference import Forecasts, Model
from pricetrail.errors import DataError
from pricetrail.files import write_json
from pricetrail.params import Inference
from pricetrail.stages.lines import matched
from pricetrail.stages.stage import Context, Progress, main
from pricetrail.stages.tables import GROUP, TARGET, column, columns, matrices, names, picked, write

NAIVE = "naive_log"
LINES, ENCODED = "data/x_test_df.parquet", "data/x_test_processed.parquet"
RESULTS = ("line", "invoiceno", "invoicedate", "stockcode", "is_registered")
FITTED = ("hparams", "optimizer", "batch_size", "lr")


@dataclass(frozen=True, slots=True)
class Test:
    """The test lines, the columns ``RESULTS`` of them, and what was forecast for them."""

    table: pa.Table
    found: Forecasts

    def column(self, name: str) -> npt.NDArray[Any]:
        """One of the columns."""
        return column(self.table[name])


def work(context: Context) -> None:
    """Write every forecast, the errors, and the SHAP values of a sample."""
    root, settings = context.root, context.params.inference_primary_model
    path = root / "models/production/dfn_best.onnx"
    model = Model(path.read_bytes(), name=path.name)
    test = _forecast(root, model)
    context.progress(0.05, f"{len(test.found):,} lines forecast")
    metrics = _metrics(root, test, settings)
    write(root / "data/dfn_inference_results.parquet", _results(test))
    rows = explanation.sample(len(test.found), settings.shap_rows, seed=settings.seed)
    explained = _explain(root, model, (test, rows, settings), context.progress)
    shap = _write_shap(root, test, rows, explained)
    fitted = json.loads((root / "metrics/dfn_val.json").read_text(encoding="utf-8"))
    described = {"model_version": model.version, **{name: fitted[name] for name in FITTED}}
    write_json(root / "metrics/dfn_inf.json", {**metrics, **described, "shap": shap})


def _forecast(root: Path, model: Model) -> Test:
    table = pq.read_table(root / LINES, columns=[*RESULTS, NAIVE])
    # Whatever its row groups, a piece of GROUP lines is forecast in the batches that the whole would be.
    with pq.ParquetFile(root / ENCODED) as file:
        pieces = (pa.Table.from_batches([piece]) for piece in file.iter_batches(GROUP))
        predicted = np.concatenate(
            [np.empty(0), *(model.predict(*matrices(root, piece)) for piece in pieces)]
        )
    if len(predicted) != table.num_rows:
        raise DataError(
            f"{LINES} holds {table.num_rows:,} lines and {ENCODED} {len(predicted):,}: they must be the same. "
            "Make both again with 'pricetrail run --force'."
        )
    target = matched(
        pq.read_table(root / "data/y_test_df.parquet"),
        table["line"].to_numpy(),
        name="data/y_test_df.parquet",
    )
    found = Forecasts(
        invoices=column(table["invoiceno"]),
        true=np.log1p(target[TARGET].to_numpy()),
        predicted=predicted,
        naive=column(table[NAIVE]).astype(np.float64),
    )
    return Test(table, found)


def _metrics(root: Path, test: Test, settings: Inference) -> dict[str, Any]:
    volume = _sold_before(root, test.column("line"))
    products = test.column("stockcode")
    product = (
        inference.product(test.found, products, settings.stockcode, known=volume)
        if settings.stockcode is not None
        else None
    )
    return {
        "stockcode": settings.stockcode,
        **inference.errors(test.found),
        "product": product,
        "by_channel": inference.by_channel(test.found, test.column("is_registered") == 1),
        "by_decile": inference.by_decile(test.found, products, volume),
    }


def _sold_before(root: Path, lines: npt.NDArray[Any]) -> dict[str, float]:
    """Units sold by stock code on the lines before the test lines; zero for a product that is new in them."""
    table = pq.read_table(root / "data/processed_df.parquet", columns=["line", "stockcode", TARGET])
    tested = pc.is_in(table["line"], pa.array(lines))
    units = pc.if_else(tested, 0.0, table[TARGET])
    sold = (
        pa.table({"stockcode": table["stockcode"], "units": units})
        .group_by("stockcode")
        .aggregate([("units", "sum")])
    )
    return dict(zip(sold["stockcode"].to_pylist(), sold["units_sum"].to_pylist(), strict=True))


def _results(test: Test) -> pa.Table:
    found = test.found
    forecasts = {
        "y_true": np.expm1(found.true),
        "y_pred": np.expm1(found.predicted),
        "y_true_log": found.true,
        "y_pred_log": found.predicted,
        "naive_log": found.naive,
    }
    return pa.table({**{name: test.table[name] for name in RESULTS}, **forecasts})


def _explain(
    root: Path, model: Model, sample: tuple[Test, npt.NDArray[np.intp], Inference], progress: Progress
) -> Explanation:
    test, rows, settings = sample
    background = explanation.typical(test.found.predicted, settings.background, seed=settings.seed)
    numeric, categorical = names(root)
    return explanation.explain(
        model.predict,
        _inputs(root, rows),
        _inputs(root, background),
        [*map(_feature, numeric), *categorical],
        seed=settings.seed,
        progress=lambda share: progress(0.05 + 0.95 * share, f"SHAP values of {len(rows):,} lines"),
    )


def _inputs(root: Path, rows: npt.NDArray[np.intp]) -> Inputs:
    return Inputs(*matrices(root, picked(root / ENCODED, rows)))


def _feature(column: str) -> str:
    """The feature an encoded column belongs to: a value and its being missing are one."""
    return column.removesuffix(MISSING)


def _write_shap(
    root: Path, test: Test, rows: npt.NDArray[np.intp], found: Explanation
) -> dict[str, float | int]:
    """Write the three SHAP files; give the size of the sample and how well the sums hold."""
    predicted, lines = test.found.predicted[rows], picked(root / LINES, rows)
    values = dict(zip(found.names, found.values.T, strict=True))
    base = np.full(len(rows), found.base)
    ids = {"line": lines["line"], "base_value": base, "prediction": predicted}
    write(root / "reports/dfn_raw_shap_values.parquet", pa.table({**ids, **values}))
    write_json(root / "reports/dfn_shap_mean_abs.json", explanation.mean_abs(found))
    write_json(root / "reports/dfn_shap_summary.json", explanation.summary(found, columns(lines)))
    gap = np.abs(found.base + found.values.sum(axis=1) - predicted).max()
    return {"rows": len(rows), "base_value": found.base, "largest_gap": float(gap)}


if __name__ == "__main__":
    main("inference_primary_model", work)
