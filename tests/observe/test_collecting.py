import pytest

from fast_dag.observe.collecting import Collecting
from tests.observe.instruments import counting


@pytest.mark.parametrize(("every", "times"), [(1, 8), (3, 2), (9, 0)])
def test_garbage_is_collected_after_every_so_many_iterations_of_a_run(every, times):
    calls = []
    tool = Collecting(every, lambda: calls.append(1))
    counting().run(observers=[tool])
    assert len(calls) == times
    counting().run(observers=[tool])
    assert len(calls) == 2 * times
