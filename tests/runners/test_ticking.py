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

    def refuse(self, observer, error):
        pass

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

    ticking = Ticking(deliver, [], 0.001, Shown().refuse)
    with pytest.raises(OSError, match="gone"):
        ticking(last=True)
    assert comes_true(lambda: not threads_of_the_library())


def test_the_thread_does_not_delay_the_end_of_the_process():
    ticking = Ticking(lambda *, last: None, [], 0.001, Shown().refuse)
    assert all(thread.daemon for thread in threads_of_the_library())
    ticking(last=True)
    assert comes_true(lambda: not threads_of_the_library())


def test_the_thread_holds_nothing_but_what_it_refreshes():
    shown = Shown()
    ticking = Ticking(lambda *, last: None, [shown], 0.001, shown.refuse)
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


class Broken(Shown):
    """An observer that raises when it is refreshed for the first time."""

    def __init__(self):
        super().__init__()
        self.kinds = []

    def __call__(self, event):
        self.kinds.append(event.kind)

    def refresh(self):
        super().refresh()
        raise OSError("no terminal")


def waiting_for(*observers):
    """A DAG of two nodes, the first of which ends when all *observers* have been refreshed."""
    dag = DAG("waiting")
    first = dag.node(lambda: comes_true(lambda: all(each.count for each in observers)), name="first")
    first >> dag.node(lambda first: first, name="last")
    return dag


@pytest.mark.parametrize("mode", ["sequential", "parallel", "async"])
def test_one_that_raises_is_reported_once_and_left_out_and_the_others_are_refreshed(mode):
    broken, shown = Broken(), Shown()
    dag = waiting_for(broken)
    dag.node(lambda last: shown.goes_on(), name="behind")
    dag.connect("last", "behind")
    with pytest.warns(RuntimeWarning, match="observer Broken raised OSError: no terminal") as warned:
        assert dag.run(mode=mode, observers=[broken, shown]) is True
    assert len(warned) == broken.count == 1
    assert "run_finished" not in broken.kinds


@pytest.mark.parametrize("mode", ["sequential", "parallel", "async"])
def test_with_strict_observers_its_error_ends_the_run(mode):
    broken = Broken()
    dag = waiting_for(broken)
    with pytest.raises(OSError, match="no terminal"):
        dag.run(mode=mode, observers=[broken], strict_observers=True)
    assert "last" not in dag.results


def test_one_that_has_raised_at_an_event_is_not_refreshed():
    class Silent(Shown):
        def __call__(self, event):
            raise OSError("full")

    silent, shown = Silent(), Shown()
    dag = DAG("slow")
    dag.node(shown.goes_on, name="slow")
    with pytest.warns(RuntimeWarning, match="observer .*Silent raised OSError: full"):
        dag.run(observers=[silent, shown])
    assert silent.count <= 1
