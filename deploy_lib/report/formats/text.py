"""Plain text for a terminal, without colours: columns aligned, the longest one last."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from deploy_lib.report.blocks import Block, Chain, Figure, Lines, Table, Text, pieces, plain
from deploy_lib.report.document import Renderable
from deploy_lib.report.formatting import day, log_lines, tree


def write(report: Renderable) -> str:
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Renderable) -> Iterator[str]:
    yield f"{report.title}  {report.headline}"
    yield f"made {day(report.made)}"
    for section in report.sections:
        if not section.blocks:
            continue
        yield from ("", section.title.upper()) if section.title else ()
        for block in section.blocks:
            yield from (f"  {line}".replace("\n", "\n    ").rstrip() for line in shown(block))


def shown(block: Block) -> Iterator[str]:
    """The block line by line; a line may hold more than one when it quotes."""
    match block:
        case Table():
            yield from _table(block)
        case Lines():
            yield from _titled(block.title, _items(block))
        case Chain():
            yield f"{block.conclusion} ({block.code}, {block.confidence})"
            yield from tree(block.links)
        case Figure():
            yield from shown(block.table) if block.table else ()


def command(item: Text) -> str:
    """A command with its note, as it can be typed; or what a person does without one."""
    parts = [piece.text for piece in pieces(item) if piece.text]
    return "   # ".join(parts)


def _titled(title: str, lines: Iterator[str]) -> Iterator[str]:
    if title:
        yield f"{title}:"
        lines = (f"  {line}" for line in lines)
    yield from lines


def _items(block: Lines) -> Iterator[str]:
    match block.kind:
        case "sentences" | "nothing":
            yield from map(plain, block.items)
        case "commands":
            yield from (f"{number}. {command(item)}" for number, item in enumerate(block.items, 1))
        case "log":
            yield from log_lines(block)


def _table(table: Table) -> Iterator[str]:
    if not table.columns:
        yield from (f"{plain(name)}: {plain(value)}" for name, value in table.rows)
        return
    *fixed, last = table.main
    names = [column.name for column in table.columns]
    widths = [max(len(plain(row[number])) for row in [names, *table.rows]) for number in fixed]

    def line(row: Sequence[Text]) -> str:
        cells = (
            plain(row[number]).rjust(width)
            if table.columns[number].kind == "number"
            else plain(row[number]).ljust(width)
            for number, width in zip(fixed, widths, strict=True)
        )
        return "  ".join((*cells, plain(row[last]))).rstrip()

    yield line(names)
    for row in table.rows:
        yield line(row)
        for number in table.details:
            if plain(row[number]):
                yield f"    {names[number].lower()}: {plain(row[number])}"
