"""Exceptions written down and made again: of the same class where that is there, else of one like it."""

import json

import pytest

from fast_dag import CycleStateError, ExecutionError, RouterError
from fast_dag.run.recalled import recalled, recorded_error


def encode(value, what):
    try:
        return json.dumps(value)
    except TypeError as error:
        raise CycleStateError(str(error)) from error


def again(error, *known):
    return recalled(recorded_error(error, encode), json.loads, known)


class Plain(ValueError):
    """Of this module, which is loaded."""


class Odd(LookupError):
    """Of which a constructor may not be called again."""

    made = 0

    def __init__(self, name, *, code):
        super().__init__(name)
        type(self).made += 1
        self.code = code

    def __str__(self):
        return f"{self.args[0]} ({self.code})"


@pytest.mark.parametrize(
    "error",
    [
        ValueError("no"),
        KeyError("k"),
        OSError(2, "gone", "file"),
        ZeroDivisionError(),
        Plain("a", 1),
        StopIteration(3),
    ],
)
def test_an_error_whose_class_is_there_is_of_that_class(error):
    made = again(error)
    assert type(made) is type(error)
    assert (made.args, str(made)) == (error.args, str(error))


def test_fields_written_in_c_are_there():
    made = again(OSError(2, "gone", "file"))
    assert (made.errno, made.strerror) == (2, "gone")
    text = again(UnicodeDecodeError("utf-8", b"x", 0, 1, "bad"))
    assert type(text) is UnicodeDecodeError


def test_no_constructor_of_the_users_is_called():
    error = Odd("x", code=3)
    Odd.made = 0
    made = again(error)
    assert (type(made), str(made), made.code, Odd.made) == (Odd, "x (3)", 3, 0)


def test_a_class_that_is_not_there_has_a_stand_in_below_the_nearest_one():
    class Local(Plain):
        pass

    made = again(Local("no"))
    assert isinstance(made, Plain)
    assert type(made) is not Local
    assert (type(made).__name__, str(made)) == ("Local", "no")
    assert type(again(Local("no"), Local)) is Local


def test_what_cannot_be_recorded_of_an_error_is_left_out():
    error = Plain(object())
    error.lock, error.note = object(), "kept"
    made = again(error)
    assert made.args == (str(error),)
    assert (made.note, hasattr(made, "lock")) == ("kept", False)


def test_errors_of_the_library_have_what_is_read_of_them():
    made = again(RouterError("nowhere", "a", "x", ("b",)))
    assert isinstance(made, ExecutionError)
    assert (made.node_name, str(made)) == ("a", "nowhere")


def test_nothing_but_an_exception_is_looked_up():
    record = recorded_error(ValueError("no"), encode)
    hostile = type(record)(
        ("subprocess", "Popen"), (("os", "system"), ("builtins", "SystemExit")), "no", '["ls"]', "{}"
    )
    made = recalled(hostile, json.loads)
    assert type(made).__mro__[1] is Exception
    assert str(made) == "no"
