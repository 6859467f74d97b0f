"""Methods, bound and decorated, keep their signature."""

from typing import assert_type

from fast_dag import DAG

dag = DAG("scales")


class Scale:
    def __init__(self, factor: float) -> None:
        self.factor = factor

    def stretch(self, length: float) -> float:
        return self.factor * length

    @dag.node
    def weigh(self, weight: float) -> str:
        return f"{self.factor * weight} kg"


stretch = dag.node(Scale(2.0).stretch)
assert_type(stretch(1.0), float)
assert_type(Scale(2.0).weigh(1.0), str)

stretch("1")  # error: "float"
Scale.weigh(Scale(2.0))  # error: "weight"
