import pickle
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fast_dag import END, CycleConfigurationError, CycleError, CycleExitError, ValidationError
from fast_dag.graph.ways_out import (
    Outgoing,
    WayOutProblem,
    exit_problems,
    ignored_edges,
    invalid,
    undeclared_routers,
    undeclared_text,
)


def plain(*targets):
    return Outgoing(plain=targets)


def router(*targets):
    return Outgoing(declared=targets, is_router=True)


ANYWHERE = Outgoing(is_router=True)

SCENARIOS = {
    "S1": ({"a": plain("b"), "b": plain("a")}, [("pure_cycle", "a b a")]),
    "S2": ({"a": plain("b"), "b": plain("c"), "c": plain("a")}, [("pure_cycle", "a b c a")]),
    "S3": ({"a": plain("a")}, [("self_loop", "a a")]),
    "S4": ({"a": plain("b"), "b": router("a", END)}, []),
    "S5": ({"a": router("a", END)}, []),
    "S6": ({"a": router("a", "b"), "b": router(END)}, []),
    "S8": ({"a": plain("b"), "b": router("a")}, [("router_cannot_exit", "a b a")]),
    "S9": ({"a": plain("b"), "b": router("a", "c"), "c": plain("b")}, [("router_cannot_exit", "a b a")]),
    "S10": ({"a": plain("b"), "b": router("c", "d"), "c": router("a", END), "d": plain("b")}, []),
    "S12": ({"r": router("x", END), "x": plain("y"), "y": plain("x")}, [("pure_cycle", "x y x")]),
    "S14": (
        {"a": plain("b"), "b": plain("a"), "c": plain("d"), "d": plain("c")},
        [("pure_cycle", "a b a"), ("pure_cycle", "c d c")],
    ),
    "S15": ({"a": plain("b"), "b": plain("a", "c"), "c": plain(END)}, [("pure_cycle", "a b a")]),
    "S16": ({"a": Outgoing(plain=("a",), declared=("a", END), is_router=True)}, []),
    "S18": ({"a": router("a")}, [("router_cannot_exit", "a a")]),
    "S20": (
        {"a": plain("b"), "b": router("a", "c"), "c": plain("d"), "d": plain("c")},
        [("pure_cycle", "c d c")],
    ),
    "S22": ({"a": plain("a", "b"), "b": plain(END)}, [("self_loop", "a a")]),
    "S24": ({"r": ANYWHERE, "x": plain("y"), "y": plain("x")}, [("pure_cycle", "x y x")]),
    "S26": ({"a": plain("b", "b"), "b": plain("a")}, [("pure_cycle", "a b a")]),
    "S28": ({"a": router("b", "c"), "b": plain("a"), "c": plain("a")}, [("router_cannot_exit", "a b a")]),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_scenarios_of_the_rules(name):
    nodes, expected = SCENARIOS[name]
    assert [(each.kind, " ".join(each.ring)) for each in exit_problems(nodes)] == expected


def text_of(nodes):
    (problem,) = exit_problems(nodes)
    return problem.message


def test_a_ring_without_a_router():
    assert text_of({"process": plain("validate"), "validate": plain("process")}) == (
        "cycle detected with no exit condition: [process, validate, process]\n"
        "    hint: add a conditional edge from one of these nodes that can leave the cycle (e.g. to END)"
    )


def test_a_self_loop():
    assert text_of({"retry": plain("retry")}) == (
        "self-loop detected on node 'retry' with no exit condition\n"
        "    hint: use a condition or router on 'retry' instead of a plain edge, "
        "with a target other than 'retry'"
    )


def test_a_router_that_stays_inside():
    assert text_of({"a": plain("b"), "b": router("a")}) == (
        "conditional edge on 'b' cannot leave the cycle [a, b, a]: declared targets are a\n"
        "    hint: add END or a node outside {a, b} to its targets"
    )


def test_the_hint_names_all_nodes_that_are_no_way_out():
    message = text_of({"a": router("b", "c"), "b": plain("a"), "c": plain("a")})
    assert "cannot leave the cycle [a, b, a]: declared targets are b, c" in message
    assert "outside {a, b, c}" in message


def test_a_ring_without_a_decision_in_a_component_that_can_be_left():
    nodes = {"a": plain("b"), "b": plain("a", "c"), "c": router("a", END)}
    assert exit_problems(nodes) == [
        WayOutProblem(
            "decision_free_subcycle",
            ("a", "b", "a"),
            "cycle [a, b, a] contains no decision although its component can be left at 'c'\n"
            "    hint: make one of a -> b, b -> a conditional",
        )
    ]


def test_a_self_loop_beside_a_router_is_reported_once():
    assert exit_problems({"a": plain("a", "b"), "b": router("a", END)})[0].kind == "self_loop"
    assert len(exit_problems({"a": plain("a", "b"), "b": router("a", END)})) == 1


def test_a_router_with_one_target_decides_nothing():
    nodes = {"a": router("b"), "b": plain("a", "c"), "c": router("a", END)}
    assert [(each.kind, each.ring) for each in exit_problems(nodes)] == [
        ("decision_free_subcycle", ("a", "b", "a"))
    ]


def test_the_ring_is_the_shortest_one_and_the_earliest_of_equals():
    nodes = {
        "a": plain("d", "c", "b"),
        "b": plain("a"),
        "c": plain("a"),
        "d": plain("a", "e"),
        "e": plain("a"),
    }
    assert exit_problems(nodes)[0].ring == ("a", "b", "a")


def test_problems_stand_in_the_order_of_declaration():
    nodes = {
        "z": plain("z"),
        "a": plain("b"),
        "b": plain("a", "c"),
        "c": router("a", END),
        "p": plain("q"),
        "q": router("p"),
    }
    assert [each.ring[0] for each in exit_problems(nodes)] == ["z", "a", "p"]


def test_targets_nobody_knows_count_as_outside():
    assert exit_problems({"a": router("a", "nowhere")}) == []
    assert exit_problems({"a": plain("nowhere")}) == []


def test_a_very_long_ring_is_shown_in_part():
    names = [f"n{number}" for number in range(100)]
    nodes = {name: plain(names[(place + 1) % 100]) for place, name in enumerate(names)}
    (problem,) = exit_problems(nodes)
    assert problem.ring == (*names, "n0")
    assert "n9, ... 81 more ..., n91" in problem.message


def test_plain_edges_beside_a_router_are_warned_about():
    nodes = {
        "a": Outgoing(plain=("b", END, "b"), declared=("a", END), is_router=True),
        "b": Outgoing(plain=("a",), is_router=True),
        "c": plain("a"),
    }
    assert ignored_edges(nodes) == [
        "plain edge a -> b is ignored because 'a' has a conditional edge",
        "plain edge a -> END is ignored because 'a' has a conditional edge",
        "plain edge b -> a is ignored because 'b' has a conditional edge",
    ]


def test_routers_without_declared_targets_are_named():
    assert undeclared_routers({"a": plain("b"), "b": ANYWHERE, "c": router(END)}) == ["b"]
    assert undeclared_text("b") == "targets of 'b' are not declared; the exit cannot be checked"


def test_one_error_holds_everything_that_is_wrong():
    exits = exit_problems({"a": plain("b"), "b": plain("a"), "retry": plain("retry")})
    error = invalid("wf", ["no initial state"], exits)
    assert isinstance(error, CycleExitError)
    assert isinstance(error, CycleError)
    assert isinstance(error, CycleConfigurationError)
    assert error.errors == ["no initial state", exits[0].message, exits[1].message]
    assert error.cycles == [["a", "b", "a"], ["retry", "retry"]]
    assert error.problems == exits
    assert (error.kind, error.node) == ("pure_cycle", "a")
    assert str(error) == (
        "graph 'wf' is invalid:\n"
        "  no initial state\n"
        "  cycle detected with no exit condition: [a, b, a]\n"
        "    hint: add a conditional edge from one of these nodes that can leave the cycle (e.g. to END)\n"
        "  self-loop detected on node 'retry' with no exit condition\n"
        "    hint: use a condition or router on 'retry' instead of a plain edge, "
        "with a target other than 'retry'"
    )


def test_without_a_way_out_problem_it_is_a_plain_validation_error():
    error = invalid("wf", ["no initial state"], [])
    assert type(error) is ValidationError
    assert error.errors == ["no initial state"]


def test_the_error_survives_a_pickle():
    error = invalid("wf", ["other"], exit_problems({"a": plain("a")}))
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert str(again) == str(error)
    assert (again.problems, again.cycles, again.kind) == (error.problems, error.cycles, "self_loop")


def ring_of(count):
    nodes = {f"s{number}": plain(f"s{(number + 1) % count}") for number in range(count)}
    return nodes | {f"s{count // 2}": router(f"s{count // 2 + 1}", END)}


def seconds_for(nodes, problems=0):
    start = time.process_time()
    assert len(exit_problems(nodes)) == problems
    return time.process_time() - start


@pytest.mark.skipif(sys.gettrace() is not None, reason="to be traced takes longer than what is timed")
def test_s32_a_ring_of_100_000_states_takes_less_than_a_second():
    nodes = ring_of(100_000)
    limit = 1 if sys.gettrace() is None else 10  # measuring coverage takes its time
    assert min(seconds_for(nodes) for _ in range(2)) < limit


def test_the_time_grows_with_the_size_and_no_faster():
    small, large = ring_of(2_000), ring_of(20_000)
    assert min(seconds_for(large) for _ in range(3)) < 40 * min(seconds_for(small) for _ in range(3)) + 0.05


def test_many_components_are_as_cheap_as_one():
    nodes = {}
    for number in range(10_000):
        nodes[f"a{number}"] = plain(f"b{number}")
        nodes[f"b{number}"] = router(f"a{number}", END)
    assert seconds_for(nodes) < 2


# Brute force: the three rules by their definition, on graphs small enough to try everything.


def edges_of(nodes):
    """Every edge, and those that are taken whatever the result is."""
    every, free = set(), set()
    for name, each in nodes.items():
        if each.is_router:
            chosen = {(name, target) for target in each.declared or () if target in nodes}
            every |= chosen
            if each.declared is not None and len(set(each.declared)) == 1:
                free |= chosen
        else:
            plain_edges = {(name, target) for target in each.plain if target in nodes}
            every |= plain_edges
            free |= plain_edges
    return every, free


def reach(edges, start):
    seen, again = set(), True
    while again:
        found = {b for a, b in edges if a == start or a in seen}
        again, seen = found != seen, found
    return seen


def components_of(nodes, edges):
    found = []
    for name in nodes:
        behind = reach(edges, name)
        if name in behind and not any(name in each for each in found):
            found.append([each for each in nodes if each in behind and name in reach(edges, each)])
    return found


def distance(edges, start):
    """The length of the shortest ring through *start*."""
    level, length = {start}, 0
    while True:
        level, length = {b for a, b in edges if a in level}, length + 1
        if start in level:
            return length


def expected_of(nodes):
    every, free = edges_of(nodes)
    found = []
    for component in components_of(nodes, every):
        routers = [name for name in component if nodes[name].is_router]
        can_leave = any(
            nodes[name].declared is None or set(nodes[name].declared) - set(component) for name in routers
        )
        first = component[0]
        if not can_leave:
            kind = "router_cannot_exit" if routers else "self_loop" if len(component) == 1 else "pure_cycle"
            found.append((kind, first, distance({e for e in every if set(e) <= set(component)}, first)))
            continue
        inside = {edge for edge in free if set(edge) <= set(component)}
        found += [("self_loop", name, 1) for name in component if (name, name) in inside]
        proper = {(a, b) for a, b in inside if a != b}
        for ring in components_of(component, proper):
            within = {edge for edge in proper if set(edge) <= set(ring)}
            found.append(("decision_free_subcycle", ring[0], distance(within, ring[0])))
    return sorted(found)


NAMES = "abcde"
TARGETS = st.lists(st.sampled_from([*NAMES, END]), max_size=3).map(tuple)
OUTGOING = st.one_of(
    TARGETS.map(lambda targets: Outgoing(plain=targets)),
    TARGETS.map(lambda targets: Outgoing(declared=targets, is_router=True)),
    st.builds(Outgoing, TARGETS, st.none() | TARGETS, st.just(True)),
)
GRAPHS = st.permutations(NAMES).flatmap(lambda names: st.fixed_dictionaries(dict.fromkeys(names, OUTGOING)))


@settings(max_examples=150, deadline=None)
@given(GRAPHS)
def test_the_algorithm_finds_what_the_definition_says(nodes):
    found = exit_problems(nodes)
    assert sorted((each.kind, each.ring[0], len(each.ring) - 1) for each in found) == expected_of(nodes)
    places = list(nodes)
    firsts = [places.index(each.ring[0]) for each in found]
    assert firsts == sorted(firsts)
    every, _ = edges_of(nodes)
    for each in found:
        assert each.ring[0] == each.ring[-1]
        assert set(zip(each.ring, each.ring[1:], strict=False)) <= every
