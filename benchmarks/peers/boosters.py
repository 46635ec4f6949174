"""Boosted trees as they are usually fitted: python -m benchmarks.peers.boosters lightgbm|catboost LINES.npz OUT.npy

Their defaults but for the rounds, which stop early on the validation lines; then fitted again on both together, as
ours are.
"""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
from benchmarks.peers.lines import Lines, Matrix

MOST, PATIENCE, RATE = 2_000, 50, 0.1


def main() -> None:
    lines = Lines.read(sys.argv[2])
    np.save(sys.argv[3], {"lightgbm": lightgbm, "catboost": catboost}[sys.argv[1]](lines))


def table(numbers: Matrix, codes: Matrix, kind: str) -> tuple[pd.DataFrame, list[str]]:
    """One table; the names of the columns that are categories."""
    names = [f"category_{at}" for at in range(codes.shape[1])]
    coded = pd.DataFrame(codes, columns=names).astype(kind)
    return pd.concat([pd.DataFrame(numbers).rename(columns=str), coded], axis=1), names


def lightgbm(lines: Lines) -> Matrix:
    import lightgbm

    (train, names), (val, _), (both, _), (test, _) = (table(*each, "int32") for each in lines.inputs())
    known = {"learning_rate": RATE, "verbose": -1}
    first = lightgbm.LGBMRegressor(n_estimators=MOST, **known).fit(
        train, lines.train.target, eval_set=[(val, lines.val.target)], categorical_feature=names,
        callbacks=[lightgbm.early_stopping(PATIENCE, verbose=False)],
    )  # fmt: skip
    last = lightgbm.LGBMRegressor(n_estimators=first.best_iteration_, **known)
    return last.fit(both, lines.both.target, categorical_feature=names).predict(test)


def catboost(lines: Lines) -> Matrix:
    from catboost import CatBoostRegressor, Pool

    (train, names), (val, _), (both, _), (test, _) = (table(*each, "str") for each in lines.inputs())
    known = {"learning_rate": RATE, "verbose": False, "allow_writing_files": False, "random_seed": 7}
    first = CatBoostRegressor(iterations=MOST, early_stopping_rounds=PATIENCE, **known)
    first.fit(Pool(train, lines.train.target, names), eval_set=Pool(val, lines.val.target, names))
    last = CatBoostRegressor(iterations=first.tree_count_, **known)
    return last.fit(Pool(both, lines.both.target, names)).predict(Pool(test, cat_features=names))


if __name__ == "__main__":
    main()
