"""Machines in every mode: what fills the parameters of a state."""

from dataclasses import dataclass

import pytest

from fast_dag import END, FSM, NO_DATA, Context, FSMContext, FSMReturn, MissingInputError, MissingOutputError
from tests.conformance.modes import raised_by


@pytest.fixture
def fsm():
    return FSM("machine", max_cycles=20)


def test_the_previous_value_fills_the_first_parameter_and_run_inputs_the_others(fsm, any_mode, kind):
    fsm.add_state("first", kind(lambda a, b: a + b), initial=True, transitions=["second"])
    fsm.add_state("second", kind(lambda value, b, c=4: (value, b, c)), terminal=True)
    assert any_mode(fsm, a=1, b=2) == (3, 2, 4)
    assert any_mode(fsm, a=1, b=2, c=5) == (3, 2, 5)


def test_the_previous_value_comes_before_a_run_input_and_a_default(fsm, any_mode, kind):
    fsm.add_state("first", kind(lambda n: n + 1), initial=True, transitions=["second"])
    fsm.add_state("second", kind(lambda n=100: n + 1), terminal=True)
    assert any_mode(fsm, n=1) == 3


def test_a_run_input_comes_before_a_default(fsm, any_mode, kind):
    fsm.add_state("only", kind(lambda a=1, b=2: (a, b)), initial=True, terminal=True)
    assert any_mode(fsm) == (1, 2)
    assert any_mode(fsm, b=5) == (1, 5)


def test_an_edge_comes_before_everything_and_leaves_the_next_parameter_to_the_previous_value(
    fsm, any_mode, kind
):
    fsm.add_state("first", kind(lambda: 1), initial=True, transitions=["second"])
    fsm.add_state("second", kind(lambda first: first + 1), transitions=["third"])
    fsm.add_state("third", kind(lambda early, late=None: (early, late)), terminal=True)
    fsm.connect("first", "third", input="early")
    assert any_mode(fsm, early=50) == (1, 2)


def test_an_edge_brings_the_latest_value_of_its_state(fsm, any_mode, kind):
    fsm.add_state("first", kind(lambda n: n + 1), initial=True, transitions=["second"])
    fsm.add_state("second", kind(lambda n: n), transitions=["first", "third"])
    fsm.add_state("third", kind(lambda n, latest: latest), terminal=True)
    fsm.add_conditional_transition("second", lambda n: "third" if n > 2 else "first")
    fsm.connect("first", "third", input="latest")
    assert any_mode(fsm, n=0) == 3


def test_an_edge_whose_state_has_not_run_leaves_its_parameter_to_what_comes_next(fsm, any_mode, kind):
    fsm.add_state("first", kind(lambda seed, later: seed + later), initial=True, transitions=["second"])
    fsm.add_state("second", kind(lambda n: n * 10), transitions=["first", END])
    fsm.add_conditional_transition("second", lambda n: END if n > 100 else "first")
    fsm.connect("second", "first", input="later")
    assert any_mode(fsm, seed=1, later=2) == 600  # (1 + 2) * 10, then (30 + 30) * 10


def test_a_state_may_be_connected_to_itself(fsm, any_mode, kind):
    fsm.add_state("sum", kind(lambda n, before=0: n + before), initial=True)
    fsm.connect("sum", "sum", input="before")
    fsm.add_conditional_transition("sum", lambda n: END if n > 20 else "sum", targets=["sum", END])
    assert any_mode(fsm, n=1) == 32
    assert fsm.get_history("sum") == [1, 2, 4, 8, 16, 32]


def test_an_edge_may_bring_a_part(fsm, any_mode, kind):
    @dataclass
    class Pair:
        left: int
        right: int

    fsm.add_state("first", kind(lambda: Pair(1, 2)), initial=True, transitions=["second"])
    fsm.add_state("second", kind(lambda part, pair: (part, pair.left)), terminal=True)
    fsm.connect("first", "second", output="right", input="part")
    assert any_mode(fsm) == (2, 1)


def test_a_part_that_is_not_there_fails_the_state(fsm, any_mode, kind):
    fsm.add_state("first", kind(lambda: {"left": 1}), initial=True, transitions=["second"])
    fsm.add_state("second", kind(lambda part: part), terminal=True)
    fsm.connect("first", "second", output="right", input="part")
    error = raised_by(any_mode, fsm)
    assert isinstance(error, MissingOutputError)
    assert error.node_name == "second"
    fsm.disconnect("first", "second")
    fsm.connect("first", "second", output="right", input="part", optional=True)
    assert any_mode(fsm) == {"left": 1}


def test_an_error_about_parts_of_the_states_own_calls_it_once(fsm, any_mode):
    calls = []

    def state():
        calls.append(1)
        raise MissingOutputError("of my own", "elsewhere")

    fsm.add_state("only", state, initial=True, terminal=True)
    assert isinstance(raised_by(any_mode, fsm), MissingOutputError)
    assert calls == [1]


def test_a_state_that_takes_any_name_is_given_run_inputs_and_edges(fsm, any_mode, kind):
    fsm.add_state("first", kind(lambda: 1), initial=True, transitions=["second"])
    fsm.add_state("second", kind(lambda **found: found), terminal=True)
    assert any_mode(fsm, extra=5) == {"extra": 5}
    fsm.connect("first", "second", input="wired")
    assert any_mode(fsm, extra=5) == {"extra": 5, "wired": 1}


def test_a_value_without_a_parameter_is_not_passed_on(fsm, any_mode, kind):
    fsm.add_state("first", kind(lambda: 1), initial=True, transitions=["second"])
    fsm.add_state("second", kind(lambda: 2), terminal=True)
    assert any_mode(fsm) == 2


def test_keyword_only_and_positional_only_parameters_are_filled(fsm, any_mode, kind):
    def second(value, /, *, b):
        return value, b

    def first(*, a):
        return a

    fsm.add_state("first", kind(first), initial=True, transitions=["second"])
    fsm.add_state("second", kind(second), terminal=True)
    assert any_mode(fsm, a=1, b=2) == (1, 2)


def test_a_plain_none_is_passed_and_an_fsmreturn_without_a_value_passes_nothing(fsm, any_mode, kind):
    fsm.add_state("first", kind(lambda: None), initial=True, transitions=["second"])
    fsm.add_state("second", kind(lambda n=5: FSMReturn("third") if n is None else n))
    fsm.add_state("third", kind(lambda n=6: FSMReturn("fourth", value=None)))
    fsm.add_state("fourth", kind(lambda n=7: n))
    assert any_mode(fsm) is None
    assert fsm.cycle_results == {"first": [None], "second": [None], "third": [None], "fourth": [None]}


def test_no_data_has_run_without_a_result_and_passes_nothing_on(fsm, any_mode, kind):
    fsm.add_state("first", kind(lambda: NO_DATA), initial=True, transitions=["second"])
    fsm.add_state("second", kind(lambda n=5: n), terminal=True)
    assert any_mode(fsm) == 5
    assert fsm.results == {"second": 5}
    assert fsm.state_history == ["first", "second"]


def test_a_stream_is_handed_on_to_the_next_state(fsm, any_mode):
    def numbers():
        yield from range(3)

    fsm.add_state("numbers", numbers, initial=True, transitions=["total"])
    fsm.add_state("total", sum, terminal=True, inputs=["items"])
    assert any_mode(fsm) == 3


@pytest.mark.parametrize("given", [None, Context(), FSMContext()], ids=["none", "plain", "of a machine"])
def test_a_state_sees_the_way_so_far_in_its_context(fsm, any_mode, kind, given):
    seen = []

    def state(n, context):
        seen.append((context.current_state, context.state_history, context.cycle_count, context.visits))
        return n + 1

    fsm.add_state("a", kind(state), initial=True)
    fsm.add_state("b", kind(state), transitions=["a"])
    fsm.add_conditional_transition("a", lambda n: "b" if n < 3 else END, targets=["b", END])
    assert any_mode(fsm, n=0, context=given) == 3
    assert seen == [
        ("a", [], 0, {}),
        ("b", ["a"], 1, {"a": 1}),
        ("a", ["a", "b"], 2, {"a": 1, "b": 1}),
    ]


def test_states_are_methods_partials_and_objects_as_well(fsm, any_mode):
    class Counter:
        def __init__(self):
            self.count = 0

        def first(self):
            self.count += 1
            return self.count

        def __call__(self, n):
            return n * 10

    counter = Counter()
    fsm.add_state("first", counter.first, initial=True, transitions=["second"])
    fsm.add_state("second", counter, terminal=True)
    assert any_mode(fsm) == 10


def test_what_only_a_later_state_lacks_is_found_where_nothing_hands_it_on(fsm, any_mode, kind):
    fsm.add_state("first", kind(lambda: NO_DATA), initial=True, transitions=["second"])
    fsm.add_state("second", kind(lambda n: n), terminal=True)
    error = raised_by(any_mode, fsm)
    assert isinstance(error, MissingInputError)
    assert (error.node_name, fsm.current_state, fsm.is_terminated) == ("second", "second", False)
    assert any_mode(fsm, n=4) == 4
