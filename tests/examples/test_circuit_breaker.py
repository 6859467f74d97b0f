from types import SimpleNamespace

import pytest


@pytest.fixture
def shop(example):
    """The shop of the example, with a clock in the hands of the test, and a price in crowns."""
    clock = SimpleNamespace(now=0.0)
    service = example["RateService"]()
    breaker = example["CircuitBreaker"](threshold=3, pause=5.0, clock=lambda: clock.now)
    flow = example["shop"](service, breaker)

    def price(**options):
        return flow.run(currency="SEK", euros=2.0, **options)

    return SimpleNamespace(clock=clock, service=service, breaker=breaker, flow=flow, price=price)


def break_down(shop):
    """Let the service fail until the breaker is open."""
    shop.service.is_up = False
    for _ in range(3):
        shop.price()


def test_a_service_that_answers_is_asked_each_time(shop):
    assert [shop.price() for _ in range(3)] == [23.0] * 3
    assert shop.service.calls == 3
    assert shop.breaker.state == "closed"


def test_while_the_service_fails_the_last_rate_it_gave_is_used(shop):
    shop.service.rates["SEK"] = 12.0
    shop.price()
    shop.service.rates["SEK"] = 13.0
    shop.service.is_up = False
    assert shop.price() == 24.0


@pytest.mark.parametrize("mode", ["sequential", "parallel", "async"])
def test_after_3_failures_the_service_is_left_in_peace(shop, mode):
    break_down(shop)
    assert shop.breaker.state == "open"
    assert shop.price(mode=mode) == 20.0
    assert shop.service.calls == 3


def test_a_success_in_between_starts_the_count_again(shop):
    for is_up in (False, False, True, False, False):
        shop.service.is_up = is_up
        shop.price()
    assert shop.breaker.state == "closed"


def test_after_the_pause_a_single_success_closes_the_breaker(shop):
    break_down(shop)
    shop.clock.now = 4.9
    assert shop.breaker.state == "open"
    shop.clock.now = 5.0
    assert shop.breaker.state == "half-open"
    shop.service.is_up = True
    assert shop.price() == 23.0
    assert shop.breaker.state == "closed"


def test_after_the_pause_a_single_failure_opens_the_breaker_for_another_pause(shop):
    break_down(shop)
    shop.clock.now = 6.0
    shop.price()
    assert shop.service.calls == 4
    shop.clock.now = 10.9
    assert shop.breaker.state == "open"
    shop.clock.now = 11.0
    assert shop.breaker.state == "half-open"


def test_a_half_open_breaker_lets_one_call_through(example):
    def ask():
        if is_nested:
            with pytest.raises(example["CircuitOpenError"]):
                guarded()
            return "answer"
        raise ConnectionError

    is_nested = False
    breaker = example["CircuitBreaker"](threshold=1, pause=0.0)
    guarded = breaker(ask)
    with pytest.raises(ConnectionError):
        guarded()
    is_nested = True
    assert guarded() == "answer"
    assert breaker.state == "closed"


def test_other_errors_are_not_answered_with_an_old_rate(shop):
    with pytest.raises(KeyError, match="USD"):
        shop.flow.run(currency="USD", euros=1.0)


def test_main_leaves_the_service_in_peace_until_the_pause_is_over(example, capsys):
    example["main"]()
    lines = capsys.readouterr().out.splitlines()
    states = [line.split()[4] for line in lines]
    assert states == ["closed"] * 5 + ["open"] * 4 + ["half-open"] + ["closed"] * 5
    assert lines[-1].endswith("asked 11 times")
