"""Reports as pages: whole by themselves, and nothing in them is taken for markup."""

import re
from html.parser import HTMLParser

import pytest

from fast_dag import DAG, END, FSM, CycleDebugger, CycleProfiler
from fast_dag.observe.page import table, tone

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
    page = Page(tool.export("html"))
    assert "script" not in page.tags
    assert HOSTILE in page.text
    assert not [name for name, _ in page.attributes if name.startswith("on")]


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
