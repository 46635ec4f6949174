import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricetrail.demand.encode import MISSING, Encoder

NUMBERS = st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=1, max_size=40)


def fitted(**columns):
    numeric = [name for name, values in columns.items() if np.asarray(values).dtype != object]
    return Encoder.fit(columns, numeric, [name for name in columns if name not in numeric])


def text(*values):
    return np.array(values, dtype=object)


@given(NUMBERS, NUMBERS)
def test_any_number_becomes_a_moderate_one(known, later):
    numbers, _ = fitted(x=np.array(known)).transform({"x": np.array(later)})
    assert numbers.dtype == np.float32
    assert np.isfinite(numbers).all()
    assert np.abs(numbers).max() <= 3


@given(NUMBERS)
def test_order_is_kept(values):
    finite = np.array(sorted(value for value in values if np.isfinite(value)) or [0.0])
    numbers, _ = fitted(x=finite).transform({"x": finite})
    assert (np.diff(numbers[:, 0]) >= 0).all()


def test_skewed_column_is_spread_evenly():
    skewed = np.exp(3 * np.random.default_rng(1).normal(size=20_000))
    numbers, _ = fitted(x=skewed).transform({"x": skewed})
    assert abs(numbers.mean()) < 0.02
    assert abs(numbers.std() - 1) < 0.05


def test_missing_raises_its_indicator():
    encoder = fitted(age=np.array([1.0, np.nan, 3.0]), price=np.array([1.0, 2.0, 3.0]))
    assert encoder.names == ["age", "price", "age" + MISSING]
    numbers, _ = encoder.transform({"age": np.array([np.nan, 2.0]), "price": np.array([np.inf, 2.0])})
    assert numbers[0, 2] == 1
    assert numbers[1, 2] == 0
    assert numbers[0, 0] == 0
    assert numbers[0, 1] == 0


@pytest.mark.parametrize("values", [[np.nan, np.nan], [5.0, 5.0], [5.0]])
def test_column_without_information(values):
    numbers, _ = fitted(x=np.array(values)).transform({"x": np.array([7.0, np.nan])})
    assert np.isfinite(numbers).all()


def test_rare_unseen_and_absent_levels_are_zero():
    encoder = fitted(country=text(*["UK"] * 9, *["France"] * 3, "Malta", *[""] * 5))
    _, codes = encoder.transform({"country": text("UK", "France", "Malta", "Chile", "")})
    assert codes.dtype == np.int32
    assert codes[:, 0].tolist() == [1, 2, 0, 0, 0]


def test_equal_after_json():
    encoder = fitted(x=np.array([1.5, np.nan, 7.25, 3.0]), code=text("a", "a", "a", "b"))
    again = Encoder.from_json(json.loads(json.dumps(encoder.to_json())))
    assert again == encoder


def test_rows_are_encoded_one_by_one_alike():
    rng = np.random.default_rng(2)
    columns = {"x": rng.normal(size=50), "code": text(*rng.choice(["a", "b", "c"], 50))}
    encoder = fitted(**columns)
    whole = encoder.transform(columns)
    single = [
        encoder.transform({name: values[[row]] for name, values in columns.items()}) for row in range(50)
    ]
    assert np.array_equal(whole[0], np.vstack([numbers for numbers, _ in single]))
    assert np.array_equal(whole[1], np.vstack([codes for _, codes in single]))


def test_serving_needs_numpy_alone():
    heavy = {"torch", "pandas", "sklearn", "pyarrow", "scipy"}
    script = f"import sys, pricetrail.demand.encode; print(sorted({heavy} & set(sys.modules)))"
    told = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert told.stdout.strip() == "[]"
