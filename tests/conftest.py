"""Settings that hold for all tests."""

import gc
import os

import pytest
from hypothesis import settings

# No deadline: a shared machine stalls now and then, and every test has a time-out anyway.
settings.register_profile("here", deadline=None, print_blob=True)
settings.register_profile("ci", deadline=None, print_blob=True, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")


def pytest_collection_modifyitems(items):
    """Refuse names that are others in each process: `make test` spreads the tests over several."""
    for item in items:
        if " at 0x" in item.nodeid:
            raise pytest.UsageError(f"the name of {item.nodeid} has an address in it: give it ids of its own")


def pytest_collection_finish():
    """Keep the garbage collector from looking through ten thousand collected tests again and again."""
    gc.collect()
    gc.freeze()
