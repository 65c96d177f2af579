""".dockerignore, with BuildKit's exact rules, and the line that dropped each path.

The patterns are those of the pinned library, which follows moby's matcher. The walk is done here as BuildKit does
it, carrying each pattern's answer from a directory to what lies in it, because two things are needed that a plain
yes or no does not give: the rule that decided, and speed over thousands of paths.
Source: https://docs.docker.com/build/concepts/context/#dockerignore-files and moby/patternmatcher.
"""

from __future__ import annotations

import warnings

from e2b_dockerfile_utils import PatternMatcher

from deploy_lib.model.findings import Absence
from deploy_lib.source.model import Rule

# A pattern such as [[] is fine with BuildKit; Python's remark on it would only puzzle the user.
warnings.filterwarnings("ignore", category=FutureWarning, module="e2b_dockerfile_utils")

_State = tuple[tuple[bool, ...], int | None]
"""Which patterns matched a directory, and the index of the one that drops it."""


class InvalidPattern(Exception):
    """A line that makes the builder refuse the whole build."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line
        self.reason = reason


class Dockerignore(PatternMatcher):
    """The rules of one file. Raises InvalidPattern."""

    def __init__(self, text: str, file: str) -> None:
        self._rules: list[Rule] = []
        lines = text.removeprefix("\ufeff").split("\n")
        for number, line in enumerate(lines, 1):
            try:
                kept = PatternMatcher([line]).patterns
            except ValueError as error:
                raise InvalidPattern(number, str(error)) from None
            if kept:
                self._rules.append(Rule(file, number, line.strip(), Absence.DOCKERIGNORED))
        super().__init__(lines)
        self._tests = [(index, each.exclusion, each.match) for index, each in enumerate(self._patterns)]
        self._directories: dict[str, _State] = {"": ((False,) * len(self._tests), None)}

    def dropping(self, path: str) -> Rule | None:
        """The rule that keeps a context path out of the build; None when it goes in."""
        _, index = self._judge(path, self._directory(path.rpartition("/")[0]))
        return None if index is None else self._rules[index]

    def _directory(self, path: str) -> _State:
        known = self._directories.get(path)
        if known is None:
            known = self._judge(path, self._directory(path.rpartition("/")[0]))
            self._directories[path] = known
        return known

    def _judge(self, path: str, above: _State) -> _State:
        inherited, _ = above
        matched: list[bool] = []
        decided: int | None = None
        for index, exclusion, match in self._tests:
            # A pattern that could not change the verdict is not asked, and then counts as no match further down.
            hit = inherited[index] or (exclusion == (decided is not None) and match(path))
            matched.append(hit)
            if hit:
                decided = None if exclusion else (index if decided is None else decided)
        return tuple(matched), decided
