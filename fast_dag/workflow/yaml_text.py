"""Documents as YAML, of which only what JSON has too is read.

Plain scalars are null, true, false and decimal numbers; everything else is text.  Anchors, aliases and
tags are refused: a few lines with aliases can stand for more data than there is memory, and tags for
objects that are no data.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from fast_dag.checks import missing_extra
from fast_dag.errors import DocumentError
from fast_dag.workflow.document import mismatch, wrong

NAME = "YAML"
DEEPEST = 100
"""More levels than a document has; libyaml looks at all that are open for each that it opens."""

try:
    import yaml
except ImportError as error:
    raise missing_extra(NAME, "pyyaml", "serialize") from error

# All of these are words and numbers in YAML 1.1 too, so the writer puts such a text into quotes.
WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
WHOLE = re.compile(r"-?(?:0|[1-9][0-9]*)")
DECIMAL = re.compile(r"-?[0-9]+\.[0-9]*(?:[eE][-+][0-9]+)?")

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# An object that stands a second time is written again: we do not read aliases.
SAFE_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
DUMPER: Any = type("Dumper", (SAFE_DUMPER,), {"ignore_aliases": lambda _dumper, _data: True})


def encode(data: Any) -> str:
    """Plain *data* as text, tables in the order of their keys."""
    try:
        text: str = yaml.dump(data, Dumper=DUMPER, sort_keys=False, allow_unicode=True, width=110)
        text.encode()
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise wrong(NAME, str(error)) from error
    return text


def decode(content: str | bytes) -> Any:
    """The data of a text; no key twice."""
    if not isinstance(content, str | bytes):
        raise mismatch(content, str, "a YAML document")
    try:
        documents = _built(yaml.parse(content, Loader=LOADER))
    except DocumentError:
        raise
    except (yaml.YAMLError, ValueError) as error:
        raise wrong(NAME, str(error)) from error
    if len(documents) == 1:
        return documents[0]
    raise wrong(NAME, f"one document is wanted, got {len(documents)}")


def _built(events: Iterable[Any]) -> list[Any]:
    """The documents that *events* tell of."""
    unfinished: list[list[Any]] = [[]]
    for event in events:
        if isinstance(event, yaml.NodeEvent):
            _check(event)
        if isinstance(event, yaml.ScalarEvent):
            unfinished[-1].append(_scalar(event))
        elif isinstance(event, yaml.CollectionStartEvent):
            unfinished.append([])
            if len(unfinished) > DEEPEST:
                raise wrong(_line(event), "nested too deeply to be a document")
        elif isinstance(event, yaml.CollectionEndEvent):
            items = unfinished.pop()
            is_table = isinstance(event, yaml.MappingEndEvent)
            unfinished[-1].append(_table(items, event) if is_table else items)
    return unfinished[0]


def _check(event: Any) -> None:
    if event.anchor is not None:
        raise wrong(_line(event), "anchors and aliases are not read: say it in full")
    if event.tag is not None:
        raise wrong(_line(event), "tags are not read: leave the word with ! away")


def _scalar(event: Any) -> Any:
    text = event.value
    is_plain, _ = event.implicit
    if not is_plain:
        return text
    if text in WORDS:
        return WORDS[text]
    if WHOLE.fullmatch(text):
        return int(text)
    return float(text) if DECIMAL.fullmatch(text) else text


def _table(items: list[Any], event: Any) -> dict[str, Any]:
    """The table of keys and values in turn."""
    made: dict[str, Any] = {}
    for key, value in zip(items[::2], items[1::2], strict=True):
        if not isinstance(key, str):
            raise mismatch(key, str, f"{_line(event)}: a key of the table that ends here")
        if key in made:
            raise wrong(_line(event), f"the key {key!r} stands twice in the table that ends here")
        made[key] = value
    return made


def _line(event: Any) -> str:
    return f"{NAME}, line {event.start_mark.line + 1}"
