"""What single settings of checkers may be: checks that give the value back in its one form."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from fast_dag.checks import suggestion
from fast_dag.errors import CycleConfigurationError
from fast_dag.graph import cycle_fields as check
from fast_dag.graph.cycle_fields import Check


def checked(name: str, value: Any, rule: Check) -> Any:
    """*value* as *rule* gives it back; CycleConfigurationError that names the setting otherwise."""
    try:
        return rule(name, value)
    except ValueError as error:
        raise CycleConfigurationError(str(error)) from None


def number(name: str, value: Any) -> Any:
    """A finite number, no bool."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        msg = f"{name} must be a finite number, got {value!r}"
        raise ValueError(msg)
    return value


def least(name: str, value: Any) -> Any:
    """A finite number of at least 0."""
    if number(name, value) < 0:
        msg = f"{name} must be >= 0, got {value!r}"
        raise ValueError(msg)
    return value


def table_of(rules: Mapping[str, Check], *required: str) -> Check:
    """A mapping with some of these keys, whose values pass their rules."""

    def checked_table(name: str, value: Any) -> Any:
        made = check.table(name, value)
        for key in made:
            if key not in rules:
                msg = f"{name} has no {key!r}{suggestion(key, rules)} (it takes {', '.join(rules)})"
                raise ValueError(msg)
        for key in required:
            if key not in made:
                msg = f"{name} needs {key!r}"
                raise ValueError(msg)
        given = {key: each for key, each in made.items() if each is not None or key in required}
        return {key: rules[key](f"{name}.{key}", each) for key, each in given.items()}

    return checked_table


def by_metric(rule: Check) -> Check:
    """A mapping from the names of metrics to what passes *rule*, not empty."""

    def checked_table(name: str, value: Any) -> Any:
        made = check.table(name, value)
        if not made:
            msg = f"{name} is empty: name a metric"
            raise ValueError(msg)
        return {metric: rule(f"{name}[{metric!r}]", each) for metric, each in made.items()}

    return checked_table


def bound(name: str, value: Any) -> Any:
    """What a metric is compared with: a finite number, a bool or a text."""
    return value if isinstance(value, bool | str) else number(name, value)


def filled_texts(name: str, value: Any) -> Any:
    """One string or several, as a tuple that is not empty."""
    found = check.texts(name, value)
    if not found:
        msg = f"{name} is empty: leave it out"
        raise ValueError(msg)
    return found


def number_list(name: str, value: Any) -> Any:
    """Finite numbers, at least one."""
    if not isinstance(value, list | tuple) or not value:
        msg = f"{name} must be a list of numbers, got {value!r}"
        raise ValueError(msg)
    return tuple(number(f"a number in {name}", each) for each in value)


def rising_counts(name: str, value: Any) -> Any:
    """Ints of at least 1, each larger than the one before."""
    found = number_list(name, value)
    for each in found:
        check.integer(1)(f"a number in {name}", each)
    if any(later <= earlier for earlier, later in pairwise(found)):
        msg = f"{name} must be strictly increasing, got {list(found)!r}"
        raise ValueError(msg)
    return found
