"""A cycle with a node before and one behind it, whose runs are interrupted and gone on with."""

import dataclasses

from fast_dag import DAG, ConditionalReturn
from fast_dag.run.cycle_context import CycleContext


def told(result):
    """What is to be the same in both runs: everything but id and time."""
    found = {each.name: getattr(result, each.name) for each in dataclasses.fields(result)}
    return {name: value for name, value in found.items() if name not in ("run_id", "execution_time_seconds")}


def walk(fails_at=None, inner=None, checker=None, **config):
    """The DAG, and the calls that were made.

    *inner* are the settings of a cycle inside its cycle, if there is to be one, *checker* decides about it.
    """
    made = []
    dag = DAG("wf")

    @dag.node
    def before(seed=1):
        made.append("before")
        return seed

    @dag.node
    def step(before, ctx: CycleContext, value=0):
        made.append("step")
        if value == fails_at:
            raise OSError("power cut")
        ctx.state["sum"] = ctx.state.get("sum", 0) + value
        ctx.shared["last"] = (value, {value})
        ctx.accumulate("log", value, max_history=3)
        return {"value": value + before, "quality": (value * 7) % 11}

    @dag.node
    def score(step):
        return {"total": step["value"] * 1.5}

    @dag.node
    def after(score, before):
        return score["total"] + before

    dag.connect("before", "step").connect("score", "after").connect("before", "after")
    if inner is None:
        dag.connect("step", "score")
    else:
        nest(dag, inner)
    if checker is not None:
        dag.add_node("check", checker)
        dag.connect("step", "check", output="quality", input="quality")
        dag.connect("score", "check", output="total", input="total")
    dag.feedback("step", "step", output="value", input="value", cycle="walk")
    dag.feedback("score", "step", signal=True, cycle="walk")
    with dag.cycle("walk", **{"max_iterations": 8, "on_limit": "return", **config}):
        pass
    return dag, made


def nest(dag, settings):
    """Put a cycle between step and score; its state is asked for in two of three iterations around it."""

    @dag.node
    def refine(step, back=0):
        return {"value": step["value"] + back / 2, "asks": step["value"] % 3 > 0}

    @dag.condition
    def asks(refine):
        return ConditionalReturn(refine["asks"], refine)

    @dag.node
    def note(refine, ctx: CycleContext):
        ctx.shared["times"] = ctx.shared.get("times", 0) + 1
        return sum(ctx.accumulate("seen", refine["value"], max_history=4)) + ctx.shared["times"]

    @dag.node
    def settle(refine, note=0.5):
        return {"value": refine["value"] + note, "noted": note}

    dag.connect("step", "refine").connect("refine", "asks", input="refine")
    dag.connect("asks", "note", output="true", input="refine").connect("refine", "settle")
    dag.connect("note", "settle").connect("settle", "score", input="step")
    dag.feedback("settle", "refine", output="value", input="back", cycle="inner")
    with dag.cycle("inner", **{"max_iterations": 2, "on_limit": "return", **settings}):
        pass
