"""Fixes as commands for a shell, wherever they are pasted."""

from __future__ import annotations

import re
import shlex

_TYPED = re.compile(r"(?:git|gcloud|echo|printf|cd|uv|poetry|pdm|pipenv|python3?|\(cd) ")
_COMMIT = re.compile(r"\bgit commit(?=\s*(?:$|[,;]|&&))")
_WITH_MESSAGE = "git commit -m 'Fix the release'"


def in_shell(fix: str) -> str:
    """A finding's fix as a shell may be given it: alternatives and what is not a command become a comment.

    A commit gets a message, since what is pasted must not wait in an editor.
    """
    fix = _COMMIT.sub(_WITH_MESSAGE, fix)
    if fix.startswith("# ") or not _TYPED.match(fix):
        return fix if fix.startswith("# ") else f"# {fix}"
    command, other, rest = re.split(r"([,;] or )", fix, maxsplit=1) if re.search(r"[,;] or ", fix) else (fix, "", "")
    return f"{command}  # or {rest}" if other else command


def in_repository(command: str, root: str) -> str:
    """The command with its paths relative to the repository, wherever it is typed."""
    plain, mark, note = command.partition("  #")
    if not root or not re.match(r"(?:git|echo|printf|cd|uv|poetry|pdm|pipenv) ", plain):
        return command
    return f"(cd {shlex.quote(root)} && {plain}){mark}{note}"


def shown_fix(fix: str, root: str = "") -> str:
    """A finding's fix as it is shown: a command asks no questions and runs anywhere, an edit in words stays so."""
    return in_repository(in_shell(fix), root) if _TYPED.match(fix) else _COMMIT.sub(_WITH_MESSAGE, fix)
