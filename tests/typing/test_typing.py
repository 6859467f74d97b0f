"""What the type checkers say about small user programs: exactly what the programs' comments expect.

A line that must not type-check ends in ``# error: fragment``, where the fragment is a part of what every
checker says there, or in ``# error[mypy]: fragment`` and ``# error[pyright]: fragment``.
"""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
PROGRAMS = Path(__file__).parent / "programs"
MARK = re.compile(r"# error(?:\[(mypy|pyright)\])?: (.+?)(?=\s+# error|$)")


class Remark(NamedTuple):
    """A checker's error, or the fragment of one that a program expects."""

    program: str
    line: int
    text: str


@cache
def said_by_mypy() -> list[Remark]:
    """The errors of mypy, with the project's own settings and cache."""
    lines = output_of("mypy", "--output=json", *map(str, sorted(PROGRAMS.glob("*.py")))).splitlines()
    return [
        Remark(Path(error["file"]).name, error["line"], error["message"])
        for error in map(json.loads, lines)
        if error["severity"] == "error" and Path(ROOT, error["file"]).parent == PROGRAMS
    ]


@cache
def said_by_pyright() -> list[Remark]:
    """The errors of pyright, with the settings beside the programs."""
    options = ["--outputjson", "--pythonpath", sys.executable, "--project", str(PROGRAMS)]
    report: dict[str, Any] = json.loads(output_of("pyright", *options))
    return [
        Remark(Path(error["file"]).name, error["range"]["start"]["line"] + 1, error["message"])
        for error in report["generalDiagnostics"]
        if error["severity"] == "error"
    ]


CHECKERS: dict[str, Callable[[], list[Remark]]] = {"mypy": said_by_mypy, "pyright": said_by_pyright}


def output_of(checker: str, *arguments: str) -> str:
    """What the checker prints; any exit status but "clean" and "has errors" is a failure of its own."""
    command = [sys.executable, "-m", checker, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.stdout


def expected_of(checker: str, program: Path) -> Iterator[Remark]:
    """The marks of *program* that are meant for *checker*."""
    for number, line in enumerate(program.read_text(encoding="utf-8").splitlines(), start=1):
        for only, fragment in MARK.findall(line):
            if only in ("", checker):
                yield Remark(program.name, number, fragment)


def fits(mark: Remark, error: Remark) -> bool:
    """Whether *error* is what *mark* expects."""
    return (mark.program, mark.line) == (error.program, error.line) and mark.text in error.text


@pytest.mark.timeout(120)  # a checker that finds no cache reads all of the library first
@pytest.mark.parametrize("checker", CHECKERS)
@pytest.mark.parametrize("program", sorted(PROGRAMS.glob("*.py")), ids=lambda path: path.stem)
def test_a_checker_says_what_the_program_expects(checker: str, program: Path) -> None:
    expected = list(expected_of(checker, program))
    said = [error for error in CHECKERS[checker]() if error.program == program.name]
    unexpected = [error for error in said if not any(fits(mark, error) for mark in expected)]
    missing = [mark for mark in expected if not any(fits(mark, error) for error in said)]
    assert (unexpected, missing) == ([], [])
