"""The state of cycles, counted on the clock of this process."""

from __future__ import annotations

import time

from fast_dag.run.cycle_context import CycleContext
from fast_dag.run.cycle_state import CycleState
from fast_dag.run.cycle_states import CycleStateManager

__all__ = ["CycleContext", "CycleState", "CycleStateManager"]

# A state that somebody makes for themselves: within a run the runner brings the clock.
CycleState.default_clock = time.monotonic
