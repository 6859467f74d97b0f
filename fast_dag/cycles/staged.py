"""Conditions made of groups: targets that change as the cycle goes on, and strategies."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

from fast_dag.cycles.asking import Test
from fast_dag.cycles.conditions import (
    BuiltIn,
    CompoundCondition,
    ConvergenceCondition,
    Parts,
    Tested,
    check_count,
    merged,
)
from fast_dag.cycles.layout import COMPLETED, Layout, Values
from fast_dag.cycles.metric_conditions import NoImprovementCondition
from fast_dag.errors import CycleConfigurationError


class AdaptiveCondition(BuiltIn):
    """Another condition for each stage of a cycle: the one with the largest number of iterations done counts.

    Parameters:
        stages: pairs of a number of completed iterations, strictly increasing, and a condition.

    Raises:
        CycleConfigurationError: no stages, not increasing, or a stage that bounds the cycle.
    """

    def __init__(self, stages: Iterable[tuple[int, ConvergenceCondition]]) -> None:
        self.stages = tuple((check_count("a stage", begin, 1), held) for begin, held in stages)
        begins = [begin for begin, _ in self.stages]
        if not begins or any(after <= before for before, after in pairwise(begins)):
            msg = f"the stages of an adaptive condition have to begin one after the other, got {begins}"
            raise CycleConfigurationError(msg)
        bound = next((held for _, held in self.stages if held.parts().converging is not held), None)
        if bound is not None:
            msg = f"{bound.describe()!r} bounds the cycle and cannot be a stage"
            raise CycleConfigurationError(msg)

    def describe(self) -> str:
        """All stages."""
        return "; ".join(f"from {begin} iterations on: {held.describe()}" for begin, held in self.stages)

    def to_spec(self) -> Any:
        """A mapping of type adaptive."""
        return {"type": "adaptive", "stages": [[begin, held.to_spec()] for begin, held in self.stages]}

    def tested(self) -> Iterator[Tested]:
        """Of each stage in turn."""
        for _, held in self.stages:
            yield from held.tested()

    def compiled(self, layout: Layout) -> Test:
        """The test of the stage that is reached, false before the first."""
        begins = [begin for begin, _ in self.stages]
        tests = [held.compiled(layout) for _, held in self.stages]

        def holds(values: Values) -> bool:
            stage = bisect.bisect_right(begins, values[COMPLETED])
            return stage > 0 and tests[stage - 1](values)

        return holds


class StrategyCondition(BuiltIn):
    """Four groups of conditions: converged are all of *primary* and *stability*, or any of *adaptive*.

    Parameters:
        primary, stability: all have to hold.
        safety: budgets and early stops; a no_improvement without a metric is about the first threshold here.
        adaptive: any is enough.

    Raises:
        CycleConfigurationError: no conditions, a bound outside *safety*, or one in it that is none.
    """

    def __init__(
        self,
        primary: Sequence[ConvergenceCondition] = (),
        stability: Sequence[ConvergenceCondition] = (),
        safety: Sequence[ConvergenceCondition] = (),
        adaptive: Sequence[ConvergenceCondition] = (),
    ) -> None:
        self.primary, self.stability, self.adaptive = tuple(primary), tuple(stability), tuple(adaptive)
        needed = (*self.primary, *self.stability)
        self._check(safety)
        first = next((each for held in (*needed, *self.adaptive) for each in held.tested()), None)
        self.safety = tuple(
            held.otherwise(first) if isinstance(held, NoImprovementCondition) else held for held in safety
        )
        together = [CompoundCondition(needed, "AND") if len(needed) > 1 else needed[0]] if needed else []
        found = [*together, *self.adaptive]
        self._converging = CompoundCondition(found, "OR") if len(found) > 1 else found[0] if found else None

    def _check(self, safety: Sequence[ConvergenceCondition]) -> None:
        for held in (*self.primary, *self.stability, *self.adaptive):
            if held.parts() != Parts(converging=held):
                msg = f"{held.describe()!r} bounds the cycle: it belongs into safety_criteria"
                raise CycleConfigurationError(msg)
        for held in safety:
            if held.parts().converging is not None:
                msg = (
                    f"{held.describe()!r} says when the cycle has converged: it belongs into primary_criteria"
                )
                raise CycleConfigurationError(msg)
        if not (self.primary or self.stability or self.adaptive or safety):
            msg = "a strategy needs conditions"
            raise CycleConfigurationError(msg)

    def describe(self) -> str:
        """What counts as converged, else the bounds."""
        if self._converging is not None:
            return self._converging.describe()
        return ", ".join(held.describe() for held in self.safety)

    def to_spec(self) -> Any:
        """A mapping of the groups."""
        groups = {
            "primary_criteria": self.primary,
            "stability_criteria": self.stability,
            "safety_criteria": self.safety,
            "adaptive_criteria": self.adaptive,
        }
        return {name: [each.to_spec() for each in held] for name, held in groups.items() if held}

    def tested(self) -> Iterator[Tested]:
        """Of what counts as converged."""
        if self._converging is not None:
            yield from self._converging.tested()

    def parts(self) -> Parts:
        """The groups by what they do."""
        safety = merged([held.parts() for held in self.safety], lambda held: held[0])
        return safety._replace(converging=self._converging)

    def compiled(self, layout: Layout) -> Test:
        """Whether it counts as converged; never, if it only bounds."""
        return self._converging.compiled(layout) if self._converging is not None else lambda _: False
