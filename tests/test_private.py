"""A secret on its way: what shows it, what stores it, what it is equal to."""

import copy
import dataclasses
import inspect
import io
import json
import logging
import pickle
import pprint
import traceback

import pytest

from fast_dag import Private

CANARY = "canary-5f1c"


@pytest.fixture
def secret():
    return Private(CANARY)


def test_it_gives_its_value_to_whoever_asks(secret):
    assert secret.reveal() == CANARY


@pytest.mark.parametrize(
    "show",
    [
        repr,
        str,
        ascii,
        format,
        pprint.pformat,
        lambda secret: f"{secret}",
        lambda secret: f"{secret!r:>30}",
        lambda secret: f"{secret:>30}",
        lambda secret: f"{secret:.2f}",
        lambda secret: "{}".format(secret),  # noqa: UP032 - another way to format
        lambda secret: "%s %r" % (secret, secret),  # noqa: UP031 - another way to format
        lambda secret: str([secret, {"token": secret}, (secret,), {secret}]),
        lambda secret: str(inspect.getmembers(secret)),
        lambda secret: str(dir(secret)),
    ],
)
def test_no_text_of_it_shows_the_value(secret, show):
    shown = show(secret)
    assert CANARY not in shown


@pytest.mark.parametrize("spec", ["", ">30", ".2f", "%Y"])
def test_it_is_shown_by_its_mask_whatever_the_format(secret, spec):
    assert format(secret, spec) == "Private(***)"


def test_a_log_line_shows_the_mask(secret, caplog):
    logging.getLogger("test").warning("token %s", secret)
    assert caplog.messages == ["token Private(***)"]


def test_no_attribute_has_the_value(secret):
    names = [name for name in dir(secret) if name != "reveal"]
    assert [name for name in names if getattr(secret, name, None) == CANARY] == []


@pytest.mark.parametrize("name", ["_value", "value", "_Private__value", "__dict__", "upper"])
def test_it_has_no_attributes_of_the_value(secret, name):
    with pytest.raises(AttributeError):
        getattr(secret, name)


def test_it_cannot_be_changed(secret):
    with pytest.raises(AttributeError):
        secret.value = "other"


def test_vars_has_nothing_to_show(secret):
    with pytest.raises(TypeError):
        vars(secret)


def test_json_does_not_take_it(secret):
    with pytest.raises(TypeError, match="Private"):
        json.dumps({"token": secret})


def test_a_dataclass_as_a_dict_still_hides_it(secret):
    @dataclasses.dataclass
    class Login:
        token: object

    login = Login(secret)
    shown = f"{login} {dataclasses.asdict(login)} {dataclasses.astuple(login)}"
    assert CANARY not in shown


def test_it_is_no_instance_of_what_it_hides(secret):
    assert not isinstance(secret, str)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_it_cannot_be_pickled(secret, protocol):
    with pytest.raises(TypeError, match=r"cannot be pickled.*make the Private in the process"):
        pickle.dumps({"token": secret}, protocol)


@pytest.mark.parametrize("ask", [lambda it: it.__reduce__(), lambda it: it.__getstate__()])
def test_the_parts_that_pickling_asks_for_are_refused_too(secret, ask):
    with pytest.raises(TypeError, match="make the Private in the process"):
        ask(secret)


def test_a_copy_is_a_private_of_the_same_value(secret):
    assert copy.copy(secret) is secret


def test_a_deep_copy_is_a_private_of_a_copy():
    secret = Private(["a"])
    copied = copy.deepcopy({"token": secret})["token"]
    copied.reveal().append("b")
    assert (type(copied), secret.reveal()) == (Private, ["a"])


@pytest.mark.parametrize(
    "value", ["a", "", "ü", "\ud800", b"a", bytearray(b"a"), 3, 2.5, None, (1, "a"), [1]]
)
def test_it_is_equal_to_another_with_an_equal_value(value):
    assert Private(value) == Private(copy.copy(value))


@pytest.mark.parametrize("value", ["a", "ü", b"a", 3, None, (1, "a")])
def test_it_is_equal_to_the_plain_value_from_both_sides(value):
    assert (Private(value) == value, value == Private(value)) == (True, True)


@pytest.mark.parametrize(
    ("one", "other"), [("a", "b"), ("a", "aa"), ("a", b"a"), (b"a", "a"), ("1", 1), (None, "None"), (1, 2)]
)
def test_it_differs_from_what_its_value_differs_from(one, other):
    assert (Private(one) == Private(other), Private(one) != other) == (False, True)


def test_bytes_and_a_bytearray_are_equal_as_they_are_without_it():
    assert Private(b"a") == bytearray(b"a")


@pytest.mark.parametrize("value", ["a", b"a", 3, (1, 2)])
def test_its_hash_is_that_of_the_value(value):
    assert hash(Private(value)) == hash(value)


def test_it_is_unhashable_when_its_value_is():
    with pytest.raises(TypeError, match="unhashable"):
        hash(Private([]))


def test_a_text_with_an_equality_of_its_own_keeps_it():
    class Caseless(str):
        __slots__ = ()
        __hash__ = str.__hash__

        def __eq__(self, other):
            return self.lower() == str(other).lower()

    assert Private(Caseless("A")) == Private(Caseless("a"))


def test_a_private_in_a_private_hides_twice():
    secret = Private(Private(CANARY))
    assert (repr(secret), secret == CANARY, secret.reveal().reveal()) == ("Private(***)", True, CANARY)


@pytest.mark.parametrize(
    "spoil", [lambda it: it + "a", lambda it: int(it), lambda it: it < CANARY, lambda it: it()]
)
def test_the_traceback_of_a_misuse_does_not_show_it(secret, spoil):
    with pytest.raises(TypeError) as caught:
        spoil(secret)
    text = io.StringIO()
    traceback.TracebackException.from_exception(caught.value, capture_locals=True).print(file=text)
    assert CANARY not in text.getvalue()
