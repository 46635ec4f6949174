"""AutoGluon with its defaults: python -m benchmarks.peers.auto LINES.npz OUT.npy SECONDS

Not in the lock, for it brings a few gigabytes: pip install autogluon.tabular[all] into .venv-bench to have it measured.
"""

from __future__ import annotations

import sys
import tempfile

import numpy as np
import pandas as pd
from autogluon.tabular import TabularPredictor
from benchmarks.peers.lines import Lines, Side


def main() -> None:
    lines, seconds = Lines.read(sys.argv[1]), int(sys.argv[3])
    with tempfile.TemporaryDirectory() as folder:
        predictor = TabularPredictor("target", path=folder, verbosity=0).fit(
            table(lines.train), tuning_data=table(lines.val), time_limit=seconds
        )
        np.save(sys.argv[2], predictor.predict(table(lines.test).drop(columns="target")).to_numpy())


def table(side: Side) -> pd.DataFrame:
    codes = pd.DataFrame(side.codes).add_prefix("category_").astype("category")
    return pd.concat([pd.DataFrame(side.numbers).add_prefix("number_"), codes], axis=1).assign(
        target=side.target
    )


if __name__ == "__main__":
    main()
