"""What the packages installed in an image bring, asked by the name that is imported."""

from __future__ import annotations

from collections.abc import Iterable


class Installed:
    """`modules` are packages and single modules; of a namespace such as google.cloud the parts in it."""

    def __init__(self, modules: Iterable[str]) -> None:
        self._names = frozenset(modules)
        self._above = frozenset(head for name in self._names for head in _heads(name))

    def brings(self, module: str) -> bool:
        """Whether a package holds it, or it is a namespace that packages share."""
        return module in self._names or module in self._above or any(head in self._names for head in _heads(module))


def _heads(name: str) -> list[str]:
    """google and google.cloud, of google.cloud.storage"""
    parts = name.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts))]
