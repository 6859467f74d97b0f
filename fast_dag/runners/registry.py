"""Runners by mode; each is loaded when a run first asks for it."""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fast_dag.checks import suggestion
from fast_dag.errors import ValidationError
from fast_dag.run.run import Run
from fast_dag.runners.limits import Limits
from fast_dag.values import ExecutionMode

if TYPE_CHECKING:
    from fast_dag.run.context import Context
    from fast_dag.run.events import Observer
    from fast_dag.run.replaying import Replayer
    from fast_dag.run.requests import Landing
    from fast_dag.runners.background import RunHandle
    from fast_dag.runners.event_loop import Pulled
    from fast_dag.runners.stepper import Stepper

Report = Callable[[], None]

RUNNERS: dict[str, str] = {
    ExecutionMode.SEQUENTIAL: "fast_dag.runners.sequential",
    ExecutionMode.PARALLEL: "fast_dag.runners.threads",
    ExecutionMode.ASYNC: "fast_dag.runners.own_loop",
}


MODES: Mapping[str, ExecutionMode] = {member.value: member for member in ExecutionMode}


def mode_named(mode: object) -> ExecutionMode:
    """The mode called *mode*.

    Raises:
        ValueError: there is no such mode, or it is not built yet.
    """
    if isinstance(mode, str) and mode in RUNNERS:
        return MODES[mode]
    known = [member.value for member in ExecutionMode]
    if mode not in known:
        msg = f"no mode {mode!r}: known are {', '.join(known)}{suggestion(mode, known)}"
        raise ValueError(msg)
    msg = f"mode {mode} is not built yet: use one of {', '.join(RUNNERS)}"
    raise ValueError(msg)


def mode_of_executor(executor: object) -> ExecutionMode:
    """The mode in which *executor* can work.

    Raises:
        ValidationError: it is no executor of concurrent.futures.
    """
    futures = importlib.import_module("concurrent.futures")
    if not isinstance(executor, futures.Executor):
        msg = f"executor must be a concurrent.futures.Executor, got {executor!r}"
        raise ValidationError(msg)
    is_pool_of_processes = isinstance(executor, futures.ProcessPoolExecutor)
    return ExecutionMode.PROCESS if is_pool_of_processes else ExecutionMode.PARALLEL


def drive(run: Run, mode: str, limits: Limits, report: Report) -> None:
    """Follow *run* to its end in *mode*; returns when it is over."""
    if is_loop_running():
        text = "run() blocks the running event loop; use await run_async()"
        warnings.warn(text, RuntimeWarning, stacklevel=4)
    importlib.import_module(RUNNERS[mode]).drive(run, limits, report)


def start(follow: Callable[[], Any], context: Context, name: str) -> RunHandle:
    """Follow a run in the background."""
    handle: RunHandle = importlib.import_module("fast_dag.runners.background").start(follow, context, name)
    return handle


def stepper(run: Run, report: Report) -> Stepper:
    """What goes through *run* one step at a time."""
    made: Stepper = importlib.import_module("fast_dag.runners.stepper").Stepper(run, report)
    return made


def replay(run: Run, replayer: Replayer, report: Report) -> None:
    """Follow *run* to its end with every call answered by *replayer*."""
    importlib.import_module("fast_dag.runners.replay").drive(run, replayer, report)


def memory_sampler(memory_mb: Callable[[], float]) -> Any:
    """What samples *memory_mb* while its block runs."""
    return importlib.import_module("fast_dag.runners.memory").MemorySampler(memory_mb)


def delivery(
    run: Run, observers: Sequence[Observer], *, strict: bool
) -> tuple[Callable[..., None], Callable[..., None]]:
    """What hands the events of *run* to its *observers* when it is called, and what closes tools at its end.

    Those with `refresh_every` seconds have their `refresh` called that often meanwhile.
    """
    module = importlib.import_module("fast_dag.runners.delivery")
    delivery = module.Delivery(run, observers, strict=strict)
    made: Callable[..., None] = delivery
    if delivery.shown:
        ticking = importlib.import_module("fast_dag.runners.ticking")
        seconds = min(each.refresh_every for each in delivery.shown)
        made = ticking.Ticking(delivery, delivery.shown, seconds, delivery.refuse)
    return made, delivery.close


def drive_async(run: Run, limits: Limits, report: Report) -> Awaitable[None]:
    """Follow *run* to its end on the running event loop."""
    made: Awaitable[None] = importlib.import_module("fast_dag.runners.event_loop").drive(run, limits, report)
    return made


def landed(landing: Landing) -> Awaitable[None]:
    """Wait for *landing* on the running event loop."""
    made: Awaitable[None] = importlib.import_module("fast_dag.runners.landing").landed(landing)
    return made


def pulled(run: Run, limits: Limits, report: Report) -> Pulled:
    """What follows *run* on the running event loop whenever it is awaited."""
    made: Pulled = importlib.import_module("fast_dag.runners.event_loop").Pulled(run, limits, report)
    return made


def clean_up(run: Run, report: Report) -> None:
    """Do what is left of *run*, which has ended while nobody followed it."""
    importlib.import_module("fast_dag.runners.sequential").InLine(run, report).close()


def is_loop_running() -> bool:
    """Whether this thread runs an event loop that waits for us; in a notebook's kernel that is meant."""
    asyncio: Any = sys.modules.get("asyncio")
    trio: Any = sys.modules.get("trio")
    if "ipykernel" in sys.modules:
        return False
    if asyncio is not None and asyncio._get_running_loop() is not None:  # noqa: SLF001 - made for such callers
        return True
    return trio is not None and trio.lowlevel.in_trio_run()
