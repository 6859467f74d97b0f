"""Cyclic workflows: the public names, loaded on first use."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

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
    from fast_dag.errors import AmbiguousMetricError as AmbiguousMetricError
    from fast_dag.errors import ConvergenceExpressionError as ConvergenceExpressionError
    from fast_dag.errors import CycleConfigurationError as CycleConfigurationError
    from fast_dag.errors import CycleConnectionError as CycleConnectionError
    from fast_dag.errors import CycleError as CycleError
    from fast_dag.errors import CycleExecutionError as CycleExecutionError
    from fast_dag.errors import CycleLimitWarning as CycleLimitWarning
    from fast_dag.errors import CycleSafetyError as CycleSafetyError
    from fast_dag.errors import CycleStateError as CycleStateError
    from fast_dag.errors import DeltaError as DeltaError
    from fast_dag.errors import DuplicateCycleError as DuplicateCycleError
    from fast_dag.errors import FeedbackOverflowError as FeedbackOverflowError
    from fast_dag.errors import MaxIterationsError as MaxIterationsError
    from fast_dag.errors import MissingMetricError as MissingMetricError
    from fast_dag.errors import MissingOutputError as MissingOutputError
    from fast_dag.errors import NotSerializableError as NotSerializableError
    from fast_dag.errors import RetryExhaustedError as RetryExhaustedError
    from fast_dag.errors import TimeoutError as TimeoutError
    from fast_dag.graph.cycle_config import CycleConfig as CycleConfig
    from fast_dag.graph.cycle_data import register_condition as register_condition
    from fast_dag.iterate.rules import all_of as all_of
    from fast_dag.iterate.rules import any_of as any_of
    from fast_dag.iterate.rules import fixed_point as fixed_point
    from fast_dag.iterate.rules import stable as stable
    from fast_dag.observe.analysis import Bottleneck as Bottleneck
    from fast_dag.observe.analysis import Hotspot as Hotspot
    from fast_dag.observe.analyzer import CycleAnalyzer as CycleAnalyzer
    from fast_dag.observe.analyzer import LiveMetrics as LiveMetrics
    from fast_dag.observe.debug_records import DebugAnalysis as DebugAnalysis
    from fast_dag.observe.debug_records import IterationDebug as IterationDebug
    from fast_dag.observe.debug_records import NodeDebug as NodeDebug
    from fast_dag.observe.debugger import CycleDebugger as CycleDebugger
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
    from fast_dag.run.delta import Delta as Delta
    from fast_dag.run.iteration_info import IterationInfo as IterationInfo
    from fast_dag.run.iteration_info import RoundStats as RoundStats
    from fast_dag.run.results import CycleResult as CycleResult
    from fast_dag.run.results import IterationResult as IterationResult
    from fast_dag.run.violation import Violation as Violation
    from fast_dag.stores.codec import StateCodec as StateCodec
    from fast_dag.stores.states import FileStateStore as FileStateStore
    from fast_dag.stores.states import MemoryStateStore as MemoryStateStore
    from fast_dag.stores.tagged import register_codec as register_codec
    from fast_dag.workflow.builder import WorkflowBuilder as WorkflowBuilder
    from fast_dag.workflow.executing import RunResult as RunResult
    from fast_dag.workflow.executing import Runtime as Runtime
    from fast_dag.workflow.iteration_node import BoundedIterationNode as BoundedIterationNode

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
    "fast_dag.run.violation": ("Violation",),
    "fast_dag.cycles.executor": ("CyclicWorkflowExecutor",),
    "fast_dag.cycles.templates": ("CycleTemplates",),
    "fast_dag.cycles.template": ("CycleTemplate",),
    "fast_dag.cycles.builder": ("CycleBuilder",),
    "fast_dag.cycles.built": ("Cycle",),
    "fast_dag.cycles.inspection": ("CycleGroup", "DagStage"),
    "fast_dag.cycles.view": ("GraphView",),
    "fast_dag.workflow.builder": ("WorkflowBuilder",),
    "fast_dag.workflow.executing": ("RunResult", "Runtime"),
    "fast_dag.cycles.bounds": ("MaxIterationsCondition", "TimeoutCondition"),
    "fast_dag.cycles.checkers": ("ConvergenceCheckerNode",),
    "fast_dag.cycles.conditions": (
        "CallbackCondition",
        "CompoundCondition",
        "ConvergenceCondition",
        "ExpressionCondition",
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
    "fast_dag.cycles.staged": ("AdaptiveCondition", "StrategyCondition"),
    "fast_dag.cycles.state": ("CycleContext", "CycleState", "CycleStateManager"),
    "fast_dag.cycles.switch": ("SwitchNode",),
    "fast_dag.cycles.trend": ("Trend",),
    "fast_dag.errors": (
        "RetryExhaustedError",
        "AmbiguousMetricError",
        "ConvergenceExpressionError",
        "CycleConfigurationError",
        "CycleConnectionError",
        "CycleError",
        "CycleExecutionError",
        "CycleLimitWarning",
        "CycleStateError",
        "DeltaError",
        "DuplicateCycleError",
        "FeedbackOverflowError",
        "MaxIterationsError",
        "MissingMetricError",
        "MissingOutputError",
        "NotSerializableError",
        "TimeoutError",
        "CycleSafetyError",
    ),
    "fast_dag.graph.cycle_config": ("CycleConfig",),
    "fast_dag.graph.cycle_data": ("register_condition",),
    "fast_dag.run.delta": ("Delta",),
    "fast_dag.run.results": (
        "IterationResult",
        "CycleResult",
    ),
    "fast_dag.stores.codec": ("StateCodec",),
    "fast_dag.stores.states": ("FileStateStore", "MemoryStateStore"),
    "fast_dag.stores.tagged": ("register_codec",),
}
MODULE_OF = {name: module for module, names in WHERE.items() for name in names}

__all__ = sorted(MODULE_OF)  # noqa: PLE0605 - made from the table above


def __getattr__(name: str) -> Any:
    """Load a public name on first use."""
    if name not in MODULE_OF:
        msg = f"module 'fast_dag.cycles' has no attribute {name!r}"
        raise AttributeError(msg)
    found = getattr(importlib.import_module(MODULE_OF[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return list(__all__)
