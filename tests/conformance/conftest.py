"""Every way to run a DAG, so that each test of this folder is run once for each."""

import threading

import pytest

from fast_dag import DAG
from tests.conformance.modes import ALL, ASYNC, CONCURRENT, LEAVING, as_async


@pytest.fixture(scope="session", autouse=True)
def _loaded():
    """What a mode loads on first use is loaded: it takes longer than many a time-out of these tests."""
    dag = DAG("first use")
    first = dag.map(as_async(lambda item: item), name="first", timeout=60)
    first >> dag.node(lambda first: first, name="last", timeout=60)
    for mode in ALL:
        mode(dag, item=[1], timeout=60)


@pytest.fixture(params=ALL, ids=str)
def any_mode(request):
    return request.param


@pytest.fixture(params=CONCURRENT, ids=str)
def concurrent_mode(request):
    return request.param


@pytest.fixture(params=ASYNC, ids=str)
def async_mode(request):
    return request.param


@pytest.fixture(params=LEAVING, ids=str)
def leaving_mode(request):
    """A mode that can leave an async node that does not end."""
    return request.param


@pytest.fixture(params=["sync", "async"])
def kind(request):
    """What turns a plain function into that of a node, sync or async."""
    return as_async if request.param == "async" else lambda function: function


@pytest.fixture
def gate():
    """An event for sync nodes that are to be stuck; the end of the test sets it."""
    event = threading.Event()
    yield event
    event.set()
