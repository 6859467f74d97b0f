"""Stored state as bytes: read back exactly, or refused."""

import pickle
import zlib
from contextlib import suppress

import pytest

from fast_dag import Private
from fast_dag.errors import CycleStateError
from fast_dag.stores.codec import StateCodec

RECORD = {"node_states": {"fit": {"xs": [1.5, (2, 3)], 4: {5}}}, "shared": {}, "completed": 7}
CODECS = {
    "json": StateCodec(),
    "compressed": StateCodec(compress=True),
    "pickle": StateCodec("pickle", allow_pickle=True),
    "compressed pickle": StateCodec("pickle", allow_pickle=True, compress=True),
}


@pytest.fixture(params=CODECS.values(), ids=CODECS)
def codec(request):
    return request.param


def sealed(data, letters=b"j-", size=None):
    """Bytes with a right check sum around *data*."""
    check = zlib.crc32(data).to_bytes(4, "big")
    return b"fdcs1" + letters + check + (len(data) if size is None else size).to_bytes(8, "big") + data


def test_a_record_comes_back(codec):
    assert codec.loads(codec.dumps(RECORD)) == RECORD


def test_how_it_was_written_is_found_out_when_it_is_read():
    assert StateCodec().loads(CODECS["compressed"].dumps(RECORD)) == RECORD
    assert StateCodec(allow_pickle=True).loads(CODECS["compressed pickle"].dumps(RECORD)) == RECORD


def test_compression_makes_it_smaller():
    record = {"xs": ["the same"] * 1000}
    assert len(CODECS["compressed"].dumps(record)) < len(CODECS["json"].dumps(record)) / 20


def test_every_truncation_is_refused(codec):
    stored = codec.dumps(RECORD)
    for size in range(len(stored)):
        with pytest.raises(CycleStateError):
            codec.loads(stored[:size])


def test_every_flipped_bit_is_refused_or_changes_nothing(codec):
    stored = codec.dumps(RECORD)
    for place in range(len(stored)):
        broken = bytearray(stored)
        broken[place] ^= 0x10
        with suppress(CycleStateError):
            assert codec.loads(bytes(broken)) == RECORD


@pytest.mark.parametrize(
    "stored",
    [
        b"",
        b"{}",
        b"fdcs2" + b"x" * 40,
        sealed(b"[]"),
        sealed(b"nonsense"),
        sealed(b'{"x": NaN}'),
        sealed(b"\xff"),
        sealed(b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
        sealed(b'{"x":' + b"9" * 5000 + b"}"),
        sealed(b"{}", b"x-"),
        sealed(b"{}", b"jx"),
        sealed(b"{}", b"jz"),
        sealed(zlib.compress(b"{}"), b"jz", 3),
        sealed(zlib.compress(b"{}" + b" " * 10_000), b"jz", 2),
        sealed(zlib.compress(b"{}"), b"jz", 1 << 60),
        sealed(b'{"$eval": "1"}'),
    ],
    ids=range(16),
)
def test_hostile_bytes_are_refused(stored):
    with pytest.raises(CycleStateError):
        StateCodec().loads(stored)


class Trap:
    """What would show that somebody ran a pickle."""

    def __reduce__(self):
        return print, ("it ran",)


def test_a_pickle_is_not_run_unless_that_is_allowed(capsys):
    stored = sealed(pickle.dumps({"x": Trap()}), b"p-")
    with pytest.raises(CycleStateError, match="needs allow_pickle=True"):
        StateCodec().loads(stored)
    assert capsys.readouterr().out == ""


def test_a_pickle_that_is_none_is_refused():
    with pytest.raises(CycleStateError, match="cannot be unpickled"):
        StateCodec(allow_pickle=True).loads(sealed(b"nonsense", b"p-"))
    with pytest.raises(CycleStateError, match="cannot be pickled"):
        CODECS["pickle"].dumps({"x": lambda: None})


def test_pickle_needs_to_be_allowed():
    with pytest.raises(ValueError, match="allow_pickle=True"):
        StateCodec("pickle")
    with pytest.raises(ValueError, match="did you mean 'json'"):
        StateCodec("jsn")


def test_a_secret_is_stored_in_no_way(codec):
    with pytest.raises(CycleStateError, match="a Private") as caught:
        codec.dumps({"shared": {"token": Private("canary")}})
    assert "canary" not in str(caught.value)


def test_what_cannot_be_stored_is_named_with_node_and_key(codec):
    with pytest.raises(CycleStateError, match="key 'token' of node 'log_in' holds") as caught:
        codec.check(Private("canary"), ("node_states", "log_in", "token"))
    assert (caught.value.node_name, caught.value.key) == ("log_in", "token")


def test_what_can_be_stored_passes_the_check(codec):
    assert codec.check([1, "a"], ("shared", "xs")) is None
