"""msgpack: what comes back, and what is refused."""

import pytest

from fast_dag.errors import DocumentError
from fast_dag.workflow import msgpack_bytes


def test_what_is_written_is_read():
    data = {"a": [1, -2.5, None, True, "☃"], "b": {"c": {}}}
    assert msgpack_bytes.decode(msgpack_bytes.encode(data)) == data


@pytest.mark.parametrize("bad", [2**64, -(2**63) - 1, "\ud800"])
def test_what_msgpack_cannot_hold_is_refused(bad):
    with pytest.raises(DocumentError, match=r"^msgpack: "):
        msgpack_bytes.encode({"a": bad})


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "msgpack"),
        (b"\x81\xa1a", "truncated"),
        (b"\xc1", "msgpack"),
        (b"\x01\x02", "trailing"),
        (b"\xa1\xff", "msgpack"),
        (b"\xdd\xff\xff\xff\xff", "truncated"),
        (b"\x91" * 100_000, "nested too deeply"),
        ("text", "must be bytes, got str"),
        (None, "must be bytes, got NoneType"),
    ],
    ids=lambda each: str(each)[:40],
)
def test_what_is_no_msgpack_is_refused(content, text):
    with pytest.raises(DocumentError, match=text):
        msgpack_bytes.decode(content)
