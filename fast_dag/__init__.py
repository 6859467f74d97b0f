"""Workflows as plain Python functions: draw them, plan them, run them anywhere."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from fast_dag.cycles.bounds import MaxIterationsCondition as MaxIterationsCondition
    from fast_dag.cycles.bounds import TimeoutCondition as TimeoutCondition
    from fast_dag.cycles.builder import CycleBuilder as CycleBuilder
    from fast_dag.cycles.built import Cycle as Cycle
    from fast_dag.cycles.checkers import ConvergenceCheckerNode as ConvergenceCheckerNode
    from fast_dag.cycles.conditions import CallbackCondition as CallbackCondition
    from fast_dag.cycles.conditions import CompoundCondition as CompoundCondition
    from fast_dag.cycles.conditions import ConvergenceCondition as ConvergenceCondition
    from fast_dag.cycles.conditions import ExpressionCondition as ExpressionCondition
    from fast_dag.cycles.executor import CyclicWorkflowExecutor as CyclicWorkflowExecutor
    from fast_dag.cycles.inspection import CycleGroup as CycleGroup
    from fast_dag.cycles.inspection import DagStage as DagStage
    from fast_dag.cycles.metric_conditions import ImprovementCondition as ImprovementCondition
    from fast_dag.cycles.metric_conditions import NoImprovementCondition as NoImprovementCondition
    from fast_dag.cycles.metric_conditions import StabilityCondition as StabilityCondition
    from fast_dag.cycles.metric_conditions import ThresholdCondition as ThresholdCondition
    from fast_dag.cycles.multi_criteria import MultiCriteriaConvergenceNode as MultiCriteriaConvergenceNode
    from fast_dag.cycles.nodes import CycleAwareNode as CycleAwareNode
    from fast_dag.cycles.specs import create_convergence_condition as create_convergence_condition
    from fast_dag.cycles.staged import AdaptiveCondition as AdaptiveCondition
    from fast_dag.cycles.staged import StrategyCondition as StrategyCondition
    from fast_dag.cycles.state import CycleContext as CycleContext
    from fast_dag.cycles.state import CycleState as CycleState
    from fast_dag.cycles.state import CycleStateManager as CycleStateManager
    from fast_dag.cycles.switch import SwitchNode as SwitchNode
    from fast_dag.cycles.template import CycleTemplate as CycleTemplate
    from fast_dag.cycles.templates import CycleTemplates as CycleTemplates
    from fast_dag.cycles.trend import Trend as Trend
    from fast_dag.cycles.view import GraphView as GraphView
    from fast_dag.draw.options import VisualizationOptions as VisualizationOptions
    from fast_dag.errors import AmbiguousMetricError as AmbiguousMetricError
    from fast_dag.errors import CacheError as CacheError
    from fast_dag.errors import ConditionError as ConditionError
    from fast_dag.errors import ConvergenceExpressionError as ConvergenceExpressionError
    from fast_dag.errors import CycleConfigurationError as CycleConfigurationError
    from fast_dag.errors import CycleConnectionError as CycleConnectionError
    from fast_dag.errors import CycleError as CycleError
    from fast_dag.errors import CycleExecutionError as CycleExecutionError
    from fast_dag.errors import CycleExitError as CycleExitError
    from fast_dag.errors import CycleLimitWarning as CycleLimitWarning
    from fast_dag.errors import CycleSafetyError as CycleSafetyError
    from fast_dag.errors import CycleStateError as CycleStateError
    from fast_dag.errors import DeltaError as DeltaError
    from fast_dag.errors import DisconnectedNodeError as DisconnectedNodeError
    from fast_dag.errors import DocumentError as DocumentError
    from fast_dag.errors import DuplicateCycleError as DuplicateCycleError
    from fast_dag.errors import DuplicateNodeError as DuplicateNodeError
    from fast_dag.errors import ExecutionError as ExecutionError
    from fast_dag.errors import FastDAGError as FastDAGError
    from fast_dag.errors import FeedbackOverflowError as FeedbackOverflowError
    from fast_dag.errors import InvalidNodeError as InvalidNodeError
    from fast_dag.errors import MaxIterationsError as MaxIterationsError
    from fast_dag.errors import MissingConnectionError as MissingConnectionError
    from fast_dag.errors import MissingExtraError as MissingExtraError
    from fast_dag.errors import MissingInputError as MissingInputError
    from fast_dag.errors import MissingMetricError as MissingMetricError
    from fast_dag.errors import MissingOutputError as MissingOutputError
    from fast_dag.errors import NotSerializableError as NotSerializableError
    from fast_dag.errors import RecordingError as RecordingError
    from fast_dag.errors import RetryExhaustedError as RetryExhaustedError
    from fast_dag.errors import RouterError as RouterError
    from fast_dag.errors import RunCancelledError as RunCancelledError
    from fast_dag.errors import RunStalled as RunStalled
    from fast_dag.errors import StreamError as StreamError
    from fast_dag.errors import TimeoutError as TimeoutError
    from fast_dag.errors import UnknownNodeError as UnknownNodeError
    from fast_dag.errors import UnknownOptionError as UnknownOptionError
    from fast_dag.errors import ValidationError as ValidationError
    from fast_dag.graph.check import Problem as Problem
    from fast_dag.graph.cycle_config import CycleConfig as CycleConfig
    from fast_dag.graph.cycle_data import register_condition as register_condition
    from fast_dag.graph.edge import Edge as Edge
    from fast_dag.graph.machine import Transition as Transition
    from fast_dag.graph.node import Node as Node
    from fast_dag.iterate.rules import all_of as all_of
    from fast_dag.iterate.rules import any_of as any_of
    from fast_dag.iterate.rules import fixed_point as fixed_point
    from fast_dag.iterate.rules import stable as stable
    from fast_dag.iterate.sessions import Session as Session
    from fast_dag.observe.analysis import Bottleneck as Bottleneck
    from fast_dag.observe.analysis import Hotspot as Hotspot
    from fast_dag.observe.analyzer import CycleAnalyzer as CycleAnalyzer
    from fast_dag.observe.analyzer import LiveMetrics as LiveMetrics
    from fast_dag.observe.bar import ProgressObserver as ProgressObserver
    from fast_dag.observe.debug_records import DebugAnalysis as DebugAnalysis
    from fast_dag.observe.debug_records import IterationDebug as IterationDebug
    from fast_dag.observe.debug_records import NodeDebug as NodeDebug
    from fast_dag.observe.debugger import CycleDebugger as CycleDebugger
    from fast_dag.observe.log import LoggingObserver as LoggingObserver
    from fast_dag.observe.monitor import CycleMonitor as CycleMonitor
    from fast_dag.observe.performance import PerformanceAnalysis as PerformanceAnalysis
    from fast_dag.observe.performance import ResourceTrends as ResourceTrends
    from fast_dag.observe.profiler import CycleProfiler as CycleProfiler
    from fast_dag.observe.recommendations import Recommendation as Recommendation
    from fast_dag.observe.safety import CycleSafetyManager as CycleSafetyManager
    from fast_dag.observe.safety import SafetyStatus as SafetyStatus
    from fast_dag.observe.sampling import Instruments as Instruments
    from fast_dag.observe.summaries import AnalyzerReport as AnalyzerReport
    from fast_dag.observe.summaries import Comparison as Comparison
    from fast_dag.observe.summaries import ResultSummary as ResultSummary
    from fast_dag.observe.trace import Trace as Trace
    from fast_dag.observe.tracing import OpenTelemetryObserver as OpenTelemetryObserver
    from fast_dag.private import Private as Private
    from fast_dag.run.context import Context as Context
    from fast_dag.run.delta import Delta as Delta
    from fast_dag.run.divergence import Divergence as Divergence
    from fast_dag.run.fsm_context import FSMContext as FSMContext
    from fast_dag.run.iteration_info import IterationInfo as IterationInfo
    from fast_dag.run.iteration_info import RoundStats as RoundStats
    from fast_dag.run.recording import Recording as Recording
    from fast_dag.run.results import CycleResult as CycleResult
    from fast_dag.run.results import IterationResult as IterationResult
    from fast_dag.run.violation import Violation as Violation
    from fast_dag.runners.background import RunHandle as RunHandle
    from fast_dag.stores.base import CacheBackend as CacheBackend
    from fast_dag.stores.codec import StateCodec as StateCodec
    from fast_dag.stores.history import CacheExplanation as CacheExplanation
    from fast_dag.stores.keys import register_cache_key as register_cache_key
    from fast_dag.stores.memory import MemoryCache as MemoryCache
    from fast_dag.stores.registry import get_cache as get_cache
    from fast_dag.stores.registry import register_cache as register_cache
    from fast_dag.stores.sqlite import DiskCache as DiskCache
    from fast_dag.stores.states import FileStateStore as FileStateStore
    from fast_dag.stores.states import MemoryStateStore as MemoryStateStore
    from fast_dag.stores.tagged import register_codec as register_codec
    from fast_dag.values import END as END
    from fast_dag.values import NO_DATA as NO_DATA
    from fast_dag.values import SKIP as SKIP
    from fast_dag.values import ConditionalReturn as ConditionalReturn
    from fast_dag.values import Converged as Converged
    from fast_dag.values import ExecutionMode as ExecutionMode
    from fast_dag.values import FSMReturn as FSMReturn
    from fast_dag.values import LogicalTime as LogicalTime
    from fast_dag.values import NodeType as NodeType
    from fast_dag.values import Replace as Replace
    from fast_dag.values import SelectReturn as SelectReturn
    from fast_dag.workflow.builder import WorkflowBuilder as WorkflowBuilder
    from fast_dag.workflow.dag import DAG as DAG
    from fast_dag.workflow.debugging import DebugSession as DebugSession
    from fast_dag.workflow.executing import RunResult as RunResult
    from fast_dag.workflow.executing import Runtime as Runtime
    from fast_dag.workflow.fsm import FSM as FSM
    from fast_dag.workflow.functions import FunctionRegistry as FunctionRegistry
    from fast_dag.workflow.iteration_node import BoundedIterationNode as BoundedIterationNode
    from fast_dag.workflow.replaying import ReplayResult as ReplayResult
    from fast_dag.workflow.runner import DAGRunner as DAGRunner
    from fast_dag.workflow.runner import DAGRunner as Runner  # noqa: F401 - the other name of it

WHERE = {
    "fast_dag.observe.summaries": (
        "AnalyzerReport",
        "Comparison",
        "ResultSummary",
    ),
    "fast_dag.observe.analysis": (
        "Bottleneck",
        "Hotspot",
    ),
    "fast_dag.observe.analyzer": (
        "CycleAnalyzer",
        "LiveMetrics",
    ),
    "fast_dag.observe.sampling": ("Instruments",),
    "fast_dag.observe.recommendations": ("Recommendation",),
    "fast_dag.observe.safety": (
        "CycleSafetyManager",
        "SafetyStatus",
    ),
    "fast_dag.observe.monitor": ("CycleMonitor",),
    "fast_dag.observe.performance": (
        "PerformanceAnalysis",
        "ResourceTrends",
    ),
    "fast_dag.observe.debug_records": (
        "DebugAnalysis",
        "IterationDebug",
        "NodeDebug",
    ),
    "fast_dag.observe.profiler": ("CycleProfiler",),
    "fast_dag.observe.debugger": ("CycleDebugger",),
    "fast_dag.workflow.iteration_node": ("BoundedIterationNode",),
    "fast_dag.run.iteration_info": ("IterationInfo", "RoundStats"),
    "fast_dag.iterate.rules": ("all_of", "any_of", "fixed_point", "stable"),
    "fast_dag.iterate.sessions": ("Session",),
    "fast_dag.run.violation": ("Violation",),
    "fast_dag.cycles.bounds": (
        "MaxIterationsCondition",
        "TimeoutCondition",
    ),
    "fast_dag.cycles.builder": ("CycleBuilder",),
    "fast_dag.cycles.built": ("Cycle",),
    "fast_dag.cycles.checkers": ("ConvergenceCheckerNode",),
    "fast_dag.cycles.conditions": (
        "CallbackCondition",
        "CompoundCondition",
        "ConvergenceCondition",
        "ExpressionCondition",
    ),
    "fast_dag.cycles.executor": ("CyclicWorkflowExecutor",),
    "fast_dag.cycles.inspection": (
        "CycleGroup",
        "DagStage",
    ),
    "fast_dag.cycles.metric_conditions": (
        "ImprovementCondition",
        "NoImprovementCondition",
        "StabilityCondition",
        "ThresholdCondition",
    ),
    "fast_dag.cycles.multi_criteria": ("MultiCriteriaConvergenceNode",),
    "fast_dag.cycles.nodes": ("CycleAwareNode",),
    "fast_dag.cycles.specs": ("create_convergence_condition",),
    "fast_dag.cycles.staged": (
        "AdaptiveCondition",
        "StrategyCondition",
    ),
    "fast_dag.cycles.state": (
        "CycleContext",
        "CycleState",
        "CycleStateManager",
    ),
    "fast_dag.cycles.switch": ("SwitchNode",),
    "fast_dag.cycles.template": ("CycleTemplate",),
    "fast_dag.cycles.templates": ("CycleTemplates",),
    "fast_dag.cycles.trend": ("Trend",),
    "fast_dag.cycles.view": ("GraphView",),
    "fast_dag.draw.options": ("VisualizationOptions",),
    "fast_dag.errors": (
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
        "CycleStateError",
        "DeltaError",
        "DisconnectedNodeError",
        "DocumentError",
        "DuplicateCycleError",
        "DuplicateNodeError",
        "ExecutionError",
        "FastDAGError",
        "InvalidNodeError",
        "FeedbackOverflowError",
        "MaxIterationsError",
        "MissingConnectionError",
        "MissingExtraError",
        "MissingInputError",
        "MissingMetricError",
        "MissingOutputError",
        "NotSerializableError",
        "RecordingError",
        "RetryExhaustedError",
        "RouterError",
        "RunCancelledError",
        "RunStalled",
        "StreamError",
        "TimeoutError",
        "UnknownNodeError",
        "UnknownOptionError",
        "ValidationError",
        "CycleSafetyError",
    ),
    "fast_dag.graph.check": ("Problem",),
    "fast_dag.graph.cycle_config": ("CycleConfig",),
    "fast_dag.graph.cycle_data": ("register_condition",),
    "fast_dag.graph.edge": ("Edge",),
    "fast_dag.graph.machine": ("Transition",),
    "fast_dag.graph.node": ("Node",),
    "fast_dag.observe.bar": ("ProgressObserver",),
    "fast_dag.observe.log": ("LoggingObserver",),
    "fast_dag.observe.trace": ("Trace",),
    "fast_dag.observe.tracing": ("OpenTelemetryObserver",),
    "fast_dag.private": ("Private",),
    "fast_dag.run.context": ("Context",),
    "fast_dag.run.divergence": ("Divergence",),
    "fast_dag.run.fsm_context": ("FSMContext",),
    "fast_dag.run.delta": ("Delta",),
    "fast_dag.run.recording": ("Recording",),
    "fast_dag.run.results": (
        "CycleResult",
        "IterationResult",
    ),
    "fast_dag.runners.background": ("RunHandle",),
    "fast_dag.stores.base": ("CacheBackend",),
    "fast_dag.stores.codec": ("StateCodec",),
    "fast_dag.stores.history": ("CacheExplanation",),
    "fast_dag.stores.keys": ("register_cache_key",),
    "fast_dag.stores.memory": ("MemoryCache",),
    "fast_dag.stores.registry": (
        "get_cache",
        "register_cache",
    ),
    "fast_dag.stores.sqlite": ("DiskCache",),
    "fast_dag.stores.states": (
        "FileStateStore",
        "MemoryStateStore",
    ),
    "fast_dag.stores.tagged": ("register_codec",),
    "fast_dag.values": (
        "Converged",
        "FSMReturn",
        "LogicalTime",
        "END",
        "NO_DATA",
        "SKIP",
        "ConditionalReturn",
        "ExecutionMode",
        "NodeType",
        "Replace",
        "SelectReturn",
    ),
    "fast_dag.workflow.builder": ("WorkflowBuilder",),
    "fast_dag.workflow.dag": ("DAG",),
    "fast_dag.workflow.debugging": ("DebugSession",),
    "fast_dag.workflow.executing": (
        "RunResult",
        "Runtime",
    ),
    "fast_dag.workflow.fsm": ("FSM",),
    "fast_dag.workflow.functions": ("FunctionRegistry",),
    "fast_dag.workflow.replaying": ("ReplayResult",),
    "fast_dag.workflow.runner": (
        "DAGRunner",
        "Runner",
    ),
}
MODULE_OF = {name: module for module, names in WHERE.items() for name in names}

__all__ = sorted([*MODULE_OF, "__version__"])  # noqa: PLE0605 - made from the table above


def __getattr__(name: str) -> Any:
    """Load a public name on first use."""
    if name not in MODULE_OF:
        msg = f"module 'fast_dag' has no attribute {name!r}"
        raise AttributeError(msg)
    found = getattr(importlib.import_module(MODULE_OF[name]), {"Runner": "DAGRunner"}.get(name, name))
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return list(__all__)
