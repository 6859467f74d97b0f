"""A node's own exception as an ExecutionError that is an instance of the original class too."""

import abc
import argparse
import asyncio
import binascii
import configparser
import copy
import csv
import dataclasses
import decimal
import email.message
import http.client
import io
import json
import pickle
import queue
import re
import socket
import sqlite3
import ssl
import struct
import subprocess
import traceback
import urllib.error
import xml.parsers.expat
import zipfile
import zlib
from typing import Generic, TypeVar

import pytest

from fast_dag import DAG, ExecutionError, MissingOutputError
from fast_dag.run.wrapping import wrap

T = TypeVar("T")


class OddConstructor(Exception):
    def __init__(self, code, *, detail):
        self.code, self.detail = code, detail


class Silent(Exception):
    def __init__(self, code):
        self.code = code


class Slotted(Exception):
    __slots__ = ("code", "unset")

    def __init__(self, code):
        self.code = code


@dataclasses.dataclass(frozen=True)
class Frozen(Exception):
    code: int


@dataclasses.dataclass
class Unhashable(Exception):
    code: int


class RefusesAttributes(Exception):
    def __setattr__(self, name, value):
        raise TypeError(name)


class MadeByNew(Exception):
    def __new__(cls, first, second):
        return super().__new__(cls, first)

    def __init__(self, first, second):
        self.code = second


class Abstract(Exception, abc.ABC):
    @property
    @abc.abstractmethod
    def code(self): ...


class Concrete(Abstract):
    code = 7


class Typed(Exception, Generic[T]):
    pass


class Meta(type):
    def __call__(cls, *args):
        raise AssertionError if not args else type.__call__(cls, *args)  # noqa: RSE102


class Counting(type):
    made = 0

    def __call__(cls, *args):
        Counting.made += 1
        return super().__call__(*args)


class ByMetaclass(Exception, metaclass=Counting):
    pass


class BadText(Exception):
    def __str__(self):
        raise RuntimeError

    __repr__ = __str__


class OwnText(Exception):
    def __str__(self):
        return "in my own words"


class OwnFields(Exception):
    """Has members that are called like those of an ExecutionError."""

    @property
    def attempts(self):
        return "mine"

    @property
    def node_name(self):
        return "mine"

    @property
    def original_error(self):
        return "mine"


class SlottedFields(Exception):
    __slots__ = ("attempts", "node_name")

    def __init__(self):
        self.attempts = self.node_name = "mine"


class Reduced(Exception):
    def __init__(self, first, second):
        super().__init__(first, second)

    def __reduce_ex__(self, protocol):
        return type(self), self.args


class Answering(Exception):
    def __getattr__(self, name):
        raise RuntimeError(name)


class Computed(Exception):
    @property
    def code(self):
        return self.args[0] * 2


class Both(KeyError, AttributeError):
    pass


class Deep(OddConstructor, OSError):
    pass


class AnExecutionError(ExecutionError):
    pass


class Final(Exception):
    def __init_subclass__(cls):
        raise TypeError


class Demanding(Exception):
    def __init_subclass__(cls, *, code):
        cls.code = code


class NoClass(type):
    def __new__(cls, name, bases, namespace):
        return super().__new__(cls, name, bases, namespace) if bases == (Exception,) else None


class Vanishing(Exception, metaclass=NoClass):
    pass


class Unhashed(type):
    __hash__ = None

    def __eq__(cls, other):
        return cls is other


class OfUnhashedClass(Exception, metaclass=Unhashed):
    pass


def raised(function, *args, **kwargs):
    """What a call raises."""
    try:
        function(*args, **kwargs)
    except Exception as error:  # noqa: BLE001 - anything is wanted
        return error
    pytest.fail("nothing was raised")


COMBINED = [
    ValueError("bad", 1),
    KeyError("key"),
    IndexError(),
    ZeroDivisionError("division by zero"),
    TypeError(None),
    AssertionError(["a", "list"]),
    RecursionError("deep"),
    MemoryError(),
    BufferError("full"),
    NotImplementedError("later"),
    DeprecationWarning("old"),
    EOFError("end"),
    OSError("disk"),
    OSError(2, "missing", "from.txt", None, "to.txt"),
    raised(open, "/nowhere/at/all"),
    PermissionError(13, "no", "file.txt"),
    BlockingIOError(11, "busy", 5),
    ConnectionResetError(104, "gone"),
    TimeoutError("late"),
    ImportError("no module", name="numpy", path="/here"),
    ModuleNotFoundError("no module", name="numpy"),
    raised(getattr, 5, "nothing"),
    NameError("name", name="x"),
    raised(compile, "a b", "file.py", "exec"),
    IndentationError("unexpected", ("file.py", 3, 1, " x", 3, 2)),
    raised("ü".encode, "ascii"),
    raised(b"\xff".decode, "utf-8"),
    UnicodeTranslateError("text", 0, 1, "reason"),
    raised(json.loads, "{"),
    raised(re.compile, "("),
    subprocess.CalledProcessError(3, ["ls"], output=b"out", stderr=b"err"),
    subprocess.TimeoutExpired(["ls"], 1.5),
    asyncio.IncompleteReadError(b"ab", 5),
    asyncio.QueueEmpty(),
    queue.Empty(),
    decimal.InvalidOperation([decimal.ConversionSyntax]),
    struct.error("format"),
    zlib.error("data"),
    binascii.Error("padding"),
    csv.Error("dialect"),
    zipfile.BadZipFile("no zip"),
    sqlite3.OperationalError("locked"),
    socket.gaierror(-2, "unknown"),
    ssl.SSLError(1, "handshake"),
    http.client.IncompleteRead(b"ab", 5),
    urllib.error.URLError("refused"),
    urllib.error.HTTPError("http://x", 404, "missing", email.message.Message(), io.BytesIO()),
    configparser.NoOptionError("option", "section"),
    argparse.ArgumentError(None, "argument"),
    raised(xml.parsers.expat.ParserCreate().Parse, "<a", True),
    dataclasses.FrozenInstanceError("frozen"),
    OddConstructor(3, detail="odd"),
    Silent(4),
    Slotted(5),
    Frozen(6),
    Unhashable(7),
    RefusesAttributes("stay"),
    MadeByNew("first", "second"),
    Concrete("abstract base"),
    Typed[int]("generic"),
    ByMetaclass("metaclass"),
    BadText("hidden"),
    OwnText("hidden"),
    OwnFields("fields"),
    SlottedFields(),
    Reduced("first", "second"),
    Answering("attributes"),
    Computed(8),
    Both("both"),
    Deep(9, detail="deep"),
    AnExecutionError("of the user"),
    MissingOutputError("of another run", "elsewhere"),
]
PLAIN = [
    StopIteration("value"),
    StopAsyncIteration("value"),
    ExceptionGroup("several", [ValueError("one"), KeyError("two")]),
    Final("final"),
    Demanding("demanding"),
    Vanishing("vanishing"),
    OfUnhashedClass("unhashed"),
]
PICKLED = [error for error in COMBINED if type(error) not in {asyncio.IncompleteReadError}]


def named(error):
    return type(error).__name__


def members(error):
    """The data of an error that a reader may look at."""
    names = {name for name in dir(type(error)) if not name.startswith("_")} | vars(error).keys()
    own = {"add_note", "args", "attempts", "node_name", "original_error", "with_traceback"}
    return {name for name in names - own if not callable(getattr(error, name, len))}


def test_there_are_more_than_forty_five_classes_here():
    assert len({type(error) for error in [*COMBINED, *PLAIN]}) > 45


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


@pytest.mark.parametrize("original", [*COMBINED, *PLAIN], ids=named)
def test_the_error_can_be_raised_and_printed(original):
    error = raised(DAG("flow").add_node("load", lambda: (_ for _ in ()).throw(original)).run)
    assert "load" in "".join(traceback.format_exception(error))


@pytest.mark.parametrize("original", COMBINED, ids=named)
def test_the_error_survives_pickling(original):
    try:
        own = pickle.loads(pickle.dumps(original))  # noqa: S301 - our own bytes
    except Exception:  # noqa: BLE001 - a class that cannot be pickled itself promises nothing
        pytest.skip("the original does not survive it either")
    error = pickle.loads(pickle.dumps(wrap(original, "load", 3)))  # noqa: S301 - our own bytes
    assert (type(error).__mro__[1:], error.node_name, error.attempts) == (
        type(wrap(own, "load", 3)).__mro__[1:],
        "load",
        3,
    )


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
