import os
import signal
import threading

import duckdb
import pytest

from pricetrail.transactions import engine
from pricetrail.transactions.errands import Errands


def test_in_the_order_in_which_they_were_asked_for():
    seen = []
    with Errands(interrupt=lambda: None) as errands:
        for number in range(20):
            errands.add(lambda number=number: seen.append(number))
        assert errands.add(lambda: len(seen)).result() == 20
    assert seen == list(range(20))


def fail(errands):
    errands.add(lambda: 1 / 0)


def asked(*asking, interrupt=lambda: None):
    with Errands(interrupt) as errands:
        for ask in asking:
            ask(errands)


def test_nothing_follows_what_failed():
    seen = []
    with pytest.raises(ZeroDivisionError):
        asked(fail, lambda errands: errands.add(lambda: seen.append(1)))
    assert not seen


def test_whoever_asks_hears_of_what_failed_before():
    with pytest.raises(ZeroDivisionError):
        asked(fail, lambda errands: errands.add(lambda: 1).result())


def test_who_gives_up_waits_for_nothing():
    def give_up(errands):
        raise KeyboardInterrupt

    stopped, seen = threading.Event(), []
    asking = [lambda errands: errands.add(stopped.wait), lambda errands: errands.add(lambda: seen.append(1))]
    with pytest.raises(KeyboardInterrupt):
        asked(*asking, give_up, interrupt=stopped.set)
    assert not seen


def test_an_interrupt_ends_the_wait_for_the_rest():
    stopped, seen = threading.Event(), []

    def interrupted():
        os.kill(os.getpid(), signal.SIGINT)
        stopped.wait()

    asking = [lambda errands: errands.add(interrupted), lambda errands: errands.add(lambda: seen.append(1))]
    with pytest.raises(KeyboardInterrupt):
        asked(*asking, interrupt=stopped.set)
    assert not seen


def test_no_file_of_a_table_that_could_not_be_computed(tmp_path):
    numbers = engine.connect().create_table("numbers", schema={"text": "string"})
    numbers.get_backend().con.execute("INSERT INTO numbers VALUES ('one')")

    def work():
        with engine.ahead(numbers):
            kept = engine.keep(numbers.select(number=numbers.text.cast("int64")), "kept")
            engine.write(kept, tmp_path / "kept.parquet", ("number",))

    with pytest.raises(duckdb.ConversionException, match="one"):
        work()
    assert not list(tmp_path.iterdir())
