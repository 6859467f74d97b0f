"""Which format a file has, and that it is written whole or not at all."""

import sys
from pathlib import Path

import pytest

from fast_dag.errors import MissingExtraError
from fast_dag.workflow import formats

SAMPLE = {"a": [1, -2.5, True, None, "ü ☃ 😀"], "b": {"yes": "no", "1": "1.5", "~": ""}}


@pytest.mark.parametrize(
    ("name", "format"),
    [
        ("a.json", "json"),
        ("a.yaml", "yaml"),
        ("b/a.yml", "yaml"),
        ("a.b.msgpack", "msgpack"),
        ("A.JSON", "json"),
    ],
)
def test_the_suffix_tells_the_format(name, format):
    assert formats.format_of(name) == formats.format_of(Path(name)) == format


def test_a_given_format_counts_more_than_the_suffix():
    assert formats.format_of("a.json", "yaml") == "yaml"


@pytest.mark.parametrize("name", ["a.txt", "json", ""])
def test_an_unknown_suffix_is_refused(name):
    with pytest.raises(
        ValueError, match=r"use a suffix of \.json, \.yaml, \.yml, \.msgpack, or give format="
    ):
        formats.format_of(name)


@pytest.mark.parametrize("format", ["jsn", "yml", "", 3])
def test_an_unknown_format_is_refused(format):
    with pytest.raises(ValueError, match="known are json, yaml, msgpack"):
        formats.format_of("a.json", format)


def test_an_unknown_format_has_a_near_one():
    with pytest.raises(ValueError, match="did you mean 'json'"):
        formats.format_of("a", "jsn")


@pytest.mark.parametrize("format", formats.MODULES)
def test_what_is_encoded_is_decoded(format):
    assert formats.decode(format, formats.encode(format, SAMPLE)) == SAMPLE


@pytest.mark.parametrize("content", ["text ☃\n", b"\x00\xff"])
def test_a_file_holds_what_was_written(tmp_path, content):
    formats.write(tmp_path / "a", content)
    written = content if isinstance(content, bytes) else content.encode()
    assert formats.read(tmp_path / "a") == written


def test_a_file_that_is_there_is_replaced(tmp_path):
    (tmp_path / "a").write_text("something longer")
    formats.write(str(tmp_path / "a"), "new")
    assert (tmp_path / "a").read_text() == "new"


def test_nothing_else_is_left_behind(tmp_path):
    formats.write(tmp_path / "a", "text")
    assert list(tmp_path.iterdir()) == [tmp_path / "a"]


def test_the_file_behind_a_link_is_replaced_not_the_link(tmp_path):
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    formats.write(tmp_path / "link", "new")
    assert ((tmp_path / "link").is_symlink(), (tmp_path / "real").read_text()) == (True, "new")


def test_a_write_that_fails_leaves_no_draft(tmp_path):
    (tmp_path / "a").mkdir()
    with pytest.raises(OSError, match="a"):
        formats.write(tmp_path / "a", "text")
    assert list(tmp_path.iterdir()) == [tmp_path / "a"]


def test_a_text_that_no_file_can_hold_touches_nothing(tmp_path):
    (tmp_path / "a").write_text("old")
    with pytest.raises(UnicodeEncodeError):
        formats.write(tmp_path / "a", "\ud800")
    assert (tmp_path / "a").read_text() == "old"


def test_a_folder_that_is_absent_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        formats.write(tmp_path / "b" / "a", "text")


@pytest.mark.parametrize(
    ("format", "what", "package"), [("yaml", "YAML", "pyyaml"), ("msgpack", "msgpack", "msgspec")]
)
def test_an_absent_package_is_named_with_the_extra_to_install(monkeypatch, format, what, package):
    monkeypatch.delitem(sys.modules, f"fast_dag.workflow.{formats.MODULES[format]}", raising=False)
    monkeypatch.setitem(sys.modules, package.removeprefix("py"), None)  # what Python keeps for "absent"
    with pytest.raises(MissingExtraError) as caught:
        formats.encode(format, {})
    assert str(caught.value) == f"{what} needs the package {package}: pip install 'fast-dag[serialize]'"
