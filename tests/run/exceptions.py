"""Exceptions of every kind, for the tests of how a node's own error is wrapped."""

import abc
import argparse
import asyncio
import binascii
import configparser
import csv
import dataclasses
import decimal
import email.message
import http.client
import io
import json
import queue
import re
import socket
import sqlite3
import ssl
import struct
import subprocess
import urllib.error
import xml.parsers.expat
import zipfile
import zlib
from typing import Generic, TypeVar

import pytest

from fast_dag import ExecutionError, MissingOutputError

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


class Both(KeyError, AttributeError):
    pass


class Deep(OddConstructor, OSError):
    pass


class AnExecutionError(ExecutionError):
    def __init__(self, code):
        self.code = code


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
