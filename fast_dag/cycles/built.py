"""A cycle that was built: what its builder gives, to look at and to run."""

from __future__ import annotations

from dataclasses import dataclass

from fast_dag.graph.cycle_config import CycleConfig
from fast_dag.graph.edge import FeedbackEdge


@dataclass(frozen=True, slots=True)
class Cycle:
    """A cycle of a workflow as it was when it was built."""

    name: str
    config: CycleConfig
    nodes: list[str]
    """Its body, in execution order."""
    attached: list[str]
    """Nodes that run at the end of each iteration."""
    feedback_edges: list[FeedbackEdge]

    @property
    def cycle_id(self) -> str:
        """Its name."""
        return self.name
