"""What the sections of a report say, as plain data: a Table, Lines, a Figure or a Chain, and nothing of any format.

A format shows every block it can; of a Figure it cannot draw, the table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from deploy_lib.model.cause import Link
from deploy_lib.model.outcome import Tone
from deploy_lib.report.facts.steps import StepRow
from deploy_lib.report.facts.traffic import Period
from deploy_lib.report.facts.users import Measured, Role


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text. `literal`: it stands as it is, such as a command, a path or a digest. `link`: its address."""

    text: str
    tone: Tone = "plain"
    literal: bool = False
    link: str = ""


Text = str | Piece | tuple[str | Piece, ...]
"""One line to read, its pieces with a space between them."""


def literal(text: str) -> Piece:
    return Piece(text, literal=True)


def pieces(text: Text) -> tuple[Piece, ...]:
    parts = text if isinstance(text, tuple) else (text,)
    return tuple(part if isinstance(part, Piece) else Piece(part) for part in parts)


def plain(text: Text) -> str:
    """The letters alone."""
    return " ".join(piece.text for piece in pieces(text) if piece.text)


ColumnKind = Literal["text", "time", "number", "detail"]


@dataclass(frozen=True, slots=True)
class Column:
    """`detail`: of some rows only, and about what the last other column says; "" where a row has none."""

    name: str
    kind: ColumnKind = "text"


def columns(*names: str, kind: ColumnKind = "text") -> tuple[Column, ...]:
    return tuple(Column(name, kind) for name in names)


@dataclass(frozen=True, slots=True)
class Table:
    """Without columns, each row is a name and its value. `short`: the brief form has it too."""

    rows: tuple[tuple[Text, ...], ...]
    columns: tuple[Column, ...] = ()
    short: bool = False

    @property
    def details(self) -> tuple[int, ...]:
        """The columns of details that any row has."""
        kinds = (number for number, column in enumerate(self.columns) if column.kind == "detail")
        return tuple(number for number in kinds if any(plain(row[number]) for row in self.rows))

    @property
    def main(self) -> tuple[int, ...]:
        """The other columns; the last one may be long."""
        return tuple(number for number, column in enumerate(self.columns) if column.kind != "detail")


@dataclass(frozen=True, slots=True)
class Lines:
    """Sentences; commands in their order, each a piece with its note behind it; lines of a log, to the letter; or the
    one sentence that says that there is nothing."""

    items: tuple[Text, ...]
    title: str = ""
    kind: Literal["sentences", "commands", "log", "nothing"] = "sentences"
    short: bool = False


@dataclass(frozen=True, slots=True)
class Chain:
    """A conclusion, and the imports that lead to it; the last link is where it fails."""

    conclusion: str
    code: str
    confidence: str
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class Spans:
    """Steps over time."""

    steps: tuple[StepRow, ...]


@dataclass(frozen=True, slots=True)
class Shares:
    """The traffic over time; `revisions` are those that served, in the order in which they came to."""

    periods: tuple[Period, ...]
    revisions: tuple[tuple[str, Role], ...]


@dataclass(frozen=True, slots=True)
class Bars:
    """Latency: the quantiles of each."""

    measured: tuple[Measured, ...]


@dataclass(frozen=True, slots=True)
class ReleaseBar:
    """A release among others; `seconds` is None for one without an ending, `note` says which it is."""

    label: str
    seconds: float | None
    tone: Tone
    note: str


@dataclass(frozen=True, slots=True)
class Columns:
    """Releases over time, the oldest first."""

    bars: tuple[ReleaseBar, ...]


@dataclass(frozen=True, slots=True)
class Series:
    """What one colour stands for, with a value for each label; None where there is none."""

    name: str
    colour: str
    values: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Weeks:
    """Numbers by week, or (`are_times`) seconds; several series stand on top of each other."""

    labels: tuple[str, ...]
    series: tuple[Series, ...]
    are_times: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawing, and what a format shows that cannot draw; None where another block says the same."""

    title: str
    chart: Spans | Shares | Bars | Columns | Weeks
    table: Table | None = None


Block = Table | Lines | Figure | Chain
