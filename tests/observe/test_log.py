"""A run as lines of a logger."""

import logging

import pytest

from fast_dag import DAG, FSM, LoggingObserver, Private, events
from fast_dag.errors import UnknownOptionError
from fast_dag.run.events import EVENTS, Event
from fast_dag.run.violation import Violation
from tests.observe.made import about, failed, finished, made, run_finished, run_started, skipped, started

BROKEN = Violation(
    kind="memory", limit=10.0, value=12.5, action="terminate", message="memory 12.5 MiB, limit 10 MiB"
)
IN_CYCLE = {"cycle": "fit", "iteration": (2,)}
LINES = [
    (run_started(), logging.INFO, "etl: run id started, mode sequential"),
    (run_finished(), logging.INFO, "etl: run completed in 1.234 s"),
    (
        run_finished(status="failed", error=ValueError("broken")),
        logging.WARNING,
        "etl: run failed in 1.234 s: ValueError: broken",
    ),
    (started("load"), logging.DEBUG, "etl: load started"),
    (started("load", attempt=2), logging.DEBUG, "etl: load, attempt 2, started"),
    (finished("load"), logging.INFO, "etl: load finished in 0.123 s"),
    (finished("load", cached=True), logging.INFO, "etl: load finished in 0.123 s (cached)"),
    (finished("fit", iteration=(2, 0)), logging.INFO, "etl: fit [2.0] finished in 0.123 s"),
    (failed("load"), logging.WARNING, "etl: load failed after 0.123 s: ValueError: broken"),
    (
        failed("load", retry_in=0.5),
        logging.WARNING,
        "etl: load failed after 0.123 s: ValueError: broken; attempt 2 in 0.500 s",
    ),
    (skipped("store"), logging.INFO, "etl: store skipped: 'load' failed"),
    (
        about(events.NodeAbandoned, "load", timeout=2.0),
        logging.WARNING,
        "etl: load was abandoned after its timeout of 2 s; the call goes on unheard",
    ),
    (
        about(events.NodeAbandoned, "load", timeout=None),
        logging.WARNING,
        "etl: load was abandoned; the call goes on unheard",
    ),
    (
        about(events.ItemFinished, "each", index=3, duration=0.5),
        logging.DEBUG,
        "etl: each: element 3 finished in 0.500 s",
    ),
    (
        about(events.ItemFailed, "each", index=3, duration=0.5, error=ValueError("broken")),
        logging.WARNING,
        "etl: each: element 3 failed after 0.500 s: ValueError: broken",
    ),
    (
        about(events.ItemFailed, "each", attempt=2, index=3, duration=0.5, error=ValueError("broken")),
        logging.WARNING,
        "etl: each: element 3, attempt 2, failed after 0.500 s: ValueError: broken",
    ),
    (
        failed("each", index=3, retry_in=0.5),
        logging.WARNING,
        "etl: each: element 3 failed after 0.123 s: ValueError: broken; attempt 2 in 0.500 s",
    ),
    (made(events.CycleStarted, **IN_CYCLE), logging.INFO, "etl: cycle fit [2] entered"),
    (
        made(
            events.CycleFinished,
            cycle="fit",
            reason="converged",
            detail="loss < 1",
            verdict="converged",
            iterations=1,
            duration=1.0,
        ),
        logging.INFO,
        "etl: cycle fit ended by converged (loss < 1) after 1 iteration, verdict converged",
    ),
    (
        made(
            events.CycleFinished,
            cycle="fit",
            reason="exit",
            detail="",
            verdict=None,
            iterations=3,
            duration=1.0,
        ),
        logging.INFO,
        "etl: cycle fit ended by exit after 3 iterations",
    ),
    (
        made(events.IterationStarted, cycle="fit", index=4),
        logging.DEBUG,
        "etl: cycle fit: iteration 4 started",
    ),
    (
        made(events.IterationFinished, cycle="fit", index=4, duration=0.5, metrics={"loss": 0.25, "n": 1}),
        logging.INFO,
        "etl: cycle fit: iteration 4 completed in 0.500 s: loss=0.25, n=1",
    ),
    (
        made(
            events.IterationFinished,
            cycle="fit",
            index=4,
            duration=0.5,
            metrics=dict.fromkeys(map(str, range(9)), 0),
        ),
        logging.INFO,
        "etl: cycle fit: iteration 4 completed in 0.500 s: 9 metrics",
    ),
    (
        made(events.IterationFinished, cycle="fit", index=4, duration=0.5, metrics={}, status="failed"),
        logging.INFO,
        "etl: cycle fit: iteration 4 failed in 0.500 s",
    ),
    (
        made(events.ConditionChecked, cycle="fit", index=4, condition="loss < 1", result=False),
        logging.DEBUG,
        "etl: cycle fit: iteration 4: loss < 1 does not hold",
    ),
    (
        made(events.ConditionChecked, cycle="fit", index=4, condition="loss < 1", result=True),
        logging.DEBUG,
        "etl: cycle fit: iteration 4: loss < 1 holds",
    ),
    (
        made(events.StateChanged, cycle="fit", index=4, node="step", key="best", old=None, new=3),
        logging.DEBUG,
        "etl: cycle fit: iteration 4: state 'best' of step from None to 3",
    ),
    (
        made(events.StateChanged, cycle="fit", index=4, node="", key="best", old=1, new=3),
        logging.DEBUG,
        "etl: cycle fit: iteration 4: state 'best' that nodes share from 1 to 3",
    ),
    (made(events.Transitioned, source="idle", target="busy"), logging.INFO, "etl: idle -> busy"),
    (
        made(events.Violated, violation=BROKEN, cycle="fit"),
        logging.WARNING,
        "etl: cycle fit: memory 12.5 MiB, limit 10 MiB (terminate)",
    ),
    (
        made(events.Violated, violation=Violation(kind="cpu", limit=10.0, value=12.5)),
        logging.WARNING,
        "etl: cpu 12.5, limit 10 (terminate)",
    ),
    (
        made(events.CheckpointSaved, cycle="fit", iterations=4),
        logging.DEBUG,
        "etl: cycle fit: checkpoint after 4 iterations",
    ),
    (
        made(events.Warned, code="cache_corrupt", message="entry 'a' cannot be read"),
        logging.WARNING,
        "etl: cache_corrupt: entry 'a' cannot be read",
    ),
]


@pytest.fixture(autouse=True)
def _everything_is_taken(caplog):
    caplog.set_level(logging.DEBUG, "fast_dag")


@pytest.mark.parametrize(
    ("event", "level", "line"), LINES, ids=[f"{event.kind} {n}" for n, (event, *_) in enumerate(LINES)]
)
def test_an_event_is_a_line(caplog, event, level, line):
    LoggingObserver()(event)
    assert caplog.record_tuples == [("fast_dag", level, line)]


def test_every_kind_of_event_has_its_line():
    assert set(EVENTS) - {event.kind for event, *_ in LINES} == set()


def test_an_unknown_kind_is_told_by_its_name(caplog):
    class Odd(Event):
        kind = "odd"

    LoggingObserver()(made(Odd))
    assert caplog.messages == ["etl: odd"]


def test_ordinary_lines_have_the_level_that_was_asked_for(caplog):
    observer = LoggingObserver(level=logging.ERROR)
    for event in (finished("load"), failed("load"), started("load")):
        observer(event)
    assert [record.levelno for record in caplog.records] == [logging.ERROR, logging.ERROR, logging.DEBUG]


def test_a_level_below_debug_is_the_level_of_chatty_lines_too(caplog):
    caplog.set_level(1, "fast_dag")
    LoggingObserver(level=5)(started("load"))
    assert [record.levelno for record in caplog.records] == [5]


def test_lines_that_the_logger_does_not_take_are_not_made(caplog):
    class Costly(ValueError):
        def __str__(self):
            raise AssertionError

    caplog.set_level(logging.CRITICAL, "fast_dag")
    LoggingObserver()(failed("load", error=Costly()))
    assert caplog.messages == []


def test_a_record_knows_its_run(caplog):
    LoggingObserver()(run_started())
    (record,) = caplog.records
    assert (record.kind, record.run_id, record.workflow) == ("run_started", "id", "etl")


def test_a_logger_can_be_given_instead_of_its_name(caplog):
    LoggingObserver(logging.getLogger("mine"))(failed("load"))
    assert [record.name for record in caplog.records] == ["mine"]


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"logger": 3}, "logger must be a logger or the name of one, got 3"),
        ({"level": "INFO"}, "level must be a number such as logging.INFO, got 'INFO'"),
        ({"level": True}, "level must be a number such as logging.INFO, got True"),
        ({"level": -1}, "level must be a number such as logging.INFO, got -1"),
    ],
)
def test_a_setting_that_is_none_is_told(settings, named):
    with pytest.raises(ValueError, match=named):
        LoggingObserver(**settings)


def test_a_mistyped_keyword_is_told_with_the_one_that_may_be_meant():
    with pytest.raises(UnknownOptionError, match="LoggingObserver takes no 'lvel'; did you mean 'level'"):
        LoggingObserver(lvel=logging.DEBUG)


def test_a_line_is_short_and_one_line_whatever_is_told(caplog):
    observer = LoggingObserver()
    observer(failed("a\nb", error=ValueError("x\n" * 10_000)))
    observer(skipped("c", "y" * 10_000))
    observer(
        made(events.StateChanged, cycle="c", index=0, node="n", key="k", old=[0] * 10_000, new="z" * 10_000)
    )
    assert [len(line) < 500 and line.isprintable() for line in caplog.messages] == [True] * 3


def test_an_error_whose_text_fails_is_told_all_the_same(caplog):
    class Shy(ValueError):
        def __str__(self):
            raise RuntimeError

    LoggingObserver()(failed("a", error=Shy()))
    assert caplog.messages == ["etl: a failed after 0.123 s: Shy: <Shy without a readable text>"]


@pytest.mark.parametrize("mode", ["sequential", "parallel", "async"])
def test_a_run_is_logged_in_every_mode(caplog, mode):
    dag = DAG("etl").add_node("load", lambda token: token).add_node("store", lambda load: 1)
    dag.connect("load", "store")
    dag.run(token=Private("canary"), mode=mode, observers=[LoggingObserver()])
    told = [line.split(" in ")[0] for line in caplog.messages[1:]]
    assert told == [
        *("etl: load started", "etl: load finished", "etl: store started", "etl: store finished"),
        "etl: run completed",
    ]


def test_a_machine_is_logged(caplog):
    fsm = FSM("door").add_state("open", lambda: 1, initial=True, terminal=True)
    fsm.run(observers=[LoggingObserver()])
    assert "door: open [0] finished" in caplog.text


def test_a_cycle_is_logged(caplog):
    dag = DAG("fit").add_node("step", lambda value=0: value + 1).feedback("step", "step", cycle="c")
    with dag.cycle("c", convergence_check="step >= 3"):
        pass
    dag.run(observers=[LoggingObserver()])
    assert "fit: step [2] finished" in caplog.text


def test_nothing_of_logging_is_configured():
    logger = logging.getLogger("fast_dag.untouched")
    LoggingObserver(logger)
    assert (logger.handlers, logger.level) == ([], logging.NOTSET)
