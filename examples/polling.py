"""A job on a server, asked about until it is done: async states that wait without holding up anybody."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, Literal

from fast_dag import END, FSM, FSMContext

PAUSE = 0.01

flow = FSM("polling", max_cycles=10_000)


async def ask(method: str, address: str) -> Any:
    """Send a request from a thread, so that the loop goes on meanwhile, and read the JSON of the answer."""

    def call() -> Any:
        host, slash, path = address.partition("/")
        with closing(HTTPConnection(host, timeout=5)) as line:
            line.request(method, slash + path)
            return json.load(line.getresponse())

    return await asyncio.to_thread(call)


@flow.state(initial=True, transitions=["check"])
async def submit(host: str, limit: int) -> str:
    """Order the primes below *limit*, and get the address at which to ask for them."""
    return host + str(await ask("POST", f"{host}/primes/{limit}"))


@flow.state
async def check(job: str, context: FSMContext) -> Literal["wait", "__end__"]:
    """Ask how far the job is; the answer stays in the context, for what is returned is the next state."""
    context.metadata["job"] = await ask("GET", job)
    return END if context.metadata["job"]["status"] in {"complete", "failed"} else "wait"


@flow.state(transitions=["check"])
async def wait() -> None:
    """Give the job some time."""
    await asyncio.sleep(PAUSE)


flow.connect(submit, check, input="job")  # each time, not only when submit comes right before


@contextmanager
def serving(slice_size: int = 2000) -> Iterator[str]:
    """Serve jobs from a free port of this computer; each question about a job does a slice of its work."""
    jobs: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            limit = int(self.path.removeprefix("/primes/"))
            status = "running" if limit > 0 else "failed"
            jobs.append({"status": status, "limit": limit, "seen": 2, "primes": 0})
            self.answer(f"/jobs/{len(jobs) - 1}")

        def do_GET(self) -> None:
            job = jobs[int(self.path.removeprefix("/jobs/"))]
            if job["status"] == "running":
                end = min(job["seen"] + slice_size, job["limit"])
                job["primes"] += sum(map(is_prime, range(job["seen"], end)))
                job["seen"], job["status"] = end, "complete" if end >= job["limit"] else "running"
            self.answer(job)

        def answer(self, value: Any) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(value).encode())

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=[0.01]).start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def is_prime(number: int) -> bool:
    """Whether only 1 and the *number* itself divide it."""
    return all(number % each for each in range(2, int(number**0.5) + 1))


async def primes(host: str, limit: int) -> str:
    """Have the primes below *limit* counted, and tell how that went."""
    context = FSMContext()
    await flow.run_async(host=host, limit=limit, context=context)
    job, asked = context.metadata["job"], context.visits["check"]
    return f"below {limit}: {job['status']}, {job['primes']} primes, questions asked: {asked}"


async def several(*limits: int) -> list[str]:
    """Have several jobs done, each by a run of its own, all at the same time."""
    with serving() as host:
        return await asyncio.gather(*[primes(host, limit) for limit in limits])


def main() -> None:
    """Wait for three jobs at once, one of which fails."""
    print(*asyncio.run(several(10_000, 1000, -1)), sep="\n")


if __name__ == "__main__":
    main()
