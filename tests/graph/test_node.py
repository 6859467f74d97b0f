"""A node: a function, its ports, its settings; callable and picklable."""

import copy
import functools
import pickle

import pytest

from fast_dag import DAG, Context, InvalidNodeError, Node, NodeType, UnknownOptionError

flow = DAG("flow")


@flow.node
def load(path: str, rows: int = 10) -> list:
    """Read the rows.

    One by one.
    """
    return [path] * rows


@flow.node(name="saving")
def save(rows):
    return len(rows)


def plain(x):
    return x


renamed = Node(plain, name="other")


class Tool:
    @flow.node(name="cut", inputs=["tool", "length"])
    def cut(self, length):
        return length / 2


def returning(node_type, **options):
    return Node(plain, node_type=node_type, **options)


def test_calling_a_node_calls_the_function():
    assert load("a", rows=2) == ["a", "a"]


def test_calling_a_node_retries_nothing():
    calls = []

    def fail():
        calls.append(1)
        raise OSError(2, "away")

    with pytest.raises(OSError, match="away"):
        Node(fail, retry=3)()
    assert len(calls) == 1


def test_calling_a_node_injects_nothing():
    def use(context):
        return context

    with pytest.raises(TypeError, match="context"):
        Node(use)()


def test_a_node_keeps_the_metadata_of_its_function():
    assert (load.__name__, load.__module__, load.__annotations__["path"]) == ("load", __name__, str)


def test_a_node_keeps_the_docstring_of_its_function():
    assert load.__doc__.startswith("Read the rows.")


def test_a_node_that_is_a_method_binds_its_instance():
    assert Tool().cut(6) == 3


def test_a_node_looked_up_on_its_class_is_the_node():
    assert isinstance(Tool.cut, Node)


@pytest.mark.parametrize("node", [load, save])
def test_a_node_bound_to_a_module_level_name_pickles_by_that_name(node):
    assert pickle.loads(pickle.dumps(node)) is node  # noqa: S301 - our own bytes


def test_a_node_under_another_name_than_its_functions_does_not_pickle():
    with pytest.raises(pickle.PicklingError, match="plain"):
        pickle.dumps(renamed)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_copying_a_node_gives_the_node(copied):
    assert copied(load) is load


def test_a_node_is_named_like_its_function():
    assert Node(plain).name == "plain"


def test_a_callable_object_is_named_like_its_class():
    class Scale:
        def __call__(self, x):
            return x

    assert Node(Scale()).name == "Scale"


def test_a_partial_is_named_like_its_function():
    assert Node(functools.partial(functools.partial(plain))).name == "plain"


@pytest.mark.parametrize("name", ["", "a.b", ".", "__end__", 5, b"x", ("a",)])
def test_what_cannot_be_a_name_is_refused(name):
    with pytest.raises(InvalidNodeError, match="cannot be a node's name"):
        Node(plain, name=name)


@pytest.mark.parametrize("name", ["with space", "größe", "class", "__init__"])
def test_any_other_text_may_be_a_name(name):
    assert Node(plain, name=name).name == name


def test_a_lambda_needs_a_name():
    with pytest.raises(InvalidNodeError, match="give name="):
        Node(lambda x: x)


def test_a_lambda_with_a_name_is_a_node():
    assert Node(lambda x: x, name="same")(3) == 3


@pytest.mark.parametrize("thing", [None, 5, "text", []])
def test_what_cannot_be_called_cannot_be_a_node(thing):
    with pytest.raises(InvalidNodeError, match="not callable"):
        Node(thing)


def test_an_unknown_node_type_is_a_value_error():
    with pytest.raises(ValueError, match="stateful"):
        Node(plain, node_type="stateful")


@pytest.mark.parametrize("node_type", ["standard", "conditional", "select", "any", "all"])
def test_a_node_type_given_as_text_is_the_member(node_type):
    assert returning(node_type).node_type is NodeType(node_type)


def test_the_description_is_the_first_line_of_the_docstring():
    assert load.description == "Read the rows."


def test_a_function_without_a_docstring_has_no_description():
    assert Node(plain).description is None


def test_a_blank_docstring_is_no_description():
    def silent():
        """ """

    assert Node(silent).description is None


def test_a_description_that_is_given_counts():
    assert Node(plain, description="As it is").description == "As it is"


def test_metadata_is_a_copy_of_what_was_given():
    given = {"owner": "me"}
    node = Node(plain, metadata=given)
    given["owner"] = "you"
    assert node.metadata == {"owner": "me"}


def test_without_outputs_there_is_one_called_result():
    assert Node(plain).outputs == ("result",)


def test_a_tuple_annotation_alone_gives_one_output():
    def split() -> tuple[int, int]:
        return 1, 2

    assert Node(split).outputs == ("result",)


def test_outputs_that_are_given_are_the_outputs():
    assert Node(plain, outputs=["low", "high"]).outputs == ("low", "high")


@pytest.mark.parametrize("option", ["inputs", "outputs"])
@pytest.mark.parametrize("names", [5, [1], [""], {"a", "b"}, {"a": 1}, b"a"], ids=type)
def test_what_is_no_list_of_names_is_refused(option, names):
    with pytest.raises(ValueError, match=f"{option} of 'load' must be a list of names, got "):
        Node(load.func, **{option: names})


@pytest.mark.parametrize("option", ["inputs", "outputs"])
def test_a_single_name_is_no_list_and_the_error_says_how_to_write_one(option):
    with pytest.raises(ValueError, match=rf"got 'rows': write {option}=\['rows'\]"):
        Node(load.func, **{option: "rows"})


def test_an_output_named_twice_is_refused():
    with pytest.raises(ValueError, match=r"outputs=\['a', 'a'\] of 'load' has a name twice"):
        Node(load.func, outputs=["a", "a"])


def test_metadata_that_are_no_mapping_are_refused():
    with pytest.raises(ValueError, match="metadata of 'load' must map names to values, got 5"):
        Node(load.func, metadata=5)


def test_other_outputs_than_its_branches_cannot_be_given_to_a_condition():
    assert returning("conditional", outputs=["true", "false"]).outputs == ("true", "false")
    with pytest.raises(ValueError, match=r"condition 'plain' has the outputs true and false, not \['yes'\]"):
        returning("conditional", outputs=["yes"])


def test_a_condition_has_two_outputs():
    assert returning("conditional").outputs == ("true", "false")


@pytest.mark.parametrize("member", ["name", "func", "inputs", "outputs", "node_type", "settings", "is_async"])
def test_a_member_of_a_node_cannot_be_set(member):
    with pytest.raises(AttributeError):
        setattr(load, member, None)


def test_the_function_is_kept_as_it_was_given():
    assert Node(plain).func is plain


def test_an_async_function_makes_an_async_node():
    async def fetch():
        return 1

    assert Node(fetch).is_async


def test_a_sync_wrapper_around_an_async_function_decides_that_the_node_is_sync():
    async def fetch():
        return 1

    @functools.wraps(fetch)
    def wrapper():
        return fetch()

    assert not Node(wrapper).is_async


def test_a_node_that_takes_the_context_has_it():
    def use(x, context):
        return context

    assert Node(use).has_context


def test_a_node_without_a_context_parameter_has_none():
    assert not Node(plain).has_context


def test_an_injected_parameter_is_no_port():
    def use(x, surroundings: Context):
        return surroundings

    assert list(Node(use).input_ports) == ["x"]


def test_an_input_port_is_found_by_name():
    assert repr(load.input_ports["rows"]) == "load.rows"


def test_an_output_port_is_found_by_name():
    assert repr(load.output_ports["result"]) == "load.result"


def test_an_unknown_input_port_is_a_key_error_that_lists_the_ports():
    with pytest.raises(KeyError, match="'load' has no input 'file'; it has path, rows"):
        load.input_ports["file"]


def test_an_unknown_output_port_is_a_key_error_that_lists_the_ports():
    with pytest.raises(KeyError, match="'load' has no output 'rows'; it has result"):
        load.output_ports["rows"]


def test_a_function_of_any_name_has_any_input_port():
    def take(**values):
        return values

    assert repr(Node(take).input_ports["anything"]) == "take.anything"


def test_a_condition_has_a_branch_for_each_answer():
    check = returning("conditional")
    assert [repr(check.on_true), repr(check.on_false)] == ["plain.true", "plain.false"]


def test_the_branches_of_a_condition_are_found_by_label():
    assert list(returning("conditional").branches) == ["true", "false"]


def test_an_unknown_branch_of_a_condition_is_a_key_error():
    with pytest.raises(KeyError, match="'plain' has no branch 'maybe'; it has true, false"):
        returning("conditional").branches["maybe"]


def test_a_select_without_declared_outputs_has_any_branch():
    assert repr(returning("select").branches["left"]) == "plain.left"


def test_a_select_with_declared_outputs_has_those_and_a_default():
    assert list(returning("select", outputs=["left", "right"]).branches) == ["left", "right", "default"]


def test_an_undeclared_branch_of_a_select_is_a_key_error():
    with pytest.raises(KeyError, match="'plain' has no branch 'up'; it has left, right"):
        returning("select", outputs=["left", "right"]).branches["up"]


@pytest.mark.parametrize("node_type", ["standard", "any", "all"])
def test_a_node_that_does_not_choose_has_no_branches(node_type):
    with pytest.raises(InvalidNodeError, match="no condition or select node"):
        _ = returning(node_type).branches


@pytest.mark.parametrize("side", ["on_true", "on_false"])
def test_a_select_has_no_side_of_a_condition(side):
    with pytest.raises(InvalidNodeError, match="no condition node"):
        getattr(returning("select"), side)


def test_an_attribute_of_a_callable_object_never_hides_one_of_the_node():
    class Scale:
        def __init__(self):
            self._name, self._settings, self.graph = "mine", "mine", "mine"

        def __call__(self, x):
            return x

    node = Node(Scale())
    assert (node.name, node.settings.retry, node.graph) == ("Scale", 1, None)


def test_replace_is_no_setting_of_a_node():
    with pytest.raises(UnknownOptionError, match="'replace'"):
        Node(plain, replace=True)


def test_a_node_shows_its_name_and_type():
    assert repr(returning("any")) == "<Node 'plain' (any)>"
