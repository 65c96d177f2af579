"""The options of a command line, for those who look for a single one."""

from __future__ import annotations

from collections.abc import Sequence


def value_of(words: Sequence[str], *names: str) -> str | None:
    """What one of the options is given, as a word of its own or after "="; None where none of them has a value."""
    for position, word in enumerate(words):
        if word in names and position + 1 < len(words):
            return words[position + 1]
        for name in names:
            if word.startswith(f"{name}="):
                return word.partition("=")[2]
    return None
