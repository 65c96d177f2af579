"""Where the entries and lines of what is carried out go, for as long as it is open."""

from __future__ import annotations

from typing import Protocol

from deploy_lib.model.journal import Entry


class Output(Protocol):
    """`note` as in Recorder; `tell` takes a line of progress; `show` is for what no journal must have."""

    def note(self, entry: Entry, /) -> None: ...
    def tell(self, text: str, /) -> None: ...
    def show(self, entry: Entry, /) -> None: ...
