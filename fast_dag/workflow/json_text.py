"""Documents as JSON: one line for each node and edge, so that a change shows as one."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, NoReturn

from fast_dag.workflow.document import mismatch, wrong

NAME = "JSON"
LEVELS = 4
"""Document, workflows, one workflow, its nodes: these are spread over lines, what they hold is not."""

COMPACT = json.JSONEncoder(ensure_ascii=False, allow_nan=False)


def encode(data: Any) -> str:
    """Plain *data* as text that UTF-8 can hold."""
    try:
        text = _spread(data, LEVELS, "\n")
        text.encode()
    except (ValueError, TypeError, RecursionError) as error:
        raise wrong(NAME, str(error)) from error
    return text


def decode(content: str | bytes) -> Any:
    """The data of a text; no key twice, no number that is infinite or none at all."""
    if not isinstance(content, str | bytes):
        raise mismatch(content, str, "a JSON document")
    try:
        # Not left to the parser, which would import a codec that the first bytes may ask for.
        text = content.decode() if isinstance(content, bytes) else content
        return json.loads(text.removeprefix("\ufeff"), object_pairs_hook=_table, parse_constant=_no_number)
    except RecursionError as error:
        raise wrong(NAME, "nested too deeply to be a document") from error
    except ValueError as error:
        raise wrong(NAME, str(error)) from error


def _spread(value: Any, levels: int, line: str) -> str:
    if not levels or not value or not isinstance(value, dict | list):
        return COMPACT.encode(value)
    inner = f"{line}  "
    if isinstance(value, list):
        parts = [_spread(each, levels - 1, inner) for each in value]
        return f"[{inner}{f',{inner}'.join(parts)}{line}]"
    parts = [f"{COMPACT.encode(key)}: {_spread(each, levels - 1, inner)}" for key, each in value.items()]
    return f"{{{inner}{f',{inner}'.join(parts)}{line}}}"


def _table(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        twice, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        msg = f"the key {twice!r} stands twice in one table"
        raise ValueError(msg)
    return made


def _no_number(word: str) -> NoReturn:
    msg = f"{word} is no number"
    raise ValueError(msg)
