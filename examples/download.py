"""A download that may fail: tried again after a pause, and given up in the end without an exception."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection, IncompleteRead
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Literal, NamedTuple

from fast_dag import END, FSM, FSMContext

DATA = Path(__file__).parent / "data" / "penguins.csv"
ATTEMPTS, PAUSE = 4, 0.005


class Reply(NamedTuple):
    """What a server has sent, and what it announced; status 0 if it did not answer."""

    status: int
    body: bytes = b""
    length: int = 0
    checksum: str | None = None


class Download(NamedTuple):
    """A file, or what was wrong with it."""

    body: bytes
    fault: str = ""


flow = FSM("download")


@flow.state(initial=True, transitions=["check"])
def fetch(host: str) -> Reply:
    """Ask once, and take what comes."""
    with closing(HTTPConnection(host, timeout=5)) as line:
        try:
            line.request("GET", "/")
            reply = line.getresponse()
            body = reply.read()
        except IncompleteRead as error:
            body = error.partial
        except OSError:
            return Reply(status=0)
        return Reply(reply.status, body, int(reply.headers["Content-Length"]), reply.headers["X-SHA256"])


@flow.state
def check(reply: Reply) -> Download:
    """Find out what is wrong with a reply."""
    if reply.status != 200:
        return Download(b"", f"status {reply.status}")
    if len(reply.body) != reply.length:
        return Download(b"", f"{len(reply.body)} of {reply.length} bytes")
    if hashlib.sha256(reply.body).hexdigest() != reply.checksum:
        return Download(b"", "another checksum")
    return Download(reply.body)


@flow.state
def wait(context: FSMContext) -> Literal["fetch"]:
    """Leave the server in peace, each time twice as long; a name is all that goes on from here."""
    time.sleep(PAUSE * 2 ** context.visits["fetch"])
    return "fetch"


def again(download: Download, context: FSMContext) -> Literal["wait", "__end__"]:
    """Go on as long as something is wrong and there are attempts left."""
    return "wait" if download.fault and context.visits["fetch"] < ATTEMPTS else END


flow.add_conditional_transition("check", again)


@contextmanager
def serving(path: Path, *troubles: str) -> Iterator[str]:
    """Serve a file from a free port of this computer; each of the *troubles* befalls one request."""
    whole, left = path.read_bytes(), list(troubles)
    bodies = {"busy": b"", "cut": whole[: len(whole) // 2], "spoilt": whole[::-1]}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            trouble = left.pop(0) if left else "none"
            self.send_response(503 if trouble == "busy" else 200)
            self.send_header("Content-Length", str(len(whole)))
            self.send_header("X-SHA256", hashlib.sha256(whole).hexdigest())
            self.end_headers()
            self.wfile.write(bodies.get(trouble, whole))

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=[0.01]).start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def main() -> None:
    """Ask a server that gets well in time, and one that does not."""
    for troubles in (["busy", "cut", "spoilt"], ["busy"] * 10):
        with serving(DATA, *troubles) as host:
            download = flow.run(host=host)
        for number, each in enumerate(flow.get_history("check"), start=1):
            print(f"attempt {number}: {each.fault or 'all is well'}")
        print("given up" if download.fault else f"{len(download.body)} bytes")


if __name__ == "__main__":
    main()
