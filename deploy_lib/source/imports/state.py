"""How far a run of the import has come: what is loaded, what its modules hold, what was wrong."""

from __future__ import annotations

import enum
from collections.abc import Callable, Generator
from dataclasses import dataclass, field

from deploy_lib.source.imports.closure import Closure
from deploy_lib.source.imports.events import Program
from deploy_lib.source.imports.namespace import FunctionRef, Namespace, Reference
from deploy_lib.source.imports.problems import Mode, Problem, Trail

Wanted = tuple[str, Mode, Trail | None]
Steps = Generator[Wanted, str | None, str | None]
"""Asks for imports, is told the error each ended with, and ends with one itself: None when all went well."""


class MissingKind(enum.Enum):
    """What it means that the image's own directories hold no such module.

    MISSING: it is the application's own, and the import fails. UNCERTAIN: it seems so, but an installed package may
    bring it. UNKNOWN: a part of the image nobody can predict would hold it. ELSEWHERE: an installed package's.
    """

    MISSING = "missing"
    UNCERTAIN = "uncertain"
    UNKNOWN = "unknown"
    ELSEWHERE = "elsewhere"


Judge = Callable[[str], MissingKind]


@dataclass(frozen=True, slots=True)
class Place:
    """Where events run: whose globals they see, how sure it is that they run, and what led here.

    `handling`: in an except clause, where raising is the point.
    """

    module: str
    mode: Mode
    up: Trail | None = None
    handling: bool = False

    def at(self, line: int) -> Trail:
        return Trail(self.module, line, self.up)


@dataclass(slots=True)
class State:
    """`loaded` says how surely each module was imported; `spaces` hold their globals; `running` is a stack."""

    closure: Closure
    judge: Judge
    problems: list[Problem] = field(default_factory=list)
    loaded: dict[str, Mode] = field(default_factory=dict)
    spaces: dict[str, Namespace] = field(default_factory=dict)
    running: list[str] = field(default_factory=list)
    calls: list[FunctionRef] = field(default_factory=list)
    registered: set[str] = field(default_factory=set)  # put into sys.modules by the application itself
    paths_moved: bool = False  # sys.path was changed by a module that ran
    loads_unknown: bool = False  # a module that ran imports others by computed names
    variables: set[str] = field(default_factory=lambda: {"*"})  # of the environment; "*": any may be set
    after_error: int = 0
    doubts: int = 0  # what nobody can foretell: installed packages, names of open modules
    lazy: list[tuple[Program, Place]] = field(default_factory=list)
    _log: list[tuple[str, bool]] = field(default_factory=list)  # modules as they ran; whether after an error
    _failed: set[str] = field(default_factory=set)
    _queued: set[int] = field(default_factory=set)

    def started(self, module: str, mode: Mode) -> None:
        self.loaded[module] = mode
        self._log.append((module, self.after_error > 0))

    def failed(self, module: str) -> None:
        self._failed.add(module)

    def report(
        self, code: str, error: str, at: Trail, mode: Mode, module: str, name: str | None = None, *, sure: bool = True
    ) -> str | None:
        """The error, where it is sure to be raised."""
        self.problems.append(Problem(code, error, at, module, name, mode, uncertain=not sure))
        return error if sure else None

    def mark(self) -> tuple[int, int]:
        return len(self.problems), len(self._log)

    def guard(self, mark: tuple[int, int]) -> None:
        """Problems since then do not stop the import."""
        for problem in self.problems[mark[0] :]:
            problem.guarded = True

    def forget(self, mark: tuple[int, int]) -> None:
        """Modules that failed since then are imported again when they are asked for again."""
        for module, after_error in self._log[mark[1] :]:
            if after_error or module in self._failed:
                self.loaded.pop(module, None)

    def queue(self, program: Program, place: Place) -> None:
        """Function bodies wait until everything that is certain has run."""
        if id(program) not in self._queued:
            self._queued.add(id(program))
            self.lazy.append((program, Place(place.module, Mode.LAZY, place.up)))

    def bind(self, name: str, value: Reference, place: Place) -> None:
        self.spaces[place.module].bind(name, value, certain=place.mode is Mode.CERTAIN)
