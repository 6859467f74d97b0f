"""A service that keeps failing is left in peace for a while: a circuit breaker around a node."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from fast_dag import DAG, Node

P = ParamSpec("P")
R = TypeVar("R")


class CircuitOpenError(Exception):
    """The service has failed so often that it is not asked now."""


class CircuitBreaker:
    """A decorator that refuses calls of what keeps failing.

    After *threshold* failures in a row it is open, and refuses every call.  *pause* seconds later it is
    half-open: it lets a single call through, which closes it or opens it again.
    """

    def __init__(self, threshold: int, pause: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.threshold, self.pause, self.clock = threshold, pause, clock
        self.failures, self.opened_at, self.is_trying = 0, 0.0, False
        self.lock = threading.Lock()  # nodes that share a breaker may run at once

    @property
    def state(self) -> str:
        """Whether it is closed, open or half-open."""
        if self.failures < self.threshold:
            return "closed"
        return "open" if self.clock() - self.opened_at < self.pause else "half-open"

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """Guard *function*."""

        @wraps(function)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            self.admit()
            try:
                result = function(*args, **kwargs)
            except BaseException:
                self.note(failed=True)
                raise
            self.note(failed=False)
            return result

        return guarded

    def admit(self) -> None:
        """Let a call pass, or refuse it."""
        with self.lock:
            if self.state == "open" or self.is_trying:
                raise CircuitOpenError(f"{self.failures} failures in a row")
            self.is_trying = self.state == "half-open"

    def note(self, *, failed: bool) -> None:
        """Count failures in a row."""
        with self.lock:
            self.failures = self.failures + 1 if failed else 0
            self.opened_at, self.is_trying = self.clock(), False


class RateService:
    """Exchange rates over a network that is down now and then."""

    def __init__(self) -> None:
        self.is_up, self.calls = True, 0
        self.rates = {"CHF": 0.95, "SEK": 11.5}

    def ask(self, currency: str) -> float:
        """Give the rate of *currency*."""
        self.calls += 1
        if not self.is_up:
            raise ConnectionError("no answer")
        return self.rates[currency]


def shop(service: RateService, breaker: CircuitBreaker) -> DAG:
    """Build the workflow that gives a price in another currency, with a rate that may be an old one."""
    flow, known = DAG("shop"), {"CHF": 1.0, "SEK": 10.0}

    @flow.node
    @breaker
    def rate(currency: str) -> float:
        known[currency] = service.ask(currency)
        return known[currency]

    @flow.node
    def price(rate: float, euros: float) -> float:
        return round(euros * rate, 2)

    def last_known(_: Node[..., Any], inputs: dict[str, Any], error: Exception) -> float:
        if not isinstance(error, CircuitOpenError | ConnectionError):
            raise error
        return known[inputs["currency"]]

    flow.set_node_error_handler("rate", last_known)
    rate >> price
    return flow


def main() -> None:
    """Let a quarter of an hour pass, in which the service is down from the 2nd to the 7th minute."""
    minutes = 0.0
    service, breaker = RateService(), CircuitBreaker(threshold=3, pause=5.0, clock=lambda: minutes)
    flow = shop(service, breaker)
    for minute in range(15):
        minutes = float(minute)
        service.is_up = not 2 <= minute <= 7
        service.rates["SEK"] += 0.01
        before = breaker.state
        price = flow.run(currency="SEK", euros=20.0)
        print(f"minute {minute:2}  {price:6.2f} SEK  {before:9}  asked {service.calls} times")


if __name__ == "__main__":
    main()
