"""The blocks of the guide to cyclic workflows in its order, each with its spelling of every call."""

import asyncio

from fast_dag.cycles import (
    CycleConfig,
    CycleTemplates,
    CyclicWorkflowExecutor,
    Runtime,
    WorkflowBuilder,
)


def test_01_executor_and_settings(capsys):
    def evaluate(target_quality=0.5, **inputs):
        seen.append(inputs)
        quality = min(1.0, target_quality + 0.1)
        return {"quality": quality, "quality_score": quality}

    async def main():
        # Without the limits of memory and processor time and without the tools, which nothing acts on yet.
        cyclic_executor = CyclicWorkflowExecutor(
            name="optimization_workflow", max_iterations=100, timeout_seconds=300
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
