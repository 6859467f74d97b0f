"""What shows the time is refreshed while a run goes on, and not after it."""

import gc
import threading
import weakref

import pytest

from fast_dag import DAG
from fast_dag.runners.ticking import Ticking
from tests.conformance.modes import comes_true, threads_of_the_library


class Shown:
    """An observer that counts how often it is refreshed."""

    refresh_every = 0.001

    def __init__(self):
        self.count = 0

    def __call__(self, event):
        pass

    def refresh(self):
        self.count += 1

    def goes_on(self):
        """Whether it is refreshed again from now on."""
        before = self.count
        return comes_true(lambda: self.count > before + 1)


@pytest.mark.parametrize("mode", ["sequential", "parallel", "async"])
def test_an_observer_is_refreshed_while_a_node_runs(mode):
    shown, dag = Shown(), DAG("slow")
    dag.node(shown.goes_on, name="slow")
    assert dag.run(mode=mode, observers=[shown]) is True


@pytest.mark.parametrize("mode", ["sequential", "parallel", "async"])
@pytest.mark.parametrize("fails", [False, True])
def test_no_thread_is_left_when_the_run_is_over(mode, fails):
    dag = DAG("short")
    dag.node(lambda: 1 / (not fails), name="short")
    dag.run(mode=mode, observers=[Shown()], error_strategy="continue")
    assert comes_true(lambda: not threads_of_the_library())


def test_the_thread_ends_with_the_last_delivery_even_if_that_raises():
    def deliver(*, last):
        raise OSError("gone")

    ticking = Ticking(deliver, [], 0.001)
    with pytest.raises(OSError, match="gone"):
        ticking(last=True)
    assert comes_true(lambda: not threads_of_the_library())


def test_the_thread_does_not_delay_the_end_of_the_process():
    ticking = Ticking(lambda *, last: None, [], 0.001)
    assert all(thread.daemon for thread in threads_of_the_library())
    ticking(last=True)
    assert comes_true(lambda: not threads_of_the_library())


def test_the_thread_holds_nothing_but_what_it_refreshes():
    shown = Shown()
    ticking = Ticking(lambda *, last: None, [shown.refresh], 0.001)
    assert shown.goes_on()
    ticking(last=True)
    ref = weakref.ref(ticking)
    del ticking
    gc.collect()
    assert ref() is None


def test_without_anything_to_refresh_no_thread_is_started():
    seen, dag = [], DAG("plain")
    dag.node(lambda: seen.append(threading.active_count()), name="n")
    before = threading.active_count()
    dag.run(observers=[lambda event: None])
    assert seen == [before]
