"""Larger workflows put together by a builder: a model that is trained in a cycle, twice over."""

import pytest

from fast_dag import CycleConfigurationError, UnknownNodeError
from fast_dag.cycles import CycleAwareNode, CycleBuilder, WorkflowBuilder


class Preprocessor(CycleAwareNode):
    runs = 0

    def run(self, normalization=False):
        type(self).runs += 1
        return {"processed_data": [1.0, 2.0] if normalization else [10.0, 20.0]}


class Trainer(CycleAwareNode):
    def run(self, training_data, learning_rate, hyperparameters=0.5):
        return {"trained_model": sum(training_data) * learning_rate + hyperparameters}


class Evaluator(CycleAwareNode):
    def run(self, model):
        return {"metrics": {"accuracy": model}}


class Optimizer(CycleAwareNode):
    def run(self, current_metrics):
        return {"optimized_params": current_metrics["accuracy"]}


TYPES = {
    "DataPreprocessorNode": Preprocessor,
    "ModelTrainerNode": Trainer,
    "ModelEvaluatorNode": Evaluator,
    "ParameterOptimizerNode": Optimizer,
}


def test_a_model_is_trained_until_it_is_accurate():
    Preprocessor.runs = 0
    workflow = WorkflowBuilder(registry=TYPES)
    built = (
        CycleBuilder(workflow, "optimization_loop")
        .add_node("data_preprocessor", "DataPreprocessorNode", {"normalization": True})
        .add_node("model_trainer", "ModelTrainerNode", {"learning_rate": 0.01})
        .add_node("evaluator", "ModelEvaluatorNode", {"metrics": ["accuracy"]})
        .add_node("optimizer", "ParameterOptimizerNode", {"optimization_strategy": "adaptive"})
        .add_node("convergence_checker", "ConvergenceCheckerNode", {"convergence_mode": "multi_criteria"})
        .connect("data_preprocessor", "model_trainer", {"processed_data": "training_data"})
        .connect("model_trainer", "evaluator", {"trained_model": "model"})
        .connect("evaluator", "optimizer", {"metrics": "current_metrics"})
        .connect("optimizer", "model_trainer", {"optimized_params": "hyperparameters"})
        .connect("evaluator", "convergence_checker", {"metrics": "current_metrics"})
        .max_iterations(100)
        .timeout(600)
        .converge_when("accuracy > 0.94")
        .preserve_state(["best_model", "best_metrics"])
        .build()
    )
    assert built.nodes == ["model_trainer", "evaluator", "optimizer"]
    assert [str(edge) for edge in built.feedback_edges] == ["optimizer->model_trainer"]
    assert built.attached == ["convergence_checker"]
    dag = workflow.build()
    dag.run()
    result = dag.context.metadata["cycles"]["optimization_loop"]
    assert (result.converged, result.total_iterations, Preprocessor.runs) == (True, 15, 1)
    assert dag["convergence_checker"]["converged"]


def production():
    """A loader, features, a model, its evaluation and a search for better parameters, without a way back."""
    workflow = WorkflowBuilder("production")
    workflow.add_node(lambda: {"dataset": 1.0}, "data_loader")
    workflow.add_node(lambda raw_data: {"features": raw_data}, "feature_engineer")
    workflow.add_node(
        lambda training_data, hyperparameters=0: {"model": training_data + hyperparameters}, "model_trainer"
    )
    workflow.add_node(lambda trained_model: {"metrics": {"accuracy": trained_model / 10}}, "model_evaluator")
    workflow.add_node(
        lambda current_performance: {"best_params": 10 * current_performance["accuracy"]}, "hyperopt"
    )
    workflow.add_connection("data_loader", "feature_engineer", "dataset", "raw_data")
    workflow.add_connection("feature_engineer", "model_trainer", "features", "training_data")
    workflow.add_connection("model_trainer", "model_evaluator", "model", "trained_model")
    return workflow.add_connection("model_evaluator", "hyperopt", "metrics", "current_performance")


def test_parameters_are_searched_for_in_a_cycle():
    workflow = production().add_connection(
        "hyperopt", "model_trainer", "best_params", "hyperparameters", cycle="model_optimization"
    )
    workflow.create_cycle("model_optimization").max_iterations(50).converge_when("accuracy > 0.45").build()
    dag = workflow.build()
    assert dag.run() == {"best_params": 5.0}
    assert dag.context.metadata["cycles"]["model_optimization"].total_iterations == 5


def test_a_connection_of_a_node_that_is_not_there_is_told_when_the_cycle_is_built():
    workflow = production().add_connection("source", "result", "target", "input")
    with pytest.raises(UnknownNodeError, match="unknown node 'source'"):
        workflow.create_cycle("model_optimization").max_iterations(50).build()


def test_a_cycle_without_its_way_back_is_told_when_it_is_built():
    with pytest.raises(CycleConfigurationError, match="cycle 'model_optimization' has no feedback edge"):
        production().create_cycle("model_optimization").max_iterations(50).build()
