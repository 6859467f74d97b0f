"""Values as recordings hold them: JSON text that is the same for equal values, with secrets masked."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextvars import Context, copy_context
from typing import Any

from fast_dag.errors import CycleStateError
from fast_dag.private import Private
from fast_dag.run.delta import Delta
from fast_dag.run.recording import MASKED
from fast_dag.stores import tagged
from fast_dag.stores.tagged import plain, register_codec, restored
from fast_dag.values import NO_DATA, ConditionalReturn, Converged, FSMReturn, SelectReturn

MASK: Any = Private(MASKED)
"""What a value that was recorded masked is in a replay."""
UNORDERED = ("$set", "$frozenset")


def encoded(value: Any, what: str = "it") -> str:
    """*value* as text.

    >>> encoded({"a": (1, 2.5)}), encoded({3, 1, 2}), encoded(Private("hunter2"))
    ('{"a":{"$tuple":[1,2.5]}}', '{"$set":[1,2,3]}', '{"$private":null}')

    Raises:
        CycleStateError: it holds something that nobody registered; the text begins with *what*.
    """
    made = _masking(lambda: plain(value, (what,)))
    return json.dumps(_ordered(made), allow_nan=False, separators=(",", ":"))


def decoded(text: str) -> Any:
    """What `encoded` made text of; nothing is called but what was registered.

    Raises:
        CycleStateError: it holds something that nobody registered, or is damaged.
    """
    try:
        return _masking(lambda: restored(json.loads(text)))
    except (ValueError, RecursionError) as error:
        msg = f"a recorded value is damaged: {error}"
        raise CycleStateError(msg) from error


def needs_mask(value: Any) -> bool:
    """Whether *value* holds something of which only the mask was recorded."""
    work = [value]
    while work:
        each = work.pop()
        if isinstance(each, Private):
            if each.reveal() is MASKED:
                return True
        elif isinstance(each, dict):
            work += [*each.keys(), *each.values()]
        elif isinstance(each, (list, tuple, set, frozenset)):
            work += each
    return False


def _masking(work: Callable[[], Any]) -> Any:
    context: Context = copy_context()
    context.run(tagged.MASKED.set, MASK)
    return context.run(work)


def _ordered(data: Any) -> Any:
    """*data* with the elements of sets in an order that does not depend on hashes."""
    if type(data) is list:
        return [_ordered(each) for each in data]
    if type(data) is not dict:
        return data
    made = {key: _ordered(held) for key, held in data.items()}
    for tag in UNORDERED:
        if len(made) == 1 and tag in made:
            made[tag] = sorted(made[tag], key=json.dumps)
    return made


def _facts(facts: Any) -> Any:
    """The facts of a delta as a set or dict of their own: what a node is given is a view."""
    return dict(facts) if isinstance(facts, Mapping) else set(facts)


# What the functions of nodes may return to say what comes next.
register_codec(type(NO_DATA), "no_data", lambda _: None, lambda _: NO_DATA)
register_codec(Converged, "converged", lambda each: each.value, Converged)
register_codec(
    ConditionalReturn,
    "conditional_return",
    lambda each: [each.condition, each.value],
    lambda held: ConditionalReturn(*held),
)
register_codec(
    SelectReturn, "select_return", lambda each: [each.branch, each.value], lambda held: SelectReturn(*held)
)
register_codec(
    FSMReturn,
    "fsm_return",
    lambda each: [each.next_state, each.value if each.hands_on else NO_DATA, each.stop],
    lambda held: FSMReturn(*held),
)
# What the engine gives to nodes.
register_codec(Delta, "delta", lambda each: [_facts(each.new), _facts(each.all)], lambda held: Delta(*held))
