"""A repository that is being made: what it holds now, what it held before, and what lies on the disk only."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Draft:
    """Paths are from the repository's top.

    `before` is what an earlier commit held and this one does not, `disk` what is in no commit. `expects` is a word
    that a finding about the planted fault holds, "" when nothing is planted.
    """

    files: dict[str, str] = field(default_factory=dict)
    executable: set[str] = field(default_factory=set)
    before: dict[str, str] = field(default_factory=dict)
    disk: dict[str, str] = field(default_factory=dict)
    expects: str = ""

    def replace(self, path: str, old: str, new: str) -> None:
        """ValueError when `old` does not stand there."""
        if old not in self.files[path]:
            raise ValueError(f"{path} holds no {old!r}")
        self.files[path] = self.files[path].replace(old, new, 1)
