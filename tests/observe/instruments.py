"""Instruments whose readings a test sets, and workflows that change them."""

from fast_dag import DAG
from fast_dag.observe.sampling import Instruments


class Readings:
    """What the instruments show."""

    def __init__(self, memory=100.0, cpu=0.0, time=0.0):
        self.memory, self.cpu, self.time = memory, cpu, time

    def instruments(self, *, has_memory=True):
        return Instruments(
            memory=(lambda: self.memory) if has_memory else None,
            cpu=lambda: self.cpu,
            clock=lambda: self.time,
            now=lambda: 1000.0 + self.time,
        )

    def go(self, seconds=1.0, *, memory=0.0, cpu=0.0):
        """Let time pass, and something be used meanwhile."""
        self.time += seconds
        self.memory += memory
        self.cpu += cpu


def counting(count=lambda value: value + 1, **settings):
    """A DAG that calls *count* in a cycle, and multiplies what comes out by ten."""
    dag = DAG("wf")
    dag.add_node("count", lambda value=0: count(value))
    dag.add_node("after", lambda count: count * 10).connect("count", "after")
    with dag.cycle("loop", **{"max_iterations": 8, **settings}) as cycle:
        cycle.feedback("count", "count", input="value")
    return dag
