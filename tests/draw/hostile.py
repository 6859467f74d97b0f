"""Texts that would break a drawing, or say something else in it, if they were not escaped."""

import html
import re

SYNTAX = [
    '"',
    '""',
    '"];drop',
    'a" --> b["c',
    "}",
    "{{",
    "||",
    "-->",
    "-- x -->",
    "a;b",
    "a,b",
    "n0",
    "@{ shape: x }",
]
KEYWORDS = [
    "end",
    "graph",
    "subgraph",
    "style",
    "class",
    "click",
    "digraph",
    "node",
    "strict",
    "direction LR",
]
STATEMENTS = [
    "%%{init: {}}%%",
    "%% x",
    "style:#x;",
    'classDef: "x"',
    "a direction  TB",
    "---",
    "x:::y",
    "```",
]
MARKUP = ["<b>x</b>", "<script>alert(1)</script>", "&lt;", "&quot;", "#quot;", "#35;", "<br/>", "a&b"]
MARKDOWN = ["`x`", "**x**", "_x_", "__init__", "1) x", "- x", "# x", "===", "[a](b)", "$$x$$", "    x"]
BLANKS = [" ", " a", "a ", "a  b", "two\nlines", "a\tb", "\r", "\0", "\x1b[31m", "\u2028", "\u202e", "\ufeff"]
BACKSLASHES = ["\\", "\\\\", '\\"', "a\\", "\\n", "\\N", "\\l", "\\G"]
STATES = [
    "x [[fork]]",
    "<<choice>>",
    ": a: b",
    "note right of n0",
    "a as n1",
    "state x {",
    "[*]",
    "scale 3",
]
UNICODE = ["naïve", "Straße", "日本語", "🚀", "👩\u200d🚀", "ﬂ°°35¶ß", "\ud800", "fa:fa-car"]

TEXTS = [*SYNTAX, *KEYWORDS, *STATEMENTS, *MARKUP, *MARKDOWN, *BLANKS, *BACKSLASHES, *STATES, *UNICODE]


def read_by_mermaid(text):
    """What Mermaid reads where it takes texts: its codes are those of HTML with another beginning."""
    return html.unescape(re.sub(r"#(\w+);", r"&#\1;", text)).replace("\u200b", "")
