""".gcloudignore, as gcloud itself reads it: the file that makes tracked files vanish from a Cloud Build.

gcloud says it follows .gitignore, and nearly does. Measured with `gcloud meta list-files-for-upload`: only the file
at the top counts; a pattern with a slash in its middle matches at any depth unless "**" stands in it; "a/**" also
drops "a" itself; `#!include:NAME` puts in another file of the same directory, one level deep. Nothing below a
dropped directory can be taken back.
"""

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from deploy_lib.model.findings import Absence
from deploy_lib.source.dockerignore import InvalidPattern
from deploy_lib.source.model import Rule

NAME = ".gcloudignore"
_INCLUDE = "!include:"
_TRAILING_SPACES = re.compile(r"(?<!\\)((?:\\\\)*)( +)$")
_ODD_BACKSLASHES = re.compile(r"(?<!\\)\\(?:\\\\)*$")
_PLAIN = re.compile(r"[^*?\[\]]*\Z")


@dataclass(frozen=True, slots=True)
class _Pattern:
    rule: Rule
    negated: bool
    only_directories: bool
    last: Callable[[str], bool]  # of the last part of a path: most paths end here
    whole: Callable[[tuple[str, ...]], bool]


class Gcloudignore:
    """`read` gives a file beside the .gcloudignore, None where there is none; `root` is their repository path.

    Raises InvalidPattern for an include that gcloud refuses.
    """

    def __init__(self, text: str, root: str, read: Callable[[str], str | None]) -> None:
        self._patterns = list(_patterns(text, root, NAME, read))
        self._directories: dict[str, Rule | None] = {"": None}

    def dropping(self, path: str) -> Rule | None:
        """The rule that keeps a path, relative to the file's directory, out of the upload."""
        above = self._directory(path.rpartition("/")[0])
        return above or self._decide(path, is_directory=False)

    def _directory(self, path: str) -> Rule | None:
        if path not in self._directories:
            above = self._directory(path.rpartition("/")[0])
            self._directories[path] = above or self._decide(path, is_directory=True)
        return self._directories[path]

    def _decide(self, path: str, *, is_directory: bool) -> Rule | None:
        name = path.rpartition("/")[2]
        parts: tuple[str, ...] | None = None
        for pattern in reversed(self._patterns):
            if (is_directory or not pattern.only_directories) and pattern.last(name):
                parts = parts or tuple(path.split("/"))
                if pattern.whole(parts):
                    return None if pattern.negated else pattern.rule
        return None


def _patterns(text: str, root: str, name: str, read: Callable[[str], str | None]) -> Iterator[_Pattern]:
    """`root` "" is the repository's top. An included file's own includes are not followed, as in gcloud."""
    file = posixpath.join(root, name)
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("#"):
            if name == NAME and line[1:].lstrip().startswith(_INCLUDE):
                included = line[line.index(_INCLUDE) + len(_INCLUDE) :]
                yield from _include(included, number, root, read)
            continue
        pattern = _pattern(line, Rule(file, number, line.rstrip(), Absence.GCLOUDIGNORED))
        if pattern:
            yield pattern


def _include(included: str, number: int, root: str, read: Callable[[str], str | None]) -> Iterator[_Pattern]:
    if "/" in included:
        raise InvalidPattern(number, f"#!include:{included} may only name a file of the same directory")
    text = read(included)
    if text is None:
        raise InvalidPattern(number, f"#!include:{included} names a file that the commit does not have")
    yield from _patterns(text, root, included, read)


def _pattern(line: str, rule: Rule) -> _Pattern | None:
    """None for a line that gcloud passes over."""
    negated = line.startswith("!")
    line = line[1:] if negated else line
    only_directories = line.endswith("/")
    line = line[:-1] if only_directories else line
    line = _TRAILING_SPACES.sub(r"\1", line).replace("\\ ", " ")
    if _ODD_BACKSLASHES.search(line):
        return None
    line = re.sub(r"\\([^\\])", r"\1", line).replace("\\\\", "\\")
    if not line:
        return None
    parts = line.split("/")
    tests = [_part(part) for part in parts]
    last: Callable[[str], bool] = (lambda name: True) if parts[-1] == "**" else tests[-1]
    return _Pattern(rule, negated, only_directories, last, _matcher(parts, tests))


def _part(part: str) -> Callable[[str], bool]:
    if _PLAIN.match(part):
        return part.__eq__
    expression = re.compile(fnmatch.translate(part))
    return lambda name: expression.match(name) is not None


def _matcher(parts: list[str], tests: list[Callable[[str], bool]]) -> Callable[[tuple[str, ...]], bool]:
    def matches(path: tuple[str, ...], end: int, *, anchored: bool) -> bool:
        """Whether the first `end` parts of the pattern match `path`, from its right end leftwards."""
        while end:
            part = parts[end - 1]
            if part == "**":
                # What stands left of it must begin at the top.
                return any(matches(path[:stop], end - 1, anchored=True) for stop in range(len(path) + 1))
            if not path:
                return end == 1 and (part == "" or (not anchored and tests[0]("")))
            # A leading "*" stands for one directory at the top; gcloud lets one with a one-letter name precede it.
            leading = part == "*" and end == 1 and not anchored
            if (leading and len("/".join(path[:-1])) > 1) or not tests[end - 1](path[-1]):
                return False
            path, end = path[:-1], end - 1
        return not (anchored and path)

    return lambda path: matches(path, len(parts), anchored=False)
