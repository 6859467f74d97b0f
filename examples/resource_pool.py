"""Many nodes, few connections: a bounded pool of SQLite connections around the nodes of a parallel run."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from threading import BoundedSemaphore

from fast_dag import DAG

REGIONS = ["north", "east", "south", "west", "centre", "islands"]


class Pool:
    """At most *size* connections; each is opened when it is needed and none is free."""

    def __init__(self, connect: Callable[[], sqlite3.Connection], size: int) -> None:
        self.connect = connect
        self.free: list[sqlite3.Connection] = []
        self.opened: list[sqlite3.Connection] = []
        self.places = BoundedSemaphore(size)

    @contextmanager
    def connection(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection, waiting for one if need be; it comes back whatever happens."""
        with self.places:
            try:
                found = self.free.pop()
            except IndexError:
                found = self.open()
            try:
                with found:  # commits, or rolls back after an error
                    yield found
            finally:
                self.free.append(found)

    def open(self) -> sqlite3.Connection:
        """Open one more connection."""
        made = self.connect()
        self.opened.append(made)
        return made

    def close(self) -> None:
        """Close every connection."""
        for connection in self.opened:
            connection.close()


def fill(path: Path) -> None:
    """Write a database of sales: 100 in each region, of amounts 1 to 100 times the number of the region."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("create table sales (region text, amount integer)")
        rows = [(region, factor * n) for factor, region in enumerate(REGIONS, 1) for n in range(1, 101)]
        connection.executemany("insert into sales values (?, ?)", rows)


def revenue(pool: Pool, region: str, table: str = "sales") -> int:
    """Add up the sales of one region."""
    with pool.connection() as connection:
        query = f"select sum(amount) from {table} where region = ?"  # noqa: S608 - a name, chosen by us
        [total] = connection.execute(query, [region]).fetchone()
        return int(total)


def report(pool: Pool, broken: str | None = None) -> DAG:
    """Build a workflow with a node for each region; that of *broken* asks for a table nobody made."""
    flow = DAG("report")

    @flow.all
    def revenues(amounts: list[int]) -> dict[str, int]:
        return dict(zip(REGIONS, amounts, strict=True))

    for region in REGIONS:
        table = "lost" if region == broken else "sales"
        flow.node(partial(revenue, pool, region, table), name=region, inputs=[]) >> revenues
    return flow


def main() -> None:
    """Run a report on eight threads that share two connections, and one that fails."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sales.db"
        fill(path)
        # The pool sees to it that no two threads use a connection at once.
        with closing(Pool(partial(sqlite3.connect, path, check_same_thread=False), size=2)) as pool:
            print(report(pool).run(mode="parallel", max_workers=8))
            flow = report(pool, broken="south")
            flow.run(mode="parallel", max_workers=8, error_strategy="continue")
            print(flow.context.metrics["errors"])
            print(f"{len(pool.opened)} connections opened, {len(pool.free)} of them back in the pool")


if __name__ == "__main__":
    main()
