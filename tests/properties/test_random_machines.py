"""Random machines: every mode, and the plain loop as the core, give what the definition says."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from fast_dag import END, FSM, ExecutionError, FSMContext, FSMReturn, RouterError
from tests.conformance.modes import ALL, as_async

NAMES = ("a", "b", "c", "d")
CAP = 12


@dataclass(frozen=True)
class State:
    """A state that adds *plus* to what it is handed; *how* tells what leads to one of its *targets*.

    It raises at each call whose number is among *failures*, and is tried *retry* times.
    """

    name: str
    plus: int
    how: str
    targets: tuple[str, ...]
    failures: frozenset[int]
    retry: int = 1
    is_async: bool = False

    def target(self, value: int) -> str:
        """Where a *value* leads."""
        return self.targets[value % len(self.targets)]


HOW = ("plain", "router", "undeclared", "returned", "literal", "stop", "terminal", "router that errs")


@st.composite
def machines(draw: st.DrawFn) -> tuple[State, ...]:
    names = NAMES[: draw(st.integers(1, len(NAMES)))]
    states = []
    for name in names:
        targets = draw(st.lists(st.sampled_from([*names, END]), min_size=1, max_size=3, unique=True))
        states.append(
            State(
                name,
                draw(st.integers(0, 5)),
                draw(st.sampled_from(HOW)),
                tuple(targets),
                frozenset(draw(st.sets(st.integers(1, 4), max_size=2))),
                draw(st.sampled_from([1, 1, 2])),
                draw(st.sampled_from([False, False, True])),
            )
        )
    return tuple(states)


def build(states: tuple[State, ...], calls: Counter[str], **options: Any) -> FSM:
    """The machine of *states*, which counts its *calls*."""
    fsm = FSM("random", max_cycles=CAP, on_limit="return", **options)
    for state in states:
        function = function_of(state, calls)
        fsm.add_state(
            state.name,
            as_async(function) if state.is_async else function,
            initial=state.name == "a",
            terminal=state.how == "terminal",
            retry=state.retry,
        )
        if state.how == "plain":
            fsm.add_transition(state.name, state.targets[0])
        elif state.how == "router":
            fsm.add_conditional_transition(state.name, state.target, targets=state.targets)
        elif state.how == "undeclared":
            fsm.add_conditional_transition(state.name, lambda value, state=state: state.target(value))
        elif state.how == "router that errs":
            fsm.add_conditional_transition(state.name, lambda value: "nowhere", targets=state.targets)
        elif state.how in ("returned", "literal"):
            for target in state.targets:
                fsm.add_transition(state.name, target, condition="named")
    return fsm


def function_of(state: State, calls: Counter[str]) -> Any:
    def work(value: int) -> Any:
        calls[state.name] += 1
        if calls[state.name] in state.failures:
            raise ValueError(f"call {calls[state.name]} of {state.name}")
        value += state.plus
        if state.how == "returned":
            return FSMReturn(state.target(value), value)
        if state.how == "literal":
            return FSMReturn(state.target(value))
        return FSMReturn(value=value, stop=True) if state.how == "stop" else value

    return work


def interpreted(states: tuple[State, ...], value: int) -> dict[str, Any]:
    """What the machine does, told in a few lines."""
    known, calls, series = {state.name: state for state in states}, Counter[str](), {}
    name, given, history, ending = "a", value, [], "completed"
    handed: int | None = value
    while name != END:
        if len(history) == CAP:
            ending = "cap"
            break
        state = known[name]
        taken = given if handed is None else handed
        calls[name] += 1
        last = calls[name] + state.retry - 1
        while calls[name] in state.failures and calls[name] < last:
            calls[name] += 1
        if calls[name] in state.failures:
            ending = "ValueError"
            break
        if state.how == "router that errs":
            ending = "RouterError"
            break
        total = taken + state.plus
        handed = None if state.how == "literal" else total
        history.append(name)
        series.setdefault(name, []).append(handed)
        ends = state.how in ("stop", "terminal")
        name = END if ends else state.targets[0] if state.how == "plain" else state.target(total)
    return {"history": history, "series": series, "attempts": dict(calls), "ending": ending}


def observed(run: Any, states: tuple[State, ...], value: int, **options: Any) -> dict[str, Any]:
    """What a real run leaves behind."""
    calls: Counter[str] = Counter()
    context, ending, result = FSMContext(), "completed", None
    try:
        result = run(build(states, calls), {"value": value}, context=context, **options)
        ending = "cap" if context.metadata.get("max_cycles_reached") else ending
    except ExecutionError as error:
        ending = "RouterError" if isinstance(error, RouterError) else type(error.original_error).__name__
    series = context.cycle_results
    counts = {name: len(values) for name, values in series.items()}
    assert context.visits == counts == {name: counts[name] for name in NAMES if name in counts}
    assert context.cycle_count == len(context.state_history)
    assert context.metrics["execution_order"] == context.state_history
    assert context.metrics["nodes_failed"] == (ending.endswith("Error"))
    assert context.results == {name: values[-1] for name, values in series.items()}
    assert context.is_terminated is (ending == "completed")
    if ending in ("completed", "cap"):
        assert result == context.results[context.state_history[-1]]
    return {
        "history": context.state_history,
        "series": series,
        "attempts": context.metrics["attempts"],
        "ending": ending,
    } | ({} if calls == context.metrics["attempts"] else {"calls": calls})


def stepped(fsm: FSM, inputs: dict[str, Any], context: FSMContext) -> Any:
    """A run as single steps."""
    _, value = fsm.step(context, inputs)
    while not context.is_terminated and context.cycle_count < CAP:
        _, value = fsm.step(context)
    return value


property_test = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@property_test
@given(machines(), st.integers(0, 3))
def test_every_mode_goes_the_way_that_the_definition_says(states, value):
    expected = interpreted(states, value)
    event(expected["ending"])
    for mode in ALL:
        assert observed(mode, states, value) == expected, mode


@property_test
@given(machines(), st.integers(0, 3))
def test_the_plain_loop_goes_the_way_of_the_core(states, value):
    expected = observed(FSM.run, states, value)
    assert observed(FSM.run, states, value, observers=[lambda event: None]) == expected


@property_test
@given(machines(), st.integers(0, 3))
def test_steps_go_the_way_of_a_run(states, value):
    expected = interpreted(states, value)
    if expected["ending"] != "cap":  # which steps do not have
        assert observed(stepped, states, value) == expected
