"""Functions by name: registering, finding, and the names that lead to a function by themselves."""

import functools
import math

import pytest

from fast_dag import DAG, FastDAGError, Node
from fast_dag.workflow import functions as names
from fast_dag.workflow.functions import FunctionRegistry, as_registry, importable_name

HERE = __name__
DECORATED = DAG("decorated")


def double(x):
    return 2 * x


def triple(x):
    return 3 * x


@DECORATED.node
def quadruple(x):
    return 4 * x


class Holder:
    @staticmethod
    def plain(x):
        return x

    @classmethod
    def of_class(cls, x):
        return x

    def method(self, x):
        return x

    def __call__(self, x):
        return x


shadowed = double


def local_function():
    def inner(x):
        return x

    return inner


@pytest.fixture
def registry():
    return FunctionRegistry()


def test_registering_returns_the_function(registry):
    assert registry.register(double) is double


def test_a_function_is_found_under_module_and_qualified_name(registry):
    registry.register(double)
    assert registry[f"{HERE}:double"] is double


def test_a_name_may_be_given(registry):
    registry.register(double, name="twice")
    assert registry.get("twice") is double


@pytest.mark.parametrize("given", [(), ({"name": None},), ({"unit": "m"},)])
def test_register_is_a_decorator_in_every_form(registry, given):
    decorate = registry.register(**given[0]) if given else registry.register
    assert decorate(double) is double
    assert registry.list_functions() == [f"{HERE}:double"]


def test_the_same_function_may_be_registered_again(registry):
    registry.register(double, unit="m")
    registry.register(double, scale=2)
    assert registry.metadata[f"{HERE}:double"] == {"unit": "m", "scale": 2}


def test_a_bound_method_is_the_same_function_when_it_is_looked_up_again(registry):
    holder = Holder()
    registry.register(holder.method, name="m")
    registry.register(holder.method, name="m")
    assert registry.name_of(holder.method) == "m"


def test_a_taken_name_is_refused_for_another_function(registry):
    registry.register(double, name="twice")
    with pytest.raises(ValueError, match="the name 'twice' is taken by <function double"):
        registry.register(triple, name="twice")


def test_one_function_may_have_several_names_and_is_stored_under_the_first(registry):
    registry.register(double, name="twice")
    registry.register(double, name="double")
    assert (registry.name_of(double), registry["double"]) == ("twice", double)


def test_of_a_node_the_function_is_registered(registry):
    assert registry.register(quadruple) is quadruple
    assert registry[f"{HERE}:quadruple"] is quadruple.func
    assert registry.name_of(quadruple) == registry.name_of(quadruple.func) == f"{HERE}:quadruple"


def test_a_local_function_has_its_own_name_too(registry):
    inner = registry.register(local_function())
    assert registry.name_of(inner) == f"{HERE}:local_function.<locals>.inner"


@pytest.mark.parametrize("nameless", [lambda x: x, functools.partial(double, 1), Holder()])
def test_a_function_without_a_name_needs_one(registry, nameless):
    with pytest.raises(ValueError, match="has no name of its own: give name="):
        registry.register(nameless)
    assert registry.register(nameless, name="f") is nameless


@pytest.mark.parametrize("name", ["", 3])
def test_a_name_is_a_text_that_is_not_empty(registry, name):
    with pytest.raises(ValueError, match="must be a non-empty string"):
        registry.register(double, name=name)


def test_what_is_no_function_is_refused(registry):
    with pytest.raises(ValueError, match="only functions can be registered, got 3"):
        registry.register(3, name="three")


def test_an_unknown_name_is_a_key_error_in_plain_text(registry):
    registry.register(double, name="double")
    with pytest.raises(KeyError) as caught:
        registry["duble"]
    assert str(caught.value) == "function 'duble' is not registered; did you mean 'double'?"
    assert isinstance(caught.value, FastDAGError)


def test_get_gives_a_default(registry):
    assert (registry.get("f"), registry.get("f", double)) == (None, double)


def test_in_asks_for_names(registry):
    registry.register(double, name="twice")
    assert "twice" in registry
    assert "thrice" not in registry


def test_an_empty_registry_counts_as_one(registry):
    assert as_registry(registry) is registry


def test_a_function_nobody_registered_has_no_name(registry):
    assert registry.name_of(double) is None


def test_the_names_are_listed_in_the_order_of_registering(registry):
    registry.register(triple, name="b")
    registry.register(double, name="a")
    assert registry.list_functions() == ["b", "a"]


def test_metadata_is_read_only(registry):
    registry.register(double, name="twice")
    with pytest.raises(TypeError):
        registry.metadata["twice"] = {}


def test_clear_forgets_everything(registry):
    registry.register(double, name="twice", unit="m")
    registry.clear()
    registry.register(triple, name="twice")
    assert (registry.list_functions(), registry.name_of(double)) == (["twice"], None)
    assert registry.metadata == {"twice": {}}


def test_a_dict_of_functions_and_nodes_serves_as_a_registry():
    made = as_registry({"twice": double, "four": quadruple})
    assert (made["twice"], made["four"]) == (double, quadruple.func)


def test_nothing_serves_as_an_empty_registry():
    assert as_registry(None).list_functions() == []


@pytest.mark.parametrize("bad", [[double], "f", 3, {"f": 3}, {3: double}])
def test_anything_else_is_no_registry(bad):
    with pytest.raises(ValueError, match=r"registry must be|only functions|name of a function"):
        as_registry(bad)


@pytest.mark.parametrize("function", [double, Holder.plain, Holder.of_class, math.sqrt, len, ValueError])
def test_a_function_that_its_name_leads_to_has_an_importable_name(function):
    assert importable_name(function) == f"{function.__module__}:{function.__qualname__}"


def test_the_node_around_a_function_at_its_name_counts():
    assert importable_name(quadruple.func) == f"{HERE}:quadruple"


def test_another_name_of_a_function_does_not_matter():
    assert importable_name(shadowed) == f"{HERE}:double"


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x,
        functools.partial(double, 1),
        Holder(),
        Holder().method,
        [].append,
        local_function(),
        Node(lambda x: x, name="f").func,
    ],
)
def test_a_function_that_no_name_leads_to_has_none(function):
    assert importable_name(function) is None


def test_a_name_that_leads_to_another_function_does_not_count():
    def imitation(x):
        return x

    imitation.__module__, imitation.__qualname__ = HERE, "double"
    assert importable_name(imitation) is None


@pytest.mark.parametrize("module", ["no.such.module", None, 3])
def test_a_module_that_is_not_there_is_not_imported(module):
    def stranger(x):
        return x

    stranger.__module__ = module
    assert importable_name(stranger) is None


def test_a_qualified_name_that_ends_in_nothing_does_not_count():
    def stranger(x):
        return x

    stranger.__qualname__ = "Holder.nothing"
    assert importable_name(stranger) is None
    stranger.__qualname__ = "double.nothing"
    assert importable_name(stranger) is None


def test_bound_methods_of_two_objects_differ():
    assert names.identity(Holder().method) != names.identity(Holder().method)
