"""Texts that would break a drawing, or say something else in it, if they were not escaped."""

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
UNICODE = ["naïve", "Straße", "日本語", "🚀", "👩\u200d🚀", "ﬂ°°35¶ß", "\ud800", "fa:fa-car"]

TEXTS = [*SYNTAX, *KEYWORDS, *STATEMENTS, *MARKUP, *MARKDOWN, *BLANKS, *BACKSLASHES, *UNICODE]
