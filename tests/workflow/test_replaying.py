"""Replays: every node answered from a recording, and where a changed workflow parts from it."""

import pytest

from fast_dag import (
    DAG,
    FSM,
    Context,
    CyclicWorkflowExecutor,
    Divergence,
    FSMReturn,
    Private,
    Recording,
    RecordingError,
    ReplayResult,
    Runtime,
    UnknownNodeError,
    UnknownOptionError,
    ValidationError,
)


def chain(name="chain", **changed):
    """load -> parse -> total -> report; functions may be others."""
    functions = {
        "load": lambda path: [path, "2", "3"],
        "parse": lambda load: [int(each) for each in load],
        "total": lambda parse: sum(parse),
        "report": lambda total: f"total: {total}",
    }
    dag, last = DAG(name), None
    for node, function in functions.items():
        dag.add_node(node, changed.get(node, function))
        if last:
            dag.connect(last, node)
        last = node
    return dag


def recording_of(workflow, *args, **options):
    """The recording of a run, whatever that raises."""
    context = workflow.new_context()
    try:
        workflow.run(*args, context=context, record=True, **options)
    except Exception:  # noqa: BLE001 - what was recorded is what these tests are about
        assert context.recording.error is not None
    return context.recording


@pytest.fixture
def recording():
    return recording_of(chain(), path="1")


def silent(*args, **kwargs):
    raise AssertionError("a replay calls no function of a node")


def test_a_recording_tells_what_became_of_each_step(recording):
    assert (recording.workflow, recording.mode, recording.status) == ("chain", "sequential", "completed")
    assert recording.inputs == {"path": '"1"'}
    assert [(step.node, dict(step.inputs), step.result, step.outcome) for step in recording.steps] == [
        ("load", {"path": '"1"'}, '["1","2","3"]', "done"),
        ("parse", {"load": '["1","2","3"]'}, "[1,2,3]", "done"),
        ("total", {"parse": "[1,2,3]"}, "6", "done"),
        ("report", {"total": "6"}, '"total: 6"', "done"),
    ]
    assert "4 steps" in repr(recording)


def test_a_run_is_not_recorded_unless_it_is_told_to(recording):
    dag = chain()
    dag.run(path="1", record=True)
    assert dag.context.recording is not None
    dag.run(path="1", context=dag.context)
    assert dag.context.recording is None


def test_a_value_that_changes_later_is_recorded_as_it_was():
    dag = DAG("changes").add_node("a", lambda: [1]).add_node("b", lambda a: a.append(2) or a)
    recording = recording_of(dag.connect("a", "b"))
    assert [step.result for step in recording.steps] == ["[1]", "[1,2]"]


def test_a_replay_gives_value_and_context_and_calls_nothing(recording):
    names = ("load", "parse", "total", "report")
    dag = chain(load=lambda path: silent(), parse=lambda load: silent(), report=lambda total: silent())
    result = dag.replay(recording)
    assert isinstance(result, ReplayResult)
    assert (result.value, result.divergence) == ("total: 6", None)
    assert list(result.context.results) == list(names)
    assert dag.context is result.context


def test_live_nodes_are_called(recording):
    called = []
    dag = chain(load=lambda path: silent(), total=lambda parse: called.append(parse) or sum(parse))
    assert dag.replay(recording, live=["total"]).value == "total: 6"
    assert called == [[1, 2, 3]]


def test_a_live_node_that_gives_something_else_is_found_where_that_is_read(recording):
    result = chain(parse=lambda load: [0]).replay(recording, live=["parse"])
    assert result.value is None
    divergence = result.divergence
    assert (divergence.index, divergence.reason) == (2, "'total' is given another 'parse' than was recorded")
    assert (divergence.ours.inputs, divergence.theirs.inputs) == ({"parse": "[0]"}, {"parse": "[1,2,3]"})
    assert result.context.metadata["execution_status"] == "cancelled"


def test_a_node_that_is_new_is_found_where_it_is_asked_for(recording):
    dag = chain().add_node("more", lambda total: total)
    dag.disconnect("total", "report").connect("total", "more").connect("more", "report")
    divergence = dag.replay(recording).divergence
    assert (divergence.index, divergence.ours.node, divergence.theirs.node) == (3, "more", "report")
    assert divergence.reason == "'report' was recorded next, and is not ready; what is asked is 'more'"


def test_a_new_node_that_nothing_waits_for_is_found_at_the_end(recording):
    divergence = chain().add_node("alone", lambda: 1).replay(recording).divergence
    assert (divergence.index, divergence.ours.node, divergence.theirs) == (4, "alone", None)
    assert divergence.reason == "nothing was recorded for 'alone'"


def test_a_node_that_is_gone_is_found_where_it_was(recording):
    dag = chain().remove_node("total")
    dag.connect("parse", "report", input="total")
    divergence = dag.replay(recording).divergence
    assert (divergence.index, divergence.ours.node, divergence.theirs.node) == (2, "report", "total")
    divergence = chain().remove_node("report").replay(recording).divergence
    assert (divergence.index, divergence.ours, divergence.theirs.node) == (3, None, "report")
    assert divergence.reason == "the run is over, and 'report' was recorded after that"


def test_a_node_that_reads_something_else_is_found(recording):
    dag = chain().disconnect("total", "report").connect("parse", "report", input="total")
    divergence = dag.replay(recording).divergence
    assert divergence.index in (2, 3)
    assert divergence.theirs.node in ("total", "report")


def test_other_run_inputs_are_found_at_the_first_node_that_takes_them(recording):
    divergence = chain().replay(recording, inputs={"path": "7"}).divergence
    assert (divergence.index, divergence.ours.inputs) == (0, {"path": '"7"'})


def flaky(errors):
    left = [OSError(), OSError()][:errors]

    def work(x):
        if left:
            raise left.pop()
        return x

    return work


def test_fewer_and_more_attempts_are_found():
    recording = recording_of(DAG("tries").add_node("a", flaky(2), retry=3), x=1)
    dag = DAG("tries").add_node("a", lambda x: silent(), retry=2)
    divergence = dag.replay(recording).divergence
    assert (divergence.index, divergence.reason) == (0, "'a' ended with attempt 2, and 3 were recorded")
    recording = recording_of(DAG("tries").add_node("a", flaky(2), retry=2), x=1)
    dag = DAG("tries").add_node("a", lambda x: silent(), retry=3)
    divergence = dag.replay(recording).divergence
    assert divergence.reason == "'a' makes attempt 3, and 2 were recorded"


def test_another_branch_or_outcome_is_found():
    def choice(**hooks):
        dag = DAG("choice")
        check = dag.condition(lambda x: x > 0, name="check")
        check.on_true >> dag.node(lambda x: x, name="up")
        check.on_false >> dag.node(lambda x: x, name="down")
        return dag.set_node_hooks("check", **hooks) if hooks else dag

    recording = recording_of(choice(), x=1)
    divergence = choice(post_execute=lambda node, inputs, result: False).replay(recording).divergence
    assert (divergence.index, divergence.reason) == (0, "'check' leads to 'false', and led to 'true'")
    divergence = choice(post_execute=lambda node, inputs, result: 1 / 0).replay(recording).divergence
    assert divergence.reason == "'check' failed, which went well when it was recorded"


def rounds(limit, check=None):
    dag = DAG("rounds").add_node("one", lambda n=0: n + 1)
    checks = {} if check is None else {"convergence_check": check}
    with dag.cycle("loop", max_iterations=limit, on_limit="return", **checks) as cycle:
        cycle.feedback("one", "one", input="n")
    return dag


def test_another_number_of_iterations_is_found():
    recording = recording_of(rounds(3))
    more, fewer = rounds(4).replay(recording).divergence, rounds(2).replay(recording).divergence
    assert (more.index, more.reason) == (3, "nothing was recorded for 'one' in iteration 3")
    assert (fewer.index, fewer.theirs.iteration) == (2, (2,))


def test_conditions_are_asked_again():
    recording = recording_of(rounds(9, lambda results: results["one"] > 2))
    assert rounds(9, "one > 2").replay(recording).divergence is None
    divergence = rounds(9, "one > 3").replay(recording).divergence
    assert divergence.reason == "nothing was recorded for 'one' in iteration 3"
    assert divergence.index == len(recording.steps)


def machine(target="b"):
    fsm = FSM("machine").add_state("a", lambda n: n, initial=True)
    fsm.add_state("b", lambda n: n, terminal=True).add_state("c", lambda n: n, terminal=True)
    return fsm.add_conditional_transition("a", lambda n: target, targets=["b", "c"])


def test_a_machine_that_goes_elsewhere_is_found():
    recording = recording_of(machine(), n=1)
    assert machine().replay(recording).value == 1
    divergence = machine("c").replay(recording).divergence
    assert (divergence.index, divergence.reason) == (0, "'a' leads to 'c', and led to 'b'")


def test_limits_of_a_machine_are_those_of_the_recorded_run():
    fsm = FSM("ring").add_state("a", lambda n: FSMReturn("a", n + 1), initial=True)
    recording = recording_of(fsm, n=1, max_cycles=3, on_limit="return")
    result = fsm.replay(recording)
    assert (result.value, result.divergence, result.context.cycle_count) == (4, None, 3)


def test_the_strategy_is_that_of_the_recorded_run():
    dag = DAG("goes on").add_node("a", lambda: 1 / 0).add_node("b", lambda a: a).connect("a", "b")
    recording = recording_of(dag, error_strategy="continue_none")
    result = dag.replay(recording)
    assert (result.divergence, result.context.results) == (None, {"a": None, "b": None})


def test_a_recording_that_needs_an_error_handler_says_so():
    dag = DAG("handled").add_node("a", lambda: 1 / 0)
    recording = recording_of(dag, error_handler=lambda *about: "continue")
    with pytest.raises(ValidationError, match=r"had an error_handler.*give it to replay"):
        dag.replay(recording)


def test_what_a_replay_does_not_take_is_refused(recording):
    dag = chain()
    with pytest.raises(ValidationError, match=r"replay takes a Recording, got 'run\.jsonl'"):
        dag.replay("run.jsonl")
    with pytest.raises(UnknownOptionError, match="mode"):
        dag.replay(recording, mode="parallel")
    with pytest.raises(UnknownNodeError, match="no node 'tota'"):
        dag.replay(recording, live=["tota"])
    with pytest.raises(ValidationError, match=r"live must be a list.*live=\['total'\]"):
        dag.replay(recording, live="total")
    with pytest.raises(ValidationError, match="live must be a list of names, got 5"):
        dag.replay(recording, live=5)
    with pytest.raises(RecordingError, match="does not take the options"):
        dag.replay(recording_of(machine(), n=1, max_cycles=3))


def test_options_that_are_never_recorded_are_refused(recording):
    recording.options = {**recording.options, "timeout": 3}
    with pytest.raises(RecordingError, match="has an option 'timeout', which is never recorded"):
        chain().replay(recording)
    recording.options = {"error_strategy": 3}
    with pytest.raises(RecordingError, match="does not take the options"):
        chain().replay(recording)


def test_results_are_kept_as_they_were_and_nodes_that_are_gone_are_no_error():
    recording = recording_of(chain(), path="1", keep_results=["parse", "report"])
    assert list(chain().replay(recording).context.results) == ["parse", "report"]
    assert chain().remove_node("report").replay(recording).divergence.theirs.node == "report"


def test_record_is_yes_or_no():
    with pytest.raises(ValueError, match="record"):
        chain().run(path="1", record="yes")


def test_an_input_that_cannot_be_recorded_is_told_before_anything_runs():
    context = Context()
    dag = DAG("odd").add_node("a", lambda x: silent())
    with pytest.raises(RecordingError, match="input 'x' holds a object, which cannot be stored"):
        dag.run(x=object(), record=True, context=context)
    assert DAG("fine").add_node("a", lambda: 1).run(context=context) == 1


def test_a_part_is_replayed_with_what_came_from_outside(recording):
    dag = chain()
    dag.run(path="1")
    context = Context(dict(dag.results))
    assert dag.run_from("total", context=context, record=True) == "total: 6"
    result = chain(total=lambda parse: silent()).replay(context.recording)
    assert (result.value, result.divergence) == ("total: 6", None)


def test_a_part_behind_a_branch_is_replayed():
    dag = DAG("choice")
    check = dag.condition(lambda x: x > 0, name="check")
    check.on_true >> dag.node(lambda x: [x], name="up")
    dag.run(x=1)
    dag.run_from("up", record=True)
    assert dag.replay(dag.context.recording).value == [1]


def test_every_call_that_runs_something_may_record():
    dag = chain()
    dag.runner.configure(record=True).run(path="1")
    assert dag.replay(dag.context.recording).value == "total: 6"
    dag.start(path="2", record=True).result()
    assert dag.replay(dag.context.recording).value == "total: 7"
    Runtime(record=True).execute_sync(dag, {"path": "3"})
    assert dag.replay(dag.context.recording).value == "total: 8"


def test_a_cycle_that_is_executed_for_its_own_sake_may_be_recorded():
    dag = rounds(3)
    result = CyclicWorkflowExecutor(dag).execute_cycle_sync("loop", record=True)
    assert dag.replay(dag.context.recording).context.metadata["cycles"]["loop"].outputs == result.outputs


def test_a_run_that_goes_on_from_a_checkpoint_is_not_recorded():
    executor = CyclicWorkflowExecutor(rounds(3), state_persistence=True)
    executor.execute_cycle_sync("loop", run_id="one")
    with pytest.raises(ValidationError, match="goes on from a checkpoint cannot be recorded"):
        executor.execute_cycle_sync("loop", resume="one", record=True)


def test_an_epoch_of_a_session_is_not_recorded():
    with pytest.raises(ValidationError, match="an epoch cannot be recorded"):
        chain().session(record=True)


def test_what_is_recorded_is_shown_in_brief():
    recording = recording_of(DAG("long").add_node("a", lambda: list(range(10_000))))
    assert len(repr(recording)) + len(repr(recording.steps[0])) < 1000
    result = DAG("long").add_node("a", lambda: 1).add_node("b", lambda: 2).replay(recording)
    assert len(repr(result)) < 2000


def test_observers_see_a_replay_as_they_would_a_run(recording):
    kinds = []
    chain().replay(
        recording, observers=[lambda event: kinds.append((event.kind, getattr(event, "node", "")))]
    )
    ran = []
    chain().run(path="1", observers=[lambda event: ran.append((event.kind, getattr(event, "node", "")))])
    assert kinds == ran


def test_a_recorded_private_input_may_be_given_again():
    dag = DAG("secret").add_node("use", lambda token: len(token.reveal()))
    recording = recording_of(dag, token=Private("hunter2"))
    assert dag.replay(recording).value == 7
    with pytest.raises(RecordingError, match="only the mask was recorded"):
        dag.replay(recording, live=["use"])
    assert dag.replay(recording, live=["use"], inputs={"token": Private("longer secret")}).value == 13


def test_a_recording_of_a_class_that_nobody_registered_here_says_so(recording):
    recording.steps[0].attempts[0] = type(recording.steps[0].attempts[0])('{"$colour":"red"}')
    with pytest.raises(RecordingError, match=r"'load'.*'colour', which nobody registered"):
        chain().replay(recording)


def test_a_recording_is_loaded_in_another_process_as_it_was_saved(recording, tmp_path):
    recording.save(tmp_path / "run.jsonl")
    loaded = Recording.load(tmp_path / "run.jsonl")
    assert loaded == recording
    assert chain(load=lambda path: silent()).replay(loaded).divergence is None


def test_a_divergence_is_the_class_that_traces_use(recording):
    assert isinstance(chain().replay(recording, inputs={"path": "7"}).divergence, Divergence)
