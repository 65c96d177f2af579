"""Commands as short as they can be, for who reads them where the tool was called."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from deploy_lib.cli.program import shorter
from deploy_lib.cli.show.display import Display
from deploy_lib.model.journal import Entry

T = TypeVar("T")


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
