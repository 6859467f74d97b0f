"""What `fast_dag` shows to its users, and what importing it costs."""

import importlib
import subprocess
import sys

import pytest

import fast_dag
import fast_dag.events

WORKFLOW = [
    "DAG",
    "DAGRunner",
    "ExecutionMode",
    "FSM",
    "FunctionRegistry",
    "Node",
    "NodeType",
    "Problem",
    "Runner",
    "VisualizationOptions",
    "__version__",
]
RUN = [
    "ConditionalReturn",
    "Context",
    "Converged",
    "CycleResult",
    "Violation",
    "CycleConfig",
    "DebugSession",
    "Divergence",
    "END",
    "Edge",
    "FSMContext",
    "FSMReturn",
    "LogicalTime",
    "NO_DATA",
    "Private",
    "Recording",
    "Replace",
    "ReplayResult",
    "RunHandle",
    "RunStalled",
    "SKIP",
    "SelectReturn",
    "Session",
    "Transition",
    "register_condition",
]
CACHE = [
    "CacheBackend",
    "CacheExplanation",
    "DiskCache",
    "MemoryCache",
    "get_cache",
    "register_cache",
    "register_cache_key",
]
CYCLES = [
    "Delta",
    "ConvergenceCheckerNode",
    "CycleAwareNode",
    "CycleContext",
    "CycleMonitor",
    "CycleSafetyManager",
    "CycleState",
    "CycleStateError",
    "DeltaError",
    "CycleStateManager",
    "CycleTemplate",
    "CycleTemplates",
    "CyclicWorkflowExecutor",
    "FileStateStore",
    "Instruments",
    "IterationResult",
    "MemoryStateStore",
    "MultiCriteriaConvergenceNode",
    "Recommendation",
    "RetryExhaustedError",
    "SafetyStatus",
    "StateCodec",
    "SwitchNode",
    "register_codec",
]
ITERATION = [
    "BoundedIterationNode",
    "IterationInfo",
    "RoundStats",
    "all_of",
    "any_of",
    "fixed_point",
    "stable",
]
BUILDERS = [
    "Cycle",
    "CycleBuilder",
    "CycleGroup",
    "DagStage",
    "GraphView",
    "RunResult",
    "Runtime",
    "WorkflowBuilder",
]
CONDITIONS = [
    "AdaptiveCondition",
    "CallbackCondition",
    "CompoundCondition",
    "ConvergenceCondition",
    "ExpressionCondition",
    "ImprovementCondition",
    "MaxIterationsCondition",
    "NoImprovementCondition",
    "StabilityCondition",
    "StrategyCondition",
    "ThresholdCondition",
    "TimeoutCondition",
    "Trend",
    "create_convergence_condition",
]
OBSERVERS = [
    "AnalyzerReport",
    "Bottleneck",
    "Comparison",
    "Hotspot",
    "IterationDebug",
    "LiveMetrics",
    "NodeDebug",
    "ResourceTrends",
    "ResultSummary",
    "CycleAnalyzer",
    "CycleDebugger",
    "CycleProfiler",
    "DebugAnalysis",
    "LoggingObserver",
    "OpenTelemetryObserver",
    "ProgressObserver",
    "PerformanceAnalysis",
    "Trace",
]
ERRORS = [
    "AmbiguousMetricError",
    "CacheError",
    "ConditionError",
    "ConvergenceExpressionError",
    "CycleConfigurationError",
    "CycleConnectionError",
    "CycleError",
    "CycleExecutionError",
    "CycleExitError",
    "CycleLimitWarning",
    "CycleSafetyError",
    "DisconnectedNodeError",
    "DocumentError",
    "DuplicateCycleError",
    "DuplicateNodeError",
    "ExecutionError",
    "FeedbackOverflowError",
    "FastDAGError",
    "InvalidNodeError",
    "MaxIterationsError",
    "MissingConnectionError",
    "MissingExtraError",
    "MissingInputError",
    "RecordingError",
    "MissingMetricError",
    "MissingOutputError",
    "NotSerializableError",
    "RouterError",
    "RunCancelledError",
    "StreamError",
    "TimeoutError",
    "UnknownNodeError",
    "UnknownOptionError",
    "ValidationError",
]
EVENTS = [
    "CheckpointSaved",
    "ConditionChecked",
    "CycleEvent",
    "CycleFinished",
    "CycleStarted",
    "Event",
    "ItemEvent",
    "ItemFailed",
    "ItemFinished",
    "IterationFinished",
    "IterationStarted",
    "NodeAbandoned",
    "NodeEvent",
    "NodeFailed",
    "NodeFinished",
    "NodeSkipped",
    "NodeStarted",
    "RunFinished",
    "RunStarted",
    "StateChanged",
    "Transitioned",
    "Violated",
    "Warned",
]
NAMES = [*OBSERVERS, *WORKFLOW, *RUN, *CACHE, *CONDITIONS, *CYCLES, *ITERATION, *BUILDERS, *ERRORS]
HEAVY = (
    "anyio",
    "asyncio",
    "cachetools",
    "msgspec",
    "opentelemetry",
    "psutil",
    "rich",
    "sqlite3",
    "trio",
    "yaml",
)


def fresh_python(*lines: str) -> list[str]:
    """What a new interpreter prints, as words."""
    command = [sys.executable, "-c", "\n".join(lines)]
    made = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own words
    return made.stdout.split()


def loaded_by(*lines: str) -> set[str]:
    """The modules that a new interpreter loads for *lines*; what measures coverage is there before."""
    return set(
        fresh_python("import sys", "before = {*sys.modules}", *lines, "print(*{*sys.modules} - before)")
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_name_of_the_contract_can_be_imported(name):
    assert hasattr(fast_dag, name)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_of_the_contract_is_listed(name):
    assert name in fast_dag.__all__


def test_every_listed_name_stands_in_this_file():
    assert set(fast_dag.__all__) - set(NAMES) == set()


def test_every_listed_name_can_be_imported():
    assert [name for name in fast_dag.__all__ if not hasattr(fast_dag, name)] == []


def test_every_public_name_stands_in_the_table_once():
    assert sorted(set(fast_dag.__all__)) == fast_dag.__all__


def test_dir_shows_every_listed_name():
    assert set(fast_dag.__all__) - set(dir(fast_dag)) == set()


def test_dir_shows_nothing_but_listed_names_and_submodules():
    shown = {name for name in dir(fast_dag) if not name.startswith("_")}
    submodules = {name for name in shown if f"fast_dag.{name}" in sys.modules}
    assert shown - submodules - set(fast_dag.__all__) == set()


def test_an_unknown_name_is_an_attribute_error_that_names_it():
    with pytest.raises(AttributeError, match="'fast_dag' has no attribute 'Dag'"):
        _ = fast_dag.Dag


def test_the_version_is_a_text_with_three_numbers():
    assert [part.isdigit() for part in fast_dag.__version__.split(".")] == [True] * 3


def test_runner_is_another_name_of_dag_runner():
    assert fast_dag.Runner is fast_dag.DAGRunner


def test_skip_is_the_same_object_as_no_data():
    assert fast_dag.SKIP is fast_dag.NO_DATA


def test_importing_the_package_loads_no_module_of_it():
    loaded = fresh_python(
        "import sys, fast_dag", "print(*[m for m in sys.modules if m.startswith('fast_dag.')])"
    )
    assert loaded == []


def test_importing_the_package_loads_nothing_heavy():
    assert loaded_by("import fast_dag") & set(HEAVY) == set()


def test_defining_a_workflow_loads_nothing_heavy():
    lines = ("from fast_dag import DAG", "dag = DAG('flow')", "dag.add_node('n', int.__call__)")
    assert loaded_by(*lines) & set(HEAVY) == set()


def test_a_name_is_loaded_on_first_use_and_then_kept():
    lines = ("import sys, fast_dag", "fast_dag.Context", "print('Context' in vars(fast_dag))")
    assert fresh_python(*lines, "print('fast_dag.workflow.dag' in sys.modules)") == ["True", "False"]


def test_a_star_import_gives_every_listed_name():
    given = fresh_python("from fast_dag import *", "print(*dir())")
    assert set(fast_dag.__all__) <= set(given)


@pytest.mark.parametrize("name", EVENTS)
def test_an_event_class_can_be_imported_from_the_facade(name):
    assert issubclass(getattr(fast_dag.events, name), fast_dag.events.Event)


def test_the_facade_of_events_lists_every_event_class_and_what_an_observer_is():
    assert set(fast_dag.events.__all__) == {*EVENTS, "Observer"}


def test_every_listed_event_can_be_imported():
    events = importlib.import_module("fast_dag.events")
    assert [name for name in events.__all__ if not hasattr(events, name)] == []


def test_every_name_of_the_facade_of_cycles_can_be_imported():
    cycles = importlib.import_module("fast_dag.cycles")
    assert [name for name in cycles.__all__ if not hasattr(cycles, name)] == []
    assert set(cycles.__all__) <= set(dir(cycles))


@pytest.mark.parametrize("name", [*CONDITIONS, *CYCLES, *ITERATION, *BUILDERS])
def test_a_name_of_cycles_is_the_same_object_in_both_places(name):
    assert getattr(fast_dag, name) is getattr(importlib.import_module("fast_dag.cycles"), name)


def test_an_unknown_name_of_cycles_is_an_attribute_error_that_names_it():
    with pytest.raises(AttributeError, match=r"'fast_dag.cycles' has no attribute 'Cycl'"):
        _ = importlib.import_module("fast_dag.cycles").Cycl


def test_importing_the_facade_of_cycles_loads_no_other_module():
    lines = ("import sys, fast_dag.cycles", "print(*[m for m in sys.modules if m.startswith('fast_dag.')])")
    assert fresh_python(*lines) == ["fast_dag.cycles"]
