"""Sessions: input over several epochs, each of which runs when no input can send to it any more."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic
from types import TracebackType
from typing import Any, Protocol, Self

from fast_dag.checks import suggestion
from fast_dag.errors import CycleConfigurationError, ExecutionError
from fast_dag.graph.settings import check_bool
from fast_dag.iterate.handles import InputHandle, Probe
from fast_dag.iterate.progress import Input, Progress
from fast_dag.iterate.sent import Kind, Sent
from fast_dag.run.context import Context
from fast_dag.runners import registry
from fast_dag.values import LogicalTime

ON_ERROR = ("raise", "epoch")

Kept = Mapping[str, Any] | Context

WITHIN: ContextVar[tuple[Session, ...]] = ContextVar("sessions", default=())
"""The sessions in an epoch of which this code runs."""


class Runs(Protocol):
    """What runs the epochs of a session: a workflow with its options."""

    @property
    def name(self) -> str:
        """That of the workflow."""

    def check(self, names: Sequence[str]) -> None:
        """Raise unless the inputs called so are all that a run needs."""

    def kind(self, name: str) -> Kind:
        """How values for an input are sent; an error if there is no such input."""

    def facts_at(self, name: str) -> Callable[[Any], list[Any]]:
        """What makes a list of the facts that are sent to an input; TypeError where one cannot be a fact."""

    def path(self, node: object) -> str:
        """The name that a node's result has, dotted for one inside another; an error if there is no such."""

    def depth(self, node: object) -> tuple[str, int]:
        """The name of a node, and how many cycles lie around it."""

    def run(self, epoch: int, sent: Mapping[str, Sent]) -> Context:
        """Run one epoch."""

    async def run_async(self, epoch: int, sent: Mapping[str, Sent]) -> Context:
        """Run one epoch on the running event loop."""


class Session:
    """Runs of one workflow on input that comes epoch by epoch; `DAG.session` makes it.

    >>> from fast_dag import DAG
    >>> with DAG("sums").add_node("double", lambda x: 2 * x).session() as s:
    ...     x = s.input("x")
    ...     for epoch in range(3):
    ...         x.advance_to(epoch)
    ...         x.send(epoch)
    >>> s.results("double")
    [(LogicalTime(0), 0), (LogicalTime(1), 2), (LogicalTime(2), 4)]

    An epoch runs when every input has moved past it; only one runs at a time, in their order.  When the
    ``with`` block is left, all inputs are closed and what is left is run; after an exception it is not.

    Parameters:
        runs: the workflow and its options.
        on_error: what a failing epoch does: end the session (raise), or be lost alone (epoch).

    Raises:
        CycleConfigurationError: *on_error* is neither.
    """

    def __init__(self, runs: Runs, on_error: str = "raise") -> None:
        if on_error not in ON_ERROR:
            near = suggestion(on_error, ON_ERROR)
            msg = f"on_error must be one of {', '.join(ON_ERROR)}, got {on_error!r}{near}"
            raise CycleConfigurationError(msg)
        self._runs, self._on_error = runs, on_error
        self._progress = Progress()
        self._handles: dict[str, InputHandle] = {}
        self._kept: list[tuple[int, Kept]] = []
        """The results of each epoch that has run."""
        self._changed = threading.Condition()
        self._waiting: deque[Callable[[], object]] = deque()
        """To be called at the next change."""
        self._is_at_work = False
        """Whether an epoch is running."""
        self._worker = 0
        """The thread that runs it, or has run the last one."""
        self.errors: list[tuple[LogicalTime, Exception]] = []
        """What each epoch that was lost has failed with."""

    def __repr__(self) -> str:
        epoch = self._progress.frontier
        return f"<session of {self._runs.name!r}, {'over' if epoch is None else f'at epoch {epoch}'}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._ended(kind):
            self.drain()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._ended(kind):
            await self.drain_async()

    def input(self, name: str, *, stream: bool | None = None) -> InputHandle:
        """What sends to the run input *name*; the same each time, and from epoch 0 on.

        Parameters:
            name: an unconnected parameter, or ``node.parameter``, as for `DAG.run`.
            stream: whether items are sent one by one and the node is given an iterator; None: where the
                parameter is annotated as an Iterator or AsyncIterator.

        Raises:
            UnknownOptionError: no node takes such an input, or an edge feeds it.
            ValueError: an epoch has run without it, so it is closed; or it was asked for otherwise before.
        """
        kind = self._kind(name, stream)
        with self._change() as progress:
            known = progress.inputs.get(name)
            if known is not None and known.kind != kind:
                msg = f"input {name!r} is a {known.kind} input already: give stream= the first time"
                raise ValueError(msg)
            if known is None and (progress.has_begun or progress.is_over):
                msg = f"an epoch has run without input {name!r}, so it is closed: ask for it before drain()"
                raise ValueError(msg)
            if known is None:
                about = progress.inputs[name] = Input(name, kind)
                self._handles[name] = InputHandle(about, self._change, self._runs.facts_at(name))
        return self._handles[name]

    def probe(self, node: Any) -> Probe:
        """What tells which times can still come at *node*, a name or a node.

        Raises:
            UnknownNodeError: there is no such node.
        """
        return Probe(*self._runs.depth(node), self)

    def results(self, node: Any) -> list[tuple[LogicalTime, Any]]:
        """What *node* gave in each epoch in which it gave something, in their order.

        Parameters:
            node: a name or a node; "node.inner" for one inside another.

        Raises:
            UnknownNodeError: there is no such node.
        """
        name = self._runs.path(node)
        with self._changed:
            return [(LogicalTime(epoch), found[name]) for epoch, found in self._kept if name in found]

    def frontier(self) -> int | None:
        """The first epoch in which something may still come, None if nothing can."""
        with self._changed:
            return self._progress.frontier

    def drain(self) -> None:
        """Run every epoch that all inputs have moved past; one that another thread runs is waited for.

        Raises:
            MissingInputError: a required input was never asked for, so it is closed without a value.
            ExecutionError: an epoch failed; or a node of this session calls it, or a task on the event loop
                that runs an epoch.
        """
        self.work(self._is_idle, None)

    async def drain_async(self) -> None:
        """As `drain`, on the running event loop."""
        await self.work_async(self._is_idle)

    def work(self, until: Callable[[], bool], timeout: float | None) -> bool:
        """Run what is due, and wait for others to send, until something holds; whether it does."""
        deadline = None if timeout is None else monotonic() + timeout
        while True:
            epoch = self._claimed()
            if epoch is not None:
                with self._at_work(epoch) as contexts:
                    contexts.append(self._runs.run(epoch, self._progress.sent(epoch)))
                continue
            with self._changed:
                if self._is_due:
                    continue
                if until():
                    return True
                self._check_worker()
                left = None if deadline is None else deadline - monotonic()
                if left is not None and left <= 0:
                    return False
                self._changed.wait(left)

    async def work_async(self, until: Callable[[], bool]) -> None:
        """As `work`, on the running event loop."""
        while True:
            epoch = self._claimed()
            if epoch is not None:
                with self._at_work(epoch) as contexts:
                    contexts.append(await self._runs.run_async(epoch, self._progress.sent(epoch)))
                continue
            if until():
                return
            await registry.landed(_Change(self, until))

    def when_changed(self, until: Callable[[], bool], callback: Callable[[], object]) -> bool:
        """Have *callback* called at the next change; false if there is no reason to wait for one."""
        with self._changed:
            if until() or self._is_due:
                return False
            self._waiting.append(callback)
            return True

    @property
    def _is_due(self) -> bool:
        """Whether there is an epoch to be run now."""
        return not self._is_at_work and self._progress.due is not None

    def _is_idle(self) -> bool:
        return not self._is_at_work

    def _check_worker(self) -> None:
        """Raise ExecutionError where a thread would wait for the epoch that a task on its event loop runs."""
        if self._is_at_work and self._worker == threading.get_ident():
            msg = f"another task of this thread runs an epoch of {self._runs.name!r}: await drain_async()"
            raise ExecutionError(msg)

    def _claimed(self) -> int | None:
        """The epoch that the caller is to run now, None if there is none, or another one runs it."""
        if self in WITHIN.get():
            msg = f"a node of {self._runs.name!r} cannot drain the session that it runs in: send, and return"
            raise ExecutionError(msg)
        with self._changed:
            epoch = self._progress.due if self._is_due else None
            if epoch is None:
                return None
            if not self._progress.has_begun:
                self._runs.check(list(self._progress.inputs))
                self._progress.has_begun = True
            self._is_at_work, self._worker = True, threading.get_ident()
            return epoch

    @contextmanager
    def _at_work(self, epoch: int) -> Iterator[list[Context]]:
        """Run *epoch*, and keep the results of the context put in the list; one that is cut short is left."""
        contexts: list[Context] = []
        token = WITHIN.set((*WITHIN.get(), self))
        try:
            yield contexts
        except Exception as error:
            _mark(error, epoch)
            with self._change() as progress:
                progress.done(epoch)
                self.errors.append((LogicalTime(epoch), error))
                progress.is_over = self._on_error == "raise"
            if self._on_error == "raise":
                raise
        finally:
            WITHIN.reset(token)
            with self._change() as progress:
                if contexts:
                    progress.done(epoch)
                    # A context knows the results inside its nodes, and much else.
                    (context,) = contexts
                    self._kept.append((epoch, context if context.nested else context.results))
                self._is_at_work = False

    @contextmanager
    def _change(self) -> Iterator[Progress]:
        """Hold the session while something about it changes; then tell those who wait."""
        with self._changed:
            yield self._progress
            self._changed.notify_all()
            waiting = list(self._waiting)
            self._waiting.clear()
        for callback in waiting:
            callback()

    def _kind(self, name: str, stream: bool | None) -> Kind:  # noqa: FBT001 - as it was given
        kind = self._runs.kind(name)
        if stream is None:
            return kind
        check_bool("stream", stream)
        if kind == "delta":
            msg = f"input {name!r} takes facts, any number of them: leave out stream="
            raise ValueError(msg)
        return "stream" if stream else "value"

    def _ended(self, kind: type[BaseException] | None) -> bool:
        """Close every input when the block is left; whether what is left is to be run."""
        for handle in self._handles.values():
            handle.close()
        if kind is None:
            return True
        with self._change() as progress:
            progress.is_over = True
        return False


class _Change:
    """The next change of a session, to be waited for on an event loop."""

    def __init__(self, session: Session, until: Callable[[], bool]) -> None:
        self._session, self._until = session, until

    def when_landed(self, callback: Callable[[], object]) -> bool:
        """Have *callback* called when something has changed; false if there is nothing to wait for."""
        return self._session.when_changed(self._until, callback)


def _mark(error: Exception, epoch: int) -> None:
    """Have *error* tell in which *epoch* it was."""
    error.add_note(f"in epoch {epoch} of a session")
    if isinstance(error, ExecutionError):
        vars(error)["epoch"] = epoch
