"""A server that needs some patience: asked again, after longer and longer pauses, until it answers well."""

from __future__ import annotations

import csv
import io
from contextlib import closing
from http.client import HTTPConnection
from typing import NamedTuple

from download import DATA, serving

from fast_dag import DAG
from fast_dag.cycles import CycleTemplates, RetryExhaustedError


class Answer(NamedTuple):
    """What a server sent, and how much of what it announced that is."""

    status: int
    body: bytes
    part: float


flow = DAG("flaky server")


@flow.node
def ask(host: str) -> Answer:
    """Ask once; a connection that breaks raises an error, which is a reason to try again too."""
    with closing(HTTPConnection(host, timeout=5)) as line:
        line.request("GET", "/")
        reply = line.getresponse()
        length = int(reply.headers["Content-Length"])
        body = reply.read(length)
        return Answer(reply.status, body, len(body) / length)


@flow.node
def count(body: bytes) -> dict[str, int]:
    """Count the birds of each species; only a good answer comes here."""
    found: dict[str, int] = {}
    for row in csv.DictReader(io.StringIO(body.decode())):
        found[row["species"]] = found.get(row["species"], 0) + 1
    return found


flow.connect(ask, count, output="body", input="body")
flow.add_cycle(
    CycleTemplates.retry_cycle(max_retries=4, base_delay=0.005, success="status == 200 and part == 1"),
    ask,
    name="asking",
)


def main() -> None:
    """Ask a server that gets well in time, and one that does not."""
    for troubles in (["busy", "cut", "busy"], ["busy"] * 10):
        with serving(DATA, *troubles) as host:
            try:
                print(flow.run(host=host))
            except RetryExhaustedError as error:
                print(error)
        asking = flow.context.metadata["cycles"]["asking"]
        print(f"{asking.reason} after {asking.total_iterations} attempts")


if __name__ == "__main__":
    main()
