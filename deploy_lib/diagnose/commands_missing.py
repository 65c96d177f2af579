"""Words of shells, kernels and the platform for a start command that cannot be run at all."""

from __future__ import annotations

import re
from collections.abc import Sequence

from deploy_lib.diagnose.log_rows import PhysicalLine
from deploy_lib.diagnose.meaning import Meaning, MeaningfulLine
from deploy_lib.model.cause_facts import CommandFacts
from deploy_lib.model.codes import Code
from deploy_lib.model.evidence import LogSource

_TABLE = (
    (
        re.compile(r"(?:failed to load|exec:?) \"?([\w./-]+)\"?:? (?:.{0,40})?exec format error", re.IGNORECASE),
        Code.WRONG_ARCHITECTURE,
        "{0} is not a program for linux/amd64 (or a script without a #! line)",
    ),
    (
        re.compile(r"exec format error", re.IGNORECASE),
        Code.WRONG_ARCHITECTURE,
        "the start command is not a program for linux/amd64 (or a script without a #! line)",
    ),
    (re.compile(r"cannot execute binary file"), Code.WRONG_ARCHITECTURE, "the program is not built for linux/amd64"),
    (
        re.compile(r"env: ['‘\"]?([\w./-]+)(?:\\r|\r|\ufffd|#015)"),
        Code.COMMAND_NOT_FOUND,
        "{0} is asked for with a Windows line end: the start script has CRLF lines",
    ),
    (
        re.compile(
            r"(?:exec:?|load|init process:|start:|create process:)\s.{0,80}?\"?(/?[\w./-]+)\"?: permission denied", re.I
        ),
        Code.NOT_EXECUTABLE,
        "{0} may not be executed",
    ),
    (
        re.compile(r"/bin/(?:ba)?sh: (?:line )?\d+: ([\w./-]+): [Pp]ermission denied"),
        Code.NOT_EXECUTABLE,
        "{0} may not be executed",
    ),
    (
        re.compile(r"(?:ba|da)?sh: (?:line )?\d+: (?:exec: )?([\w./-]+): (?:command )?not found"),
        Code.COMMAND_NOT_FOUND,
        "the command {0} is not in the image",
    ),
    (
        re.compile(r"exec:? \"?([\w./-]+)\"?: (?:executable file not found|no such file or directory|not found)", re.I),
        Code.COMMAND_NOT_FOUND,
        "the command {0} is not in the image",
    ),
    (
        re.compile(
            r"(?:failed to load|failed to start:?|could not start) \"?(/?[\w./-]+)\"?: no such file or directory", re.I
        ),
        Code.COMMAND_NOT_FOUND,
        "the command {0} is not in the image",
    ),
    (
        re.compile(r"failed to find (?:initial )?(?:command|executable|process) \"?([\w./-]+)", re.I),
        Code.COMMAND_NOT_FOUND,
        "the command {0} is not in the image",
    ),
    (
        re.compile(r"python[\d.]*: can't open file '?([^':]+)'?: \[Errno 2\]"),
        Code.COMMAND_NOT_FOUND,
        "the script {0} is not in the image",
    ),
)
_HINT = re.compile(
    r"not found|no such file|denied|format error|cannot execute|can't open|env: |failed to find", re.IGNORECASE
)


def find(rows: Sequence[PhysicalLine]) -> MeaningfulLine | None:
    """The last line that says so, from the application's stderr or from the platform."""
    last: MeaningfulLine | None = None
    for number, row in enumerate(rows):
        text = row.text
        if row.source == LogSource.REQUEST or len(text) > 500 or not _HINT.search(text):
            continue
        for pattern, kind, sentence in _TABLE:
            match = pattern.search(text)
            if match:
                command = (match[1] if match.groups() else None) or "the start command"
                meaning = Meaning(kind, sentence.format(command), facts=CommandFacts(command=command))
                last = MeaningfulLine(number, meaning)
                break
    return last
