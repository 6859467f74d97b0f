"""One execution of a cycle: the run it takes place in, and the result it has whatever becomes of that."""

from __future__ import annotations

from collections.abc import Generator, Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import fields
from typing import Any

from fast_dag.errors import ExecutionError, RunCancelledError
from fast_dag.run.results import CycleResult


class Execution:
    """One execution of the cycle *name*.

    Parameters:
        name: of the cycle.
        run: a run of the whole workflow, which has not begun.
        returns: whether a failure is told by the result rather than raised.
        under_way: where it is kept while it is under way, by the id of its run.
    """

    def __init__(
        self, name: str, run: Any, *, returns: bool, under_way: MutableMapping[str, Execution]
    ) -> None:
        self.name, self.run = name, run
        self._returns, self._under_way = returns, under_way
        self._error: Exception | None = None
        self._is_cancelled = False

    @property
    def run_id(self) -> str:
        """The id of its run."""
        return str(self.run.context.metadata["run_id"])

    @contextmanager
    def failing(self) -> Iterator[None]:
        """For the time the run goes on: what it raises is told by the result where that is wanted."""
        self._under_way[self.run_id] = self
        try:
            yield
        except ExecutionError as error:
            if isinstance(error, RunCancelledError) and self._is_cancelled:
                return
            if not self._returns or not self.run.has_begun:
                self._tell_result(error)
                raise
            self._error = error
        finally:
            if not self.run.is_under_way:
                self._under_way.pop(self.run_id, None)

    @contextmanager
    def ending(self) -> Iterator[None]:
        """For the time the run is brought to its end by whoever no longer wants it."""
        self._is_cancelled = True
        try:
            yield
        finally:
            self._under_way.pop(self.run_id, None)

    def cancel(self) -> CycleResult:
        """End the run, from any thread."""
        self._is_cancelled = True
        self.run.context.cancel(f"cycle {self.name!r} was cancelled")
        found = self.result()
        return SettledResult(**{each.name: getattr(found, each.name) for each in fields(found)})

    def result(self) -> CycleResult:
        """What the cycle came to."""
        found: CycleResult | None = self.run.cycles().get(self.name)
        if found is None:
            found = CycleResult(self.name, self.run_id, "cancelled" if self._is_cancelled else "not_entered")
        if self._error is not None:
            found.reason, found.reason_detail = "error", str(self._error)
            # It tells more than the node's own error, which it was made of.
            told = getattr(self._error, "original_error", None)
            found.errors = [*(each for each in found.errors if each is not told), self._error]
        return found

    def _tell_result(self, error: ExecutionError) -> None:
        """Have *error* tell what the cycle came to until then."""
        told = getattr(error, "result", None)
        # What ended the run, and no cycle, tells of any cycle that was under way.
        if self.run.has_begun and (told is None or getattr(error, "cycle", None) is None):
            vars(error)["result"] = self.result()


class SettledResult(CycleResult):
    """A result that may be awaited as well, by callers who take what gave it for a coroutine."""

    __slots__ = ()

    def __await__(self) -> Generator[None, None, CycleResult]:
        yield from ()
        return self
