"""Markdown that GitHub, GitLab and a plain reader show alike; nothing from a log can become markup."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from deploy_lib.report.blocks import Block, Chain, Figure, Lines, Piece, Table, Text, pieces
from deploy_lib.report.document import Renderable
from deploy_lib.report.formatting import log_lines, tree

# An underscore between letters and a > within a line mean nothing.
_MARKUP = re.compile(r"[\\`*\[\]<|#~]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
_AT_START = re.compile(r"^(?=[>+-])")


def write(report: Renderable) -> str:
    return "\n".join(_lines(report)).rstrip() + "\n"


def _lines(report: Renderable) -> Iterator[str]:
    yield f"# {report.title.capitalize()}: {escaped(report.headline)}"
    for section in report.sections:
        if section.blocks and section.title:
            yield from ("", f"## {section.title}")
        for block in section.blocks:
            yield from shown(block)


def shown(block: Block) -> Iterator[str]:
    """The block line by line, after a blank one."""
    match block:
        case Table():
            yield from ("", *_table(block))
        case Lines():
            yield from ("", f"{escaped(block.title)}:") if block.title else ()
            yield from ("", *items(block))
        case Chain():
            yield from ("", f"**{escaped(block.conclusion)}** ({code(block.code)}, {block.confidence})")
            yield from ("", *fenced(tree(block.links))) if block.links else ()
        case Figure():
            yield from shown(block.table) if block.table else ()


def escaped(text: str) -> str:
    """Text that stays text: one line, and no character of it means markup."""
    return _AT_START.sub(r"\\", _within(text))


def _within(text: str) -> str:
    return _MARKUP.sub(r"\\\g<0>", " ".join(text.split()))


def code(text: str) -> str:
    """An inline code span that holds the text as it is, backticks among it."""
    text = " ".join(text.split())
    ticks = "`" * (max((len(run) for run in re.findall(r"`+", text)), default=0) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{pad}{text}{pad}{ticks}" if text else ""


def fenced(lines: Iterable[str], language: str = "text") -> Iterator[str]:
    text = "\n".join(lines)
    fence = "`" * max(3, max((len(run) for run in re.findall(r"`+", text)), default=0) + 1)
    yield f"{fence}{language}"
    yield text
    yield fence


def inline(text: Text) -> str:
    return " ".join(_piece(each, escaped) for each in pieces(text) if each.text)


def _piece(piece: Piece, escape: Callable[[str], str]) -> str:
    shown = code(piece.text) if piece.literal else escape(piece.text)
    return f"[{shown}](<{piece.link}>)" if piece.link else shown


def _cell(text: Text) -> str:
    """No line starts in a table, and a bar in code needs a backslash there; escaped text has it already."""
    barred = (replace(each, text=each.text.replace("|", "\\|")) if each.literal else each for each in pieces(text))
    kept = (_piece(each, _within) for each in barred)
    return " ".join(part for part in kept if part)


def items(lines: Lines) -> Iterator[str]:
    match lines.kind:
        case "sentences":
            yield from (f"- {inline(item)}" for item in lines.items)
        case "commands":
            yield from (f"{number}. {inline(item)}" for number, item in enumerate(lines.items, 1))
        case "log":
            yield from fenced(log_lines(lines))
        case "nothing":
            yield from map(inline, lines.items)


def _table(table: Table) -> Iterator[str]:
    shown = (*table.main, *table.details) if table.columns else (0, 1)
    names = [table.columns[number].name for number in shown] if table.columns else ["", ""]
    yield f"| {' | '.join(map(escaped, names))} |"
    yield f"|{'|'.join(' --- ' for _ in shown)}|"
    for row in table.rows:
        yield f"| {' | '.join(_cell(row[number]) for number in shown)} |"
