"""What every block of the guide has before it begins."""

import threading

import pytest

from fast_dag import DAG


@pytest.fixture
def dag():
    return DAG("guide")


@pytest.fixture(params=["sequential", "parallel", "async"])
def mode(request):
    return request.param


@pytest.fixture
def gate():
    """An event for sync nodes that are to be stuck; the end of the test sets it."""
    event = threading.Event()
    yield event
    event.set()
