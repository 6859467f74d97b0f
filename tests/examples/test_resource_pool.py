import sqlite3
import threading
from contextlib import closing
from functools import partial

import pytest

from tests.conformance.modes import comes_true, threads_of_the_library


@pytest.fixture
def pool(example, tmp_path):
    path = tmp_path / "sales.db"
    example["fill"](path)
    connect = partial(sqlite3.connect, path, check_same_thread=False)
    with closing(example["Pool"](connect, size=2)) as pool:
        yield pool


def test_every_region_has_its_revenue(example, pool):
    revenues = example["report"](pool).run(mode="parallel", max_workers=8)
    assert revenues == {region: 5050 * factor for factor, region in enumerate(example["REGIONS"], 1)}


def test_every_connection_goes_back_and_no_more_than_two_are_opened(example, pool):
    for _ in range(5):
        example["report"](pool).run(mode="parallel", max_workers=8)
    assert 1 <= len(pool.opened) <= 2
    assert set(pool.free) == set(pool.opened)


@pytest.mark.parametrize("strategy", ["fail_fast", "continue"])
def test_every_connection_goes_back_after_a_failure(example, pool, strategy):
    flow = example["report"](pool, broken="south")
    try:
        flow.run(mode="parallel", max_workers=8, error_strategy=strategy)
    except sqlite3.OperationalError:
        assert strategy == "fail_fast"
    # A run that fails fast leaves threads behind, which go on and give back what they have.
    assert comes_true(lambda: not threads_of_the_library())
    assert set(pool.free) == set(pool.opened)
    assert flow.context.metrics["errors"] == {"south": "no such table: lost"}


def test_whoever_comes_when_all_are_lent_waits(pool):
    lent = threading.Event()

    def borrow():
        with pool.connection():
            lent.set()

    thread = threading.Thread(target=borrow)
    with pool.connection():
        with pool.connection():
            thread.start()
            assert not lent.wait(0.05)
        assert lent.wait(5)
    thread.join()
    assert len(pool.opened) == 2


def test_what_a_failed_node_has_written_is_taken_back(pool):
    def clear(fail):
        with pool.connection() as connection:
            connection.execute("delete from sales")
            if fail:
                raise RuntimeError("not yet")

    def count():
        with pool.connection() as connection:
            return connection.execute("select count(*) from sales").fetchone()[0]

    with pytest.raises(RuntimeError, match="not yet"):
        clear(fail=True)
    assert count() == 600
    clear(fail=False)
    assert count() == 0


def test_main_ends_with_all_connections_in_the_pool(example, capsys):
    example["main"]()
    last = capsys.readouterr().out.splitlines()[-1]
    assert last in {
        "1 connections opened, 1 of them back in the pool",
        "2 connections opened, 2 of them back in the pool",
    }
