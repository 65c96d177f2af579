"""What a module does while it is imported, in order: a small program, reduced to what can make an import fail.

A test that is known for the image (sys.version_info, sys.platform, TYPE_CHECKING) is decided already, and only the
branch that runs is here. What may or may not run stands in Maybe. Lines are those of the source, from 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple


class Import(NamedTuple):
    """`import module as bound`; `top`: the name stands for the module's top package. "" where no global is bound."""

    line: int
    module: str
    bound: str
    top: bool


class From(NamedTuple):
    """`from module import name as bound`, as pairs; "" where no global is bound. A star is the one pair ("*", "")."""

    line: int
    level: int
    module: str
    names: tuple[tuple[str, str], ...]


class Load(NamedTuple):
    """`importlib.import_module("module")`: nothing is bound."""

    line: int
    level: int
    module: str


class Bind(NamedTuple):
    """Names that hold a value nobody looks into."""

    names: tuple[str, ...]


class Class(NamedTuple):
    """`open` when its attributes cannot be known. `bases` are dotted names as written."""

    name: str
    bases: tuple[str, ...]
    members: tuple[str, ...]
    open: bool


class Function(NamedTuple):
    """`body` is what every call of it is certain to do first."""

    name: str
    body: Program


class Call(NamedTuple):
    """A call, as a statement or as a whole value, of what a dotted name stands for."""

    line: int
    chain: tuple[str, ...]


class Unbind(NamedTuple):
    name: str


class Use(NamedTuple):
    """A name is evaluated that the module has not bound before, as far as its own text tells."""

    line: int
    name: str


class Doubt(NamedTuple):
    """A name is evaluated that may not be bound: two readings of the text disagree."""


class VariableRead(NamedTuple):
    """`os.environ["name"]` is evaluated, which fails unless the variable is set; `sets`: this module may set it, and
    "*" stands for any."""

    line: int
    name: str
    sets: bool


class Read(NamedTuple):
    """`chain[0].chain[1]...` is evaluated."""

    line: int
    chain: tuple[str, ...]


class Store(NamedTuple):
    """`chain[0].chain[1]... = value`; ("name", "*") where a name is handed to a call, which may set anything on it."""

    chain: tuple[str, ...]


class Raise(NamedTuple):
    """Nothing after it runs. `error` is empty where the error being handled is raised again."""

    line: int
    error: str


class Handler(NamedTuple):
    """`catches` are the names in the except clause; "" is a bare except, "?" one that is computed."""

    catches: tuple[str, ...]
    body: Program


class Try(NamedTuple):
    body: Program
    handlers: tuple[Handler, ...]
    orelse: Program
    final: Program


class Maybe(NamedTuple):
    body: Program


class Main(NamedTuple):
    """`if __name__ == "__main__"`: `body` runs in the module that Python was started with, `orelse` in any other."""

    body: Program
    orelse: Program


class Lazy(NamedTuple):
    """The body of a function: runs when it is called, if ever."""

    body: Program


Event = (
    Import
    | From
    | Load
    | Bind
    | Class
    | Function
    | Call
    | Unbind
    | Use
    | Doubt
    | VariableRead
    | Read
    | Store
    | Raise
    | Try
    | Maybe
    | Main
    | Lazy
)
Program = tuple[Event, ...]


def imports(program: Program) -> Iterator[Import | From | Load]:
    """Every import in it, however it is reached."""
    for event in program:
        match event:
            case Import() | From() | Load():
                yield event
            case Maybe() | Lazy():
                yield from imports(event.body)
            case Main():
                yield from imports(event.body)
                yield from imports(event.orelse)
            case Try():
                yield from imports(event.body)
                for handler in event.handlers:
                    yield from imports(handler.body)
                yield from imports(event.orelse)
                yield from imports(event.final)
