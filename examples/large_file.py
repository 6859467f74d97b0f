"""A file larger than you want in memory: generator nodes pass it on line by line."""

from __future__ import annotations

import os
import sys
import tempfile
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from fast_dag import DAG

PAGES = ["/", "/search", "/cart", "/help"]
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


class Request(NamedTuple):
    """One line of the log of a web server."""

    page: str
    status: int
    size: int


class Traffic(NamedTuple):
    """What the whole log says."""

    requests: int
    sent: int
    pages: dict[str, int]
    failures: dict[int, int]


def write_log(path: Path, lines: int) -> None:
    """Write a log in which every 10th line has an error and every 25th is cut off."""
    with path.open("w") as file:
        for number in range(lines):
            page, status = PAGES[number % len(PAGES)], 500 if number % 10 == 9 else 200
            line = f'{page} {status} {100 + number % 900} "{AGENT}"'
            print(line[:3] if number % 25 == 24 else line, file=file)


flow = DAG("traffic")


@flow.node
def read(path: Path) -> Iterator[str]:
    """Read a line when somebody asks for one; the file is closed also if nobody asks for the last."""
    with path.open() as file:
        yield from file


@flow.node
def parse(lines: Iterator[str]) -> Iterator[Request]:
    """Take the lines apart, and leave out those that were cut off."""
    for line in lines:
        words = line.split(maxsplit=3)
        if len(words) == 4:
            page, status, size, _ = words
            yield Request(page, int(status), int(size))


@flow.node
def summary(requests: Iterator[Request]) -> Traffic:
    """Count while the requests pass by."""
    sent, pages, failures = 0, Counter[str](), Counter[int]()
    for request in requests:
        sent += request.size
        pages[request.page] += 1
        if request.status >= 400:
            failures[request.status] += 1
    return Traffic(pages.total(), sent, dict(pages), dict(failures))


read >> parse >> summary


def with_memory(path: Path) -> tuple[Traffic, int]:
    """Sum up a log, and tell how many bytes of memory that took at most."""
    tracemalloc.start()
    try:
        return flow.run(path=path), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def main(*sizes: int) -> None:
    """Sum up logs of several sizes: the memory stays the same."""
    flow.run(path=Path(os.devnull))  # what is loaded on first use is no part of what the lines take
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "access.log"
        for lines in sizes or (1_000, 10_000, 50_000):
            write_log(path, lines)
            traffic, peak = with_memory(path)
            print(f"{path.stat().st_size / 1e6:6.2f} MB of log, {peak / 1e6:.2f} MB of memory: {traffic}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
