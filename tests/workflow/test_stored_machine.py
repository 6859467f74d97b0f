"""What a document holds of the states of a machine: stored, read back, and refused with its place."""

import copy
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fast_dag import DAG, END, FSM
from fast_dag.errors import DocumentError
from tests.workflow import stored_machines
from tests.workflow.stored_machines import begin, increment, machine, nested, registry, route, watch

HERE = stored_machines.__name__
FUNCTIONS = registry()
W1 = "workflows.w1"
ABSENT = object()


def problems(fsm):
    return [each.message for each in fsm.validate()]


def only(fsm):
    """The table of the only workflow in a document."""
    (entry,) = fsm.to_dict(registry=FUNCTIONS)["workflows"].values()
    return entry


def states(*names):
    fsm = FSM("machine")
    for name in names:
        fsm.state(begin, name=name)
    return fsm


def loaded(workflow, cls=FSM):
    """The workflow once more, which must have an equal document."""
    made = cls.from_dict(workflow.to_dict(registry=FUNCTIONS), registry=FUNCTIONS)
    assert made.to_dict(registry=FUNCTIONS) == workflow.to_dict(registry=FUNCTIONS)
    return made


def changed(key, value):
    """The document of `machine` with another *value* under a *key* of its table, or nothing there."""
    document = machine().to_dict()
    document["workflows"]["w1"][key] = value
    if value is ABSENT:
        del document["workflows"]["w1"][key]
    return document


def refusal(document, cls=FSM):
    """What the error for a document says; nothing may have been imported on the way."""
    FSM.from_dict(machine().to_dict(), registry=FUNCTIONS)  # what reading itself needs is there
    modules = set(sys.modules)
    with pytest.raises(DocumentError) as caught:
        cls.from_dict(document, registry=FUNCTIONS)
    assert set(sys.modules) == modules
    return str(caught.value)


# What is stored


def test_a_machine_says_where_its_states_lead():
    entry = only(machine())
    assert {key: entry[key] for key in ("kind", "initial", "terminal", "transitions", "routers")} == {
        "kind": "fsm",
        "initial": ["begin"],
        "terminal": ["last"],
        "transitions": [
            {"source": "begin", "target": "again"},
            {"source": "jump", "target": "again", "condition": "again"},
            {"source": "jump", "target": "last", "condition": "last"},
        ],
        "routers": [{"state": "again", "function": f"{HERE}:route", "targets": ["jump", "again"]}],
    }


def test_a_machine_keeps_its_limits_and_state_hooks():
    entry = only(machine())
    kept = {
        "max_cycles": 50,
        "on_limit": "return",
        "history_limit": 9,
        "state_hooks": [f"{HERE}:watch"],
        "description": "Counts.",
    }
    assert entry.items() >= kept.items()


def test_what_has_its_default_is_left_out():
    assert only(states("a")) == {
        "kind": "fsm",
        "name": "machine",
        "nodes": [{"name": "a", "function": f"{HERE}:begin", "inputs": ["count"]}],
        "edges": [],
    }


def test_a_default_cap_that_was_asked_for_is_kept():
    assert only(FSM("machine", max_cycles=1000))["max_cycles"] == 1000


def test_targets_that_nobody_declared_are_not_stored():
    fsm = states("a", "b").add_conditional_transition("a", route)
    fsm.add_conditional_transition("b", route, targets=[])
    assert [router.get("targets") for router in only(fsm)["routers"]] == [None, []]
    assert loaded(fsm).transitions == fsm.transitions


def test_routers_and_state_hooks_without_a_name_are_told_with_their_states():
    fsm = states("a", "b").add_conditional_transition("b", lambda result: END)
    fsm.add_state_hook(lambda *arguments: None)
    with pytest.raises(DocumentError) as caught:
        fsm.to_dict()
    assert "the router of state 'b' in 'machine', a state hook of 'machine'" in str(caught.value)


def test_a_decorated_function_as_a_router_goes_by_its_function():
    node = DAG("other").node(route)
    fsm = states("a").add_conditional_transition("a", node)
    assert only(fsm)["routers"][0]["function"] == f"{HERE}:route"


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (
            lambda fsm: fsm.machine.add("a", 3),
            "a transition in 'machine' must be a text, got int",
        ),
        (
            lambda fsm: fsm.machine.add("a", "b", 3),
            "a transition in 'machine' must be a text, got int",
        ),
        (
            lambda fsm: fsm.machine.begin_with(3),
            "the initial state of 'machine' must be a text, got int",
        ),
        (
            lambda fsm: fsm.condition_branch(),
            "'machine': a state machine has transitions in the place of feedback edges",
        ),
    ],
)
def test_what_no_document_could_hold_is_refused(change, text):
    class Odd(FSM):
        def condition_branch(self):
            self.add_node("c", begin, node_type="conditional").get_node("c").on_true >> END

    fsm = Odd("machine")
    fsm.state(begin, name="a")
    change(fsm)
    with pytest.raises(DocumentError) as caught:
        fsm.to_dict(registry=FUNCTIONS)
    assert text in str(caught.value)


# What is read back


@pytest.mark.parametrize("format", ["json", "yaml", "msgpack"])
def test_a_machine_that_was_saved_runs_as_before(tmp_path, format):
    file = tmp_path / f"machine.{format}"
    machine().save(file)
    fsm, before = FSM.load(file, registry=FUNCTIONS), machine()
    assert fsm.to_dict() == before.to_dict()
    assert (fsm.run(count=2), fsm.context.state_history) == (before.run(count=2), before.state_history)
    assert fsm.context.state_history == ["begin", "again", "jump", "last"]


def test_everything_about_the_states_comes_back():
    fsm, before = loaded(machine()), machine()
    assert (fsm.transitions, fsm.connections) == (before.transitions, before.connections)
    assert (fsm.initial_state, fsm.terminal_states) == ("begin", ("last",))
    assert (fsm.max_cycles, fsm.on_limit, fsm.history_limit) == (50, "return", 9)
    assert (fsm.is_bounded, fsm.state_hooks, fsm.hooks) == (True, [watch], before.hooks)
    for name, state in before.nodes.items():
        made = fsm.get_node(name)
        assert (made.func, made.node_type, made.options) == (state.func, state.node_type, state.options)


def test_a_router_that_takes_the_context_does_so_again():
    fsm = FSM("machine").add_state("again", stored_machines.again, initial=True)
    fsm.add_conditional_transition("again", stored_machines.route_with_context, targets=["again", END])
    assert loaded(fsm).run(count=0) == fsm.run(count=0) > 1


def test_targets_that_an_annotation_declares_come_from_the_function():
    fsm = FSM("machine").add_state("decide", stored_machines.decide, initial=True)
    fsm.add_state("again", stored_machines.again, transitions=["decide"])
    assert loaded(fsm).transitions == fsm.transitions
    assert only(fsm)["transitions"] == [{"source": "again", "target": "decide"}]


def test_a_machine_that_is_not_finished_comes_back():
    fsm = FSM("machine", initial_state="later", terminal_states=["never"])
    fsm.add_transition("here", "there").add_transition("here", END, "bored")
    assert problems(loaded(fsm)) == problems(fsm) != []


def test_a_history_may_be_limited_to_more_than_there_is_memory():
    fsm = FSM("machine", history_limit=10**30).add_state("begin", begin, initial=True)
    assert loaded(fsm).run(count=3) == 3


def test_nested_machines_and_dags_come_back():
    dag = loaded(nested(), DAG)
    inside = dag.get_nested_workflows()["machine"]
    assert (type(inside), type(inside.get_nested_workflows()["step"])) == (FSM, DAG)
    assert dag.run(x=3) == nested().run(x=3)


NAME = st.sampled_from(["s0", "s1", "s2", "s3"])
TARGET = st.sampled_from(["s0", "s1", "s2", "s3", END, "nowhere"])
TRANSITION = st.tuples(NAME, TARGET, st.sampled_from(["default", "if", "or"]))
TARGETS = st.none() | st.lists(TARGET, max_size=3)


@settings(max_examples=50)
@given(st.lists(NAME, max_size=2), st.lists(TRANSITION), st.dictionaries(NAME, TARGETS, max_size=2))
def test_every_machine_comes_back(ends, transitions, routers):
    fsm = states("s0", "s1", "s2", "s3")
    for state in ends:
        fsm.set_initial_state(state).add_terminal_state(state)
    for transition in transitions:
        fsm.add_transition(*transition)
    for state, targets in routers.items():
        fsm.add_conditional_transition(state, route, targets=targets)
    made = loaded(fsm)
    assert (made.transitions, problems(made)) == (fsm.transitions, problems(fsm))


# What is refused


CASES = [
    ("initial", "begin", f"{W1}.initial must be a list, got str"),
    ("initial", [3], f"{W1}.initial[0] must be a text, got int"),
    ("terminal", {"last": None}, f"{W1}.terminal must be a list, got dict"),
    ("terminal", ["last", "last"], f"{W1}.terminal: a state stands there twice"),
    ("transitions", {}, f"{W1}.transitions must be a list, got dict"),
    ("transitions", [["a", "b"]], f"{W1}.transitions[0] must be a table, got list"),
    ("transitions", [{"source": "a"}], f"{W1}.transitions[0]: 'target' is missing"),
    ("transitions", [{"source": "a", "target": None}], f"{W1}.transitions[0].target must be a text"),
    ("transitions", [{"source": "", "target": "b"}], f"{W1}.transitions[0]: '' is no state"),
    (
        "transitions",
        [{"source": "a", "target": "b", "condition": 1}],
        f"{W1}.transitions[0].condition must be a text, got int",
    ),
    (
        "transitions",
        [{"source": "a", "target": "b", "targets": []}],
        f"{W1}.transitions[0]: unknown key 'targets'; did you mean 'target'?",
    ),
    (
        "transitions",
        [{"source": "a", "target": "b"}] * 2,
        f"{W1}.transitions[1]: there is a transition 'a' -> 'b' already",
    ),
    ("routers", [3], f"{W1}.routers[0] must be a table, got int"),
    ("routers", [{"state": "a"}], f"{W1}.routers[0]: 'function' is missing"),
    ("routers", [{"state": 1, "function": "f"}], f"{W1}.routers[0].state must be a text, got int"),
    ("routers", [{"state": "a", "function": ["f"]}], f"{W1}.routers[0].function must be a text, got list"),
    (
        "routers",
        [{"state": "a", "function": f"{HERE}:route", "targets": "b"}],
        f"{W1}.routers[0].targets must be a list, got str",
    ),
    (
        "routers",
        [{"state": "a", "function": f"{HERE}:watch"}],
        f"{W1}.routers[0]: the router of 'a' must take (result[, context])",
    ),
    (
        "routers",
        [{"state": "a", "function": f"{HERE}:decide", "targets": ["b"]}],
        f"{W1}.routers[0]: the router of 'a' is declared with targets b, but annotated with again, END",
    ),
    (
        "routers",
        [{"state": "a", "function": f"{HERE}:route"}] * 2,
        f"{W1}.routers[1]: 'a' has a router already",
    ),
    (
        "routers",
        [{"state": "a", "function": "os:getcwd"}],
        "not in the registry: 'os:getcwd'; register functions under these names",
    ),
    ("max_cycles", 0, f"{W1}: max iterations must be > 0, got 0"),
    ("max_cycles", True, f"{W1}: max iterations must be an integer, got True"),
    ("max_cycles", 10**5000, f"{W1}: "),
    ("max_cycles", "10", f"{W1}.max_cycles must be an integer, got str"),
    ("max_cycles", None, f"{W1}.max_cycles must be an integer, got NoneType"),
    ("on_limit", "stop", f"{W1}: on_limit must be 'raise' or 'return', got 'stop'"),
    ("on_limit", [], f"{W1}.on_limit must be a text, got list"),
    ("history_limit", -1, f"{W1}: history_limit must be"),
    ("history_limit", 1.5, f"{W1}.history_limit must be an integer, got float"),
    ("state_hooks", f"{HERE}:watch", f"{W1}.state_hooks must be a list, got str"),
    ("state_hooks", [{}], f"{W1}.state_hooks[0] must be a text, got dict"),
    ("state_hooks", ["os:system"], "not in the registry: 'os:system'"),
    ("transition", [], f"{W1}: unknown key 'transition'; did you mean 'transitions'?"),
    ("autowire", False, f"{W1}: unknown key 'autowire'"),
    ("feedback", [], f"{W1}: unknown key 'feedback'"),
    ("kind", "dag", f"{W1}: unknown key"),
    ("kind", ["fsm"], f"{W1}.kind must be a text, got list"),
    ("name", "", f"{W1}: a workflow needs a name"),
    ("nodes", ABSENT, f"{W1}: 'nodes' is missing"),
]


@pytest.mark.parametrize(("key", "value", "text"), CASES, ids=lambda each: "")
def test_a_malformed_machine_is_refused_with_its_place(key, value, text):
    assert text in refusal(changed(key, value))


def test_a_dag_has_no_states():
    document = DAG("flow").add_node(increment).to_dict()
    document["workflows"]["w1"]["initial"] = ["increment"]
    assert refusal(document, DAG) == f"{W1}: unknown key 'initial'"


def test_each_kind_is_loaded_by_its_own_class():
    assert refusal(machine().to_dict(), DAG) == f"{W1}: of kind 'fsm', load it with FSM, not DAG"
    assert refusal(nested().to_dict(), FSM) == f"{W1}: of kind 'dag', load it with DAG, not FSM"


def test_a_text_that_was_cut_off_is_no_document():
    text = machine().to_json()
    for length in range(0, len(text), 97):
        with pytest.raises(DocumentError):
            FSM.from_json(text[:length], registry=FUNCTIONS)


def test_a_table_that_lacks_a_key_is_refused_or_read_as_its_default():
    entry = only(machine())
    for key in entry:
        document = copy.deepcopy(machine().to_dict())
        del document["workflows"]["w1"][key]
        if key in ("kind", "name", "nodes"):
            assert f"{W1}: '{key}' is missing" in refusal(document)
        else:
            assert FSM.from_dict(document, registry=FUNCTIONS).name == "counter"


def test_a_router_that_is_not_registered_is_told_and_not_imported():
    document = machine().to_dict()
    document["workflows"]["w1"]["routers"][0]["function"] = "this:s"
    assert refusal(document) == "not in the registry: 'this:s'; register functions under these names"
    assert "this" not in sys.modules
