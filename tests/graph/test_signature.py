"""What a function takes and gives, as the ports of a node."""

import functools
import inspect
from typing import Annotated, Optional, Union

import pytest

import fast_dag  # noqa: F401 - a quoted annotation names it
from fast_dag import Context, InvalidNodeError, Node
from fast_dag import Context as Surroundings  # noqa: F401 - likewise
from fast_dag.graph.signature import is_async_function, origin_name, unwrapped


def plain(function):
    """A decorator that forgets functools.wraps."""

    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)

    return wrapper


def wrapping(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)

    return wrapper


def load(path, rows=10):
    """Read rows."""
    return path, rows


def clean(path):
    return path


class Scale:
    def __init__(self, factor=2):
        self.factor = factor

    def __call__(self, value):
        return value * self.factor

    def apply(self, value, *, offset=0):
        return value * self.factor + offset

    @wrapping
    def applied(self, value):
        return value * self.factor

    @plain
    def hidden(self, value):
        return value * self.factor

    @classmethod
    def named(cls, text):
        return cls(len(text))

    @staticmethod
    def twice(number):
        return 2 * number


class Fetch:
    async def __call__(self, url):
        return url


def test_the_inputs_are_the_parameters_in_their_order():
    assert Node(load).inputs == ("path", "rows")


def test_a_parameter_with_a_default_is_not_required():
    assert [parameter.required for parameter in Node(load).signature.inputs] == [True, False]


def test_a_positional_only_parameter_is_an_input():
    def divide(top, bottom, /):
        return top / bottom

    assert Node(divide).inputs == ("top", "bottom")


def test_a_keyword_only_parameter_is_an_input():
    def divide(top, *, bottom):
        return top / bottom

    assert Node(divide).inputs == ("top", "bottom")


def test_star_args_are_no_input():
    def collect(first, *rest):
        return first, rest

    assert Node(collect).inputs == ("first",)


def test_a_function_with_star_star_kwargs_takes_any_name():
    def collect(first, **more):
        return first, more

    signature = Node(collect).signature
    assert (signature.takes_any_name, [each.name for each in signature.inputs]) == (True, ["first"])


def test_the_self_of_a_bound_method_is_no_input():
    assert Node(Scale().apply).inputs == ("value", "offset")


def test_the_self_of_a_bound_method_decorated_with_wraps_is_no_input():
    assert Node(Scale().applied).inputs == ("value",)


def test_the_self_of_a_bound_method_decorated_without_wraps_is_no_input():
    assert Node(Scale().hidden).inputs == ("value",)


def test_the_class_of_a_class_method_is_no_input():
    assert Node(Scale.named).inputs == ("text",)


def test_a_callable_object_has_the_inputs_of_its_call():
    assert Node(Scale()).inputs == ("value",)


def test_a_class_has_the_inputs_of_its_constructor():
    assert Node(Scale).inputs == ("factor",)


def test_a_partial_has_the_inputs_that_are_left():
    assert Node(functools.partial(load, "here")).inputs == ("rows",)


def test_a_partial_by_keyword_makes_its_parameter_a_default():
    signature = Node(functools.partial(load, path="here")).signature
    assert [parameter.required for parameter in signature.inputs] == [False, False]


@pytest.mark.parametrize("decorate", [plain, wrapping])
def test_a_decorated_function_shows_the_inputs_of_the_one_it_wraps(decorate):
    assert Node(decorate(load)).inputs == ("path", "rows")


@pytest.mark.parametrize("decorate", [plain, wrapping])
def test_a_decorated_function_shows_the_name_of_the_one_it_wraps(decorate):
    assert Node(decorate(load)).name == "load"


@pytest.mark.parametrize("decorate", [plain, wrapping])
def test_a_decorated_function_shows_the_description_of_the_one_it_wraps(decorate):
    assert Node(decorate(load)).description == "Read rows."


def test_several_layers_of_decorators_are_followed_to_the_end():
    assert unwrapped(plain(wrapping(plain(plain(load))))) is load


def test_the_wrapper_is_what_gets_called():
    def doubled(function):
        def wrapper(*args, **kwargs):
            return 2 * function(*args, **kwargs)

        return wrapper

    assert Node(doubled(Scale.twice))(3) == 12


@pytest.mark.parametrize("variable", ["func", "fn", "f", "function", "wrapped"])
def test_of_several_functions_in_a_closure_the_one_with_a_telling_name_counts(variable):
    source = (
        f"def decorate({variable}, check):\n def w(*args, **kwargs):\n  return {variable}, check\n return w"
    )
    scope = {}
    exec(source, scope)  # noqa: S102 - the name of the variable is what is tested
    assert unwrapped(scope["decorate"](load, clean)) is load


def test_of_several_functions_in_a_closure_without_a_telling_name_nothing_is_guessed():
    def decorate(first, second):
        def wrapper(*args, **kwargs):
            return first(second(*args, **kwargs))

        return wrapper

    message = (
        r"cannot tell which function 'wrapper' wraps \(found first, second\): use functools.wraps, or give"
    )
    with pytest.raises(InvalidNodeError, match=message):
        Node(decorate(load, clean))


def test_two_telling_names_in_a_closure_are_not_decidable():
    def decorate(func, fn):
        def wrapper(*args, **kwargs):
            return func(fn(*args, **kwargs))

        return wrapper

    with pytest.raises(InvalidNodeError, match="cannot tell which function 'wrapper' wraps"):
        Node(decorate(load, clean))


def test_a_name_and_inputs_decide_for_a_wrapper_that_cannot_be_read():
    def decorate(first, second):
        def wrapper(*args, **kwargs):
            return first(second(*args, **kwargs))

        return wrapper

    node = Node(decorate(Scale.twice, abs), name="double", inputs=["number"])
    assert (node.inputs, node(-4)) == (("number",), 8)


def test_a_wrapper_with_parameters_of_its_own_shows_those():
    def retried(function):
        def wrapper(path, times=3):
            return [function(path) for _ in range(times)]

        return wrapper

    assert Node(retried(clean)).inputs == ("path", "times")


def test_a_function_that_refers_to_itself_in_its_closure_is_shown_as_it_is():
    def recursive(*args, **kwargs):
        return recursive

    assert unwrapped(recursive) is recursive


def test_a_builtin_without_a_signature_asks_for_inputs():
    with pytest.raises(InvalidNodeError, match=r"give inputs="):
        Node(max)


def test_inputs_stand_for_the_signature_that_a_builtin_does_not_have():
    assert Node(max, inputs=["first", "second"]).inputs == ("first", "second")


def test_inputs_rename_the_parameters_position_by_position():
    assert Node(load, inputs=["file"]).inputs == ("file", "rows")


def test_inputs_pass_over_the_injected_parameter():
    def use(context, path, rows):
        return path, rows

    assert Node(use, inputs=["file", "lines"]).inputs == ("file", "lines")


def test_inputs_name_what_goes_into_star_args():
    def total(*numbers):
        return sum(numbers)

    assert Node(total, inputs=["a", "b"]).inputs == ("a", "b")


def test_more_inputs_than_parameters_are_a_signature_mismatch():
    with pytest.raises(ValueError, match="signature mismatch: 'clean' takes 1 inputs, but inputs= names 2"):
        Node(clean, inputs=["file", "rows"])


def test_one_input_named_twice_is_a_signature_mismatch():
    with pytest.raises(ValueError, match="signature mismatch"):
        Node(load, inputs=["file", "file"])


def test_a_parameter_cannot_be_named_like_one_that_keeps_its_name():
    with pytest.raises(ValueError, match="signature mismatch: 'load' has an input 'rows' already"):
        Node(load, inputs=["rows"])
    assert Node(load, inputs=["rows", "path"]).inputs == ("rows", "path")


@pytest.mark.parametrize(
    "annotation",
    [
        Context,
        "Context",
        "Surroundings",
        "fast_dag.Context",
        "'Context'",
        "Context | None",
        "Optional[Context]",
        "FSMContext",
        Context | None,
        Optional[Context],  # noqa: UP045 - this spelling is tested too
        Union[Context, None],  # noqa: UP007 - and this
        Annotated[Context, "of the run"],
    ],
    ids=str,
)
def test_a_parameter_annotated_as_context_is_injected(annotation):
    def use(run, path):
        return path

    use.__annotations__["run"] = annotation
    assert Node(use).inputs == ("path",)


def test_a_parameter_called_context_is_injected_without_an_annotation():
    def use(path, context):
        return path

    assert Node(use).inputs == ("path",)


@pytest.mark.parametrize("annotation", [int, "int", list[Context], "list[Context]", dict[str, Context], None])
def test_a_parameter_annotated_otherwise_is_an_input(annotation):
    def use(runs):
        return runs

    use.__annotations__["runs"] = annotation
    assert Node(use).inputs == ("runs",)


def test_a_class_of_the_users_that_is_called_context_is_no_injection():
    scope = {}
    exec("class Context: pass\ndef use(run: 'Context'): pass", scope)  # noqa: S102 - needs a module of its own
    assert Node(scope["use"]).inputs == ("run",)


def test_a_quoted_annotation_is_never_evaluated():
    def use(run: "called.append(1)"):  # noqa: F821
        return run

    assert Node(use).inputs == ("run",)


@pytest.mark.parametrize(
    "function",
    [Fetch(), Fetch().__call__, functools.partial(Fetch().__call__, "x"), functools.partial(Fetch(), "x")],
)
def test_what_gives_a_coroutine_is_async(function):
    assert is_async_function(function)


@pytest.mark.parametrize("function", [load, Scale(), Scale().apply, Scale, len, functools.partial(load, "x")])
def test_what_gives_a_value_is_not_async(function):
    assert not is_async_function(function)


@pytest.mark.parametrize(
    ("annotation", "name"),
    [
        (dict[str, int], "dict"),
        (list, "list"),
        ("typing.Sequence[int]", "Sequence"),
        ("dict", "dict"),
        (dict[str, int] | None, "dict"),
        (None | list[int], "list"),
        (Optional[list], "list"),  # noqa: UP045 - as above
        (Annotated[dict | None, "of rows"], "dict"),
        (dict | list, ""),
        ("dict | None", "dict"),
        ("dict[str, int | None]", "dict"),
        ("None | Sequence", "Sequence"),
        ("typing.Optional[dict[str, int]]", "dict"),
        (inspect.Parameter.empty, ""),
    ],
)
def test_the_name_of_an_annotation_is_bare(annotation, name):
    assert origin_name(annotation) == name
