"""The iterations of a cycle one after the other, each made when it is asked for."""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from time import perf_counter
from types import TracebackType
from typing import Any, Self

from fast_dag.cycles.execution import Execution
from fast_dag.cycles.metrics import metrics_of
from fast_dag.run.lap import Ending, Lap
from fast_dag.run.results import CycleResult, IterationResult


class CycleIterations:
    """What `execute_with_monitoring` gives: ``async for`` yields an `IterationResult` for each iteration.

    The next iteration begins when it is asked for; in between nothing runs.  Who stops asking ends the cycle
    with `aclose`, by leaving an ``async with`` block, or by asking for `result`.

    Parameters:
        execution: of the cycle, which has not begun.
    """

    def __init__(self, execution: Execution) -> None:
        self._execution = execution
        self._made: deque[IterationResult] = deque()
        self._last = 0.0
        self._is_done = False
        # Weakly: who stops asking lets go of this object, and that ends the run.
        execution.run.told = partial(_hand_on, weakref.WeakMethod(self._take))

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> IterationResult:
        while not self._made and not self._is_done:
            self._last = perf_counter()
            await self._guarded(self._execution.run.go_on)
        if self._made:
            return self._made.popleft()
        raise StopAsyncIteration

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> CycleResult:
        """End the cycle if it is under way, and clean up.

        Returns:
            What it came to; nothing behind it has run if it was under way.
        """
        self._made.clear()
        if not self._is_done:
            self._is_done = True
            with self._execution.ending():
                await self._execution.run.give_up()
        return self._execution.result()

    @property
    def result(self) -> CycleResult:
        """What the cycle came to; one that is under way is ended first."""
        self._abandon()
        return self._execution.result()

    def __del__(self) -> None:
        # Gone before its constructor ended, if there was an error in it.
        if hasattr(self, "_made"):
            self._abandon()

    def _abandon(self) -> None:
        if not self._is_done:
            self._is_done = True
            with self._execution.ending():
                self._execution.run.abandon()

    async def _guarded(self, go_on: Callable[[], Any]) -> None:
        try:
            with self._execution.failing():
                await go_on()
        except BaseException:
            self._is_done = True
            raise
        self._is_done = self._is_done or not self._execution.run.is_under_way

    def _take(self, lap: Lap, ending: Ending | None, results: Mapping[str, Any]) -> bool:
        """Take an iteration that has ended; whether it is one of this cycle."""
        if lap.cycle.name != self._execution.name:
            return False
        now, began = perf_counter(), self._last
        self._last = now
        reason = None if ending is None else ending.reason
        has_converged, seconds = reason in ("converged", "exit"), now - began
        made = IterationResult(
            *(lap.index, results, metrics_of(results), has_converged, reason),
            duration_ms=seconds * 1000,
            memory_mb=self._execution.run.memory_growth,
        )
        self._made.append(made)
        return True


def _hand_on(
    taking: weakref.WeakMethod[Any], lap: Lap, ending: Ending | None, results: Mapping[str, Any]
) -> bool:
    take = taking()
    return take is not None and bool(take(lap, ending, results))
