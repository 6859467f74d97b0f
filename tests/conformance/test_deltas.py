"""Delta variables in every mode: the worked examples, how facts come together, and how such a cycle ends."""

import threading
from collections import Counter

import networkx as nx
import pytest

from fast_dag import (
    DAG,
    NO_DATA,
    Context,
    Converged,
    CycleExecutionError,
    Delta,
    DeltaError,
    MissingInputError,
)
from tests.conformance.modes import raised_by

CHAIN = [(i, i + 1) for i in range(49)]
RING = [(i, (i + 1) % 20) for i in range(20)]
KARATE = nx.karate_club_graph()


def result_of(dag, cycle="tc"):
    return dag.context.metadata["cycles"][cycle]


def failing(mode, kind, dag, **inputs):
    """What a run in this mode ends with, which is of a kind."""
    error = raised_by(mode, dag, **inputs)
    assert isinstance(error, kind)
    return error


def followers(edges):
    found = {}
    for a, b in edges:
        found.setdefault(a, []).append(b)
    return found


def gathering(derive, seeds, *, merge="set", kind=lambda function: function, **settings):
    """A cycle of *derive* over a delta variable that begins with *seeds*; the facts are what comes out."""
    dag = DAG("gathering")
    dag.node(kind(lambda: seeds), name="seeds")
    dag.node(kind(derive), name="derive")
    dag.node(kind(lambda paths: paths), name="report")
    dag.connect("seeds", "derive", input="paths")
    with dag.cycle("tc", **settings) as c:
        c.feedback("derive", "derive", input="paths").delta("derive", input="paths", merge=merge)
    return dag.connect("tc", "report", output="paths")


def closing(edges, counts):
    after = followers(edges)

    def derive(paths: Delta):
        found = set()
        for a, b in paths.new:
            for c in after.get(b, ()):
                counts["derivations"] += 1
                found.add((a, c))
        return found

    return derive


@pytest.mark.parametrize(
    ("edges", "expected"),
    [
        pytest.param(CHAIN, (1225, 49, 1176, [*range(48, -1, -1)]), id="chain50"),
        pytest.param(RING, (400, 20, 400, [20] * 19 + [0]), id="cycle20"),
    ],
)
def test_transitive_closure(any_mode, kind, edges, expected):
    size, rounds, derivations, found = expected
    counts = Counter()
    dag = gathering(closing(edges, counts), edges, kind=kind)
    assert len(any_mode(dag)) == size
    assert counts["derivations"] == derivations
    told = result_of(dag)
    assert (told.total_iterations, told.reason, told.converged) == (rounds, "exit", True)
    assert [each.items for each in told.history] == found
    assert [(each.round, each.fired) for each in told.history] == [(r + 1, 1) for r in range(rounds)]


@pytest.mark.parametrize(
    ("edges", "rounds", "derivations"), [(CHAIN, 49, 39_200), (RING, 20, 4_200)], ids=["chain50", "cycle20"]
)
def test_naive_closure_does_more_for_the_same(edges, rounds, derivations):
    after, counts = followers(edges), Counter()

    def derive(paths):
        found = set(paths)
        for a, b in paths:
            for c in after.get(b, ()):
                counts["derivations"] += 1
                found.add((a, c))
        return found

    known, count = set(edges), 1
    while (larger := derive(known)) != known:
        known, count = larger, count + 1
    assert (count, counts["derivations"]) == (rounds, derivations)
    assert known == gathering(closing(edges, Counter()), edges).run()


@pytest.mark.parametrize("merge", [min, "min", lambda a, b: min(a, b)], ids=["builtin", "name", "function"])
def test_connected_components_by_smallest_label(any_mode, merge):
    messages = Counter()

    def spread(labels: Delta):
        pairs = [(w, label) for v, label in labels.new.items() for w in KARATE[v]]
        messages["sent"] += len(pairs)
        return pairs

    dag = DAG("components").add_node("spread", spread).add_node("report", lambda labels: labels)
    with dag.cycle("cc") as c:
        c.feedback("spread", "spread", input="labels").delta("spread", input="labels", merge=merge)
    dag.connect("cc", "report", output="labels")
    assert any_mode(dag, labels={v: v for v in KARATE}) == dict.fromkeys(KARATE, 0)
    assert result_of(dag, "cc").total_iterations == 4
    assert messages["sent"] == 368
    assert [each.items for each in result_of(dag, "cc").history] == [25, 17, 8, 0]


def test_breadth_first_levels(any_mode, kind):
    proposals = Counter()

    def spread(levels: Delta):
        found = [(w, level + 1) for u, level in levels.new.items() for w in KARATE[u]]
        proposals["made"] += len(found)
        return found

    dag = DAG("levels").add_node("spread", kind(spread)).add_node("report", kind(lambda levels: levels))
    with dag.cycle("bfs") as c:
        c.feedback("spread", "spread").delta("spread", input="levels", merge=min)
    dag.connect("bfs", "report", output="levels")
    levels = any_mode(dag, levels={0: 0})
    assert levels == nx.single_source_shortest_path_length(KARATE, 0)
    assert Counter(levels.values()) == {0: 1, 1: 16, 2: 9, 3: 8}
    assert (sum(levels.values()), proposals["made"]) == (58, 156)
    assert [each.items for each in result_of(dag, "bfs").history] == [16, 9, 8, 0]
    assert result_of(dag, "bfs").total_iterations == 4


def test_what_leaves_is_a_plain_set_or_dict(any_mode):
    assert type(any_mode(gathering(lambda paths: set(), {1}))) is set
    assert type(any_mode(gathering(lambda paths: {}, {1: 1}, merge="max"))) is dict


@pytest.mark.parametrize("seeds", [[], set(), {}], ids=str)
def test_without_a_new_seed_nothing_goes_round_and_what_is_behind_runs(any_mode, seeds):
    ran = []
    dag = gathering(lambda paths: ran.append(paths), seeds, merge="set" if seeds != {} else "min")
    assert any_mode(dag) == (set() if seeds != {} else {})
    told = result_of(dag)
    assert (told.total_iterations, told.reason, told.reason_detail) == (0, "exit", "no_data")
    assert ran == []
    assert list(dag.context.metadata["skipped"]) == ["derive"]


def test_a_seed_that_is_no_data_does_not_enter_the_cycle(any_mode):
    dag = gathering(lambda paths: set(), NO_DATA)
    assert any_mode(dag) is None
    assert result_of(dag).reason == "not_entered"


def test_seeds_come_through_the_same_filter(any_mode):
    seen = []
    dag = gathering(
        lambda paths: seen.append(dict(paths.new)) or {}, [("k", 3), ("k", 1), ("k", 2)], merge=min
    )
    assert any_mode(dag) == {"k": 1}
    assert seen == [{"k": 1}]


def test_no_data_is_no_candidate(any_mode):
    assert any_mode(gathering(lambda paths: NO_DATA, {1})) == {1}


def test_a_default_may_be_the_seed(any_mode):
    dag = DAG("default")
    dag.node(lambda seen=(1, 2): {n + 1 for n in seen.new if n < 4}, name="grow")
    dag.node(lambda seen: seen, name="report")
    with dag.cycle("c") as c:
        c.feedback("grow", "grow").delta("grow", input="seen")
    assert any_mode(dag.connect("c", "report")) == {1, 2, 3, 4}


def test_a_seed_that_nobody_gives_is_missed_before_anything_runs(any_mode):
    dag = DAG("missing").add_node("grow", lambda seen: set())
    with dag.cycle("c") as c:
        c.feedback("grow", "grow").delta("grow", input="seen")
    failing(any_mode, MissingInputError, dag)


def test_a_node_may_make_its_candidates_one_by_one(any_mode):
    edges = [(0, 1), (1, 2), (2, 3)]
    after = followers(edges)

    def derive(paths: Delta):
        for a, b in paths.new:
            for c in after.get(b, ()):
                yield a, c

    async def derive_async(paths: Delta):
        for pair in derive(paths):
            yield pair

    for function in (derive, derive_async):
        assert any_mode(gathering(function, edges)) == {*edges, (0, 2), (1, 3), (0, 3)}


def test_seeds_may_be_made_one_by_one(any_mode):
    dag = DAG("stream")
    dag.node(lambda: (n for n in range(3)), name="seeds")
    dag.node(lambda seen: set(), name="grow")
    dag.node(lambda seen: seen, name="report")
    dag.connect("seeds", "grow", input="seen")
    with dag.cycle("c") as c:
        c.feedback("grow", "grow").delta("grow", input="seen")
    assert any_mode(dag.connect("c", "report")) == {0, 1, 2}


def test_several_rules_feed_one_variable(any_mode):
    dag = DAG("rules")
    dag.node(lambda seen: {n * 2 for n in seen.new if n < 10}, name="double")
    dag.node(lambda double, base: {n + 1 for n in double if n < 10}, name="next")
    dag.node(lambda seen: seen, name="report")
    dag.connect("double", "next", input="double")
    with dag.cycle("c") as c:
        c.feedback("double", "double", input="seen").feedback("next", "double", input="seen")
        c.delta("double", input="seen")
    assert any_mode(dag.connect("c", "report"), seen={1}, base=0) == {
        1,
        2,
        3,
        4,
        5,
        6,
        7,
        8,
        9,
        10,
        12,
        14,
        16,
        18,
    }


def test_several_nodes_of_the_body_see_the_same_delta(any_mode):
    dag = DAG("shared")
    dag.node(lambda seen: seen, name="pass")
    dag.node(lambda seen: {n + 1 for n in seen.new if n < 5}, name="up")
    dag.node(lambda seen: {n - 1 for n in seen.new if n > -2}, name="down")
    dag.all(lambda parts: parts["up"] | parts["down"], name="both", inputs=["data"])
    dag.connect("pass", "up", input="seen").connect("pass", "down", input="seen")
    dag.connect("up", "both").connect("down", "both")
    dag.node(lambda seen: sorted(seen), name="report")
    with dag.cycle("c") as c:
        c.feedback("both", "pass", input="seen").delta("pass", input="seen")
    assert any_mode(dag.connect("c", "report"), seen={0}) == [-2, -1, 0, 1, 2, 3, 4, 5]


def test_two_variables_of_one_cycle_share_its_rounds(any_mode):
    dag = DAG("mutual")
    seen = []

    def parity(evens: Delta, odds: Delta):
        seen.append((set(evens.new), set(odds.new)))
        return {"odds": {n + 1 for n in evens.new if n < 4}, "evens": {n + 1 for n in odds.new if n < 4}}

    dag.node(parity, name="parity", outputs=["odds", "evens"])
    dag.node(lambda evens, odds: (sorted(evens), sorted(odds)), name="report")
    with dag.cycle("c") as c:
        c.feedback("parity", "parity", output="odds", input="odds").delta("parity", input="odds")
        c.feedback("parity", "parity", output="evens", input="evens").delta("parity", input="evens")
    dag.connect("c", "report", output="evens").connect("c", "report", output="odds")
    assert any_mode(dag, evens={0}, odds=set()) == ([0, 2, 4], [1, 3])
    assert seen == [({0}, set()), (set(), {1}), ({2}, set()), (set(), {3}), ({4}, set())]


def test_an_ordinary_edge_beside_it_keeps_the_cycle_alive(any_mode):
    dag = DAG("both")
    rounds = []

    def step(seen: Delta, n=0):
        rounds.append((len(seen.new), n))
        return {"facts": {1}} | ({"n": n + 1} if n < 3 else {})

    dag.node(step, name="step", outputs=["facts", "n"])
    dag.node(lambda seen: seen, name="report")
    with dag.cycle("c", max_iterations=9) as c:
        c.feedback("step", "step", output="facts", input="seen").delta("step", input="seen")
        c.feedback("step", "step", output="n", input="n", optional=True)
    assert any_mode(dag.connect("c", "report"), seen=set()) == {1}
    assert rounds == [(0, 0), (1, 1), (0, 2), (0, 3)]


def test_a_cap_keeps_the_facts_of_the_last_round(any_mode):
    dag = gathering(lambda paths: {n + 1 for n in paths.new}, {0}, max_iterations=3)
    assert any_mode(dag) == {0, 1, 2, 3}
    assert result_of(dag).reason == "max_iterations"


def test_the_facts_of_a_round_that_ends_the_cycle_count(any_mode):
    dag = gathering(lambda paths: Converged({n + 1 for n in paths.new}), {0})
    assert any_mode(dag) == {0, 1}
    assert result_of(dag).reason == "converged"


def test_a_condition_may_end_it_before(any_mode):
    dag = gathering(
        lambda paths: {n + 1 for n in paths.new},
        {0},
        convergence_check=lambda results: results["derive"] == {4},
    )
    assert any_mode(dag) == {0, 1, 2, 3, 4}


def test_a_precondition_is_given_the_delta(any_mode):
    dag = gathering(
        lambda paths: {n + 1 for n in paths.new}, {0}, when=lambda inputs: len(inputs["paths"].all) < 4
    )
    assert any_mode(dag) == {0, 1, 2, 3}


def test_a_merge_of_the_users_is_called_where_other_functions_are(concurrent_mode):
    threads = set()

    def merge(a, b):
        threads.add(threading.current_thread())
        return max(a, b)

    def derive(paths: Delta):
        return {key: value + 1 for key, value in paths.new.items() if value < 3}

    assert concurrent_mode(gathering(derive, [("k", 0), ("k", 1)], merge=merge)) == {"k": 3}
    assert threading.main_thread() not in threads


def test_a_value_that_comes_back_ends_the_run(any_mode):
    dag = gathering(
        lambda paths: {"k": "b" if paths.all["k"] == "a" else "a"}, {"k": "a"}, merge=lambda stored, new: new
    )
    error = failing(any_mode, DeltaError, dag)
    assert isinstance(error, CycleExecutionError)
    assert "merge of 'paths' is not monotone: key 'k' went back from 'b' to 'a' (round 2)" in str(error)
    assert (error.cycle, error.result.total_iterations) == ("tc", 2)


def test_what_a_merge_raises_is_that_of_the_cycle(any_mode):
    def merge(a, b):
        raise ZeroDivisionError

    error = failing(any_mode, ZeroDivisionError, gathering(lambda paths: {"k": 2}, {"k": 1}, merge=merge))
    assert isinstance(error, CycleExecutionError)
    assert (error.cycle, error.iteration) == ("tc", 0)


@pytest.mark.parametrize(
    ("seeds", "given", "text"),
    [
        ({1}, None, "None, which are no facts"),
        ({1}, [[2]], r"[2], which is not hashable"),
        ([[1]], set(), r"[1], which is not hashable"),
        (5, set(), "5, which are no facts"),
    ],
)
def test_what_is_no_fact_ends_the_run(any_mode, seeds, given, text):
    error = failing(any_mode, TypeError, gathering(lambda paths: given, seeds))
    assert isinstance(error, CycleExecutionError)
    assert f"delta variable 'paths' of 'derive' in cycle 'tc' was given {text}" in str(error)


def test_a_failing_body_loses_its_round_only(any_mode):
    def derive(paths):
        if 2 in paths.new:
            raise ValueError
        return {n + 1 for n in paths.new}

    error = failing(any_mode, ValueError, gathering(derive, {0}))
    assert error.result.total_iterations == 2


def test_a_cycle_inside_another_begins_anew(any_mode):
    dag = DAG("nested")
    dag.node(lambda n=0: n + 10, name="count")
    dag.node(lambda count: {count}, name="first")
    dag.node(lambda seen: {n + 1 for n in seen.new if n % 10 < 2}, name="grow")
    sizes = []
    dag.node(lambda seen, count: sizes.append(sorted(seen)) or count, name="size")
    dag.connect("count", "first").connect("first", "grow", input="seen").connect(
        "count", "size", input="count"
    )
    with dag.cycle("inner") as c:
        c.feedback("grow", "grow", input="seen").delta("grow", input="seen")
    dag.connect("inner", "size", output="seen")
    with dag.cycle("outer", max_iterations=2) as c:
        c.feedback("size", "count", input="n")
    any_mode(dag)
    assert sizes == [[10, 11, 12], [20, 21, 22]]


def test_a_nested_workflow_may_have_delta_variables(any_mode):
    inner = gathering(lambda paths: {n + 1 for n in paths.new if n < 3}, {0})
    dag = DAG("outer")
    dag.add_workflow("inner", inner)
    dag.node(lambda inner: sorted(inner), name="last")
    assert any_mode(dag.connect("inner", "last")) == [0, 1, 2, 3]


def test_the_body_may_see_the_context(any_mode):
    def derive(paths: Delta, context: Context):
        return {len(context.results["seeds"])}

    assert any_mode(gathering(derive, {5, 6})) == {5, 6, 2}


def test_a_workflow_runs_again_from_the_beginning(any_mode):
    dag = gathering(lambda paths: {n + 1 for n in paths.new if n < 3}, {0})
    assert any_mode(dag) == any_mode(dag) == {0, 1, 2, 3}


def test_two_runs_at_once_share_nothing(any_mode):
    dag = gathering(closing(CHAIN, Counter()), CHAIN)
    found = []
    runs = [threading.Thread(target=lambda: found.append(any_mode(dag))) for _ in range(3)]
    for each in runs:
        each.start()
    for each in runs:
        each.join()
    assert [len(each) for each in found] == [1225] * 3


def test_what_is_new_is_a_set(any_mode):
    kinds = []
    any_mode(gathering(lambda paths: kinds.append(type(paths.new)) or (), {1}))
    assert kinds == [frozenset]


@pytest.mark.parametrize("emit", ["last", "each", "tagged"])
def test_facts_leave_once_whatever_the_cycle_emits(any_mode, emit):
    dag = gathering(lambda paths: {n + 1 for n in paths.new if n < 2}, {0}, emit=emit)
    dag.node(lambda derive, paths: (derive, paths), name="both")
    dag.connect("derive", "both", input="derive").connect("tc", "both", input="paths")
    emitted = {"last": set(), "each": [{1}, {2}, set()], "tagged": [(1, {1}), (2, {2}), (3, set())]}
    assert any_mode(dag) == (emitted[emit], {0, 1, 2})


def test_who_follows_the_rounds_gets_deltas(any_mode):
    told = []

    def note(number, delta):
        told.append((number, None if delta is NO_DATA or delta is None else set(delta.new)))

    any_mode(gathering(lambda paths: {n + 1 for n in paths.new if n < 2}, {0}, on_round=note))
    assert told[:2] == [(1, {1}), (2, {2})]


def test_a_rule_may_end_it_with_what_is_there(any_mode):
    dag = gathering(lambda paths: {n + 1 for n in paths.new}, {0}, until=lambda before, after: 3 in after.all)
    assert any_mode(dag) == {0, 1, 2, 3}
    assert result_of(dag).reason == "converged"


def test_a_deadline_keeps_what_whole_rounds_have_found(any_mode):
    def derive(paths: Delta):
        if 3 in paths.new:
            late.wait(0.3)
        return {n + 1 for n in paths.new}

    late = threading.Event()
    dag = gathering(derive, {0}, timeout=0.1, on_limit="return")
    found = any_mode(dag)
    told = result_of(dag)
    assert told.reason == "timeout"
    assert found == set(range(told.total_iterations + 1))


def test_optional_candidates_may_be_missing(any_mode):
    dag = DAG("optional")
    dag.node(lambda seen: {"more": {n + 1 for n in seen.new}} if 2 not in seen.all else {}, name="grow")
    dag.node(lambda seen: seen, name="report")
    with dag.cycle("c") as c:
        c.feedback("grow", "grow", output="more", input="seen", optional=True).delta("grow", input="seen")
    assert any_mode(dag.connect("c", "report"), seen={0}) == {0, 1, 2}


def test_initial_parameters_may_be_the_seed(any_mode):
    dag = DAG("initial").add_node("grow", lambda seen: {n + 1 for n in seen.new if n < 2})
    dag.node(lambda seen: seen, name="report")
    with dag.cycle("c", initial_parameters={"seen": [0]}) as c:
        c.feedback("grow", "grow").delta("grow", input="seen")
    assert any_mode(dag.connect("c", "report")) == {0, 1, 2}


@pytest.mark.parametrize("merge", ["max", lambda a, b: max(a, b)], ids=["name", "function"])
def test_a_recorded_run_can_be_replayed(any_mode, merge):
    ran = []

    def derive(paths: Delta):
        ran.append(len(paths.all))
        return {key: value + 1 for key, value in paths.new.items() if value < 3}

    dag = gathering(derive, {"k": 0}, merge=merge)
    assert any_mode(dag, record=True) == {"k": 3}
    recording = dag.context.recording
    ran.clear()
    replayed = dag.replay(recording)
    assert (replayed.value, replayed.divergence, ran) == ({"k": 3}, None, [])
    assert dag.replay(recording, live=["derive"]).value == {"k": 3}
    assert len(ran) == 4


def test_a_trace_of_each_mode_tells_of_the_same_rounds(any_mode):
    dag = gathering(lambda paths: {n + 1 for n in paths.new if n < 3}, {0})
    any_mode(dag, trace=True)
    starts = [each for each in dag.context.trace.events if type(each).__name__ == "IterationStarted"]
    assert len(starts) == 4
