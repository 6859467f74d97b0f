"""The event classes; observers get them in order, one call at a time."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fast_dag.run.events import CheckpointSaved as CheckpointSaved
    from fast_dag.run.events import ConditionChecked as ConditionChecked
    from fast_dag.run.events import CycleEvent as CycleEvent
    from fast_dag.run.events import CycleFinished as CycleFinished
    from fast_dag.run.events import CycleStarted as CycleStarted
    from fast_dag.run.events import Event as Event
    from fast_dag.run.events import ItemEvent as ItemEvent
    from fast_dag.run.events import ItemFailed as ItemFailed
    from fast_dag.run.events import ItemFinished as ItemFinished
    from fast_dag.run.events import IterationFinished as IterationFinished
    from fast_dag.run.events import IterationStarted as IterationStarted
    from fast_dag.run.events import NodeAbandoned as NodeAbandoned
    from fast_dag.run.events import NodeEvent as NodeEvent
    from fast_dag.run.events import NodeFailed as NodeFailed
    from fast_dag.run.events import NodeFinished as NodeFinished
    from fast_dag.run.events import NodeSkipped as NodeSkipped
    from fast_dag.run.events import NodeStarted as NodeStarted
    from fast_dag.run.events import Observer as Observer
    from fast_dag.run.events import RunFinished as RunFinished
    from fast_dag.run.events import RunStarted as RunStarted
    from fast_dag.run.events import StateChanged as StateChanged
    from fast_dag.run.events import Transitioned as Transitioned
    from fast_dag.run.events import Violated as Violated
    from fast_dag.run.events import Warned as Warned

__all__ = [
    "CheckpointSaved",
    "ConditionChecked",
    "CycleEvent",
    "CycleFinished",
    "CycleStarted",
    "Event",
    "ItemEvent",
    "ItemFailed",
    "ItemFinished",
    "IterationFinished",
    "IterationStarted",
    "NodeAbandoned",
    "NodeEvent",
    "NodeFailed",
    "NodeFinished",
    "NodeSkipped",
    "NodeStarted",
    "Observer",
    "RunFinished",
    "RunStarted",
    "StateChanged",
    "Transitioned",
    "Violated",
    "Warned",
]


def __getattr__(name: str) -> Any:
    """Load an event class on first use."""
    if name not in __all__:
        msg = f"module 'fast_dag.events' has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(importlib.import_module("fast_dag.run.events"), name)


def __dir__() -> list[str]:
    return __all__
