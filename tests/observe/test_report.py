"""Reports as pages: whole by themselves, and nothing in them is taken for markup."""

import re
from html.parser import HTMLParser

import pytest

from fast_dag import DAG, END, FSM, CycleDebugger, CycleProfiler
from fast_dag.observe.debug_page import page
from fast_dag.observe.debug_records import ConditionDebug, CycleDebug, DebugRecord, IterationDebug, NodeDebug
from fast_dag.observe.page import table, tone
from fast_dag.observe.performance import ProfileRecord
from fast_dag.observe.profile_page import page as profile_page

HOSTILE = "<script>alert('x')</script>\"&'"
OPEN = {"meta", "br"}


class Page(HTMLParser):
    """Checks that every element is closed where it should be, and gathers what there is."""

    def __init__(self, text):
        super().__init__()
        self.stack, self.tags, self.attributes, self.texts = [], [], [], []
        self.feed(text)
        self.close()
        assert not self.stack

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in OPEN:
            self.stack.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag

    def handle_data(self, data):
        if self.stack and self.stack[-1] != "style":
            self.texts.append(data)

    @property
    def text(self):
        return " ".join(self.texts)


def hostile():
    """A workflow whose names, values, states and errors look like markup."""
    dag = DAG(HOSTILE)

    def step(value="", ctx=None):
        if len(calls) == 1:
            calls.append(1)
            raise ValueError(HOSTILE)
        calls.append(1)
        return {HOSTILE: value + HOSTILE, "count": len(calls)}

    calls = []
    dag.add_node(HOSTILE, step)
    with dag.cycle(f"loop {HOSTILE}", max_iterations=4) as cycle:
        cycle.feedback(HOSTILE, HOSTILE, output=HOSTILE, input="value")
    return dag


def reported(dag, tool):
    dag.run(observers=[tool])
    return Page(tool.export("html"))


@pytest.mark.parametrize("tool", [CycleDebugger(continue_on_errors=True), CycleProfiler()], ids=repr)
def test_everything_is_escaped(tool):
    dag = hostile()
    guard = [] if isinstance(tool, CycleDebugger) else [CycleDebugger(continue_on_errors=True)]
    dag.run(observers=[tool, *guard])
    found = Page(tool.export("html"))
    assert "script" not in found.tags
    assert HOSTILE in found.text
    assert not [name for name, _ in found.attributes if name.startswith("on")]


@pytest.mark.parametrize("tool", [CycleDebugger(), CycleProfiler()], ids=repr)
def test_a_page_needs_nothing_besides_itself(tool):
    dag = DAG("wf").add_node("count", lambda value=0: value + 1)
    with dag.cycle("loop", max_iterations=3) as cycle:
        cycle.feedback("count", "count", input="value")
    page = reported(dag, tool)
    assert not {"link", "script", "img", "iframe", "object"} & set(page.tags)
    assert not [value for name, value in page.attributes if name in {"src", "href"}]
    assert not re.search(r"url\(|@import", tool.export("html"))
    assert "prefers-color-scheme:dark" in tool.export("html")


def test_a_profile_shows_figures_hotspots_and_series():
    dag = DAG("wf").add_node("count", lambda value=0: {"value": value + 1})
    with dag.cycle("loop", max_iterations=3) as cycle:
        cycle.feedback("count", "count", output="value", input="value")
    page = reported(dag, CycleProfiler())
    for word in ("Efficiency", "Hotspots", "Bottlenecks", "Time of each iteration", "Metrics of loop"):
        assert word in page.text
    assert page.tags.count("svg") == 3
    assert page.tags.count("rect") == 3


def test_a_debug_record_shows_every_iteration_with_its_values():
    dag = DAG("wf").add_node("count", lambda value=0: value + 1)
    with dag.cycle("loop", max_iterations=9, convergence_check="count > 1") as cycle:
        cycle.feedback("count", "count", input="value")
    page = reported(dag, CycleDebugger())
    assert page.tags.count("details") == 2
    assert "count > 1" in page.text
    assert "converged" in page.text


def test_of_many_iterations_the_first_and_the_last_are_shown():
    dag = DAG("wf").add_node("count", lambda value=0: value + 1)
    with dag.cycle("loop", max_iterations=150) as cycle:
        cycle.feedback("count", "count", input="value")
    page = reported(dag, CycleDebugger())
    assert page.tags.count("details") == 120
    assert "30 between them are in the JSON" in page.text


def test_a_failure_shows_where_it_was_raised():
    def bad():
        raise ValueError("broken")

    debugger = CycleDebugger()
    with pytest.raises(ValueError, match="broken"):
        DAG("wf").add_node("bad", bad).run(observers=[debugger])
    page = Page(debugger.export("html"))
    assert "bad: ValueError: broken" in page.text
    assert "in bad" in page.text


def test_a_debug_record_shows_whatever_was_recorded():
    record = DebugRecord("wf", "id", "parallel", {"outer": None, "inner": None}, violations=["limit broken"])
    record.cycles = [CycleDebug("inner", (2,), "violation", "limit broken", "degrading", 1, 2.0)]
    shared = {"best": (1, 2)}
    for cycle, path in (("outer", ()), ("inner", (0,)), ("inner", (1,))):
        each = IterationDebug(
            0, cycle, path, "failed", 1.0, 100.0, errors=["a: ValueError"], metrics={"x": 1}
        )
        each.convergence, each.state_changes = [ConditionDebug("x > 0", 1, True)], shared
        each.node_executions = [NodeDebug("a", 2, "retried", 1.0, {"k": 5}, error="ValueError: x")] * 201
        record.iterations.append(each)
    record.trends["outer"] = "degrading"
    record.skipped["b"] = "'a' failed"
    text = Page(page(record.analysis())).text
    for words in ("limit broken", "inner [2]", "inner 1.0", "a attempt 2", "1 more are in the JSON"):
        assert words in text
    for words in ("Shared state", "b skipped: 'a' failed", "degrading", "100.0 MiB", "inner: x", "holds"):
        assert words in text


def test_a_profile_shows_what_was_not_measured():
    record = ProfileRecord(workflow="wf", run_id="id", mode="async", workers=1, timeout=None)
    record.calls = {f"node {number}": [0.001] for number in range(25)}
    options = {"has_hotspots": True, "has_bottlenecks": False, "has_trends": True, "asks_network": True}
    text = Page(profile_page(record.analysis(**options))).text
    assert "network_mb" in text
    assert "5 more are in the JSON" in text
    assert "None found" in text
    record.calls = {}
    assert "No calls of nodes" in Page(profile_page(record.analysis(**options))).text


def test_machines_and_plain_runs_have_pages_too():
    fsm = FSM("countdown")
    fsm.add_state("down", lambda n=3: n - 1, initial=True)
    fsm.add_conditional_transition("down", lambda n: "down" if n else END, targets=["down", END])
    for tool in (CycleDebugger(), CycleProfiler()):
        assert "countdown" in reported(fsm, tool).text
        assert "plain" in reported(DAG("plain").add_node("a", lambda: 1), tool).text


def test_a_table_marks_its_columns_of_numbers():
    assert '<td class="num">1</td>' in table(["a", "b"], [["x", "1"]], (1,))


@pytest.mark.parametrize(
    ("status", "expected"), [("converged", "good"), ("failed", "bad"), ("max_iterations", "warn"), ("", "")]
)
def test_how_something_ended_has_a_colour(status, expected):
    assert tone(status) == expected
