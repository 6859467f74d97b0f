"""The plain loop of machines: how far it goes alone, and what it leaves to the core."""

import contextvars
import threading

import pytest

from fast_dag import END, NO_DATA, FSMReturn, RouterError
from fast_dag.runners.machine_loop import machine_loop
from fast_dag.runners.row_loop import Interrupted
from tests.run.machines import machine_of, run_of


def looped(run):
    """The outcome of the loop over *run*, with the times it notes."""
    stamps = [0.0]
    loop, stop = machine_loop(run, stamps, contextvars.copy_context())
    return loop, stop, stamps


def counting(until=4, **options):
    fsm = machine_of("a", a=lambda n=0: n + 1)
    fsm.add_conditional_transition("a", lambda n: END if n == until else "a", targets=["a", END])
    return run_of(fsm, **options)


def test_states_that_are_plain_calls_run_to_the_end():
    run = counting()
    loop, _, stamps = looped(run)
    assert loop() is None
    assert (run.finished, run.value(), run.context.is_terminated) == (True, 4, True)
    assert run.context.cycle_results == {"a": [1, 2, 3, 4]}
    assert (run.tally.attempts, len(stamps), stamps == sorted(stamps)) == ([4], 5, True)


def test_with_a_history_limit_only_the_last_time_is_noted():
    run = counting(history_limit=2)
    loop, _, stamps = looped(run)
    loop()
    assert (len(stamps), run.context.cycle_results, run.count) == (1, {"a": [3, 4]}, 4)
    assert run.tally.durations[0] > 0


def test_it_ends_at_the_cap_as_the_core_does():
    run = counting(cap=3)
    loop, _, _ = looped(run)
    assert loop() is None
    assert str(run.error) == "Maximum cycles (3) exceeded at 'a' (visits: a=3)"


@pytest.mark.parametrize("value", [NO_DATA, "coroutine"])
def test_a_value_that_only_the_core_can_take_ends_it(value):
    async def waits():
        return 1

    given = waits() if value == "coroutine" else value
    run = run_of(machine_of("a -> b", terminal=["b"], a=lambda: given))
    loop, _, _ = looped(run)
    assert loop().value is given
    assert (run.finished, run.count, run.ready()) == (False, 0, [0])
    if value == "coroutine":
        given.close()


def test_it_stands_before_a_state_that_only_the_core_can_execute():
    fsm = machine_of("a -> b", terminal=["b"], a=lambda: 5)
    fsm.state(fsm.nodes["b"].func, name="b", retry=2)
    run = run_of(fsm)
    loop, _, _ = looped(run)
    assert loop() is None
    assert (run.finished, run.context.results, run.ready(), run.handed) == (False, {"a": 5}, [1], 5)


def test_state_hooks_are_for_the_core():
    run = run_of(machine_of("a"), state_hooks=[print])
    loop, _, _ = looped(run)
    assert (loop(), run.count, run.finished) == (None, 0, False)


@pytest.mark.parametrize("answer", [FSMReturn("nowhere"), FSMReturn("a", stop=False)])
def test_what_may_not_follow_is_the_error_of_the_core(answer):
    fsm = machine_of("a -> b", terminal=["b"], a=lambda: answer)
    loop, _, _ = looped(run_of(fsm))
    with pytest.raises(RouterError):
        loop()


def test_a_missing_value_is_left_to_the_core():
    for needing in (lambda wanted: wanted, lambda *, wanted: wanted):
        run = run_of(machine_of("a -> b", terminal=["b"], a=lambda: FSMReturn("b"), b=needing))
        loop, _, _ = looped(run)
        assert (loop(), run.finished, run.count) == (None, False, 1)
        assert run.ready() == []
        assert "nobody gives 'wanted' to state 'b'" in str(run.error)


def test_it_is_stopped_from_another_thread_between_two_states():
    entered, stopped = threading.Event(), threading.Event()

    def wait():
        entered.set()
        assert stopped.wait(5)
        return 1

    run = run_of(machine_of("a -> b", terminal=["b"], a=wait))
    loop, stop, _ = looped(run)

    def end():
        entered.wait(5)
        stop()
        stopped.set()

    thread = threading.Thread(target=end)
    thread.start()
    with pytest.raises(Interrupted):
        loop()
    thread.join()
    assert run.context.state_history == ["a"]


def test_what_a_state_sets_is_seen_by_no_other():
    seen, variable = [], contextvars.ContextVar("variable", default=0)

    def work(value=None):
        seen.append(variable.get())
        variable.set(1)

    loop, _, _ = looped(run_of(machine_of("a -> b", terminal=["b"], a=work, b=work)))
    loop()
    assert seen == [0, 0]
