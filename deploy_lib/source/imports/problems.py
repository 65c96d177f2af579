"""What a run of the import found, before anybody explained it."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass


class Mode(enum.IntEnum):
    """How sure it is that something runs: when a function is called, if ever; under some condition; always."""

    LAZY = 1
    MAYBE = 2
    CERTAIN = 3


@dataclass(frozen=True, slots=True)
class Trail:
    """The import statement that led here, and the one that led there."""

    module: str
    line: int
    up: Trail | None = None

    def from_the_start(self) -> list[Trail]:
        return list(self._upwards())[::-1]

    def _upwards(self) -> Iterator[Trail]:
        link: Trail | None = self
        while link is not None:
            yield link
            link = link.up


@dataclass(slots=True)
class Problem:
    """`at` is where it happens. `module` is what is missing or broken, or what lacks `name`.

    `guarded`: an except clause catches it, or it stands in one. `uncertain`: something else may bring the module.
    `submodule`: `name` is a submodule that is there and that nothing imports.
    """

    code: str
    error: str
    at: Trail
    module: str
    name: str | None = None
    mode: Mode = Mode.CERTAIN
    guarded: bool = False
    uncertain: bool = False
    submodule: bool = False

    @property
    def stops(self) -> bool:
        return self.mode is Mode.CERTAIN and not self.guarded and not self.uncertain
