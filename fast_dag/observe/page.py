"""The frame of a report: one page of HTML that needs nothing besides itself; every value in it is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any, Final, NamedTuple

STYLE: Final = """
:root{color-scheme:light dark;--ground:#f6f7f9;--card:#fff;--ink:#1c2430;--quiet:#667085;--edge:#e3e7ed;
--accent:#2f6fde;--soft:#e8f0fd;--bad:#c93a3a;--bad-soft:#fdeaea;--good:#2a8a57;--good-soft:#e6f5ec;
--warn:#a66a00;--warn-soft:#fdf2dc}
@media (prefers-color-scheme:dark){:root{--ground:#12161c;--card:#1a2029;--ink:#e7ebf1;--quiet:#97a3b4;
--edge:#2b3440;--accent:#7aa8ff;--soft:#203152;--bad:#ff8585;--bad-soft:#402326;--good:#6fd39b;
--good-soft:#1c3a2a;--warn:#f0b95a;--warn-soft:#3d3019}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",
Roboto,"Helvetica Neue",sans-serif}
main{max-width:1180px;margin:0 auto;padding:32px 24px 56px}
header{margin-bottom:22px}
h1{font-size:26px;line-height:1.25;margin:0 0 4px;overflow-wrap:anywhere;letter-spacing:-.01em}
h2{font-size:16px;margin:0 0 12px;overflow-wrap:anywhere}
h3{font-size:13px;font-weight:600;margin:0 0 8px;overflow-wrap:anywhere}
p{margin:0 0 8px}
.quiet,.about{color:var(--quiet)}
.about span+span::before{content:"\\00b7";margin:0 8px}
.pill{display:inline-block;padding:1px 9px;border-radius:999px;font-size:12px;font-weight:600;
background:var(--soft);color:var(--accent);white-space:nowrap}
.pill.bad{background:var(--bad-soft);color:var(--bad)}.pill.good{background:var(--good-soft);color:var(--good)}
.pill.warn{background:var(--warn-soft);color:var(--warn)}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(142px,1fr));gap:12px;margin-bottom:16px}
.tile,section{background:var(--card);border:1px solid var(--edge);border-radius:10px}
.tile{padding:12px 16px}.tile .label{color:var(--quiet);font-size:12.5px}
.tile .value{font-size:23px;font-weight:600;letter-spacing:-.01em;font-variant-numeric:tabular-nums;
overflow-wrap:anywhere;line-height:1.3}
.tile .note{color:var(--quiet);font-size:12.5px;overflow-wrap:anywhere}
.meter{height:5px;border-radius:3px;background:var(--edge);margin-top:7px;overflow:hidden}
.meter i{display:block;height:100%;background:var(--accent);border-radius:3px}
section{padding:18px 20px;margin-bottom:16px}
.columns{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(460px,100%),1fr));gap:16px}
.columns>section{margin:0}.columns{margin-bottom:16px}
.small{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(330px,100%),1fr));gap:18px}
svg{width:100%;height:auto;display:block}
.grid{stroke:var(--edge);stroke-width:1}.tick{fill:var(--quiet);font-size:11px}
.line{fill:none;stroke:var(--accent);stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
.dot{fill:var(--accent)}.dot.last{stroke:var(--card);stroke-width:1.5}
.column{fill:var(--accent)}.column.failed{fill:var(--bad)}.column.cancelled{fill:var(--quiet)}
.bars{display:grid;grid-template-columns:fit-content(34%) minmax(60px,1fr) max-content;gap:10px 12px;
align-items:center}
.bar{display:contents}
.bar .name{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.track{height:14px;background:var(--soft);border-radius:4px;overflow:hidden}
.fill{display:block;height:100%;min-width:2px;background:var(--accent);border-radius:4px}
.figure{color:var(--quiet);font-variant-numeric:tabular-nums;font-size:13px;white-space:nowrap}
.bar .figure{text-align:right}
.scroll{overflow-x:auto}.scroll+.scroll{margin-top:12px}
table{border-collapse:collapse;width:100%;font-size:13.5px}
th{color:var(--quiet);font-weight:500;text-align:left;font-size:12.5px}
th,td{padding:6px 14px 6px 0;border-bottom:1px solid var(--edge);vertical-align:top}
tr:last-child>td{border-bottom:0}
td{overflow-wrap:anywhere}td:first-child{white-space:nowrap}.num{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
details{border-top:1px solid var(--edge)}details:first-of-type{border-top:0}
summary{cursor:pointer;padding:8px 0;display:flex;gap:12px;align-items:center;flex-wrap:wrap}
summary::before{content:"\\25b8";color:var(--quiet);width:10px}details[open]>summary::before{content:"\\25be"}
summary::-webkit-details-marker{display:none}summary .push{margin-left:auto}
.inside{padding:2px 0 14px 22px}
code,pre{font:12.5px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
code{overflow-wrap:anywhere}
pre{background:var(--ground);border:1px solid var(--edge);border-radius:8px;padding:10px 12px;margin:6px 0;
overflow-x:auto;white-space:pre-wrap;overflow-wrap:anywhere;max-height:340px}
.found{border-top:1px solid var(--edge);padding:11px 0}.found:first-of-type{border-top:0;padding-top:0}
.found .head{display:flex;gap:10px;align-items:center;flex-wrap:wrap}
.found p{margin:4px 0 0;color:var(--quiet)}
footer{color:var(--quiet);font-size:12.5px;margin-top:26px}
@media (max-width:560px){main{padding:20px 14px 40px}.tiles{grid-template-columns:1fr 1fr}
.tile .value{font-size:20px}td:not(.num){min-width:8em}td code{display:inline-block;min-width:11em}
.bars{display:block}.bar{display:grid;grid-template-columns:minmax(0,1fr) max-content;gap:3px 12px;
padding:6px 0}
.bar .track{grid-area:2/1/3/3}}
@media print{body{background:#fff}section,.tile{break-inside:avoid}}
"""
MILLI: Final = 1e-3
MICRO: Final = 1e-6


class Tile(NamedTuple):
    """A figure in large letters: what it is, its text, a note below, and the part of a bar that is filled."""

    label: str
    value: str
    note: str = ""
    part: float | None = None


def framed(kind: str, title: str, about: Sequence[str], status: str, body: Iterable[str]) -> str:
    """A whole page.

    Parameters:
        kind: what kind of report it is.
        title: what it is about.
        about: details in a line below.
        status: how that ended, "" to leave it out.
        body: its parts, escaped.
    """
    line = "".join(f"<span>{escape(each)}</span>" for each in (kind, *about))
    state = f" {pill(status.replace('_', ' '), tone(status))}" if status else ""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(f'{kind}: {title}')}</title><style>{STYLE}</style></head>\n<body><main>"
        f'<header><h1>{escape(title)}{state}</h1><div class="about">{line}</div></header>\n'
        + "\n".join(body)
        + "\n<footer>Made by fast_dag</footer></main></body></html>\n"
    )


def tiles(found: Iterable[Tile]) -> str:
    """A row of figures."""
    return f'<div class="tiles">{"".join(map(_tile, found))}</div>'


def section(title: str, content: str, note: str = "") -> str:
    """A part of the page; *content* is escaped."""
    told = f'<p class="quiet">{escape(note)}</p>' if note else ""
    return f"<section><h2>{escape(title)}</h2>{told}{content}</section>"


def columns(*sections: str) -> str:
    """Parts side by side, where there is room."""
    return f'<div class="columns">{"".join(sections)}</div>'


def small(charts: Iterable[tuple[str, str]]) -> str:
    """Small charts with their titles."""
    return (
        '<div class="small">'
        + "".join(f"<div><h3>{escape(title)}</h3>{chart}</div>" for title, chart in charts)
        + "</div>"
    )


def table(header: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[int] = ()) -> str:
    """A table; its cells are escaped.

    Parameters:
        header: the names of its columns.
        rows: HTML of each cell.
        numbers: the columns that have numbers.
    """
    kinds = [' class="num"' if place in numbers else "" for place in range(len(header))]
    head = "".join(f"<th{kind}>{escape(name)}</th>" for name, kind in zip(header, kinds, strict=True))
    body = "".join(
        "<tr>" + "".join(f"<td{kind}>{cell}</td>" for cell, kind in zip(row, kinds, strict=True)) + "</tr>"
        for row in rows
    )
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def pill(text: str, tone: str = "") -> str:
    """A short word with a ground of its own."""
    return f'<span class="pill {tone}">{escape(text)}</span>'


def tone(status: str) -> str:
    """The colour of how something ended."""
    if status in ("completed", "converged", "exit", "cached", "improving"):
        return "good"
    is_bad = status in ("failed", "error", "timed_out", "timeout", "violation", "degrading", "diverging")
    return "bad" if is_bad else "warn" if status else ""


def code(value: Any, longest: int = 300) -> str:
    """A captured value, cut where it is long."""
    text = repr(value)
    return f"<code>{escape(text if len(text) <= longest else text[: longest - 3] + '...')}</code>"


def bytes_text(megabytes: float) -> str:
    """An amount of data in the unit that suits it.

    >>> bytes_text(0.5), bytes_text(2048), bytes_text(0)
    ('512 KiB', '2 GiB', '0 MiB')
    """
    for unit, size in (("GiB", 1024.0), ("MiB", 1.0), ("KiB", 1 / 1024)):
        if megabytes >= size:
            return f"{megabytes / size:.3g} {unit}"
    return f"{megabytes * 1024 * 1024:.0f} bytes" if megabytes else "0 MiB"


def counted(count: int, noun: str) -> str:
    """A number of things.

    >>> counted(1, "call"), counted(2, "call")
    ('1 call', '2 calls')
    """
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def seconds_text(seconds: float | None) -> str:
    """A duration in the unit that suits it.

    >>> seconds_text(0.0000123), seconds_text(0.0123), seconds_text(12.3), seconds_text(None)
    ('12.3 µs', '12.3 ms', '12.3 s', '-')
    """
    if seconds is None:
        return "-"
    for unit, size in (("s", 1.0), ("ms", MILLI), ("µs", MICRO)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}" if seconds < 1000 * size else f"{seconds / size:.0f} {unit}"
    return f"{seconds / MICRO:.2g} µs" if seconds else "0 s"


def _tile(tile: Tile) -> str:
    note = f'<div class="note">{escape(tile.note)}</div>' if tile.note else ""
    bar = ""
    if tile.part is not None:
        bar = f'<div class="meter"><i style="width:{100 * max(0.0, min(1.0, tile.part)):.1f}%"></i></div>'
    label, value = escape(tile.label), escape(tile.value)
    return (
        f'<div class="tile"><div class="label">{label}</div><div class="value">{value}</div>{note}{bar}</div>'
    )
