"""Maps of random shape give in every mode what nested loops give."""

from hypothesis import given, settings
from hypothesis import strategies as st

from fast_dag import DAG
from tests.conformance.modes import ALL, SEQUENTIAL, as_async

FORMS = (list, tuple, iter)


class Broken(Exception):
    pass


def shapes(depth):
    """Lists of small numbers, *depth* levels deep."""
    shape = st.integers(0, 4)
    for _ in range(depth):
        shape = st.lists(shape, max_size=3)
    return shape


@st.composite
def cases(draw):
    """Numbers some levels deep, which of them fail, and what a map of them is told."""
    depth = draw(st.integers(1, 3))
    return {
        "depth": depth,
        "value": draw(shapes(depth)),
        "forms": draw(st.lists(st.sampled_from(FORMS), min_size=depth, max_size=depth)),
        "failing": draw(st.sets(st.integers(0, 4), max_size=2)),
        "item_errors": draw(st.sampled_from(["fail", "skip", "none", "return"])),
        "max_concurrency": draw(st.sampled_from([None, None, 1, 2])),
        "workers": draw(st.sampled_from([None, 1, 2, 3])),
        "is_async": draw(st.booleans()),
        "is_nested": draw(st.booleans()),
    }


def formed(value, forms):
    """*value* with the levels in these forms, made anew."""
    if not forms:
        return value
    return forms[0]([formed(inner, forms[1:]) for inner in value])


def workflow(case):
    dag = DAG("map")

    def function(item):
        if item in case["failing"]:
            raise Broken(item)
        return -item

    called = as_async(function) if case["is_async"] else function
    names = ("depth", "item_errors", "max_concurrency")
    options = {"map": "item", **{name: case[name] for name in names}}
    if case["is_nested"]:
        inner = DAG("inner")
        inner.node(called, name="f")
        dag.add_dag("sub", inner, **options)
    else:
        dag.node(called, name="f", **options)
    return dag


def looped(value, depth, case, index=()):
    """What nested loops give: a list of the same shape, with failures as their index."""
    made = []
    for number, item in enumerate(value):
        place = (*index, number)
        if depth > 1:
            made.append(looped(item, depth - 1, case, place))
        elif item not in case["failing"]:
            made.append(-item)
        elif case["item_errors"] == "fail":
            raise LookupError(place)
        elif case["item_errors"] != "skip":
            made.append(None if case["item_errors"] == "none" else f"Broken {item}")
    return made


def expected(case):
    try:
        return looped(case["value"], case["depth"], case)
    except LookupError as error:
        (place,) = error.args
        return "raised", place[0] if case["depth"] == 1 else place


def shown(value):
    if isinstance(value, list):
        return [shown(inner) for inner in value]
    # A run inside hands out the error as it leaves that run.
    original = getattr(value, "original_error", None) or value
    return f"Broken {original.args[0]}" if isinstance(original, Broken) else value


def run_in(mode, case):
    options = {} if mode is SEQUENTIAL or case["workers"] is None else {"max_workers": case["workers"]}
    try:
        return shown(mode(workflow(case), item=formed(case["value"], case["forms"]), **options))
    except Broken as error:
        return "raised", error.index


@settings(max_examples=60)
@given(cases())
def test_every_mode_gives_what_nested_loops_give(case):
    assert {str(mode): run_in(mode, case) for mode in ALL} == {str(mode): expected(case) for mode in ALL}
