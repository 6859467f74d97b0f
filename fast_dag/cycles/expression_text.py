"""What the text of an expression may be made of, looked at before Python's parser sees it.

Python folds look-alike characters into ASCII, joins lines, drops comments and warns about odd literals:
none of that happens to a text that consists of the tokens below.
"""

from __future__ import annotations

import ast
import re

from fast_dag.errors import ConvergenceExpressionError

LONGEST = 1000
"""Characters of an expression."""
DEEPEST = 20
"""Levels of operators inside each other."""

MOST_TOKENS = 600
"""Words, signs and blanks: two hundred parts need fewer, and the parser is spared what is refused later."""

TOKEN = re.compile(
    r"""
      (?P<space>   [ \t\r\n]+ )
    | (?P<number>  (?: 0[xX][0-9a-fA-F_]+ | 0[oO][0-7_]+ | 0[bB][01_]+
                   | (?: [0-9][0-9_]* (?: \.[0-9_]* )? | \.[0-9][0-9_]* ) (?: [eE][+-]?[0-9_]+ )? )
                   (?! [A-Za-z0-9_.] ) )
    | (?P<name>    [A-Za-z_][A-Za-z0-9_]* (?! ['"] ) )
    | (?P<string>  (?P<quote>['"])
                   (?: [^'"\\\x00-\x1f] | (?!(?P=quote))['"] | \\['"\\nrt] )*
                   (?P=quote) (?! ['"] ) )
    | (?P<sign>    \*\* | // | [<>=!]= | [-+*/%<>()\[\],.] )
    """,
    re.VERBOSE,
)
OPENING, CLOSING = "([", ")]"


def parsed(text: object) -> ast.expr:
    """The tree of *text*; columns in it are those of the text.

    Raises:
        ConvergenceExpressionError: it is no text, too long, or not written in the allowed characters.
    """
    if not isinstance(text, str) or not text.strip():
        msg = f"an expression is a text such as 'loss < 0.01', got {text!r}"
        raise ConvergenceExpressionError(msg)
    if len(text) > LONGEST:
        msg = f"{len(text)} characters are too many for an expression: {LONGEST} are allowed"
        raise ConvergenceExpressionError(msg, f"{text[:40]}...", LONGEST + 1)
    return _tree(text, _checked(text))


def column_of(text: str, node: ast.expr) -> int:
    """Where *node* begins in *text*, counted from 1: Python counts bytes, and from 0."""
    return len(text.encode()[: node.col_offset].decode(errors="ignore")) + 1


def _checked(text: str) -> str:
    """*text* on one line.

    The parser needs stack for each bracket, so that there are no more of them open than levels allowed.
    """
    place, depth = 0, 0
    line: list[str] = []
    while place < len(text):
        found = TOKEN.match(text, place)
        if found is None:
            raise ConvergenceExpressionError(_odd(text[place:]), text, place + 1)
        token = found.group()
        depth += (token in OPENING) - (token in CLOSING)
        if not 0 <= depth <= DEEPEST:
            msg = "nothing opens this" if depth < 0 else f"more than {DEEPEST} brackets inside each other"
            raise ConvergenceExpressionError(msg, text, place + 1)
        if len(line) == MOST_TOKENS:
            msg = f"more than {MOST_TOKENS} words and signs"
            raise ConvergenceExpressionError(msg, text, place + 1)
        line.append(" " * len(token) if found.lastgroup == "space" else token)
        place = found.end()
    return "".join(line)


def _odd(rest: str) -> str:
    """What is wrong with a text that begins with no token."""
    first = rest[0]
    if not first.isascii():
        return f"{first!r} is allowed only inside quotes: names are written in ASCII"
    if first in "'\"":
        return "a text has to end on its line, and \\ in it stands before one of ' \" \\ n r t"
    if first == "=":
        return "nothing can be assigned; equality is =="
    if first.isdigit() or first == ".":
        return "this is no number"
    if first.isalpha():
        return "a text has no prefix"
    return f"{first!r} is not allowed: numbers, texts, names, operators and functions are"


def _tree(text: str, line: str) -> ast.expr:
    blanks = len(line) - len(line.lstrip())
    try:
        # Python takes no blanks in front; a bracket there keeps the columns.
        tree = ast.parse(line if not blanks else f"({line[1:]})", mode="eval")
    except SyntaxError as error:
        msg = f"this cannot be read: {error.msg}"
        raise ConvergenceExpressionError(msg, text, min(error.offset or 1, len(text))) from None
    except (ValueError, MemoryError, RecursionError):
        msg = "this cannot be read: it is too deep, or holds too long a number"
        raise ConvergenceExpressionError(msg, text, 1) from None
    return tree.body
