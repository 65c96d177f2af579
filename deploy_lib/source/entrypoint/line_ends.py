"""A start script that the kernel refuses: its first line ends with a carriage return."""

from __future__ import annotations

import posixpath
import re
import shlex

from deploy_lib.model.codes import Code
from deploy_lib.model.findings import Finding, Severity
from deploy_lib.source.entrypoint.scripts import ReadText, started
from deploy_lib.source.model import ImageContents

_FIRST_LINE = re.compile(r"#!\s*(\S+)[^\r\n]*\r(?:\n|$)")


def windows_line_ends(contents: ImageContents, root: str, read: ReadText) -> Finding | None:
    """None where a RUN step may have changed the script, or a shell is told to read it. `root` is the context's.

    execve(2) takes the whole first line after #!, so it looks for an interpreter whose name ends in a carriage return.
    """
    for script in started(contents, read).scripts:
        first = _FIRST_LINE.match(script.text)
        if first and not script.by_shell and not script.unsure and not may_change(contents, script.path):
            return _finding(posixpath.join(root, contents.files[script.path]), first[1])
    return None


def may_change(contents: ImageContents, path: str) -> bool:
    """Whether a step may have written the file after it was copied."""
    return any(f"{path}/".startswith(f"{each.prefix.rstrip('/')}/") for each in contents.unknown)


def _finding(path: str, interpreter: str) -> Finding:
    quoted = shlex.quote(path)
    return Finding(
        Code.WINDOWS_LINE_ENDS,
        Severity.ERROR,
        f"{path} has Windows line ends (CRLF), so that the container cannot start it: Linux looks for an interpreter "
        f"called {interpreter} with a carriage return at its end",
        file=path,
        line=1,
        fix=f"sed -i 's/\\r$//' {quoted} && git add --renormalize -- {quoted} && git commit, and write "
        f"'*.sh text eol=lf' into .gitattributes",
    )
