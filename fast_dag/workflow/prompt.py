"""A small terminal prompt over a debug session."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, TextIO

from fast_dag.errors import FastDAGError
from fast_dag.run.brief import brief
from fast_dag.run.wrapping import text_of

if TYPE_CHECKING:
    from fast_dag.workflow.debugging import DebugSession

HELP: Final = """\
step [node]      run the pending step, or the ready one of that node
resume [node]    go on to a breakpoint, that node, or the end
retry            run the step that has failed once more
replace <value>  give the pending step a result, written as a Python literal
skip             leave the pending step out
ready            the steps that could be next
inputs           what the pending step would be called with
results [node]   what nodes have given
break [node]     add a breakpoint; without a name list them
clear <node>     remove a breakpoint
help             this list
quit             leave the prompt; the run stays where it is"""
SHORT: Final = {
    "s": "step",
    "n": "step",
    "r": "resume",
    "c": "resume",
    "i": "inputs",
    "h": "help",
    "q": "quit",
}
LONGEST: Final = 500
"""Characters of an error that are shown."""


class Prompt:
    """Reads commands and writes what comes of them.

    Parameters:
        session: what they are about.
        stdin, stdout: the streams, None for those of the process.
    """

    def __init__(self, session: DebugSession, stdin: TextIO | None, stdout: TextIO | None) -> None:
        self._session = session
        self._stdin = sys.stdin if stdin is None else stdin
        self._stdout = sys.stdout if stdout is None else stdout
        self._commands: Mapping[str, Callable[[str], None]] = {
            "step": self._step,
            "resume": self._resume,
            "retry": lambda _: self._show_result(session.retry()),
            "replace": self._replace,
            "skip": lambda _: session.skip(),
            "ready": lambda _: self._say(", ".join(session.ready) or "nothing is left to run"),
            "inputs": self._inputs,
            "results": self._results,
            "break": self._break,
            "clear": self._clear,
            "help": lambda _: self._say(HELP),
        }

    def run(self) -> None:
        """Take commands until quit, or the end of the stream."""
        self._where()
        while True:
            self._stdout.write("(debug) ")
            self._stdout.flush()
            line = self._stdin.readline()
            word, _, rest = line.strip().partition(" ")
            word = SHORT.get(word, word)
            if not line or word == "quit":
                return
            if word:
                self._obey(word, rest.strip())

    def _obey(self, word: str, rest: str) -> None:
        command = self._commands.get(word)
        if command is None:
            self._say(f"no command {brief(word)}; help lists them")
            return
        try:
            command(rest)
        except (FastDAGError, ValueError) as error:
            self._say(f"{type(error).__name__}: {_shortened(text_of(error))}")
        if word in ("step", "resume", "retry", "replace", "skip"):
            self._where()

    def _step(self, node: str) -> None:
        self._show_result(self._session.step(node or None))

    def _resume(self, node: str) -> None:
        self._session.resume(node or None)

    def _replace(self, text: str) -> None:
        try:
            value = ast.literal_eval(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            self._say(f"{brief(text)} is no Python literal: write replace 3, or replace 'text'")
            return
        self._session.replace(value)

    def _inputs(self, _: str) -> None:
        pending = self._session.pending
        for name, value in ({} if pending is None else pending.inputs).items():
            self._say(f"{name} = {brief(value)}")

    def _results(self, node: str) -> None:
        found = dict(self._session.context.results)
        for name in [node] if node else found:
            self._say(
                f"{name} = {brief(self._session.context.get_result(name))}"
                if self._has(name)
                else f"{name} has no result"
            )

    def _has(self, name: str) -> bool:
        return self._session.context.has_result(name)

    def _break(self, node: str) -> None:
        if node:
            self._session.add_breakpoint(node)
        else:
            self._say(", ".join(self._session.breakpoints) or "no breakpoints")

    def _clear(self, node: str) -> None:
        self._session.remove_breakpoint(node)

    def _where(self) -> None:
        """Say where the run is."""
        session = self._session
        pending = session.pending
        if pending is None:
            self._say(f"finished: {brief(session.result)}")
            return
        words = [f"at {pending.node}"]
        if pending.iteration:
            words.append(f"iteration {', '.join(map(str, pending.iteration))}")
        if pending.attempt > 1:
            words.append(f"attempt {pending.attempt}")
        if pending.error is not None:
            words.append("failed: retry, replace or skip")
        self._say(", ".join(words))

    def _show_result(self, value: Any) -> None:
        self._say(f"-> {brief(value)}")

    def _say(self, text: str) -> None:
        self._stdout.write(f"{text}\n")


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST else text[:LONGEST] + "..."
