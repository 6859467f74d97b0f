"""Every exception raised on purpose, one class per reaction a caller may have."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from typing import Any


class FastDAGError(Exception):
    """Root of everything fast_dag raises on purpose."""


class ValidationError(FastDAGError):
    """A definition or an option that is wrong before anything runs.

    Parameters:
        errors: the text of every problem found, or one text.
        workflow: name of the workflow the problems belong to, shown when there are several.
    """

    def __init__(self, errors: str | Sequence[str], workflow: str | None = None) -> None:
        super().__init__(errors, workflow)
        self.errors = [errors] if isinstance(errors, str) else list(errors)
        self.workflow = workflow

    def __str__(self) -> str:
        if len(self.errors) == 1:
            return self.errors[0]
        lines = [f"  {number}. {text}" for number, text in enumerate(self.errors, start=1)]
        return "\n".join([f"{self.workflow!r} has {len(self.errors)} problems:", *lines])


class CycleError(ValidationError):
    """A ring of forward edges that nobody declared; `cycles` holds each ring as a list of names."""

    def __init__(
        self, errors: str | Sequence[str], workflow: str | None = None, cycles: Sequence[list[str]] = ()
    ) -> None:
        super().__init__(errors, workflow)
        self.args = (errors, workflow, cycles)
        self.cycles = [list(ring) for ring in cycles]


class CycleConfigurationError(ValidationError):
    """A cycle whose settings are wrong, or that has no way out."""


class CycleConnectionError(ValidationError):
    """A feedback edge that closes no loop."""


class DuplicateCycleError(ValidationError):
    """The name is taken by another cycle, or the cycle is configured already."""


class CycleExitError(CycleError, CycleConfigurationError):
    """Rings that nothing can leave, or that hold no decision; what else is wrong stands in the same list.

    Parameters:
        errors, workflow: as for `ValidationError`.
        problems: what breaks the rules; each with a `kind`, a `ring` (its first node repeated), a `message`.
    """

    def __init__(
        self, errors: str | Sequence[str], workflow: str | None = None, problems: Sequence[Any] = ()
    ) -> None:
        super().__init__(errors, workflow, [list(problem.ring) for problem in problems])
        self.args = (errors, workflow, problems)
        self.problems = list(problems)

    def __str__(self) -> str:
        return "\n".join([f"graph {self.workflow!r} is invalid:", *(f"  {text}" for text in self.errors)])

    @property
    def kind(self) -> str | None:
        """Of the first problem: pure_cycle, self_loop, router_cannot_exit or decision_free_subcycle."""
        return self.problems[0].kind if self.problems else None

    @property
    def node(self) -> str | None:
        """The first node of the first problem."""
        return self.problems[0].ring[0] if self.problems else None


class DisconnectedNodeError(ValidationError):
    """Nodes without any edge, where the caller does not allow them."""


class MissingConnectionError(ValidationError):
    """An edge that cannot be drawn: no such port, or none left to feed."""


class UnknownOptionError(ValidationError, TypeError):
    """A keyword or a run input that nothing takes."""


class InvalidNodeError(FastDAGError):
    """Something that cannot be a node of this workflow."""


class UnknownNodeError(InvalidNodeError, KeyError):
    """No node of that name; the text suggests the nearest one."""

    __str__ = Exception.__str__


class DuplicateNodeError(InvalidNodeError, ValueError):
    """The name is taken by another function."""


class ExecutionError(FastDAGError):
    """A run that failed.

    Parameters:
        message: the text.
        node_name: the node that failed (dotted inside nested workflows), None if it is the run itself.
        original_error: the exception the node raised, untouched; None if the library found the fault.
        attempts: how many calls were made.
    """

    # On the class too: a subclass need not call the constructor, and hides no property of a user's class.
    node_name: str | None = None
    original_error: BaseException | None = None
    attempts: int = 0

    def __init__(
        self,
        message: str = "",
        node_name: str | None = None,
        original_error: BaseException | None = None,
        attempts: int = 0,
    ) -> None:
        super().__init__(message)
        self.node_name = node_name
        self.original_error = original_error
        self.attempts = attempts


class TimeoutError(ExecutionError, builtins.TimeoutError):
    """A node or a run out of time."""

    result: Any = None
    """Of a cycle that was out of time what it came to until then."""


class MissingInputError(ExecutionError):
    """Required parameters that no edge, run input or default fills."""


class MissingOutputError(ExecutionError):
    """An edge asks for an output that the value does not have."""


class ConditionError(ExecutionError):
    """A condition or select node answered something that is no answer."""


class RouterError(ExecutionError):
    """A router chose a branch that does not exist.

    Parameters:
        returned: what the router answered.
        targets: the branches there are.
    """

    def __init__(
        self,
        message: str = "",
        node_name: str | None = None,
        returned: object = None,
        targets: Sequence[str] = (),
    ) -> None:
        super().__init__(message, node_name)
        self.returned = returned
        self.targets = tuple(targets)


class MaxIterationsError(ExecutionError):
    """A machine or a cycle that went on for longer than its limit allows.

    Parameters:
        message: the text.
        max_iterations: the limit.
        last_node: the state that would have been next.
        visits: how often each state was executed.
        value: the last result.
    """

    def __init__(
        self,
        message: str = "",
        max_iterations: int = 0,
        last_node: str | None = None,
        visits: Mapping[str, int] | None = None,
        value: Any = None,
    ) -> None:
        super().__init__(message, last_node)
        self.args = (message, max_iterations, last_node, visits, value)
        self.max_iterations = max_iterations
        self.last_node = last_node
        self.visits = dict(visits or {})
        self.value = value
        self.context: Any = None
        """That of the run, with the results up to the last finished state."""
        self.result: Any = None
        """Of a cycle what it came to until then."""

    def __str__(self) -> str:
        return str(self.args[0])


class AmbiguousMetricError(ValidationError):
    """A name that several metrics of a cycle answer to; the text lists them."""


class ConvergenceExpressionError(ValidationError, ExecutionError):
    """An expression that says nothing allowed, or that has no value.

    Parameters:
        problem: what is wrong, without where.
        expression: its text.
        column: where, counted from 1; None if it is no one place.
    """

    def __init__(self, problem: str = "", expression: str = "", column: int | None = None) -> None:
        where = f", column {column}" if column else ""
        super().__init__(f"expression {expression!r}{where}: {problem}" if expression else problem)
        self.args = (problem, expression, column)
        self.problem = problem
        self.expression = expression
        self.column = column


class MissingMetricError(ExecutionError):
    """No node of the cycle puts out the metric that a condition names."""


class NotSerializableError(ExecutionError):
    """Settings of a cycle that cannot be stored, or whose functions are not registered."""


class DeltaError(ExecutionError):
    """A delta variable whose merge goes back to a value that it had replaced."""


class CycleStateError(ExecutionError):
    """State of a cycle that cannot be written, stored or read back.

    Parameters:
        message: the text.
        node: whose state it is about, None for another part.
        key: which key of it.
    """

    def __init__(self, message: str = "", node: str | None = None, key: Any = None) -> None:
        super().__init__(message, node)
        self.args = (message, node, key)
        self.key = key

    def __str__(self) -> str:
        return str(self.args[0])


class CycleSafetyError(ExecutionError):
    """A limit that somebody watched over was broken.

    Parameters:
        message: the text.
        violation: what was broken, a `Violation`; None where a cycle was not let in.
    """

    def __init__(self, message: str = "", violation: Any = None) -> None:
        super().__init__(message)
        self.args = (message, violation)
        self.violation = violation

    def __str__(self) -> str:
        return str(self.args[0])


class RecordingError(ExecutionError):
    """A value that no recording can hold, or a recording that cannot be read or replayed."""


class CycleExecutionError(ExecutionError):
    """A cycle that failed; also an instance of the class of the node's own exception.

    `cycle` is its name, `iteration` the index of the one that failed, `result` what it came to until then.
    """

    cycle: str | None = None
    iteration: int = 0
    result: Any = None
    round: int | None = None
    """The round that failed, from 1."""
    epoch: int = 0
    rounds_completed: int = 0
    last_value: Any = None
    """Of a bounded iteration what the last round gave that came to its end."""


class FeedbackOverflowError(ExecutionError):
    """More items of a bounded iteration wait for the next round than its `max_buffer` allows."""


class RetryExhaustedError(CycleExecutionError):
    """A cycle of attempts none of which was a success; its cause is what the last one failed with."""


class CycleLimitWarning(UserWarning):
    """A cycle has reached a limit before any of its conditions held."""


class CacheError(ExecutionError):
    """A call whose result cannot be kept: no stable key, or a value the cache cannot store."""


class StreamError(ExecutionError):
    """A stream that was read by somebody it does not belong to, or too fast."""


class RunCancelledError(ExecutionError):
    """The run was cancelled through its context."""


class DocumentError(FastDAGError, ValueError):
    """A stored workflow that cannot be read, or a workflow that cannot be stored."""


class MissingExtraError(FastDAGError, ImportError):
    """An optional package that is not installed; the text names the extra to install."""


class RunStalled(FastDAGError):
    """Nothing can start, nothing is under way, and yet the run is not over: a bug in fast_dag."""
