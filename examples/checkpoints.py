"""Not from the beginning again: nodes write down the state of their run, and another run goes on there."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from fast_dag import DAG, Context

Order = dict[str, Any]

PRICES = {"tea": 4.5, "cup": 12.0}


def checkpoint(folder: Path, name: str, data: Any, context: Context) -> Any:
    """Write down what has been done so far, and pass *data* on."""
    path = folder / f"{context.metadata['run_id']}.json"
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps({"at": name, "context": context.to_dict(strict=True)}))
    draft.replace(path)  # at once, so that a crash never leaves half a file
    return data


def orders(folder: Path, fetch: Callable[[], list[Order]], send: Callable[[Order], str]) -> DAG:
    """Build the workflow that fetches orders, prices them and sends the bills."""
    flow = DAG("orders")

    def saved(name: str) -> Any:
        return flow.node(partial(checkpoint, folder, name), name=name)

    @flow.node
    def fetched() -> list[Order]:
        return fetch()

    @flow.node
    def priced(orders: list[Order]) -> list[Order]:
        return [order | {"total": order["count"] * PRICES[order["item"]]} for order in orders]

    @flow.node
    def sent(orders: list[Order]) -> list[str]:
        return [send(order) for order in orders]

    fetched >> saved("after_fetch") >> priced >> saved("after_price") >> sent
    return flow


def resume(flow: DAG, path: Path) -> Any:
    """Go on with the run that wrote *path*, from its last checkpoint."""
    state = json.loads(path.read_text())
    return flow.run_from(state["at"], context=Context.from_dict(state["context"]))


def main() -> None:
    """Crash while sending, then go on with a workflow that knows nothing but the file."""

    def fetch() -> list[Order]:
        print("fetching")
        return [{"item": "tea", "count": 2}, {"item": "cup", "count": 1}]

    def crash(order: Order) -> str:
        raise ConnectionError(f"no line to send the bill for {order['item']}")

    def send(order: Order) -> str:
        return f"{order['count']} {order['item']}: {order['total']:.2f}"

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            orders(folder, fetch, crash).run()
        except ConnectionError as error:
            print(f"crashed: {error}")
        [path] = folder.iterdir()
        flow = orders(folder, fetch, send)
        print("resumed:", resume(flow, path))
        print("run again:", ", ".join(flow.context.metrics["execution_order"]))


if __name__ == "__main__":
    main()
