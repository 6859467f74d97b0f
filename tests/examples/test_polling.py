import asyncio

import pytest

from fast_dag import MaxIterationsError


@pytest.mark.parametrize("mode", ["sequential", "parallel", "async"])
def test_it_asks_until_the_job_is_complete(example, mode):
    flow = example["flow"]
    with example["serving"](slice_size=100) as host:
        flow.run(host=host, limit=250, mode=mode)
    assert flow.context.metadata["job"]["primes"] == 53
    assert flow.state_history == ["submit", "check", "wait", "check", "wait", "check"]
    assert flow.is_terminated


def test_a_job_that_has_failed_is_not_waited_for(example):
    flow = example["flow"]
    with example["serving"]() as host:
        flow.run(host=host, limit=-1)
    assert flow.context.metadata["job"]["status"] == "failed"
    assert flow.state_history == ["submit", "check"]


def test_a_job_that_takes_too_long_is_left_at_the_cap(example):
    with (
        example["serving"](slice_size=1) as host,
        pytest.raises(MaxIterationsError, match="at 'wait'") as caught,
    ):
        example["flow"].run(host=host, limit=1000, max_cycles=10)
    assert caught.value.visits == {"submit": 1, "check": 5, "wait": 4}


def test_jobs_that_are_waited_for_at_once_do_not_mix(example):
    limits = [100, 4100, 2100, 6100]
    lines = asyncio.run(example["several"](*limits))
    assert [line.split()[1:4] for line in lines] == [
        [f"{limit}:", "complete,", str(sum(map(example["is_prime"], range(2, limit))))] for limit in limits
    ]
    assert [int(line.split()[-1]) for line in lines] == [1, 3, 2, 4]


def test_main_tells_of_three_jobs(example, capsys):
    example["main"]()
    assert capsys.readouterr().out.splitlines() == [
        "below 10000: complete, 1229 primes, questions asked: 5",
        "below 1000: complete, 168 primes, questions asked: 1",
        "below -1: failed, 0 primes, questions asked: 1",
    ]
