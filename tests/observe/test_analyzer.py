"""Many results beside each other, and runs that are under way."""

import asyncio
import csv
import gc
import io
import json
import threading
import weakref

import pytest

from fast_dag import DAG, CycleAnalyzer, CycleResult, UnknownOptionError, ValidationError
from tests.observe.test_report import Page


def result(run_id, cycle="fit", reason="converged", **fields):
    made = CycleResult(cycle, run_id, reason)
    for name, value in {"objective": "loss", "direction": "minimize", **fields}.items():
        setattr(made, name, value)
    return made


def counting(limit=3, **settings):
    dag = DAG("counting").add_node("count", lambda value=0: value + 1)
    with dag.cycle("loop", **{"max_iterations": limit, **settings}) as cycle:
        cycle.feedback("count", "count", input="value")
    return dag


@pytest.fixture
def analyzer():
    made = CycleAnalyzer()
    made.add(result("a", total_iterations=10, execution_time_seconds=2.0, best_quality=0.5))
    made.add(result("b", total_iterations=6, execution_time_seconds=3.0, best_quality=0.25))
    made.add(
        result("c", reason="error", total_iterations=2, execution_time_seconds=1.0, errors=[ValueError("x")])
    )
    return made


# Ids


def test_a_result_has_the_id_of_its_run_unless_it_is_given_another():
    analyzer = CycleAnalyzer()
    assert analyzer.add(result("a")) == "a"
    assert analyzer.add(result("b"), "mine") == "mine"
    assert analyzer.add(result("a", cycle="other")) == "a/other"
    assert analyzer.add(result("")) == "fit"
    assert analyzer.report().total == 4


def test_the_same_result_is_taken_anew():
    analyzer = CycleAnalyzer()
    analyzer.add(result("a", total_iterations=1))
    assert analyzer.add(result("a", total_iterations=2)) == "a"
    assert analyzer.add(result("a", total_iterations=3), "renamed") == "renamed"
    assert [(each.id, each.iterations) for each in analyzer.report().results] == [("renamed", 3)]
    assert analyzer.add(result("a", total_iterations=4)) == "renamed"


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (("no result",), "an analyzer takes a CycleResult, got 'no result'"),
        ((result("z"), "a"), "another result is called 'a': give another label"),
        ((result("z"), ""), "must be a non-empty string, got ''"),
        ((result("z"), 5), "must be a non-empty string, got 5"),
    ],
)
def test_what_cannot_be_added_is_told(analyzer, given, text):
    with pytest.raises(ValidationError, match=text):
        analyzer.add(*given)
    assert analyzer.report().total == 3


# Comparing


def test_results_are_compared_with_the_first(analyzer):
    found = analyzer.compare(["a", "b"])
    assert (found.best, found.fastest, found.fewest_iterations) == ("b", "a", "b")
    assert found.differences == [("a", 0, 0.0, 0.0), ("b", -4, 1.0, -0.25)]


def test_by_default_all_are_compared(analyzer):
    assert [each.id for each in analyzer.compare().results] == ["a", "b", "c"]


def test_results_themselves_may_be_given(analyzer):
    assert [each.id for each in analyzer.compare([result("b"), "a"]).results] == ["b", "a"]


def test_more_is_better_where_the_objective_is_to_grow():
    analyzer = CycleAnalyzer()
    for name, quality in (("a", 0.5), ("b", 0.25), ("c", float("nan"))):
        analyzer.add(result(name, direction="maximize", best_quality=quality))
    assert analyzer.compare().best == "a"


def test_other_objectives_cannot_be_compared(analyzer):
    analyzer.add(result("d", objective="accuracy", direction="maximize", best_quality=0.9))
    found = analyzer.compare(["a", "d"])
    assert found.best is None
    assert found.differences[1].best_quality is None


@pytest.mark.parametrize(
    ("ids", "text"),
    [
        (["a", "bb"], "no result 'bb' was added; did you mean 'b'"),
        ([result("z")], "no result .* was added"),
        ([], "nothing to compare"),
        ("ab", "ids must be a list of ids or results, got 'ab'"),
        (5, "ids must be a list"),
    ],
)
def test_what_cannot_be_compared_is_told(analyzer, ids, text):
    with pytest.raises(ValueError, match=text):
        analyzer.compare(ids)


# Reports


def test_a_report_counts_and_averages(analyzer):
    found = analyzer.report()
    assert (found.total, found.converged, found.convergence_rate) == (3, 2, pytest.approx(2 / 3))
    assert found.reasons == {"converged": 2, "error": 1}
    assert (found.mean_iterations, found.median_iterations, found.mean_time_seconds) == (6, 6, 2)
    assert found.cycles == [("fit", 3, 2, 6, 2, "b", 0.25)]
    assert found.results[2].errors == 1


def test_without_results_there_is_nothing_to_average():
    found = CycleAnalyzer().report()
    assert (found.total, found.convergence_rate, found.mean_iterations, found.cycles) == (0, None, None, [])


def test_everything_may_be_awaited(analyzer):
    async def main():
        await analyzer.add(result("d"))
        return await analyzer.report(), await analyzer.compare(["d"]), await analyzer.real_time_metrics()

    report, comparison, live = asyncio.run(main())
    assert (report.total, comparison.fastest, live.results) == (4, "d", 4)


def test_exports_have_a_row_for_each_result(analyzer, tmp_path):
    rows = list(csv.DictReader(io.StringIO(analyzer.export("csv"))))
    assert [(row["id"], row["iterations"]) for row in rows] == [("a", "10"), ("b", "6"), ("c", "2")]
    found = json.loads(analyzer.export("json", tmp_path / "all.json"))
    assert found == json.loads((tmp_path / "all.json").read_text())
    assert (found["total"], found["results"][1]["best_quality"]) == (3, 0.25)
    with pytest.raises(ValueError, match="no format 'pdf'"):
        analyzer.export("pdf")


def test_a_page_escapes_everything():
    hostile, analyzer = "<script>alert(1)</script>", CycleAnalyzer()
    for name in ("a", hostile):
        analyzer.add(
            result(
                name,
                cycle=f"{name}{hostile}",
                objective=hostile,
                metric_history={hostile: [3.0, 2.0, float("nan"), 1.0]},
                verdict=hostile,
            )
        )
    page = Page(analyzer.export("html"))
    assert "script" not in page.tags
    assert hostile in page.text
    assert page.tags.count("svg") == 3
    assert "None were added" in Page(CycleAnalyzer().export("html")).text


def test_a_page_shows_the_cycles_beside_each_other():
    analyzer = CycleAnalyzer()
    for number, cycle in enumerate(["fit", "fit", "polish"]):
        analyzer.add(result(f"run {number}", cycle=cycle, total_iterations=4 + number, best_quality=0.5))
    page = Page(analyzer.export("html"))
    assert page.tags.count("table") == 2
    assert "polish" in page.text


# Runs


def test_among_the_observers_it_takes_the_results_by_itself():
    analyzer, dag = CycleAnalyzer(), counting()
    dag.run(observers=[analyzer])
    dag.execute_cycle_sync("loop", run_id="mine", observers=[analyzer])
    assert [each.cycle for each in analyzer.report().results] == ["loop", "loop"]
    assert analyzer.report().results[1].id == "mine"
    live = analyzer.real_time_metrics()
    assert (live.active_runs, live.finished_runs, live.total_iterations, live.results) == (0, 2, 6, 2)


def test_an_unknown_setting_is_told():
    with pytest.raises(UnknownOptionError, match="CycleAnalyzer takes no 'limit'"):
        CycleAnalyzer(limit=5)


def test_while_a_run_is_under_way_it_tells_how_that_stands():
    analyzer, seen = CycleAnalyzer(), []

    def count(value=0):
        seen.append(analyzer.real_time_metrics())
        return value + 1

    dag = DAG("live").add_node("count", count)
    with dag.cycle("loop", max_iterations=3) as cycle:
        cycle.feedback("count", "count", input="value")
    dag.run(observers=[analyzer])
    assert [each.active_runs for each in seen] == [1, 1, 1]
    (last,) = seen[-1].active_cycles
    assert (last.cycle, last.workflow, last.iterations, last.metrics) == ("loop", "live", 2, {"count": 2})
    assert last.elapsed_seconds > 0
    assert seen[-1].iterations_per_second == last.iterations_per_second > 0
    assert seen[0].active_cycles[0].iterations_per_second is None


def test_a_run_that_fails_is_counted():
    analyzer = CycleAnalyzer()
    dag = DAG("wf").add_node("count", lambda value=1: 1 / (1 - value))
    with dag.cycle("loop", max_iterations=3) as cycle:
        cycle.feedback("count", "count", input="value")
    with pytest.raises(ZeroDivisionError):
        dag.run(observers=[analyzer])
    live = analyzer.real_time_metrics()
    assert (live.active_runs, live.finished_runs, live.failed) == (0, 1, 1)


def test_a_run_that_another_tool_keeps_from_beginning_is_not_counted():
    class Refusing:
        def watching(self, control):
            raise OSError("no room")

    analyzer = CycleAnalyzer()
    with pytest.raises(OSError, match="no room"):
        counting().run(observers=[analyzer, Refusing()])
    live = analyzer.real_time_metrics()
    assert (live.active_runs, live.finished_runs, live.results) == (0, 0, 0)


def test_runs_in_several_threads_are_all_counted():
    analyzer, dag = CycleAnalyzer(), counting(5)
    threads = [threading.Thread(target=dag.run, kwargs={"observers": [analyzer]}) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(20)
    live = analyzer.real_time_metrics()
    assert (live.finished_runs, live.total_iterations, live.results) == (8, 40, 8)


def test_no_value_of_a_result_is_kept():
    class Value:
        pass

    analyzer, value = CycleAnalyzer(), Value()
    analyzer.add(result("a", outputs={"node": value}, value=value))
    kept = weakref.ref(value)
    del value
    gc.collect()
    assert kept() is None
