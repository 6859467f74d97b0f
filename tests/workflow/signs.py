"""A workflow with a branch, to go through step by step."""

from fast_dag import DAG


def signs(name, called):
    """sign -> positive or negative -> told; each says in *called* that it was called."""
    dag = DAG(name)

    @dag.condition
    def sign(number):
        called.append("sign")
        return number > 0

    @dag.node
    def negative(number):
        called.append("negative")
        return "-"

    @dag.node
    async def positive(number):
        called.append("positive")
        return "+"

    @dag.any
    def told(text):
        called.append("told")
        return text * 3

    sign.on_true >> positive
    sign.on_false >> negative
    [negative, positive] >> told
    return dag
