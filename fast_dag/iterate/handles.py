"""What a session hands out: an input to send to, and a probe that tells what can still come."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Any, Protocol

from fast_dag.checks import check_int, check_seconds
from fast_dag.iterate.progress import Input, Progress
from fast_dag.iterate.sent import Sent
from fast_dag.run.brief import brief
from fast_dag.values import LogicalTime

Time = LogicalTime | tuple[int, ...]


class InputHandle:
    """One input of a session; `Session.input` makes it.

    Parameters:
        about: where it stands.
        change: holds the session while something about it changes, and tells those who wait.
        facts: makes a list of what is sent to a delta variable; raises where it cannot be.
    """

    def __init__(
        self,
        about: Input,
        change: Callable[[], AbstractContextManager[Progress]],
        facts: Callable[[Any], list[Any]],
    ) -> None:
        self._about, self._change, self._facts = about, change, facts

    def __repr__(self) -> str:
        state = "closed" if self._about.is_closed else f"at epoch {self._about.epoch}"
        return f"<{self._about.kind} input {self._about.name!r}, {state}>"

    @property
    def epoch(self) -> int:
        """The epoch that what is sent now belongs to."""
        return self._about.epoch

    @property
    def is_closed(self) -> bool:
        """Whether nothing more can be sent."""
        return self._about.is_closed

    def send(self, value: Any) -> None:
        """Send a value, of a stream one item, of a delta variable one fact.

        Raises:
            ValueError: it is closed, or a value input has its value for this epoch.
            TypeError: the fact is not hashable, or no pair of key and value.
        """
        self.send_many([value])

    def send_many(self, values: Iterable[Any]) -> None:
        """Send several items or facts: all of them, or none if one of them cannot be sent.

        Parameters:
            values: for a delta variable with values by key also a mapping.

        Raises:
            As `send`.
        """
        about, given = self._about, self._listed(values)
        with self._change() as progress:
            if about.is_closed or progress.is_over:
                consequence = f"{brief(given[0])} cannot be sent" if given else "nothing can be sent"
                raise self._over(consequence)
            sent = about.sent.get(about.epoch)
            if about.kind == "value" and len(given) + (sent is not None) > 1:
                remedy = f"advance_to({about.epoch + 1}) first, or input({about.name!r}, stream=True)"
                msg = f"input {about.name!r} takes one value in epoch {about.epoch}: {remedy}"
                raise ValueError(msg)
            if given:
                about.sent.setdefault(about.epoch, Sent(about.kind)).items.extend(given)
                progress.leave(about.epoch)

    def advance_to(self, epoch: int) -> None:
        """Promise that nothing more comes for epochs before *epoch*; what is sent from now on belongs there.

        Raises:
            ValueError: the input stands at a later epoch, or is closed.
        """
        check_int("epoch", epoch, 0)
        with self._change() as progress:
            about = self._about
            if epoch < about.epoch:
                msg = (
                    f"epochs must be monotonic: input {about.name!r} is at {about.epoch}, not before {epoch}"
                )
                raise ValueError(msg)
            if about.is_closed or progress.is_over:
                consequence = f"it cannot advance to epoch {epoch}"
                raise self._over(consequence)
            if epoch > about.epoch:
                progress.leave(about.epoch)
                about.epoch = epoch

    def close(self) -> None:
        """Promise that nothing more comes at all; closing it again changes nothing."""
        with self._change():
            self._about.is_closed = True

    def _listed(self, values: Any) -> list[Any]:
        if self._about.kind == "delta":
            return self._facts(values)
        if not isinstance(values, Iterable):
            msg = (
                f"send_many of input {self._about.name!r} takes several values, got {brief(values)}: use send"
            )
            raise TypeError(msg)
        return list(values)

    def _over(self, consequence: str) -> ValueError:
        why = f"input {self._about.name!r} is closed" if self._about.is_closed else "the session is over"
        return ValueError(f"{why}, so {consequence}: open another session")


class Working(Protocol):
    """What a probe asks: a session."""

    def frontier(self) -> int | None:
        """The first epoch in which something may still come, None if nothing can."""

    def work(self, until: Callable[[], bool], timeout: float | None) -> bool:
        """Do the work that is possible, and wait for more, until something holds; whether it does."""

    async def work_async(self, until: Callable[[], bool]) -> None:
        """As `work`, on the running event loop."""


class Probe:
    """Tells which times can still come at one node; `Session.probe` makes it.

    Times have the epoch, and a round for each cycle around the node.
    """

    def __init__(self, node: str, depth: int, session: Working) -> None:
        self._node, self._depth, self._session = node, depth, session

    def __repr__(self) -> str:
        return f"<probe at {self._node!r}, frontier {self.frontier()}>"

    def frontier(self) -> list[LogicalTime]:
        """The minimal times that can still come, none if nothing can."""
        epoch = self._session.frontier()
        return [] if epoch is None else [LogicalTime(epoch, *[1] * self._depth)]

    def less_equal(self, time: Time) -> bool:
        """Whether something at *time* or before can still come; once that is False, it stays so.

        Raises:
            ValueError: *time* is none at this node.
        """
        wanted = self._checked(time)
        return any(each.less_equal(wanted) for each in self.frontier())

    def less_than(self, time: Time) -> bool:
        """Whether something before *time* can still come; errors as for `less_equal`."""
        wanted = self._checked(time)
        return any(each.less_equal(wanted) and each != wanted for each in self.frontier())

    def wait(self, time: Time, timeout: float | None = None) -> bool:
        """Do the work that `drain` would, and wait for other threads to send, until *time* has passed.

        Parameters:
            time: one at this node.
            timeout: seconds, None for as long as it takes; an epoch that has begun is not cut short.

        Returns:
            Whether it has passed.

        Raises:
            ValueError: *time* is none at this node, or *timeout* no number of seconds.
        """
        self._checked(time)
        if timeout is not None:
            check_seconds("timeout", timeout, positive=False)
        return self._session.work(lambda: not self.less_equal(time), timeout)

    async def reached(self, time: Time) -> None:
        """Do the work that `drain_async` would, and wait for others to send, until *time* has passed."""
        self._checked(time)
        await self._session.work_async(lambda: not self.less_equal(time))

    def _checked(self, time: Time) -> LogicalTime:
        if not isinstance(time, tuple) or len(time) != self._depth + 1:
            rounds = "".join(f", round{number}" for number in range(1, self._depth + 1))
            msg = f"times at {self._node!r} are (epoch{rounds or ','}), got {time!r}"
            raise ValueError(msg)
        return LogicalTime(*time)
