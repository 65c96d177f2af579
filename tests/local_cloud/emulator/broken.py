"""An engine in which something fails that nobody foresaw."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from deploy_lib.local_cloud.engines.model import Engine

Break = Callable[[Any], Any]


class Broken:
    """`engine`, but `method` gives what `instead` makes of the real answer, or raises what that raises."""

    def __init__(self, engine: Engine, method: str, instead: Break) -> None:
        self._engine, self._method, self._instead = engine, method, instead

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._engine, name)
        return (lambda *given, **more: self._instead(found(*given, **more))) if name == self._method else found


class Unreadable:
    """A container whose output cannot be read."""

    def __init__(self, container: Any) -> None:
        self._container = container

    def __getattr__(self, name: str) -> Any:
        return getattr(self._container, name)

    @property
    def stdout(self) -> Any:
        return self

    def read1(self, size: int = -1) -> bytes:
        raise RuntimeError("the pipe is strange")

    read = read1


def breaks(error: Exception) -> Break:
    def instead(answer: Any) -> Any:
        raise error

    return instead
