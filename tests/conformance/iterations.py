"""Bodies of bounded iterations."""

from fast_dag import DAG


def one(function, name="step", body="body"):
    """An inner graph of one node, whose one parameter is x."""
    return DAG(body).add_node(name, function)


def iterated(function, *, kind=lambda each: each, name="it", **settings):
    """A DAG with an iteration of one node, and a node behind that gives what it gets."""
    dag = DAG("around")
    settings = {"seed": "x", "feedback": "x", "output": "step", **settings}
    dag.iterate(name, one(kind(function)), **settings)
    dag.add_node("behind", kind(lambda value: value))
    return dag.connect(name, "behind")


def info_of(dag, name="it"):
    return dag.context.metadata["cycles"][name]


def ended(dag, name="it"):
    info = info_of(dag, name)
    return info.rounds, info.reason, info.reason_detail
