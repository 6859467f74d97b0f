"""Cycles in the core: what one iteration hands to the next, driven by hand."""

from fast_dag import DAG, NO_DATA
from tests.run.plans import function_taking, run_of


def looped(*edges, optional=(), **cycles):
    """A run of a DAG of edges such as ``"a -> b"``; cycles by name: feedback edges and iterations."""
    dag, feeding = DAG("looped"), {}
    pairs = [[part.strip() for part in edge.split("->")] for edge in edges]
    for source, *target in pairs:
        feeding.setdefault(source, [])
        for name in target:
            feeding.setdefault(name, []).append(source)
    backs = [(name, *edge.split("->"), count) for name, (edge, count) in cycles.items()]
    for name, sources in feeding.items():
        fed = [f"back_{start.strip()}" for _, start, end, _ in backs if end.strip() == name]
        function = function_taking(dict.fromkeys(sources), required=name not in optional)
        parameters = [*function.__signature__.parameters.values()]
        function.__signature__ = function.__signature__.replace(
            parameters=parameters + [parameter(each) for each in fed]
        )
        dag.add_node(name, function)
    for source, *target in pairs:
        for name in target:
            dag.connect(source, name, input=source)
    for cycle, start, end, count in backs:
        with dag.cycle(cycle, max_iterations=count) as c:
            c.feedback(start.strip(), end.strip(), input=f"back_{start.strip()}")
    return run_of(dag.plan())


def parameter(name):
    (made,) = function_taking([name], required=False).__signature__.parameters.values()
    return made


def drive(run, answer=lambda name: name):
    """Follow *run*, answering each step with ``answer(name)``; the names of the steps in order."""
    todo, seen = run.ready(), []
    while todo:
        step = todo.pop(0)
        seen.append(run.plan.names[step])
        todo += run.done(step, answer(run.plan.names[step]))
    return seen


def test_a_cycle_hands_out_its_body_once_an_iteration_and_what_is_behind_it_once():
    run = looped("first -> a", "a -> b", "b -> last", loop=("b -> a", 3))
    assert drive(run) == ["first", "a", "b", "a", "b", "a", "b", "last"]
    assert run.finished


def test_a_feedback_slot_holds_what_its_source_wrote_one_iteration_ago():
    run = looped("a -> b", loop=("b -> a", 4))
    (port,) = run.plan.cycles[0].ports
    seen, given = [], iter(range(10))

    def answer(name):
        if name == "a":
            seen.append(run.values[port.slot])
            return "a"
        return next(given)

    drive(run, answer)
    assert seen == [None, 0, 1, 2]


def test_a_nested_cycle_starts_afresh_in_every_outer_iteration():
    run = looped("a -> b", "b -> c", outer=("c -> a", 2), inner=("b -> b", 3))
    iterations = []

    def answer(name):
        iterations.append(run.iteration(run.plan.names.index(name)))
        return name

    assert drive(run, answer) == [*"abbbc", *"abbbc"]
    assert iterations == [(0,), (0, 0), (0, 1), (0, 2), (0,), (1,), (1, 0), (1, 1), (1, 2), (1,)]
    assert run.finished


def test_a_cycle_waits_for_everything_in_its_body_what_is_skipped_included():
    run = looped("a -> b", "a -> c", "c -> d", "b -> e", "d -> e", optional=("e",), loop=("e -> a", 2))
    seen = drive(run, lambda name: NO_DATA if name == "c" else name)
    assert seen == ["a", "b", "c", "e", "a", "b", "c", "e"]
    assert run.finished


def test_dead_edges_of_one_iteration_are_alive_again_in_the_next():
    run = looped("a -> b", "b -> c", "a -> d", "c -> d", optional=("d",), loop=("d -> a", 2))
    answers = iter(["a", NO_DATA, "d", *"abcd"])
    assert drive(run, lambda name: next(answers)) == ["a", "b", "d", *"abcd"]
    assert run.finished


def test_a_cycle_in_which_nothing_is_fed_back_ends():
    run = looped("a -> b", loop=("b -> a", 100))
    answers = iter([1, 2, 3, 4, 5, NO_DATA])
    assert drive(run, lambda name: next(answers)) == ["a", "b", "a", "b", "a", "b"]
    assert run.rounds.laps[0].ending == ("exit", "no_data")


def test_the_order_of_finishing_does_not_grow_with_the_iterations():
    run = looped("a -> b", loop=("b -> a", 100))
    drive(run)
    assert (run.tally.order, run.count) == ([1, 2], 200)
