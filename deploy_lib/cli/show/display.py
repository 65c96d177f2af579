"""What a run shows while it works: one small protocol, met by plain lines, a live table, and JSON events."""

from __future__ import annotations

import os
import sys
from dataclasses import fields, is_dataclass, replace
from typing import Any, Protocol, TypeVar

from deploy_lib.cli.program import shorter
from deploy_lib.cli.show.writer_thread import descriptor
from deploy_lib.model.journal import Entry

T = TypeVar("T")


class Display(Protocol):
    """No method waits for a screen, a pipe or another thread, except `close`, and that for seconds."""

    def entry(self, service: str, entry: Entry) -> None: ...
    def line(self, service: str, text: str) -> None: ...
    def stopping(self, by: str) -> None:
        """Answers a signal at once, before the release itself has come to notice it."""
        ...

    def close(self) -> None: ...


class ShortPaths:
    """A display that is given whole commands and shows short ones; the journal keeps them whole."""

    def __init__(self, inner: Display) -> None:
        self._inner = inner

    def entry(self, service: str, entry: Entry) -> None:
        self._inner.entry(service, _shorter(entry))

    def line(self, service: str, text: str) -> None:
        self._inner.line(service, shorter(text))

    def stopping(self, by: str) -> None:
        self._inner.stopping(by)

    def close(self) -> None:
        self._inner.close()


def _shorter(value: T) -> T:
    return _value(value)  # type: ignore[no-any-return]


def _value(value: Any) -> Any:
    if type(value) is str:
        return shorter(value)
    if isinstance(value, tuple):
        return tuple(_value(item) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{each.name: _value(getattr(value, each.name)) for each in fields(value) if each.init})
    return value


def choose(output: str, services: tuple[str, ...]) -> Display:
    """A live table at a terminal, plain timestamped lines without one or with NO_COLOR, JSON when asked for."""
    if output == "json":
        from deploy_lib.cli.show.events import Events

        return Events(sys.stdout, services)
    return ShortPaths(_for_people(services))


def _for_people(services: tuple[str, ...]) -> Display:
    if os.environ.get("GITHUB_ACTIONS") == "true":
        from deploy_lib.cli.show.github import GitHub
        from deploy_lib.cli.show.printer import Printer

        return GitHub(Printer(sys.stdout), services)
    if (
        sys.stdout.isatty()
        and descriptor(sys.stdout) is not None
        and not os.environ.get("NO_COLOR")
        and os.environ.get("TERM") != "dumb"
    ):
        from deploy_lib.cli.show.live import Live

        return Live(services, sys.stdout)
    from deploy_lib.cli.show.plain import Plain
    from deploy_lib.cli.show.printer import Printer

    return Plain(Printer(sys.stdout), services)
