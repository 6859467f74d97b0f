"""Checkers called once for each of several samples."""


def over(checker, values, name="value"):
    """The results of one call for each value."""
    return [checker.check(**{name: value}) for value in values]


def converged_at(checker, values, name="value"):
    """Which calls say converged."""
    return [index for index, found in enumerate(over(checker, values, name)) if found["converged"]]


def stopped_at(checker, values, name="value"):
    """The first call that says stop, and by what."""
    found = over(checker, values, name)
    return next(((index, each["stop_kind"]) for index, each in enumerate(found) if each["should_stop"]), None)
