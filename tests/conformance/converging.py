"""Small cycles that go round until something ends them."""

from fast_dag import DAG


def result_of(dag, cycle="loop"):
    return dag.context.metadata["cycles"][cycle]


def ended(dag, cycle="loop"):
    """Why and when a cycle ended."""
    result = result_of(dag, cycle)
    return result.reason, result.reason_detail, result.total_iterations, result.converged


def looped(kind, function, **settings):
    """One node that feeds its own x."""
    dag = DAG("looped")
    dag.node(kind(function), name="node")
    with dag.cycle("loop", **settings) as cycle:
        cycle.feedback("node", "node", input="x")
    return dag


def counting(kind, **settings):
    """A node that adds one to its metric count."""
    dag = DAG("counting")
    dag.node(kind(lambda count=0: {"count": count + 1}), name="counter")
    with dag.cycle("loop", **settings) as cycle:
        cycle.feedback("counter", "counter", output="count", input="count")
    return dag


def following(kind, series, **settings):
    """A node that gives one number of *series* after the other, as its metric m."""

    def give(last=None):
        place = 0 if last is None else last["place"] + 1
        return {"m": series[place], "place": place}

    dag = DAG("following")
    dag.node(kind(give), name="give")
    with dag.cycle("loop", **{"max_iterations": len(series)} | settings) as cycle:
        cycle.feedback("give", "give", input="last")
    return dag
