"""The blocks of the guide to cyclic workflows in its order, each with its spelling of every call."""

import asyncio
import json
import math

import pytest

from fast_dag import DAG, UnknownNodeError
from fast_dag.cycles import (
    ConvergenceCheckerNode,
    CycleAwareNode,
    CycleBuilder,
    CycleConfig,
    CycleConfigurationError,
    CycleContext,
    CycleDebugger,
    CycleExecutionError,
    CycleMonitor,
    CycleProfiler,
    CycleSafetyManager,
    CycleState,
    CycleTemplates,
    CyclicWorkflowExecutor,
    MultiCriteriaConvergenceNode,
    Runtime,
    WorkflowBuilder,
)
from tests.guides.stubs import PRODUCTION as TYPES


def test_01_executor_and_settings(capsys):
    def evaluate(target_quality=0.5, **inputs):
        seen.append(inputs)
        quality = min(1.0, target_quality + 0.1)
        return {"quality": quality, "quality_score": quality}

    async def main():
        cyclic_executor = CyclicWorkflowExecutor(
            name="optimization_workflow",
            max_iterations=100,
            timeout_seconds=300,
            memory_limit_mb=1024,
            enable_monitoring=True,
            enable_profiling=True,
            enable_debugging=True,
            state_persistence=True,
            state_compression=True,
        )
        workflow = WorkflowBuilder("guide").add_node(evaluate, "evaluate")
        cyclic_executor.register_workflow(workflow, "optimization_workflow")
        cycle_config = CycleConfig(
            cycle_name="parameter_optimization",
            max_iterations=50,
            timeout_seconds=120,
            convergence_conditions=[
                {"type": "expression", "condition": "quality > 0.95"},
                {"type": "max_iterations", "value": 50},
                {"type": "stability", "metric": "quality", "threshold": 0.001, "window": 5},
            ],
            memory_limit_mb=512,
            cpu_time_limit_seconds=60,
            initial_parameters={"learning_rate": 0.01, "batch_size": 32, "regularization": 0.001},
            parameter_mapping={"previous_iteration.quality_score": "current_iteration.target_quality"},
        )
        execution_result = await cyclic_executor.execute_cycle(
            cycle_config=cycle_config,
            initial_data={
                "dataset": [1, 2, 3],
                "model_config": {"depth": 2},
                "optimization_target": "minimize_loss",
            },
        )
        print(f"Cycle completed in {execution_result.total_iterations} iterations")
        print(f"Final convergence: {execution_result.converged}")
        print(f"Best quality achieved: {execution_result.best_quality}")
        return execution_result

    seen = []
    found = asyncio.run(main())
    assert found.total_iterations <= 50
    assert found.best_quality == max(found.metric_history["quality"])
    assert {"learning_rate", "batch_size", "regularization", "dataset"} <= seen[0].keys()
    assert capsys.readouterr().out.splitlines() == [
        "Cycle completed in 5 iterations",
        "Final convergence: True",
        "Best quality achieved: 0.9999999999999999",
    ]


class Optimizer(CycleAwareNode):
    """Looks for parameters close to zero; what it found stands in the state of its cycle."""

    def __init__(self, **config):
        super().__init__(**config)
        self.name = config.get("name", "optimization_node")

    async def run(self, **inputs):
        print(f"Processing iteration {self.get_iteration()}")
        best_params, best_quality, quality_history = self.remembered(inputs)
        params = self.optimize(inputs.get("params", best_params))
        quality = await self.evaluate(params)
        if quality > best_quality:
            self.set_cycle_state("best_params", params)
            self.set_cycle_state("best_quality", quality)
        quality_history.append(quality)
        self.set_cycle_state("quality_history", quality_history)
        trend = self.detect_convergence_trend(values=quality_history, window_size=5, threshold=0.001)
        return {
            "optimized_params": params,
            "quality_score": quality,
            "best_quality": self.get_cycle_state("best_quality"),
            "quality_history": self.get_cycle_state("quality_history"),
            "convergence_trend": trend,
            "iteration_progress": self.get_cycle_progress(),
        }

    def remembered(self, inputs):
        if self.is_first_iteration():
            self.set_cycle_state("best_params", inputs.get("initial_params"))
            self.set_cycle_state("best_quality", 0.0)
            self.set_cycle_state("quality_history", [])
            return inputs.get("initial_params"), 0.0, []
        return (
            self.get_previous_state("best_params"),
            self.get_previous_state("best_quality"),
            self.get_previous_state("quality_history", []),
        )

    def optimize(self, params):
        return {name: value * 0.5 for name, value in params.items()}

    async def evaluate(self, params):
        await asyncio.sleep(0)
        return 1 - max(abs(value) for value in params.values())


class AsPrinted(Optimizer):
    """Reads in every iteration what is only assigned in all but the first."""

    def remembered(self, inputs):
        if not self.is_first_iteration():
            best_params = self.get_previous_state("best_params")
        return best_params, 0.0, []


def optimizing(node):
    workflow = DAG("optimization")
    workflow.add_node("optimizer", node)
    with workflow.cycle("optimization_cycle_001", max_iterations=4) as cycle:
        cycle.feedback("optimizer", "optimizer", output="optimized_params", input="params")
    return workflow


def test_02_state_of_cycles_and_of_nodes(capsys):
    state = CycleState(cycle_id="optimization_cycle_001", iteration=0, max_iterations=50)
    assert (state.iteration, state.max_iterations) == (0, 50)
    with pytest.raises(CycleExecutionError) as caught:
        optimizing(AsPrinted()).run(initial_params={"x": 1.0})
    assert isinstance(caught.value, UnboundLocalError)
    found = optimizing(Optimizer()).run(initial_params={"x": 1.0})
    assert found["quality_history"] == [0.5, 0.75, 0.875, 0.9375]
    assert (found["best_quality"], found["iteration_progress"]) == (0.9375, 1.0)
    assert found["convergence_trend"].direction == "insufficient_data"
    assert capsys.readouterr().out.splitlines()[-1] == "Processing iteration 3"


def test_03_a_convergence_checker():
    checker = ConvergenceCheckerNode(
        name="convergence_checker",
        convergence_mode="multi_criteria",
        threshold_conditions={
            "quality_score": {"operator": ">", "value": 0.95},
            "improvement_rate": {"operator": "<", "value": 0.001},
            "stability_variance": {"operator": "<", "value": 0.0001},
        },
        stability_config={
            "window_size": 5,
            "variance_threshold": 0.001,
            "metrics": ["quality_score", "loss_value"],
        },
        improvement_config={"min_improvement": 0.001, "window_size": 3, "consecutive_failures": 5},
        expression_conditions=[
            "quality_score > 0.9 and iteration > 10",
            "improvement_rate < 0.001 and stability_variance < 0.0001",
            "iteration > 30 and quality_score > 0.85",
        ],
        adaptive_criteria={
            "early_stopping": {"iterations": [10, 25, 40], "quality_thresholds": [0.7, 0.85, 0.95]}
        },
    )
    given = {"quality_history": [0.5, 0.6, 0.65], "improvement_rate": 0.05, "stability_variance": 0.01}
    going_on = asyncio.run(checker.run(quality_score=0.65, iteration=2, **given))
    assert (going_on["converged"], going_on["reason"]) == (False, None)
    assert going_on["continue_reason"]
    done = asyncio.run(checker.run(quality_score=0.97, iteration=12, **given))
    assert done["converged"]
    assert done["reason"]
    assert done["final_metrics"]["quality_score"] == 0.97


def test_04_several_criteria(capsys):
    checker = MultiCriteriaConvergenceNode(
        name="multi_criteria_convergence",
        convergence_metrics={
            "accuracy": {"target": 0.95, "weight": 0.4, "direction": "maximize", "tolerance": 0.001},
            "loss": {"target": 0.05, "weight": 0.3, "direction": "minimize", "tolerance": 0.001},
            "f1_score": {"target": 0.9, "weight": 0.2, "direction": "maximize", "tolerance": 0.002},
            "training_time": {"target": 60.0, "weight": 0.1, "direction": "minimize", "tolerance": 5.0},
        },
        convergence_strategy="weighted_score",
        min_weighted_score=0.85,
        stability_window=5,
        stability_threshold=0.002,
        early_stopping={
            "min_iterations": 10,
            "max_iterations_without_improvement": 15,
            "absolute_targets": {"accuracy": 0.99, "loss": 0.01},
        },
    )
    sample = {"accuracy": 0.93, "loss": 0.06, "f1_score": 0.90, "training_time": 70.0}

    def check(metrics, iteration, samples):
        found = asyncio.run(
            checker.run(metrics=metrics, iteration=iteration, metric_history=[sample] * samples)
        )
        print(f"Overall convergence score: {found['weighted_score']:.3f}")
        return found

    early = check(sample, 3, 4)
    assert not early["converged"]
    assert early["criteria_met"] == {
        "accuracy": False,
        "loss": False,
        "f1_score": True,
        "training_time": False,
    }
    assert check(sample, 10, 11)["converged"]
    assert check({**sample, "accuracy": 0.995}, 0, 1)["converged"]
    assert capsys.readouterr().out.splitlines()[0] == "Overall convergence score: 0.915"


def test_05_a_cycle_from_a_chain_of_calls():
    seen = []

    def preprocessor(normalization=False, feature_selection=False):
        seen.append("preprocessed")
        return {"processed_data": [1.0, 2.0, 3.0]}

    def trainer(training_data, hyperparameters=0.0, algorithm="", learning_rate=0.0):
        return {"trained_model": hyperparameters + sum(training_data) / 6}

    def evaluator(model, metrics=()):
        scores = {"accuracy": 1 - 0.5**model, "loss": 0.5**model}
        return {"metrics": scores, **scores}

    def optimizer(current_metrics, optimization_strategy=""):
        return {"optimized_params": -math.log2(current_metrics["loss"])}

    workflow = WorkflowBuilder("guide")
    for name, function in [
        ("DataPreprocessorNode", preprocessor),
        ("ModelTrainerNode", trainer),
        ("ModelEvaluatorNode", evaluator),
        ("ParameterOptimizerNode", optimizer),
    ]:
        workflow.register_node(name, function)
    cycle = (
        CycleBuilder(workflow, "optimization_loop")
        .add_node(
            "data_preprocessor", "DataPreprocessorNode", {"normalization": True, "feature_selection": True}
        )
        .add_node(
            "model_trainer", "ModelTrainerNode", {"algorithm": "gradient_descent", "learning_rate": 0.01}
        )
        .add_node("evaluator", "ModelEvaluatorNode", {"metrics": ["accuracy", "loss", "f1_score"]})
        .add_node("optimizer", "ParameterOptimizerNode", {"optimization_strategy": "adaptive"})
        .add_node("convergence_checker", "ConvergenceCheckerNode", {"convergence_mode": "multi_criteria"})
        .connect("data_preprocessor", "model_trainer", {"processed_data": "training_data"})
        .connect("model_trainer", "evaluator", {"trained_model": "model"})
        .connect("evaluator", "optimizer", {"metrics": "current_metrics"})
        .connect("optimizer", "model_trainer", {"optimized_params": "hyperparameters"})
        .connect("evaluator", "convergence_checker", {"metrics": "current_metrics"})
        .max_iterations(100)
        .timeout(600)
        .converge_when("evaluator.accuracy > 0.95")
        .converge_when("evaluator.loss < 0.05")
        .converge_when("stability_variance < 0.001")
        .preserve_state(["best_model", "best_metrics", "optimization_history"])
        .enable_safety_monitoring()
        .detect_infinite_loops()
        .monitor_resource_usage()
        .build()
    )
    assert cycle.nodes == ["model_trainer", "evaluator", "optimizer"]
    assert cycle.attached == ["convergence_checker"]
    assert [str(edge) for edge in cycle.feedback_edges] == ["optimizer->model_trainer"]
    result = asyncio.run(workflow.execute_cycle(cycle))
    assert (result.reason, result.total_iterations) == ("converged", 5)
    assert seen == ["preprocessed"]


def test_06_templates():
    def train(learning_rate=0.1):
        rates.append(learning_rate)
        return {"weights": len(rates)}

    async def main():
        training_loop = CycleTemplates.training_loop(
            max_epochs=100,
            early_stopping_patience=10,
            learning_rate_decay=0.95,
            convergence_threshold=0.001,
        )
        CycleTemplates.data_quality_cycle(
            quality_threshold=0.95, max_cleaning_iterations=20, validation_split=0.2
        )
        CycleTemplates.optimization_loop(
            algorithm="genetic_algorithm", population_size=50, max_generations=100, mutation_rate=0.1
        )
        CycleTemplates.retry_cycle(
            max_retries=5, backoff_strategy="exponential", base_delay=1.0, max_delay=60.0
        )
        workflow = WorkflowBuilder("guide").add_node(train, "trainer")
        workflow.add_node(lambda trainer: {"loss": 2.0 ** -trainer["weights"]}, "evaluator")
        workflow.add_connection("trainer", "result", "evaluator", "trainer")
        workflow.add_cycle(training_loop)
        runtime = Runtime()
        return await runtime.execute(workflow.build())

    rates = []
    found = asyncio.run(main()).cycles["training_loop"]
    assert (found.reason, found.total_iterations) == ("converged", 11)
    assert rates[:3] == [0.1, 0.1 * 0.95, 0.1 * 0.95**2]


def optimized(seen=None):
    """An executor, and the settings of a cycle that gets better by a tenth with every iteration."""

    def evaluate(context: CycleContext, target_quality=0.5, **inputs):
        context.state["last"] = target_quality
        return {"quality": min(1.0, target_quality + 0.1)}

    executor = CyclicWorkflowExecutor(WorkflowBuilder("guide").add_node(evaluate, "evaluate"))
    config = CycleConfig(
        cycle_name="parameter_optimization",
        max_iterations=50,
        convergence_conditions=["quality > 0.95"],
        parameter_mapping={"previous_iteration.quality": "current_iteration.target_quality"},
    )
    return executor, config


def watched():
    """The safety manager and the monitor of the guide."""
    safety_manager = CycleSafetyManager(
        max_concurrent_cycles=5,
        global_memory_limit_mb=4096,
        global_cpu_time_limit_seconds=3600,
        monitoring_interval_seconds=5,
        alert_threshold_memory=0.8,
        alert_threshold_cpu=0.9,
        auto_terminate_on_violation=True,
        graceful_shutdown_timeout=30,
        deadlock_detection_enabled=True,
        deadlock_timeout_seconds=60,
        memory_leak_detection=True,
        memory_growth_threshold=0.1,
    )
    cycle_monitor = CycleMonitor(
        cycle_id="optimization_cycle_001",
        memory_limit_mb=1024,
        cpu_time_limit_seconds=300,
        iteration_limit=100,
        track_memory_growth=True,
        track_cpu_usage=True,
        track_iteration_time=True,
        on_memory_violation="terminate",
        on_cpu_violation="warn_and_continue",
        on_iteration_violation="terminate",
        enable_health_scoring=True,
        health_check_interval=10,
    )
    return safety_manager, cycle_monitor


async def monitored_cycle_execution(safety_manager, cycle_monitor):
    """As the guide has it; gives the iterations that were seen."""
    cyclic_executor, cycle_config = optimized()
    seen = []
    try:
        await safety_manager.start_monitoring()
        await cycle_monitor.start()
        async for iteration_result in cyclic_executor.execute_with_monitoring(
            cycle_config=cycle_config, monitor=cycle_monitor
        ):
            seen.append(iteration_result)
            safety_status = await safety_manager.check_safety()
            if safety_status.violations:
                print(f"Safety violations detected: {safety_status.violations}")
                if safety_status.should_terminate:
                    print("Terminating cycle due to safety violations")
                    break
            metrics = await cycle_monitor.get_current_metrics()
            print(f"Iteration {iteration_result.iteration}:")
            print(f"  Memory usage: {metrics.memory_usage_mb:.1f} MB")
            print(f"  CPU usage: {metrics.cpu_usage_percent:.1f}%")
            print(f"  Health score: {metrics.health_score:.2f}")
            if metrics.health_score < 0.5:
                print("Performance degradation detected - considering termination")
    finally:
        await cycle_monitor.stop()
        await safety_manager.stop_monitoring()
    return seen


def test_07_safety_and_monitoring(capsys):
    seen = asyncio.run(monitored_cycle_execution(*watched()))
    assert [each.iteration for each in seen] == [0, 1, 2, 3, 4]
    assert [each.reason for each in seen] == [None, None, None, None, "converged"]
    assert all(isinstance(each.memory_mb, float) for each in seen)
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 4 * len(seen)
    assert printed[-4] == "Iteration 4:"


def test_07_a_cycle_is_left_when_safety_is_violated(capsys):
    _, cycle_monitor = watched()
    seen = asyncio.run(
        monitored_cycle_execution(CycleSafetyManager(global_memory_limit_mb=0.1), cycle_monitor)
    )
    assert len(seen) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "Terminating cycle due to safety violations"


def test_08_resource_usage(capsys):
    async def main():
        safety_manager, cycle_monitor = watched()
        await monitored_cycle_execution(safety_manager, cycle_monitor)
        capsys.readouterr()
        resource_analysis = await cycle_monitor.analyze_resource_usage()
        print("Resource Usage Analysis:")
        print(f"Peak memory usage: {resource_analysis.peak_memory_mb:.1f} MB")
        print(f"Average CPU usage: {resource_analysis.avg_cpu_percent:.1f}%")
        print(f"Total execution time: {resource_analysis.total_time_seconds:.1f}s")
        print(f"Memory efficiency: {resource_analysis.memory_efficiency:.2f}")
        recommendations = await cycle_monitor.get_optimization_recommendations()
        for rec in recommendations:
            print(f"Recommendation: {rec.description}")
            print(f"  Impact: {rec.estimated_improvement}")
            print(f"  Implementation: {rec.implementation_steps}")
        return recommendations

    found = asyncio.run(main())
    # Five short iterations: next to nothing of the time is spent in the node.
    assert "R5" in [each.rule for each in found]
    assert len(capsys.readouterr().out.splitlines()) == 5 + 3 * len(found)


def test_09_debugging(tmp_path, capsys):
    async def main():
        cyclic_executor, cycle_config = optimized()
        cycle_debugger = CycleDebugger(
            cycle_id="optimization_cycle_001",
            capture_node_parameters=True,
            capture_node_outputs=True,
            capture_state_changes=True,
            capture_convergence_data=True,
            track_execution_time=True,
            track_memory_usage=True,
            track_cpu_usage=True,
            capture_exceptions=True,
            capture_stack_traces=True,
            continue_on_errors=False,
            debug_log_level="INFO",
            save_debug_data=True,
            debug_output_path=str(tmp_path / "cycle_debug"),
        )
        debug_result = await cyclic_executor.execute_with_debugging(
            cycle_config=cycle_config, debugger=cycle_debugger
        )
        debug_analysis = cycle_debugger.analyze_execution()
        print("Debug Analysis:")
        print(f"Total iterations: {debug_analysis.total_iterations}")
        print(f"Failed iterations: {debug_analysis.failed_iterations}")
        print(f"Average iteration time: {debug_analysis.avg_iteration_time_ms:.1f}ms")
        print(f"Convergence trend: {debug_analysis.convergence_trend}")
        for iteration_debug in debug_analysis.iteration_details:
            print(f"\nIteration {iteration_debug.iteration}:")
            print(f"  Duration: {iteration_debug.duration_ms:.1f}ms")
            print(f"  Memory peak: {iteration_debug.peak_memory_mb:.1f}MB")
            print(f"  Nodes executed: {len(iteration_debug.node_executions)}")
            if iteration_debug.errors:
                print(f"  Errors: {iteration_debug.errors}")
            for node_debug in iteration_debug.node_executions:
                print(f"    {node_debug.node_name}: {node_debug.duration_ms:.1f}ms")
                if node_debug.state_changes:
                    print(f"      State changes: {node_debug.state_changes}")
        return debug_result, cycle_debugger

    result, debugger = asyncio.run(main())
    assert result.debug is debugger
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == ["Debug Analysis:", "Total iterations: 5", "Failed iterations: 0"]
    assert lines[4] == "Convergence trend: improving"
    assert [line for line in lines if line.startswith("Iteration")] == [f"Iteration {n}:" for n in range(5)]
    assert "      State changes: {'last': (0.5, 0.6)}" in lines
    written = json.loads((tmp_path / "cycle_debug" / "optimization_cycle_001-debug.json").read_text())
    assert written["total_iterations"] == 5


def test_10_profiling(tmp_path, capsys):
    async def main():
        cyclic_executor, cycle_config = optimized()
        cycle_profiler = CycleProfiler(
            cycle_id="optimization_cycle_001",
            profile_cpu=True,
            profile_memory=True,
            profile_io=True,
            profile_network=False,
            sampling_interval_ms=100,
            memory_sampling_enabled=True,
            generate_hotspots=True,
            identify_bottlenecks=True,
            track_resource_trends=True,
            generate_reports=True,
            report_formats=["json", "html", "csv"],
            profile_output_path=str(tmp_path / "cycle_profiling"),
        )
        profiling_result = await cyclic_executor.execute_with_profiling(
            cycle_config=cycle_config, profiler=cycle_profiler
        )
        performance_analysis = cycle_profiler.generate_analysis()
        print("Performance Analysis:")
        print(f"Execution efficiency: {performance_analysis.efficiency_score:.2f}")
        print(f"Resource utilization: {performance_analysis.resource_utilization:.2f}")
        print(f"Bottlenecks identified: {len(performance_analysis.bottlenecks)}")
        for bottleneck in performance_analysis.bottlenecks:
            print(f"\nBottleneck: {bottleneck.location}")
            print(f"  Type: {bottleneck.type}")
            print(f"  Impact: {bottleneck.impact_score:.2f}")
            print(f"  Recommendation: {bottleneck.optimization_suggestion}")
        trends = performance_analysis.resource_trends
        print("\nResource Trends:")
        print(f"  Memory growth rate: {trends.memory_growth_rate:.3f} MB/iteration")
        print(f"  CPU usage trend: {trends.cpu_trend}")
        print(f"  Execution time trend: {trends.time_trend}")
        return profiling_result, cycle_profiler

    result, profiler = asyncio.run(main())
    assert result.profile is profiler
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Performance Analysis:"
    assert lines[-4] == "Resource Trends:"
    found = profiler.generate_analysis()
    assert lines.count(f"Bottlenecks identified: {len(found.bottlenecks)}") == 1
    names = sorted(each.name for each in (tmp_path / "cycle_profiling").iterdir())
    assert names == [f"optimization_cycle_001-profile.{format}" for format in ("csv", "html", "json")]


def production(*connections):
    """The workflow of the guide with these *connections* more, and its cycle, which is not built."""
    workflow = WorkflowBuilder()
    for name, node in TYPES.items():
        workflow.register_node(name, node)
    workflow.add_node(
        "DataLoaderNode",
        "data_loader",
        {"data_source": "production_dataset", "batch_size": 1000, "validation_split": 0.2},
    )
    workflow.add_node(
        "FeatureEngineerNode",
        "feature_engineer",
        {"feature_selection": True, "normalization": "standard", "encoding": "one_hot"},
    )
    workflow.add_node(
        "ModelTrainerNode",
        "model_trainer",
        {"algorithm": "xgboost", "objective": "binary:logistic", "max_depth": 6},
    )
    workflow.add_node(
        "ModelEvaluatorNode",
        "model_evaluator",
        {
            "metrics": ["accuracy", "precision", "recall", "f1", "auc"],
            "cross_validation": True,
            "cv_folds": 5,
        },
    )
    workflow.add_node(
        "HyperparameterOptimizerNode",
        "hyperopt",
        {
            "optimization_algorithm": "tpe",
            "search_space": {
                "max_depth": {"type": "int", "low": 3, "high": 10},
                "learning_rate": {"type": "float", "low": 0.01, "high": 0.3},
                "n_estimators": {"type": "int", "low": 50, "high": 500},
            },
            "optimization_metric": "f1",
        },
    )
    workflow.add_node(
        "ConvergenceCheckerNode",
        "convergence",
        {
            "convergence_mode": "multi_criteria",
            "threshold_conditions": {
                "f1_score": {"operator": ">", "value": 0.9},
                "auc": {"operator": ">", "value": 0.95},
            },
            "stability_config": {"window_size": 5, "variance_threshold": 0.001},
            "early_stopping": {"patience": 10, "min_improvement": 0.001},
        },
    )
    workflow.add_connection("data_loader", "feature_engineer", "dataset", "raw_data")
    workflow.add_connection("feature_engineer", "model_trainer", "features", "training_data")
    workflow.add_connection("model_trainer", "model_evaluator", "model", "trained_model")
    workflow.add_connection("model_evaluator", "hyperopt", "metrics", "current_performance")
    for names, options in connections:
        workflow.add_connection(*names, **options)
    workflow.add_connection("model_evaluator", "convergence", "metrics", "current_metrics")
    cycle = (
        workflow.create_cycle("model_optimization")
        .max_iterations(50)
        .timeout(1800)
        .memory_limit(4096)
        .converge_when("f1_score > 0.9 and auc > 0.95")
        .converge_when("stability_variance < 0.001")
        .preserve_state(["best_model", "best_hyperparams", "performance_history"])
        .enable_safety_monitoring()
        .enable_debugging()
        .enable_profiling()
    )
    return workflow, cycle


AS_PRINTED = ("source", "result", "target", "input"), {}
FEEDBACK = ("hyperopt", "model_trainer", "best_params", "hyperparameters"), {"cycle": "model_optimization"}


async def create_production_optimization_workflow():
    workflow, cycle = production(FEEDBACK)
    optimization_cycle = cycle.build()
    safety_manager = CycleSafetyManager(
        max_concurrent_cycles=1,
        global_memory_limit_mb=8192,
        monitoring_interval_seconds=10,
        auto_terminate_on_violation=True,
    )
    cycle_monitor = CycleMonitor(
        cycle_id=optimization_cycle.cycle_id,
        memory_limit_mb=4096,
        cpu_time_limit_seconds=1800,
        iteration_limit=50,
        enable_health_scoring=True,
    )
    debugger = CycleDebugger(
        cycle_id=optimization_cycle.cycle_id,
        capture_node_outputs=True,
        track_execution_time=True,
        save_debug_data=True,
    )
    profiler = CycleProfiler(
        cycle_id=optimization_cycle.cycle_id, profile_cpu=True, profile_memory=True, generate_reports=True
    )
    return {
        "workflow": workflow,
        "optimization_cycle": optimization_cycle,
        "safety_manager": safety_manager,
        "monitor": cycle_monitor,
        "debugger": debugger,
        "profiler": profiler,
    }


async def run_production_optimization(components):
    try:
        await components["safety_manager"].start_monitoring()
        await components["monitor"].start()
        result = await components["workflow"].execute_cycle_with_monitoring(
            cycle=components["optimization_cycle"],
            monitor=components["monitor"],
            debugger=components["debugger"],
            profiler=components["profiler"],
        )
        print("Optimization completed:")
        print(f"  Iterations: {result.total_iterations}")
        print(f"  Converged: {result.converged}")
        print(f"  Best F1 score: {result.best_metrics['f1_score']:.4f}")
        print(f"  Best AUC: {result.best_metrics['auc']:.4f}")
        print(f"  Total time: {result.execution_time_seconds:.1f}s")
        performance = await components["profiler"].generate_analysis()
        print(f"  Efficiency score: {performance.efficiency_score:.2f}")
        print(f"  Resource utilization: {performance.resource_utilization:.2f}")
        return result
    finally:
        await components["monitor"].stop()
        await components["safety_manager"].stop_monitoring()


def test_11_a_production_workflow(capsys):
    async def main():
        components = await create_production_optimization_workflow()
        return components, await run_production_optimization(components)

    components, result = asyncio.run(main())
    lines = capsys.readouterr().out.splitlines()
    assert lines[:5] == [
        "Optimization completed:",
        "  Iterations: 5",
        "  Converged: True",
        "  Best F1 score: 0.9500",
        "  Best AUC: 0.9750",
    ]
    assert [line.split(":")[0].strip() for line in lines[5:]] == [
        "Total time",
        "Efficiency score",
        "Resource utilization",
    ]
    # The tools of the call, not those of the cycle, stand in the result.
    assert (result.debug, result.profile) == (components["debugger"], components["profiler"])
    assert json.loads(components["debugger"].data)["total_iterations"] == 5
    assert json.loads(components["profiler"].reports["json"])["cycle"] == "model_optimization"


def test_11_the_tools_of_the_cycle_watch_every_run():
    workflow, cycle = production(FEEDBACK)
    result = workflow.execute_cycle_sync(cycle.build())
    assert result.debug.analyze_execution().total_iterations == 5
    calls = {each.node: each.calls for each in result.profile.generate_analysis().hotspots}
    assert (calls["data_loader"], calls["model_trainer"]) == (1, 5)


def test_11_as_printed():
    with pytest.raises(UnknownNodeError, match="unknown node 'source'"):
        production(AS_PRINTED)[1].build()
    with pytest.raises(CycleConfigurationError, match="'model_optimization' has no feedback edge"):
        production()[1].build()


def test_12_state_that_survives():
    class Stateful(CycleAwareNode):
        def __init__(self, **config):
            super().__init__(**config)
            self.name = config.get("name", "stateful_node")

        async def run(self, **inputs):
            if self.is_first_iteration():
                self.initialize_state(inputs)
            self.preserve_critical_state()
            kept = self.accumulate_values("performance_metrics", self.get_iteration() * 0.1)
            trend = self.detect_convergence_trend(
                values=self.get_cycle_state("performance_history", []), window_size=5
            )
            return {"results": kept, "trend": trend, "count": len(kept)}

        def initialize_state(self, inputs):
            self.set_cycle_state("started_with", inputs["data"])

        def preserve_critical_state(self):
            critical_state = {"best_model": "m", "optimization_history": [], "performance_baseline": 0.5}
            for key, value in critical_state.items():
                self.set_cycle_state(key, value)

    workflow = DAG("stateful")
    workflow.add_node("node", Stateful)
    with workflow.cycle("loop", max_iterations=6) as cycle:
        cycle.feedback("node", "node", output="count", input="count")
    found = workflow.run(data=7)
    assert found["count"] == 6
    assert found["trend"].direction == "insufficient_data"
    state = workflow.context.metadata["cycles"]["loop"].state["node"]
    assert (state["started_with"], state["best_model"]) == (7, "m")


def test_13_layers_of_criteria():
    strategy = {
        "primary_criteria": [
            {"type": "threshold", "metric": "accuracy", "operator": ">", "value": 0.95},
            {"type": "threshold", "metric": "loss", "operator": "<", "value": 0.05},
        ],
        "stability_criteria": [
            {"type": "variance", "metric": "accuracy", "window": 5, "threshold": 0.001},
            {"type": "improvement_rate", "metric": "loss", "window": 3, "threshold": 0.0001},
        ],
        "safety_criteria": [
            {"type": "max_iterations", "value": 100},
            {"type": "timeout", "value": 1800},
            {"type": "no_improvement", "patience": 15},
        ],
        "adaptive_criteria": [{"iterations": [20, 50, 80], "accuracy_targets": [0.8, 0.9, 0.95]}],
    }
    config = CycleConfig(convergence_conditions=strategy)

    def learning(step=0):
        return {"accuracy": 1 - 0.5 ** (step + 1), "loss": 0.5 ** (step + 1), "step": step + 1}

    workflow = DAG("learning").add_node(learning, outputs=["accuracy", "loss", "step"])
    with workflow.cycle("loop", **config.given) as cycle:
        cycle.feedback("learning", "learning", output="step", input="step")
    workflow.run()
    result = workflow.context.metadata["cycles"]["loop"]
    assert result.converged
    assert result.total_iterations < 20


def test_14_resources_of_an_executor():
    async def optimize_cycle_resources():
        memory_config = {
            "enable_garbage_collection": True,
            "gc_frequency": "per_iteration",
            "memory_monitoring": True,
            "memory_limit_mb": 2048,
            "memory_growth_threshold": 0.1,
        }
        cpu_config = {
            "enable_parallel_processing": True,
            "max_workers": 4,
            "cpu_monitoring": True,
            "cpu_limit_percent": 80,
        }
        io_config = {"batch_size": 1000, "async_io": True, "cache_strategy": "lru", "cache_size": 100}
        return {"memory": memory_config, "cpu": cpu_config, "io": io_config}

    async def main():
        def evaluate(batch_size=1, quality=0.5):
            seen.append(batch_size)
            return {"quality": quality + 0.1}

        workflow = WorkflowBuilder("guide").add_node(evaluate, "evaluate")
        cyclic_executor = CyclicWorkflowExecutor(workflow, resources=await optimize_cycle_resources())
        mapping = {"previous_iteration.quality": "current_iteration.quality"}
        config = CycleConfig(max_iterations=3, parameter_mapping=mapping)
        return await cyclic_executor.execute_cycle(config)

    seen = []
    assert asyncio.run(main()).total_iterations == 3
    assert seen == [1000] * 3
