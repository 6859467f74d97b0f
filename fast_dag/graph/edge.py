"""An edge from an output of one node to an input of another."""

from __future__ import annotations

from typing import NamedTuple, Self

WHOLE = "result"
"""The output that is the whole value, of a node that declares no output of that name."""
RESULT_OR_WHOLE = "result?"
"""The output that is the key ``result`` of a mapping that has it, and of every other value the whole."""


class Facts(str):
    """The output that is what a *cycle* has gathered of the delta variable at an *input* of the source."""

    __slots__ = ("cycle", "input")

    cycle: str
    input: str

    def __new__(cls, cycle: str, input: str) -> Self:  # noqa: D102 - the class says it
        made = super().__new__(cls, f"{cycle}.{input}")
        made.cycle, made.input = cycle, input
        return made

    def __reduce__(self) -> tuple[type[Facts], tuple[str, str]]:
        return Facts, (self.cycle, self.input)


class Edge(NamedTuple):
    """Where a value goes: *output* of *source* becomes *input* of *target*.

    Into an any or all node with one parameter, *input* is the alias the value arrives under.
    """

    source: str
    output: str
    target: str
    input: str

    @property
    def cycle(self) -> str:
        """The name of the cycle whose facts it takes, "" of any other edge."""
        return self.output.cycle if isinstance(self.output, Facts) else ""

    def __str__(self) -> str:
        start = self.output if isinstance(self.output, Facts) else f"{self.source}.{self.output}"
        return f"{start} -> {self.target}.{self.input}"


class FeedbackEdge(NamedTuple):
    """An edge of a *cycle* that carries a value from one iteration to the next.

    *input* None: chosen when the cycle is looked at as a whole.  A *signal* carries no value, so it has
    neither *output* nor *input*, but for the branch of a router.
    """

    source: str
    output: str
    target: str
    input: str | None
    cycle: str
    optional: bool = False
    signal: bool = False

    def __str__(self) -> str:
        return f"{self.source}->{self.target}"
