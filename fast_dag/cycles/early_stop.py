"""When a checker gives a cycle up: it has not converged, and going on is not worth while."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from fast_dag.cycles.checker_look import Sight
from fast_dag.cycles.checker_rules import Rules


def early_stop(rules: Rules, sight: Sight) -> str | None:
    """Why the cycle is to be given up, None if it is not.

    Raises:
        MissingMetricError: the primary metric has no value, unless that is ignored.
    """
    return next((text for ask in WAYS if (text := ask(rules, sight)) is not None), None)


def _patience(rules: Rules, sight: Sight) -> str | None:
    wanted = rules.settings.patience
    if wanted is None or rules.is_missing(sight, rules.primary):
        return None
    count = sight.without_improvement()
    if count < wanted[0]:
        return None
    return f"{rules.primary} has not improved for {count} iterations (patience {wanted[0]})"


def _failures(rules: Rules, sight: Sight) -> str | None:
    wanted = rules.settings.improvement
    if wanted is None or wanted.failures is None or rules.is_missing(sight, rules.primary):
        return None
    count = sight.failures()
    if count < wanted.failures:
        return None
    return f"the gain of {rules.primary} was below {wanted.least} for {count} iterations"


def _iterations(rules: Rules, sight: Sight) -> str | None:
    limit = rules.settings.early_stop_iterations
    if limit is None or sight.completed < limit:
        return None
    return f"{sight.completed} iterations are done (early_stop_iterations {limit})"


def _abandoned(rules: Rules, sight: Sight) -> str | None:
    wanted = rules.settings.adaptive
    # Asked at these counts alone: between them there is time for the next one.
    if wanted is None or not wanted.abandons or sight.completed not in wanted.iterations:
        return None
    found = rules.adaptive(sight)
    return None if found.holds else f"given up after {sight.completed} iterations: {found.text}"


Way = Callable[[Rules, Sight], str | None]
WAYS: Final[tuple[Way, ...]] = (_patience, _failures, _iterations, _abandoned)
"""In the order in which they are named."""
