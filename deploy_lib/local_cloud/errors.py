"""The error of the engines and of the registry client."""

from __future__ import annotations


class EngineError(Exception):
    """The engine refused or failed, for a reason a person can read. `output` holds the last lines it printed."""

    def __init__(self, reason: str, *, output: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.output = output
