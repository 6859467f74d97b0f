"""A node's own exception as an ExecutionError that is an instance of the original class too."""

import copy
import pickle
import traceback

import pytest

from fast_dag import DAG, ExecutionError
from fast_dag.run.wrapping import wrap
from tests.run.exceptions import (
    COMBINED,
    PLAIN,
    Answering,
    BadText,
    ByMetaclass,
    Counting,
    OddConstructor,
    Silent,
    raised,
)


def named(error):
    return type(error).__name__


def pickled(error):
    return pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes


def survives_pickling(error):
    """Whether an error of the user's can be pickled at all."""
    try:
        return type(pickled(error)) is type(error)
    except Exception:  # noqa: BLE001 - it may fail with anything
        return False


def members(error):
    """The data of an error that a reader may look at."""
    names = {name for name in dir(type(error)) if not name.startswith("_")} | vars(error).keys()
    own = {"add_note", "args", "attempts", "node_name", "original_error", "with_traceback"}
    return {name for name in names - own if not callable(getattr(error, name, len))}


def test_there_are_more_than_forty_five_classes_here():
    assert len({id(type(error)) for error in [*COMBINED, *PLAIN]}) > 45


@pytest.mark.parametrize("original", COMBINED, ids=named)
def test_the_error_is_both_an_execution_error_and_of_the_original_class(original):
    error = wrap(original, "load", 1)
    assert isinstance(error, ExecutionError)
    assert isinstance(error, type(original))


@pytest.mark.parametrize("original", PLAIN, ids=named)
def test_where_no_class_can_be_built_it_is_a_plain_execution_error(original):
    assert type(wrap(original, "load", 1)) is ExecutionError


@pytest.mark.parametrize("original", [*COMBINED, *PLAIN], ids=named)
def test_the_error_names_node_original_and_attempts(original):
    error = wrap(original, "load", 3)
    assert (error.node_name, error.attempts) == ("load", 3)
    assert error.original_error is original


@pytest.mark.parametrize("original", [*COMBINED, *PLAIN], ids=named)
def test_the_cause_is_the_original(original):
    assert wrap(original, "load", 1).__cause__ is original


@pytest.mark.parametrize("original", [*COMBINED, *PLAIN], ids=named)
def test_the_text_names_the_node(original):
    assert "'load'" in str(wrap(original, "load", 1))


@pytest.mark.parametrize("original", [e for e in [*COMBINED, *PLAIN] if type(e) is not BadText], ids=named)
def test_the_text_holds_the_original_text(original):
    assert str(original) in str(wrap(original, "load", 1))


@pytest.mark.parametrize("original", [e for e in COMBINED if type(e) is not Answering], ids=named)
def test_the_data_of_the_original_can_be_read_on_the_error(original):
    error = wrap(original, "load", 1)
    different = [name for name in members(original) if getattr(error, name) != getattr(original, name)]
    assert different == []


@pytest.mark.parametrize("original", [*COMBINED, *PLAIN], ids=named)
def test_the_original_is_left_as_it_was(original):
    before = dict(vars(original)), original.args, original.__cause__
    wrap(original, "load", 1)
    assert (dict(vars(original)), original.args, original.__cause__) == before


@pytest.mark.parametrize("original", [e for e in [*COMBINED, *PLAIN] if type(e) is not Answering], ids=named)
def test_the_error_can_be_raised_and_printed(original):
    error = raised(DAG("flow").add_node("load", lambda: (_ for _ in ()).throw(original)).run)
    assert "load" in "".join(traceback.format_exception(error))


@pytest.mark.parametrize("original", [error for error in COMBINED if survives_pickling(error)], ids=named)
def test_the_error_survives_pickling(original):
    error = pickled(wrap(original, "load", 3))
    assert (isinstance(error, type(original)), error.node_name, error.attempts) == (True, "load", 3)


def test_no_constructor_of_the_users_is_called():
    original = ByMetaclass("counted")
    before = Counting.made
    wrap(original, "load", 1)
    assert Counting.made == before


def test_a_note_on_the_error_is_not_one_on_the_original():
    original = ValueError("bad")
    original.add_note("first")
    wrap(original, "load", 1).add_note("second")
    assert original.__notes__ == ["first"]


def test_the_notes_of_the_original_are_shown_once():
    original = ValueError("bad")
    original.add_note("look here")
    shown = "".join(traceback.format_exception(wrap(original, "load", 1)))
    assert shown.count("look here") == 1


def test_two_errors_of_one_class_are_of_one_combined_class():
    assert type(wrap(ValueError("a"), "a", 1)) is type(wrap(ValueError("b"), "b", 1))


def test_the_combined_class_is_called_like_the_original():
    assert type(wrap(Silent(1), "load", 1)).__qualname__ == "Silent"


def test_an_error_of_the_same_node_is_not_wrapped_again():
    error = wrap(ValueError("bad"), "load", 2)
    assert wrap(error, "load", 1) is error


def test_an_error_of_the_same_node_keeps_its_attempts():
    error = wrap(ValueError("bad"), "load", 2)
    assert wrap(error, "load", 1).attempts == 2


def test_an_error_of_a_run_inside_a_node_is_of_the_outer_node_and_of_the_original_class():
    inner = wrap(ValueError("bad"), "inner", 1)
    outer = wrap(inner, "outer", 1)
    assert (outer.node_name, outer.original_error, isinstance(outer, ValueError)) == ("outer", inner, True)


def test_the_members_of_a_group_can_be_reached():
    group = ExceptionGroup("several", [ValueError("one")])
    assert wrap(group, "load", 1).original_error.exceptions == group.exceptions


def test_a_copied_error_is_of_the_same_kind():
    error = copy.copy(wrap(OddConstructor(3, detail="odd"), "load", 2))
    assert (isinstance(error, OddConstructor), error.detail, error.attempts) == (True, "odd", 2)


@pytest.mark.parametrize("original", [KeyboardInterrupt(), SystemExit(3), GeneratorExit()], ids=named)
def test_what_is_no_exception_passes_unwrapped(original):
    def leave():
        raise original

    with pytest.raises(type(original)) as caught:
        DAG("flow").add_node("leave", leave).run()
    assert caught.value is original


@pytest.mark.parametrize("where", ["metrics", "metadata"])
def test_a_text_that_cannot_be_read_is_told_as_such_in_the_books(where):
    dag = DAG("flow").add_node("load", lambda: (_ for _ in ()).throw(BadText("hidden")))
    dag.run(error_strategy="continue")
    texts = {
        "metrics": dag.get_metrics()["errors"]["load"],
        "metadata": dag.context.metadata["errors"][0]["error"],
    }
    assert texts[where] == "<BadText without a readable text>"
