"""One execution of a node: what it is called with, what it has come to, what is to be cleaned up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fast_dag.run.hooks import Hook
from fast_dag.run.notes import Note
from fast_dag.run.requests import Outcome
from fast_dag.run.step import named_inputs

if TYPE_CHECKING:
    from fast_dag.run.cached import Claim
    from fast_dag.run.run import Run


class Visit:
    """One execution of the node of a *step*, or of its function for the element at *index*.

    Parameters:
        run, step: whose node it is.
        inputs: by name, where they are not just what lies in the slots; what the run injects is not
            among them.
        index: the place of the element a map node is at, () for the node as a whole.
    """

    __slots__ = (
        "claim",
        "cleanups",
        "index",
        "inputs",
        "is_hit",
        "is_prepared",
        "notes",
        "number",
        "outcome",
        "run",
        "step",
    )

    def __init__(
        self, run: Run, step: int, inputs: dict[str, Any] | None = None, index: tuple[int, ...] = ()
    ) -> None:
        self.run, self.step, self.inputs, self.index = run, step, inputs, index
        self.number = 0
        """Attempts made."""
        self.outcome: Outcome | None = None
        """That of the last attempt."""
        self.is_hit = False
        """Whether the result came from a cache."""
        self.is_prepared = False
        """Whether the hooks that come before have been called."""
        self.notes: list[str] = []
        """What is to be added to the error that leaves the run."""
        self.cleanups: dict[int, Hook] = {}
        """Hooks that are still to be called whatever happens, by number; whoever calls one takes it out."""
        self.claim: Claim | None = None
        """What it may have to compute for a cache, while others may wait for that."""

    @property
    def node(self) -> Any:
        """The node that is executed."""
        # Not said to be a Node: type checkers take an attribute of that type for a method.
        return self.run.plan.nodes[self.step]

    @property
    def is_cached(self) -> bool:
        """Whether its result may come from a cache."""
        recalls = self.run.ledger.recalls
        is_set: bool = self.node.settings.cached
        return is_set and not (recalls is not None and recalls(self.run.path_of(self.step)))

    @property
    def place(self) -> int | tuple[int, ...]:
        """The place of its element as events tell it: one number, unless there are levels."""
        return self.index[0] if len(self.index) == 1 else self.index

    def hooks(self, phase: str) -> Sequence[Hook]:
        """The hooks of the node that are called after it, innermost first."""
        return self.run.hooks.after(self.node.name, phase)

    def named(self) -> dict[str, Any]:
        """The inputs by name; from the first call on they are kept.

        Raises:
            MissingOutputError: an edge asks for what the value does not have.
        """
        if self.inputs is None:
            run, step = self.run, self.step
            self.inputs = named_inputs(run.plan.layouts[step], run.values, run.winners.get(step))
        return self.inputs

    def note(self, kind: str, **fields: Any) -> None:
        """Note an event, with what the last outcome says of the work, if anybody watches."""
        notes = self.run.ledger.notes
        if notes is None:
            return
        # Now: when the event is delivered, the next round may have begun.
        fields["iteration"] = self.run.iteration_of(self.step)
        fields["attempt"] = max(self.number, 1)
        if kind != "node_started":
            outcome = self.outcome or Outcome()
            fields.update(duration=outcome.duration, worker=outcome.worker)
        notes.append(Note(kind, self.step, fields, self.run))
