"""The live table as lines of styled text, for any size of terminal. Pure.

What runs, and what was answered to Ctrl-C, is always there: when the height does not suffice, running services shrink
to the step they are at, then to one line each; a service that has ended is one line from the start.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from rich.cells import cell_len, chop_cells, set_cell_size

from deploy_lib.cli.show.progress import Progress, Row
from deploy_lib.model.outcome import Tone
from deploy_lib.printable import shown

Line = list[tuple[str, str]]
"""Pieces of text with the name of their style: a key of STYLES."""

STYLES = {"": "", "bold": "1", "dim": "2", "italic": "3", "cyan": "36", "green": "32", "yellow": "33",
          "bold green": "1;32", "bold yellow": "1;33", "bold red": "1;31"}  # fmt: skip
IN_TONE: dict[Tone, str] = {"good": "bold green", "bad": "bold red", "unsure": "bold yellow", "plain": "dim"}
"""The style of good news, and of other."""
_LEAST = 24  # columns that a reason needs beside its step; with fewer it stands below


def frame(services: Sequence[Progress], notice: str, now: float, width: int, height: int) -> list[Line]:
    """What fits into `height` lines of `width` columns; `notice` is the last of them."""
    below = [cropped([(shown(notice), "bold yellow")], width)] if notice else []
    room = max(1, height - len(below))
    lines: list[Line] = []
    for folded, brief, together in ((True, 0, 0), (False, 0, 0), (False, 1, 0), (False, 2, 0), (False, 2, 1)):
        lines = _layout(services, now, width, folded=folded, brief=brief, together=bool(together))
        if len(lines) <= room:
            return lines + below
    hidden = len(lines) - room + 1
    return [*lines[: room - 1], [(f"and {hidden} more", "dim")], *below]


def final(services: Sequence[Progress], now: float, width: int) -> list[Line]:
    """What stays on the screen: whole, since nothing is drawn over it again."""
    if len(services) > 1:
        ended = (each for each in services if each.title)  # why each ended so stands below
        return [_one_line(each, now, width, _name_width(services, width), why=False) for each in ended]
    return [line for each in services for line in _whole(each, now, width, folded=True)]


def _layout(
    services: Sequence[Progress], now: float, width: int, *, folded: bool, brief: int, together: bool
) -> list[Line]:
    """`brief` 0 shows every step of a running service, 1 the step it is at, 2 the service in one line."""
    name_width = _name_width(services, width)
    ended = [each for each in services if each.stopped is not None and len(services) > 1]
    running = [each for each in services if each.title and each not in ended]
    waiting = [each.name for each in services if not each.title]
    lines: list[Line] = []
    if together:
        lines += [_ended_together(ended, width)] if ended else []
    else:
        lines += [_one_line(each, now, width, name_width) for each in ended]
    for each in running:
        if brief == 2:
            lines.append(_one_line(each, now, width, name_width))
        elif brief == 1:
            lines += _at_its_step(each, now, width)
        else:
            lines += _whole(each, now, width, folded=folded)
    if waiting and len(services) > 1:
        lines.append(cropped([(f"waiting: {', '.join(waiting)}", "dim")], width))
    return lines


def _whole(service: Progress, now: float, width: int, *, folded: bool) -> Iterator[Line]:
    """The service's title, and each of its steps."""
    if not service.title:
        return
    label_width = min(max([len("step"), *(cell_len(row.label) for row in service.rows)]), max(8, width // 3))
    yield cropped([(shown(service.title), "italic")], width)
    yield cropped([(_cell("step", label_width), "bold"), (" " * 12 + "time", "bold")], width)
    for row in service.rows:
        yield from _row(row, service.progress, now, label_width, width, folded=folded)
    yield from _aside(service, width)


def _at_its_step(service: Progress, now: float, width: int) -> Iterator[Line]:
    """The title, how many steps are behind and before it, and the one that runs."""
    yield cropped([(shown(service.title), "italic")], width)
    row = service.row
    if row is not None:
        done = sum(each.status is not None for each in service.rows)
        left = len(service.rows) - done - 1
        yield cropped([(f"  {done} done, {left} to come", "dim")], width)
        yield from _row(row, service.progress, now, min(cell_len(row.label), max(8, width // 3)), width, folded=False)
    yield from _aside(service, width)


def _row(row: Row, progress: str, now: float, label_width: int, width: int, *, folded: bool) -> Iterator[Line]:
    took = row.took(now)
    mark, style = _mark(row)
    time = "" if took is None else f"{took:.1f} s"
    head: Line = [(_cell(row.label, label_width), ""), (f" {mark:<7}", style), (f" {time:>7}", "")]
    used = label_width + 16
    reason = shown(progress if row.running else row.reason).replace("\n", " ")
    beside = width - used - 1 >= _LEAST
    room = width - used - 1 if beside else width - 2
    parts = _folded(reason, room) if folded and reason else [crop(reason, room)] if reason else []
    if beside:
        first = parts[0] if parts else ""
        yield cropped([*head, (f" {first}", "")], width)
        yield from ([(" " * (used + 1) + part, "")] for part in parts[1:])
    else:
        yield cropped(head, width)
        yield from ([(f"  {part}", "")] for part in parts if folded or row.running)


def _folded(text: str, width: int) -> list[str]:
    """Between words where that fits."""
    lines = textwrap.wrap(text, width, break_on_hyphens=False)
    return lines if all(cell_len(line) <= width for line in lines) else chop_cells(text, width)


def _aside(service: Progress, width: int) -> Iterator[Line]:
    """What a service does while no step of it runs, such as restoring."""
    if service.progress and service.row is None:
        yield cropped([(f"  {shown(service.progress)}", "cyan")], width)


def _one_line(service: Progress, now: float, width: int, name_width: int, *, why: bool = True) -> Line:
    name = _cell(service.name, name_width)
    if service.stopped is not None:
        word = service.stopped.outcome.words.mark
        style = IN_TONE[service.stopped.outcome.words.tone]
        took = f"{service.ended - service.began:6.1f} s"
        reason = f"  {shown(service.stopped.reason)}" if why else ""
        return cropped([(f"{name} ", ""), (word, style), (f" {took}{reason}", "")], width)
    row = service.row
    if row is None:
        return cropped([(f"{name} ", ""), (shown(service.progress) or "running", "cyan")], width)
    right = f" {row.took(now) or 0.0:6.1f} s  {shown(service.progress)}"
    return cropped([(f"{name} ", ""), (row.label, "cyan"), (right, "")], width)


def _ended_together(ended: Sequence[Progress], width: int) -> Line:
    words = [each.stopped.outcome.words.mark for each in ended if each.stopped is not None]
    counted = ", ".join(f"{words.count(word)} {word}" for word in dict.fromkeys(words))
    return cropped([(f"ended: {counted}", "")], width)


def _mark(row: Row) -> tuple[str, str]:
    if row.status is not None:
        return row.status.words.mark, IN_TONE[row.status.words.tone]
    return ("running", "cyan") if row.running else ("", "")


def _name_width(services: Sequence[Progress], width: int) -> int:
    return min(max((cell_len(each.name) for each in services), default=0), max(8, width // 3))


def _cell(text: str, width: int) -> str:
    return set_cell_size(crop(shown(text), width), width)


def crop(text: str, width: int) -> str:
    """At most so many columns; "..." at the end shows that there was more."""
    text = text.replace("\n", " ").replace("\t", " ")
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, width - 3).rstrip() + "..." if width > 3 else set_cell_size(text, max(0, width))


def cropped(line: Line, width: int) -> Line:
    """The line in one row of the screen."""
    fitting: Line = []
    for text, style in line:
        text = crop(text, width)
        fitting.append((text, style))
        width -= cell_len(text)
    return fitting
