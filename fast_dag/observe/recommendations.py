"""What would make a cycle better: a table of rules, each a small function of what was seen.

| rule | fires when | severity |
|---|---|---|
| R1 | a cycle ended by max_iterations, not converged | high |
| R2 | memory grows by more than 10 % of the baseline an iteration, or did in each of the last five | high |
| R3 | one of several nodes takes at least half of the time of all nodes | medium |
| R4 | the later half of the iterations takes more than 1.5 times the first (from 4 on) | medium |
| R5 | more than half of the time passes outside of nodes | low |
| R6 | a cycle converged in less than a tenth of max_iterations | low |
| R7 | less than 20 % of a processor is used in a second or more | low |
| R8 | the objective goes up and down | medium |

Five rises in a row count only if they come to 1 % of the baseline: every process takes a page now and then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import fmean
from typing import Any, Final

from fast_dag.observe.findings import Facts

SEVERITIES: Final = ("high", "medium", "low")
GROWTH, RISES, NOTICED = 0.1, 5, 0.01
SHARE, SLOWER, FEWEST = 0.5, 1.5, 4
EARLY, IDLE, SECONDS = 0.1, 20.0, 1.0


@dataclass(frozen=True, kw_only=True)
class Recommendation:
    """Something that would make a cycle better."""

    rule: str
    """R1 to R8."""
    category: str
    """convergence, memory, performance or stability."""
    severity: str
    """high, medium or low."""
    description: str
    estimated_improvement: str
    """What is to be gained, in words."""
    implementation_steps: tuple[str, ...]
    evidence: Mapping[str, Any] = field(default_factory=dict)
    """The figures it was made from."""


def recommendations(facts: Facts) -> list[Recommendation]:
    """What the rules say of *facts*, the most severe first; empty if none applies."""
    found = [each for rule in RULES for each in rule(facts)]
    return sorted(found, key=lambda each: (SEVERITIES.index(each.severity), each.rule))


def unfinished(facts: Facts) -> Iterator[Recommendation]:
    """R1: a bound came before convergence."""
    for cycle in facts.cycles:
        if cycle.reason != "max_iterations":
            continue
        if cycle.verdict == "improving":
            gain, step = "it was still getting better", "Raise max_iterations."
        elif cycle.verdict in ("plateau", "stalled"):
            gain = "it no longer moved, so more iterations gain nothing"
            step = "Loosen the threshold of its condition, or use another method."
        else:
            gain = "a result that is known to be good"
            step = "Raise max_iterations, or give it a condition that can hold."
        yield Recommendation(
            rule="R1",
            category="convergence",
            severity="high",
            description=f"Cycle {cycle.name!r} ended after {cycle.iterations} iterations without converging.",
            estimated_improvement=gain,
            implementation_steps=(step,),
            evidence={"cycle": cycle.name, "iterations": cycle.iterations, "verdict": cycle.verdict},
        )


def leaking(facts: Facts) -> Iterator[Recommendation]:
    """R2: memory grows with the iterations."""
    memory, baseline = facts.memory, facts.baseline
    if len(memory) < 2 or not baseline:  # noqa: PLR2004 - one sample grows by nothing
        return
    count = facts.sampled[-1] - facts.sampled[0] if facts.sampled else len(memory) - 1
    each = (memory[-1] - memory[0]) / count
    last = memory[-1 - RISES :]
    rises = len(last) > RISES and all(after > before for before, after in pairwise(last))
    if each > GROWTH * baseline or (rises and last[-1] - last[0] >= NOTICED * baseline):
        yield Recommendation(
            rule="R2",
            category="memory",
            severity="high",
            description=f"Memory grows by {each:.1f} MiB an iteration.",
            estimated_improvement=f"{each:.1f} MiB less for each iteration",
            implementation_steps=(
                "Bound what nodes keep: accumulate(..., max_history=n), history_limit.",
                "Look for containers outside of the nodes that grow.",
            ),
            evidence={"mb_per_iteration": each, "baseline_mb": baseline, "iterations": count + 1},
        )


def hogging(facts: Facts) -> Iterator[Recommendation]:
    """R3: one node takes the time."""
    total = sum(facts.nodes.values())
    if len(facts.nodes) < 2 or total <= 0:  # noqa: PLR2004 - a single node takes all of it
        return
    for node, seconds in facts.nodes.items():
        if seconds >= SHARE * total:
            yield Recommendation(
                rule="R3",
                category="performance",
                severity="medium",
                description=f"Node {node!r} takes {seconds / total:.0%} of the time of all nodes.",
                estimated_improvement=f"up to {seconds:.2f} s of {total:.2f} s",
                implementation_steps=(
                    f"Make {node!r} faster.",
                    "Cache it, if it is given the same again and again: @dag.cached_node.",
                ),
                evidence={"node": node, "seconds": seconds, "share": seconds / total},
            )


def slowing(facts: Facts) -> Iterator[Recommendation]:
    """R4: iterations take longer and longer."""
    durations = facts.durations
    if len(durations) < FEWEST:
        return
    middle = len(durations) // 2
    first, later = fmean(durations[:middle]), fmean(durations[middle:])
    if later > SLOWER * first:
        yield Recommendation(
            rule="R4",
            category="performance",
            severity="medium",
            description=f"Later iterations take {later * 1e3:.1f} ms, the first ones {first * 1e3:.1f} ms.",
            estimated_improvement=f"{(later - first) * 1e3:.1f} ms for each later iteration",
            implementation_steps=("Find what grows with each iteration, and bound it.",),
            evidence={"first_seconds": first, "later_seconds": later, "iterations": len(durations)},
        )


def overhead(facts: Facts) -> Iterator[Recommendation]:
    """R5: the time passes outside of nodes."""
    inside = sum(facts.nodes.values())
    if facts.nodes and facts.wall > 0 and facts.wall - inside > SHARE * facts.wall:
        share = 1 - inside / facts.wall
        yield Recommendation(
            rule="R5",
            category="performance",
            severity="low",
            description=f"{share:.0%} of the time passes outside of nodes.",
            estimated_improvement=f"up to {facts.wall - inside:.3f} s of {facts.wall:.3f} s",
            implementation_steps=("Do more work in each iteration, in fewer nodes.",),
            evidence={"share": share, "wall_seconds": facts.wall, "node_seconds": inside},
        )


def generous(facts: Facts) -> Iterator[Recommendation]:
    """R6: a bound far above what is needed."""
    for cycle in facts.cycles:
        bound = cycle.max_iterations
        has_converged = cycle.reason in ("converged", "exit")
        if has_converged and bound is not None and cycle.iterations < EARLY * bound:
            yield Recommendation(
                rule="R6",
                category="convergence",
                severity="low",
                description=f"Cycle {cycle.name!r} converged in {cycle.iterations} of {bound} iterations.",
                estimated_improvement="a cycle that goes wrong is noticed sooner",
                implementation_steps=("Lower max_iterations.",),
                evidence={"cycle": cycle.name, "iterations": cycle.iterations, "max_iterations": bound},
            )


def waiting(facts: Facts) -> Iterator[Recommendation]:
    """R7: the processor has nothing to do."""
    if facts.cpu_percent is not None and facts.cpu_percent < IDLE and facts.wall >= SECONDS:
        yield Recommendation(
            rule="R7",
            category="performance",
            severity="low",
            description=f"Only {facts.cpu_percent:.0f} % of a processor is used: nodes wait.",
            estimated_improvement=f"up to {1 - facts.cpu_percent / 100:.0%} of the time",
            implementation_steps=("Use mode='async' with async nodes, or mode='parallel'.",),
            evidence={"cpu_percent": facts.cpu_percent, "wall_seconds": facts.wall},
        )


def restless(facts: Facts) -> Iterator[Recommendation]:
    """R8: the objective goes up and down."""
    for cycle in facts.cycles:
        if cycle.is_oscillating or cycle.verdict == "oscillating":
            yield Recommendation(
                rule="R8",
                category="stability",
                severity="medium",
                description=f"The objective of cycle {cycle.name!r} goes up and down.",
                estimated_improvement="fewer iterations until it settles",
                implementation_steps=("Make the steps smaller: damp what is fed back.",),
                evidence={"cycle": cycle.name, "verdict": cycle.verdict},
            )


RULES: Final[tuple[Callable[[Facts], Iterator[Recommendation]], ...]] = (
    *(unfinished, leaking, hogging, slowing),
    *(overhead, generous, waiting, restless),
)
"""R1 to R8."""
