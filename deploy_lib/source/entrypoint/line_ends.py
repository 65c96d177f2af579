"""A start script that the kernel refuses: its first line ends with a carriage return."""

from __future__ import annotations

import posixpath
import re
import shlex

from deploy_lib.model.codes import Code
from deploy_lib.model.findings import Finding, Severity
from deploy_lib.source.entrypoint.read import ReadText
from deploy_lib.source.entrypoint.shell import is_read_by_a_shell, script_of
from deploy_lib.source.model import ImageContents

_FIRST_LINE = re.compile(r"#!\s*(\S+)[^\r\n]*\r(?:\n|$)")


def windows_line_ends(contents: ImageContents, root: str, read: ReadText) -> Finding | None:
    """None where a RUN step may have changed the script, or a shell is told to read it. `root` is the context's.

    execve(2) takes the whole first line after #!, so it looks for an interpreter whose name ends in a carriage return.
    """
    found = script_of(contents.command, contents.workdir)
    text = read(found[0]) if found else None
    first = _FIRST_LINE.match(text) if text else None
    if found is None or first is None or is_read_by_a_shell(contents.command):
        return None
    script = found[0]
    if any(f"{script}/".startswith(f"{each.prefix.rstrip('/')}/") for each in contents.unknown):
        return None
    path = posixpath.join(root, contents.files[script])
    quoted = shlex.quote(path)
    return Finding(
        Code.WINDOWS_LINE_ENDS,
        Severity.ERROR,
        f"{path} has Windows line ends (CRLF), so that the container cannot start it: Linux looks for an interpreter "
        f"called {first[1]} with a carriage return at its end",
        file=path,
        line=1,
        fix=f"sed -i 's/\\r$//' {quoted} && git add --renormalize -- {quoted} && git commit, and write "
        f"'*.sh text eol=lf' into .gitattributes",
    )
