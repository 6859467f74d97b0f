"""Many small items: a node that runs once for each batch, and one with threads of its own."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

from fast_dag import DAG

Checked = tuple[str, bool]


def is_isbn(code: str) -> bool:
    """Whether the 13 digits of *code* add up to a multiple of 10, every other one counted three times."""
    digits = [int(sign) for sign in code if sign.isdigit()]
    return len(digits) == 13 and (sum(digits[::2]) + 3 * sum(digits[1::2])) % 10 == 0


def slow_catalogue(code: str) -> str:
    """Look up a title, as a service far away would."""
    time.sleep(0.01)
    return f"title of {code}"


def library(look_up: Callable[[str], str] = slow_catalogue, threads: int = 8) -> DAG:
    """Build the workflow that checks codes batch by batch and looks up the titles of those that are right."""
    flow = DAG("library")

    @flow.node
    def batches(codes: list[str], size: int = 100) -> list[list[str]]:
        return [codes[start : start + size] for start in range(0, len(codes), size)]

    @flow.map
    def checked(batch: list[str]) -> list[Checked]:
        """Runs once for each batch, as many at a time as there are workers."""
        return [(code, is_isbn(code)) for code in batch]

    @flow.node
    def titles(checked: list[list[Checked]]) -> dict[str, str]:
        """Waits for a service most of the time: threads of its own keep the workers of the run free."""
        right = [code for code, is_right in chain.from_iterable(checked) if is_right]
        with ThreadPoolExecutor(threads) as pool:
            return dict(zip(right, pool.map(look_up, right), strict=True))

    batches >> checked >> titles
    return flow


def main() -> None:
    """Check 500 codes, every tenth of which is right, in batches of 60."""
    codes = [f"978-{number:09}-{number % 7}" for number in range(500)]
    flow = library()
    titles = flow.run(codes=codes, size=60, mode="parallel", max_workers=4)
    seconds = flow.context.metrics["node_times"]["titles"]
    print(f"{len(codes)} codes in {flow.context.metrics['map']['checked']['items']} batches")
    print(
        f"{len(titles)} titles in {seconds:.2f} s; one after the other would take {len(titles) * 0.01:.2f} s"
    )
    print("\n".join(list(titles.values())[:3]))


if __name__ == "__main__":
    main()
