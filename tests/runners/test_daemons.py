"""Daemon threads: as many as are needed, none more, and none left."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from fast_dag.runners.daemons import Borrowed, Daemons
from tests.conformance.modes import comes_true


@pytest.fixture
def pool():
    daemons = Daemons(2)
    yield daemons
    daemons.close()


def workers():
    return [each for each in threading.enumerate() if each.name.startswith("fast_dag-")]


def test_work_is_done_on_a_daemon_thread(pool):
    found, done = [], threading.Event()

    def work():
        found.append(threading.current_thread())
        done.set()

    pool.submit(work)
    assert done.wait(5)
    assert found[0].daemon
    assert found[0] is not threading.current_thread()


def test_no_more_threads_are_at_work_than_allowed(pool):
    gate, begun = threading.Event(), []

    def work():
        begun.append(threading.current_thread().name)
        gate.wait(5)

    for _ in range(6):
        pool.submit(work)
    assert comes_true(lambda: len(begun) == 2)
    assert not comes_true(lambda: len(begun) > 2, within=0.02)
    gate.set()
    assert comes_true(lambda: len(begun) == 6)
    assert len(set(begun)) == 2


def test_what_has_begun_cannot_be_cancelled_and_its_thread_is_replaced(pool):
    gate, begun, done = threading.Event(), [], []

    def stuck():
        begun.append(1)
        gate.wait(5)

    jobs = [pool.submit(stuck) for _ in range(2)]
    assert comes_true(lambda: len(begun) == 2)
    pool.submit(lambda: done.append(1))
    assert jobs[0].cancel() is False
    assert comes_true(lambda: done == [1])
    gate.set()


def test_what_has_not_begun_is_dropped_when_it_is_cancelled(pool):
    gate, begun, done = threading.Event(), [], []

    def stuck():
        begun.append(1)
        gate.wait(5)

    for _ in range(2):
        pool.submit(stuck)
    assert comes_true(lambda: len(begun) == 2)
    waiting = pool.submit(lambda: done.append("cancelled"))
    pool.submit(lambda: done.append("kept"))
    assert waiting.cancel() is True
    gate.set()
    assert comes_true(lambda: done == ["kept"])


def test_closing_drops_what_has_not_begun_and_ends_the_threads(pool):
    gate, begun, done = threading.Event(), [], []

    def stuck():
        begun.append(1)
        gate.wait(5)

    for _ in range(2):
        pool.submit(stuck)
    assert comes_true(lambda: len(begun) == 2)
    pool.submit(lambda: done.append(1))
    pool.close()
    gate.set()
    assert comes_true(lambda: not workers())
    assert done == []


def test_a_thread_whose_job_had_ended_when_it_was_cancelled_goes_on_and_ends_with_the_others():
    pool, threads, done = Daemons(1), [], threading.Event()
    first = pool.submit(lambda: threads.append(threading.current_thread()))
    pool.submit(done.set)
    assert done.wait(5)
    assert first.cancel() is True
    pool.close()
    threads[0].join(5)
    assert not threads[0].is_alive()


def test_a_job_that_is_dropped_costs_no_thread(pool):
    gate, done = threading.Event(), []
    for _ in range(2):
        pool.submit(lambda: gate.wait(5))
    dropped = [pool.submit(lambda: done.append("dropped")) for _ in range(5)]
    assert all(job.cancel() for job in dropped)
    gate.set()
    for number in range(5):
        pool.submit(lambda number=number: done.append(number))
    assert comes_true(lambda: sorted(done) == [0, 1, 2, 3, 4])


def test_an_executor_does_the_jobs_on_its_own_threads():
    names = []
    with ThreadPoolExecutor(1, thread_name_prefix="mine") as executor:
        pool = Borrowed(executor)
        pool.submit(lambda: names.append(threading.current_thread().name))
        pool.close()
        assert executor.submit(int).result() == 0
    assert names == ["mine_0"]
    assert comes_true(lambda: not workers())


def test_a_job_that_an_executor_has_not_begun_can_be_dropped_and_one_that_runs_is_left():
    gate, begun, done = threading.Event(), threading.Event(), []

    def stuck():
        begun.set()
        gate.wait(5)

    with ThreadPoolExecutor(1) as executor:
        pool = Borrowed(executor)
        running, waiting = pool.submit(stuck), pool.submit(lambda: done.append(1))
        assert begun.wait(5)
        assert [running.cancel(), waiting.cancel()] == [False, True]
        gate.set()
    assert done == []
    assert comes_true(lambda: not workers())
