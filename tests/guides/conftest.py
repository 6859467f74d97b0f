"""What every block of the guide has before it begins."""

import pytest

from fast_dag import DAG


@pytest.fixture
def dag():
    return DAG("guide")


@pytest.fixture(params=["sequential", "parallel", "async"])
def mode(request):
    return request.param
