"""Templates of common cycles: training, cleaning, optimising, trying again, batches, polling."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from fast_dag.cycles.courses import Batches, Decay, Polls
from fast_dag.cycles.retrying import Retries, Strategy, Success
from fast_dag.cycles.setting_checks import checked, least, number
from fast_dag.cycles.specs import create_convergence_condition
from fast_dag.cycles.template import CycleTemplate
from fast_dag.cycles.template_settings import (
    check_retry,
    function,
    improving,
    part,
    plateau,
    positive,
    reached,
    the_same,
)
from fast_dag.errors import CycleConfigurationError
from fast_dag.graph import cycle_fields as check
from fast_dag.graph.cycle_config import CycleConfig
from fast_dag.graph.keywords import known_keywords


class CycleTemplates:
    """Templates, for `workflow.add_cycle(template)`; each says what roles its nodes take.

    >>> from fast_dag import DAG
    >>> dag = DAG("sums").add_node("add", lambda start, end: sum(range(start, end)))
    >>> dag.add_cycle(CycleTemplates.batch_processing_cycle(10, 25)).nodes
    ['add']
    >>> dag.run()
    110
    """

    @staticmethod
    @known_keywords
    def training_loop(
        max_epochs: int = 100,
        early_stopping_patience: int | None = 10,
        learning_rate: float | None = None,
        *,
        learning_rate_decay: float = 1.0,
        convergence_threshold: float | None = None,
        metric: str = "loss",
        direction: str = "minimize",
        target: float | None = None,
    ) -> CycleTemplate:
        """A trainer, and if there is one an evaluator, until *metric* moves no more.

        The trainer's input ``learning_rate`` is multiplied by the decay after each epoch; what is left of it
        is in the shared slot ``learning_rate_scale``.

        Parameters:
            max_epochs: after so many it ends.
            early_stopping_patience: epochs without a better *metric* after which it stops, None for any.
            learning_rate: of the first epoch; default what the trainer has, as a run input or default.
            learning_rate_decay: the factor of each epoch, from above 0.
            convergence_threshold: it has converged once the gain an epoch over 3 of them is below.
            metric, direction: what is looked at, and whether to minimize or maximize it.
            target: it has converged once *metric* is there.

        Raises:
            CycleConfigurationError: a value is wrong.
        """
        decay = positive("learning_rate_decay", learning_rate_decay)
        rate = None if learning_rate is None else checked("learning_rate", learning_rate, number)
        conditions = plateau(metric, direction, convergence_threshold)
        if target is not None:
            conditions.append(reached(metric, direction, checked("target", target, number)))
        return CycleTemplate(
            "training_loop",
            improving(metric, direction, max_epochs, early_stopping_patience, conditions),
            ("trainer",),
            ("evaluator",),
            given={} if rate is None else {"trainer": {"learning_rate": rate}},
            needed=() if rate is None else (("trainer", "learning_rate"),),
            metric=metric,
            policy=lambda bound: Decay(f"{bound['trainer']}.learning_rate", decay),
        )

    @staticmethod
    @known_keywords
    def data_quality_cycle(
        quality_threshold: float = 0.95,
        max_cleaning_iterations: int = 20,
        validation_split: float = 0.2,
        metric: str = "quality_score",
    ) -> CycleTemplate:
        """A cleaner and a validator, until *metric* is at least *quality_threshold*.

        Parameters:
            quality_threshold: what is good enough.
            max_cleaning_iterations: after so many it ends.
            validation_split: what the validator gets under this name, from 0 to 1, if it has such an input.
            metric: what is looked at.

        Raises:
            CycleConfigurationError: a value is wrong.
        """
        split = checked("validation_split", validation_split, least)
        if split > 1:
            msg = f"validation_split must be from 0 to 1, got {split!r}"
            raise CycleConfigurationError(msg)
        good_enough = reached(metric, "maximize", checked("quality_threshold", quality_threshold, number))
        return CycleTemplate(
            "data_quality_cycle",
            improving(metric, "maximize", max_cleaning_iterations, None, [good_enough]),
            ("cleaner", "validator"),
            given={"validator": {"validation_split": split}},
            metric=metric,
        )

    @staticmethod
    @known_keywords
    def optimization_loop(
        algorithm: str | None = None,
        population_size: int | None = None,
        max_generations: int | None = None,
        *,
        max_iterations: int | None = None,
        mutation_rate: float | None = None,
        metric: str = "quality",
        direction: str = "maximize",
        convergence_threshold: float = 0.01,
    ) -> CycleTemplate:
        """An optimizer, and if there is one an evaluator, until *metric* stays where it is.

        Parameters:
            algorithm, population_size, mutation_rate: for the inputs of the optimizer that are called so.
            max_generations: after so many it ends, default 100; also called *max_iterations*.
            metric, direction: what is looked at, and whether to maximize or minimize it.
            convergence_threshold: it has converged once the gain an iteration over 3 of them is below.

        Raises:
            CycleConfigurationError: a value is wrong.
        """
        if max_generations is not None and max_iterations is not None:
            msg = "max_iterations is another name of max_generations: give one of them"
            raise CycleConfigurationError(msg)
        most = next((each for each in (max_generations, max_iterations) if each is not None), 100)
        settings = {
            "algorithm": algorithm,
            "population_size": population_size,
            "mutation_rate": mutation_rate,
        }
        return CycleTemplate(
            "optimization_loop",
            improving(metric, direction, most, None, plateau(metric, direction, convergence_threshold)),
            ("optimizer",),
            ("evaluator",),
            given={"optimizer": {name: value for name, value in settings.items() if value is not None}},
            metric=metric,
        )

    @staticmethod
    @known_keywords
    def retry_cycle(
        max_retries: int = 5,
        backoff_strategy: Strategy = "exponential",
        base_delay: float = 1.0,
        max_delay: float = 60.0,
        *,
        jitter: float = 0,
        success: str = "success",
        retry_on: type[Exception] | tuple[type[Exception], ...] = (Exception,),
        on_exhausted: str = "raise",
        sleep: Callable[[float], Any] | None = None,
        clock: Callable[[], float] | None = None,
    ) -> CycleTemplate:
        """An operation, again and again until it succeeds; an attempt that raises has failed.

        Parameters:
            max_retries: attempts after the first.
            backoff_strategy: exponential, linear or fixed; or a function that gives the seconds before the
                retry of a number, from 1.
            base_delay: seconds before the first retry.
            max_delay: the most seconds before one, unless a function says.
            jitter: by what part, from 0 to 1, delays are made longer or shorter at random.
            success: a metric or an expression; where no such metric is put out, coming back is a success.
            retry_on: errors after which it is tried again; others end the run.
            on_exhausted: raise a RetryExhaustedError, or return.
            sleep: waits in place of the runner; may be a coroutine function.
            clock: tells the time that the error speaks of, in seconds.

        Raises:
            CycleConfigurationError: a value is wrong.
            ConvergenceExpressionError: *success* is no expression.
        """
        Success(success)
        check_retry(max_retries, backoff_strategy, on_exhausted)
        kinds = retry_on if isinstance(retry_on, tuple) else (retry_on,)
        if not kinds or not all(isinstance(kind, type) and issubclass(kind, Exception) for kind in kinds):
            msg = f"retry_on must be exception classes, got {retry_on!r}"
            raise CycleConfigurationError(msg)
        base, most = checked("base_delay", base_delay, least), checked("max_delay", max_delay, least)
        retries = Retries(
            backoff_strategy, base, most, part("jitter", jitter), success, kinds,
            on_exhausted == "raise", function("sleep", sleep), function("clock", clock),
        )  # fmt: skip
        return CycleTemplate(
            "retry_cycle",
            CycleConfig(max_iterations=max_retries + 1, on_limit="return"),
            ("operation",),
            policy=the_same(retries),
        )

    @staticmethod
    @known_keywords
    def learning_cycle(
        target_accuracy: float = 0.95, max_epochs: int = 100, patience: int | None = 10
    ) -> CycleTemplate:
        """A trainer, and if there is one an evaluator, until ``accuracy`` is at least *target_accuracy*.

        Parameters:
            target_accuracy: what is good enough.
            max_epochs: after so many it ends.
            patience: epochs without a better accuracy after which it stops, None for any number.

        Raises:
            CycleConfigurationError: a value is wrong.
        """
        good_enough = reached("accuracy", "maximize", checked("target_accuracy", target_accuracy, number))
        return CycleTemplate(
            "learning_cycle",
            improving("accuracy", "maximize", max_epochs, patience, [good_enough]),
            ("trainer",),
            ("evaluator",),
            metric="accuracy",
        )

    @staticmethod
    @known_keywords
    def convergence_cycle(
        tolerance: float = 1e-3, *, relative: bool = False, max_iterations: int = 1000, value: str = "value"
    ) -> CycleTemplate:
        """A processor, until *value* moves by at most *tolerance* from one iteration to the next.

        Parameters:
            tolerance: the largest change that is none.
            relative: whether it is a part of the value itself.
            max_iterations: after so many it ends.
            value: the metric that is looked at; where the processor has an input of that name it is fed back.

        Raises:
            CycleConfigurationError: a value is wrong.
            ConvergenceExpressionError: *value* is no name of a metric.
        """
        check_flag = checked("relative", relative, check.flag)
        bound = f"{float(checked('tolerance', tolerance, least))!r}" + (
            f" * abs({value})" if check_flag else ""
        )
        text = f"abs(delta({value})) <= {bound}"
        create_convergence_condition(text)
        config = CycleConfig(max_iterations=max_iterations, convergence_conditions=(text,))
        return CycleTemplate("convergence_cycle", config, ("processor",), metric=value)

    @staticmethod
    @known_keywords
    def batch_processing_cycle(batch_size: int = 100, total_items: int | None = None) -> CycleTemplate:
        """A processor, once for each range of items: its inputs ``start``, ``end`` and ``batch_index``.

        Parameters:
            batch_size: items in a range; the last one may be shorter.
            total_items: how many there are.  None: until the result is empty, or a mapping that is ``done``,
                or whose ``batch`` is empty.

        Raises:
            CycleConfigurationError: a value is wrong.
        """
        size = checked("batch_size", batch_size, check.integer(1))
        total = None if total_items is None else checked("total_items", total_items, check.integer(0))
        most = {} if total is None else {"max_iterations": max(1, math.ceil(total / size))}
        return CycleTemplate(
            "batch_processing_cycle",
            CycleConfig(**most),
            ("processor",),
            given={"processor": {"start": 0, "end": 0, "batch_index": 0, "batch_size": size}},
            policy=lambda bound: Batches(bound["processor"], size, total),
        )

    @staticmethod
    @known_keywords
    def polling_cycle(
        until: Any,
        interval: float = 1.0,
        max_polls: int = 100,
        sleep: Callable[[float], Any] | None = None,
    ) -> CycleTemplate:
        """A poller, until *until* holds.

        Parameters:
            until: a condition, such as an expression over what the poller gives.
            interval: seconds between two polls.
            max_polls: after so many it ends.
            sleep: waits in place of the runner; may be a coroutine function.

        Raises:
            CycleConfigurationError: a value is wrong.
            ConvergenceExpressionError: *until* is no expression.
        """
        create_convergence_condition(until)
        polls = Polls(checked("interval", interval, least), function("sleep", sleep))
        config = CycleConfig(max_iterations=max_polls, convergence_conditions=(until,))
        return CycleTemplate("polling_cycle", config, ("poller",), policy=the_same(polls))
