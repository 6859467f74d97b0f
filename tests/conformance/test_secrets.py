"""A canary in a Private: it sings in no text that the library makes, in any mode."""

import copy
import io
import json
import logging
import traceback
import warnings
from contextlib import suppress

import pytest

from fast_dag import (
    DAG,
    FSM,
    CacheError,
    Context,
    CycleExecutionError,
    CycleStateError,
    CyclicWorkflowExecutor,
    DiskCache,
    DocumentError,
    FastDAGError,
    FSMReturn,
    LoggingObserver,
    Private,
    SelectReturn,
)
from fast_dag.cycles import CycleAnalyzer, CycleContext, CycleDebugger, CycleMonitor, CycleProfiler
from tests.conformance.modes import raised_by
from tests.observe.tracer import Kept

CANARY = "canary8d11f0"
MASK = "Private(***)"


@pytest.fixture
def secret():
    return Private(CANARY)


def wanting(events):
    """An observer that is given values, too."""

    def observe(event):
        events.append(event)

    observe.wants_values = True
    return observe


def text_of(error):
    """All that a traceback shows of an error, the local variables of the library's frames included."""
    lines = io.StringIO()
    traceback.TracebackException.from_exception(error, capture_locals=True).print(file=lines)
    return f"{lines.getvalue()} {error!r} {vars(error)}"


def session(kind, token):
    """A workflow that has *token* in inputs, results, a map, a cycle with state, and inside a node."""
    inner = DAG("inner").add_node("use", kind(lambda token: {"again": token}))
    dag = DAG("session").add_node("log_in", kind(lambda token: token))
    dag.node(kind(lambda log_in: [log_in, log_in]), name="spread")
    dag.map(kind(lambda item: item), name="each")
    dag.add_dag("sub", inner, inputs=["token"])
    dag.connect("log_in", "spread").connect("spread", "each").connect("log_in", "sub", input="token")

    def loop(ctx: CycleContext, held=None):
        ctx.state["held"] = token
        return {"held": token, "n": ctx.index}

    dag.node(kind(loop), name="loop")
    dag.connect("log_in", "loop", input="held").feedback(
        "loop", "loop", output="held", input="held", cycle="c"
    )
    with dag.cycle("c", max_iterations=3, convergence_check="n >= 2"):
        pass
    return dag


def told_of(mode, dag, token):
    """Every text that is made of a run of *dag*, besides errors; and its value and context."""
    seen, stream, kept = [], io.StringIO(), Kept()
    handler, logger = logging.StreamHandler(stream), logging.getLogger("fast_dag.secrets")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    context = Context(metadata={"who": token})
    progress = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        mode(
            dag,
            token=token,
            context=context,
            observers=[wanting(seen), LoggingObserver(logger), kept.observer],
            progress=lambda *told: progress.append(told),
            track_memory=True,
        )
    logger.removeHandler(handler)
    cycles = context.metadata["cycles"]
    return {
        "events": f"{seen} {list(map(str, seen))}",
        "log": stream.getvalue(),
        "spans": " ".join(span.to_json() for span in kept.spans),
        "progress": repr(progress),
        "warnings": repr([str(each.message) for each in caught]),
        "stored context": json.dumps(context.to_dict()),
        "context": f"{context!r} {context.results} {context.metadata} {context.metrics}",
        "cycles": f"{cycles} {cycles['c'].state} {cycles['c'].metric_history}",
        "drawing": dag.to_mermaid(show_results=True, max_text=1000, context=context),
        "graphviz": dag.to_graphviz(show_results=True, max_text=1000, context=context),
    }, context


def test_a_secret_travels_as_it_is_and_no_text_shows_it(any_mode, kind, secret):
    told, context = told_of(any_mode, session(kind, secret), secret)
    assert {name for name, text in told.items() if CANARY in text} == set()
    assert {name for name, text in told.items() if MASK in text} >= {"events", "stored context", "graphviz"}
    assert context.results["log_in"] is secret
    assert context.results["each"] == [secret, secret]
    assert context.results["sub"]["again"].reveal() == CANARY
    assert context.metadata["cycles"]["c"].state["loop"]["held"] == CANARY


def test_without_it_the_same_texts_show_the_value(any_mode, kind):
    told, _ = told_of(any_mode, session(kind, CANARY), CANARY)
    shown = {name for name, text in told.items() if CANARY in text}
    assert shown >= {"events", "log", "stored context", "context", "cycles", "drawing", "graphviz"}


def test_a_display_of_progress_does_not_show_it(any_mode, secret, capsys):
    dag = session(lambda function: function, secret)
    any_mode(dag, token=secret, progress=True)
    shown = capsys.readouterr()
    assert "log_in" in shown.err + shown.out
    assert CANARY not in shown.err + shown.out


def test_a_machine_does_not_show_it(any_mode, kind, secret):
    fsm = FSM("door").add_state("knock", kind(lambda token: token), initial=True, transitions=["enter"])
    fsm.add_state("enter", kind(lambda value: FSMReturn(value=value, stop=True)), terminal=True)
    seen, context = [], fsm.new_context()
    assert any_mode(fsm, token=secret, observers=[wanting(seen)], context=context) is secret
    texts = f"{seen} {context} {context.to_dict()} {fsm.to_mermaid(show_results=True)} {fsm.cycle_results}"
    assert MASK in texts
    assert CANARY not in texts


# Errors


def choosing(dag, kind, branch):
    left = dag.node(kind(lambda x: x), name="left")
    dag.select(kind(branch), name="choose", outputs=["left"]).branches["left"] >> left


def asked(dag, kind):
    then = dag.node(kind(lambda x: x), name="then")
    dag.condition(kind(lambda token: token), name="ask").on_true >> then


ERRORS = {
    "a node that raises": lambda dag, kind: dag.node(kind(lambda token: {}[token]), name="fail"),
    "an answer that is no bool": asked,
    "an answer that is no branch": lambda dag, kind: choosing(dag, kind, lambda token: token),
    "a branch that is none": lambda dag, kind: choosing(dag, kind, lambda token: SelectReturn(token)),
    "a map over it": lambda dag, kind: dag.map(kind(lambda token: token), name="each"),
    "an output it lacks": lambda dag, kind: dag.connect(
        dag.node(kind(lambda token: {"a": token}), name="give"),
        dag.node(kind(lambda x: x), name="take"),
        output="b",
    ),
    "the last of several attempts": lambda dag, kind: dag.node(
        kind(lambda token: [][token]), name="fail", retry=2
    ),
}


@pytest.mark.parametrize("make", ERRORS.values(), ids=ERRORS)
def test_no_error_of_the_library_shows_it(any_mode, kind, secret, make):
    dag = DAG("wrong")
    make(dag, kind)
    seen = []
    error = raised_by(any_mode, dag, token=secret, observers=[wanting(seen)])
    texts = f"{text_of(error)} {seen} {dag.context.to_dict()} {dag.to_mermaid(show_results=True)}"
    assert CANARY not in texts


@pytest.mark.parametrize("answer", [lambda token: token, lambda token: {"unknown": token}])
def test_a_hook_that_answers_with_it_is_told_without_it(any_mode, kind, secret, answer):
    dag = DAG("hooked").add_node("use", kind(lambda token: token))
    dag.set_node_hooks("use", pre_execute=lambda node, inputs: answer(inputs["token"]))
    error = raised_by(any_mode, dag, token=secret)
    assert CANARY not in text_of(error)


def test_an_error_handler_that_answers_with_it_is_told_without_it(any_mode, kind, secret):
    dag = DAG("handled").add_node("use", kind(lambda token: 1 / 0))
    error = raised_by(any_mode, dag, token=secret, error_handler=lambda name, error, context: secret)
    assert CANARY not in text_of(error)


@pytest.mark.parametrize("answer", [lambda token: token, lambda token: FSMReturn(next_state=token)])
def test_a_state_that_names_it_as_the_next_is_told_without_it(any_mode, kind, secret, answer):
    fsm = FSM("door").add_state("knock", kind(answer), initial=True)
    fsm.add_state("enter", lambda: 1, terminal=True)
    fsm.add_conditional_transition("knock", lambda result: result, targets=["enter"])
    assert CANARY not in text_of(raised_by(any_mode, fsm, token=secret))


def test_a_condition_on_it_is_told_without_it(any_mode, kind, secret):
    dag = DAG("looped").add_node("loop", kind(lambda held=None: {"held": secret}))
    dag.feedback("loop", "loop", output="held", input="held", cycle="c")
    with dag.cycle("c", max_iterations=2, convergence_check="held > 3"):
        pass
    error = raised_by(any_mode, dag)
    assert isinstance(error, CycleExecutionError)
    assert CANARY not in f"{text_of(error)} {error.result}"


@pytest.mark.parametrize("where", ["inputs", "context", "observers", "executor", "mode", "error_strategy"])
def test_it_in_the_place_of_an_option_is_told_without_it(secret, where):
    dag = DAG("wrong").add_node("use", lambda token: token)
    options = {"token": secret} if where != "inputs" else {}
    with pytest.raises((FastDAGError, ValueError)) as caught:
        dag.run(**options, **{where: secret})
    assert CANARY not in text_of(caught.value)


# What is kept


@pytest.mark.parametrize("allow_pickle", [False, True])
def test_no_cache_on_disk_takes_it_and_the_error_names_the_node(
    any_mode, kind, secret, tmp_path, allow_pickle
):
    cache = DiskCache(tmp_path, allow_pickle=allow_pickle)
    dag = DAG("cached", cache_namespace="mine")
    dag.cached_node(kind(lambda x: {"token": secret}), name="fetch", cache_backend=cache)
    error = raised_by(any_mode, dag, x=1)
    cache.close()
    assert isinstance(error, CacheError)
    assert error.node_name == "fetch"
    assert CANARY not in text_of(error)
    assert [file for file in tmp_path.iterdir() if CANARY.encode() in file.read_bytes()] == []


def test_no_cache_key_is_made_of_it_and_the_error_names_the_input(any_mode, kind, secret):
    dag = DAG("cached")
    dag.cached_node(kind(lambda token: 1), name="fetch")
    error = raised_by(any_mode, dag, token=secret)
    assert isinstance(error, CacheError)
    assert "input 'token' of 'fetch' holds a Private" in str(error)
    with pytest.raises(CacheError, match="input 'token' of 'fetch' holds a Private") as caught:
        dag.explain_cache("fetch", token=secret)
    assert CANARY not in text_of(error) + text_of(caught.value)


def test_a_key_without_it_serves_every_secret(any_mode, kind, secret):
    calls = []
    dag = DAG("cached")
    dag.cached_node(kind(lambda user, token: calls.append(user) or user), name="fetch", cache_key=["user"])
    for token in (secret, Private("another")):
        assert any_mode(dag, user="me", token=token) == "me"
    assert calls == ["me"]
    assert CANARY not in repr(dag.explain_cache("fetch", user="me", token=secret))


def test_the_memory_of_this_process_may_keep_it(any_mode, kind, secret):
    calls = []
    dag = DAG("cached")
    dag.cached_node(kind(lambda user: calls.append(user) or secret), name="fetch")
    found = [any_mode(dag, user="me") for _ in range(2)]
    assert (found, calls) == ([secret, secret], ["me"])


@pytest.mark.parametrize(
    "options", [{}, {"serializer": "pickle", "allow_pickle": True}], ids=["json", "pickle"]
)
def test_no_checkpoint_holds_it(secret, tmp_path, options):
    dag = DAG("looped").add_node("loop", lambda held=None: {"held": secret, "n": 1})
    dag.feedback("loop", "loop", output="held", input="held", cycle="c")
    executor = CyclicWorkflowExecutor(
        dag, state_persistence=True, state_store=tmp_path, max_iterations=2, **options
    )
    with pytest.raises(CycleStateError, match=r"of node 'loop' holds .*Private") as caught:
        executor.execute_cycle_sync("c")
    assert CANARY not in text_of(caught.value)
    assert list(tmp_path.iterdir()) == []


def loop(held=None):
    return held


def test_a_document_does_not_hold_it(secret):
    dag = DAG("looped").add_node("loop", loop)
    dag.feedback("loop", "loop", input="held", cycle="c")
    with dag.cycle("c", max_iterations=2, initial_parameters={"held": secret}):
        pass
    for write in (dag.to_dict, dag.to_json, dag.to_yaml, dag.to_msgpack):
        with pytest.raises(DocumentError, match="Private, which cannot be stored") as caught:
            write(registry={"loop": loop})
        assert CANARY not in text_of(caught.value)


def test_looking_at_a_workflow_does_not_show_it(secret):
    dag = DAG("defaults")

    @dag.node
    def use(token=secret):
        return token

    with dag.cycle("c", max_iterations=2, initial_parameters={"token": secret}) as cycle:
        cycle.feedback("use", "use", input="token")
    shown = (
        f"{dag} {dag.nodes} {dag.dry_run()} {dag.validate()} {dag.to_mermaid(show_types=True)} {use.inputs}"
    )
    assert CANARY not in f"{shown} {dag.open_inputs()} {dag.graph.nodes(data=True)} {dag.execution_stages()}"


def test_a_run_in_the_background_does_not_show_it(secret):
    dag = DAG("later").add_node("use", lambda token: token)
    handle = dag.start(token=secret)
    assert handle.result(10) is secret
    assert CANARY not in f"{handle} {handle.context}"


def test_what_a_run_leaves_can_be_copied_and_not_pickled(secret):
    dag = DAG("copied").add_node("use", lambda token: {"token": token})
    found = dag.run(token=secret)
    assert copy.deepcopy(found) == found
    with suppress(TypeError):
        json.dumps(found)
        raise AssertionError


def test_the_prompt_of_a_debugger_does_not_show_it(secret):
    dag, out = DAG("debugged").add_node("use", lambda token: token), io.StringIO()
    dag.node(lambda use: [use], name="then")
    with dag.connect("use", "then").debug(token=secret) as session:
        shown = f"{session.pending} {session}"
        session.interact(io.StringIO("inputs\nstep\ninputs\nresults\nresume\n"), out)
    assert MASK in out.getvalue()
    assert CANARY not in f"{out.getvalue()} {shown} {session.result}"


FORMS = ["json", "csv", "html"]


def test_tools_do_not_show_it(any_mode, kind, secret):
    debugger, profiler, monitor = CycleDebugger(), CycleProfiler(profile_io=False), CycleMonitor()
    dag = session(kind, secret)
    any_mode(dag, token=secret, observers=[debugger, profiler, monitor])
    analyzer = CycleAnalyzer()
    analyzer.add(dag.context.metadata["cycles"]["c"])
    exported = [tool.export(form) for tool in (debugger, profiler, analyzer) for form in FORMS]
    analysed = f"{debugger.analyze_execution()} {profiler.generate_analysis()} {monitor} {analyzer.report()}"
    assert MASK in str(exported[0])
    assert CANARY not in f"{exported} {analysed} {dag.context.metadata}"


def test_what_a_debugger_keeps_of_a_failure_does_not_show_it(any_mode, kind, secret):
    debugger = CycleDebugger()

    def loop(ctx: CycleContext, token, held=None):
        ctx.state["held"] = token
        return {}[token] if ctx.index else {"held": token}

    dag = DAG("failing").add_node("loop", kind(loop))
    dag.feedback("loop", "loop", output="held", input="held", cycle="c")
    with dag.cycle("c", max_iterations=3):
        pass
    error = raised_by(any_mode, dag, token=secret, observers=[debugger])
    assert isinstance(error, KeyError)
    texts = f"{debugger.analyze_execution()} {[debugger.export(form) for form in FORMS]}"
    assert MASK in texts
    assert CANARY not in texts


def test_a_trace_and_a_recording_do_not_show_it(any_mode, kind, secret, tmp_path):
    dag = session(kind, secret)
    any_mode(dag, token=secret, trace=True, record=True)
    trace, recording = dag.context.trace, dag.context.recording
    for name in ("trace.jsonl", "trace.json"):
        trace.save(tmp_path / name)
    recording.save(tmp_path / "recording.json")
    files = "".join(file.read_text() for file in tmp_path.iterdir())
    texts = f"{trace} {trace.events} {trace.records()} {recording} {recording.inputs}"
    assert "log_in" in files
    assert CANARY not in files + texts


def test_a_replay_that_needs_it_says_so(any_mode, kind, secret):
    dag = session(kind, secret)
    any_mode(dag, token=secret, record=True)
    with pytest.raises(FastDAGError, match="Private") as caught:
        dag.replay(dag.context.recording, live=["spread"])
    assert CANARY not in text_of(caught.value)


def test_an_error_that_carries_it_is_recorded_and_traced_without_it(any_mode, kind, secret, tmp_path):
    def refuse(token):
        raise ValueError(token, {"held": [token]})

    dag = DAG("refusing").add_node("refuse", kind(refuse))
    error = raised_by(any_mode, dag, token=secret, trace=True, record=True)
    trace, recording = dag.context.trace, dag.context.recording
    trace.save(tmp_path / "trace.jsonl")
    recording.save(tmp_path / "recording.json")
    files = [file.read_text() for file in tmp_path.iterdir()]
    assert all("ValueError" in text for text in files)
    assert CANARY not in f"{files} {trace.events} {recording} {text_of(error)}"
