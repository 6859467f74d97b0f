"""Recordings as lines of JSON: a head, then values and steps that name them by number, then how it ended."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, Final, TypeVar

from fast_dag.errors import RecordingError
from fast_dag.run.recording import RecordedAttempt, RecordedError, RecordedStep, Recording

FORMAT: Final = "fast_dag recording"
VERSION: Final = 1
Kind = TypeVar("Kind")
KINDS: Final = ("node", "around", "policy", "late", "cut", "measured")
DAMAGE: Final = (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError, OverflowError)


def save(recording: Recording, path: str | os.PathLike[str]) -> None:
    """Write *recording*; OSError if that is not possible."""
    with Path(path).open("w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in _Writer(recording).lines())


def load(path: str | os.PathLike[str]) -> Recording:
    """Read what `save` wrote; OSError, RecordingError."""
    with Path(path).open(encoding="utf-8") as file:
        try:
            return _Reader().read(file)
        except RecordingError as error:
            msg = f"{os.fspath(path)!r} {error}"
            raise RecordingError(msg) from error.__cause__
        except DAMAGE as error:
            # UnicodeDecodeError is one of these.
            msg = f"{os.fspath(path)!r} is damaged: {type(error).__name__}: {error}"
            raise RecordingError(msg) from error


class _Writer:
    """Gives the lines; equal values stand in them once."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._numbers: dict[str, int] = {}
        self._new: list[str] = []

    def lines(self) -> Iterator[str]:
        """The lines without their ends."""
        recording = self._recording
        head = {
            "format": FORMAT,
            "version": VERSION,
            "workflow": recording.workflow,
            "run_id": recording.run_id,
            "mode": recording.mode,
            "options": dict(recording.options),
        }
        yield _text(head)
        begin = {"inputs": self._named(recording.inputs), "part": self._part(recording.part)}
        yield from self._values()
        yield _text({"begin": begin})
        for step in recording.steps:
            line = _text({"step": self._step(step)})
            yield from self._values()
            yield line
        line = _text({"end": {"status": recording.status, "error": self._error(recording.error)}})
        yield from self._values()
        yield line

    def _values(self) -> Iterator[str]:
        """The lines of values that are named for the first time."""
        for text in self._new:
            yield f'{{"value": {text}}}'
        self._new.clear()

    def _number(self, text: str | None) -> int | None:
        if text is None:
            return None
        if text not in self._numbers:
            self._numbers[text] = len(self._numbers)
            self._new.append(text)
        return self._numbers[text]

    def _named(self, texts: Mapping[str, str]) -> dict[str, int | None]:
        return {name: self._number(text) for name, text in texts.items()}

    def _part(self, part: Mapping[str, Any] | None) -> dict[str, Any] | None:
        if part is None:
            return None
        return {**part, "results": self._named(part["results"])}

    def _step(self, step: RecordedStep) -> dict[str, Any]:
        return {
            "kind": step.kind,
            "node": step.node,
            "iteration": list(step.iteration),
            "inputs": self._named(step.inputs),
            "attempts": [self._attempt(each) for each in step.attempts],
            "outcome": step.outcome,
            "branch": step.branch,
            "time": step.time,
        }

    def _attempt(self, attempt: RecordedAttempt) -> dict[str, Any]:
        return {
            "value": self._number(attempt.value),
            "error": self._error(attempt.error),
            "is_late": attempt.is_late,
            "is_cached": attempt.is_cached,
            "seconds": attempt.seconds,
            "written": self._number(attempt.written),
        }

    def _error(self, error: RecordedError | None) -> dict[str, Any] | None:
        if error is None:
            return None
        return {
            "kind": list(error.kind),
            "bases": [list(each) for each in error.bases],
            "text": error.text,
            "arguments": self._number(error.arguments),
            "fields": self._number(error.fields),
        }


class _Reader:
    """Makes a recording of lines, and takes nothing for granted."""

    def __init__(self) -> None:
        self._known: list[str] = []

    def read(self, lines: Any) -> Recording:
        """The recording that *lines* hold."""
        found = (_parsed(line) for line in lines)
        head = next(found, None)
        if type(head) is not dict or head.get("format") != FORMAT:
            msg = "is no recording: its first line does not say so"
            raise RecordingError(msg)
        if head.get("version") != VERSION:
            msg = f"is a recording of version {head.get('version')!r}, not {VERSION}: record the run anew"
            raise RecordingError(msg)
        workflow, run_id, mode = (_checked(head[name], str) for name in ("workflow", "run_id", "mode"))
        recording = Recording(workflow, run_id, mode, _checked(head["options"], dict))
        has_end = self._read_on(recording, found)
        if not has_end:
            msg = "is cut off: its last line does not tell how the run ended"
            raise RecordingError(msg)
        return recording

    def _read_on(self, recording: Recording, lines: Iterator[Any]) -> bool:
        """Take all further *lines*; whether the last one was that of the end."""
        has_end = has_begun = False
        for line in lines:
            ((key, held),) = _checked(line, dict).items()
            if has_end:
                msg = "there is something behind its end"
                raise ValueError(msg)
            if key == "value":
                self._known.append(_text(held))
                continue
            _checked(held, dict)
            if key == "begin" and not has_begun:
                recording.inputs, recording.part = self._named(held["inputs"]), self._part(held["part"])
                has_begun = True
            elif key == "step" and has_begun:
                recording.steps.append(self._step(held))
            elif key == "end" and has_begun:
                recording.status = _checked(held["status"], str)
                recording.error = self._error(held["error"])
                has_end = True
            else:
                msg = f"a line {key!r} is not expected there"
                raise ValueError(msg)
        return has_end

    def _value(self, number: Any) -> str:
        place = _checked(number, int)
        if not 0 <= place < len(self._known):
            msg = f"there is no value {place}"
            raise ValueError(msg)
        return self._known[place]

    def _maybe(self, number: Any) -> str | None:
        return None if number is None else self._value(number)

    def _named(self, held: Any) -> dict[str, str]:
        return {name: self._value(number) for name, number in _checked(held, dict).items()}

    def _part(self, held: Any) -> dict[str, Any] | None:
        if held is None:
            return None
        names, result = [_checked(name, str) for name in _checked(held["names"], list)], held["result"]
        branches = {name: _checked(each, str) for name, each in _checked(held["branches"], dict).items()}
        known = {"names": names, "result": None if result is None else _checked(result, str)}
        return {**known, "branches": branches, "results": self._named(held["results"])}

    def _step(self, held: dict[str, Any]) -> RecordedStep:
        _only(held, RecordedStep)
        if held["kind"] not in KINDS:
            msg = f"a step is no {held['kind']!r}"
            raise ValueError(msg)
        return RecordedStep(
            held["kind"],
            _checked(held["node"], str),
            tuple(_checked(each, int) for each in _checked(held["iteration"], list)),
            self._named(held["inputs"]),
            [self._attempt(_checked(each, dict)) for each in _checked(held["attempts"], list)],
            _checked(held["outcome"], str),
            None if held["branch"] is None else _checked(held["branch"], str),
            _seconds(held["time"]),
        )

    def _attempt(self, held: dict[str, Any]) -> RecordedAttempt:
        _only(held, RecordedAttempt)
        return RecordedAttempt(
            self._maybe(held["value"]),
            self._error(held["error"]),
            _checked(held["is_late"], bool),
            _checked(held["is_cached"], bool),
            _seconds(held["seconds"]),
            self._maybe(held["written"]),
        )

    def _error(self, held: Any) -> RecordedError | None:
        if held is None:
            return None
        _only(_checked(held, dict), RecordedError)
        return RecordedError(
            _name(held["kind"]),
            tuple(_name(each) for each in _checked(held["bases"], list)),
            _checked(held["text"], str),
            self._maybe(held["arguments"]),
            self._value(held["fields"]),
        )


def _parsed(line: str) -> Any:
    return json.loads(line, parse_constant=_no_constant)


def _no_constant(text: str) -> Any:
    msg = f"{text} is not written so"
    raise ValueError(msg)


def _text(data: Any) -> str:
    return json.dumps(data, allow_nan=False, separators=(",", ":"))


def _checked(value: Any, kind: type[Kind]) -> Kind:
    """*value*, which is of *kind*."""
    if type(value) is not kind:
        msg = f"a {type(value).__name__} is where a {kind.__name__} belongs"
        raise TypeError(msg)
    return value


def _seconds(value: Any) -> float:
    if type(value) not in (int, float) or not math.isfinite(value):
        msg = f"{value!r} are no seconds"
        raise TypeError(msg)
    return float(value)


def _name(held: Any) -> tuple[str, str]:
    module, name = _checked(held, list)
    return _checked(module, str), _checked(name, str)


def _only(held: dict[str, Any], kind: Any) -> None:
    known = {each.name for each in fields(kind)}
    unknown = [name for name in held if name not in known]
    if unknown:
        msg = f"a {kind.__name__} has no {unknown[0]!r}"
        raise ValueError(msg)
