"""What uvicorn, gunicorn and python say about an application they cannot load, where they print no traceback."""

from __future__ import annotations

import re
from collections.abc import Sequence

from deploy_lib.diagnose.log_rows import PLATFORM, PhysicalLine
from deploy_lib.diagnose.meaning import Meaning, MeaningfulLine
from deploy_lib.model.cause_facts import NameFacts
from deploy_lib.model.codes import Code

_MODULE = re.compile(r"Could not import module \"([\w.]+)\"|Error while finding module specification for '([\w.]+)'")
_NO_MAIN = re.compile(r"python[\d.]*: No module named ([\w.]+)\s*$")
_ATTRIBUTE = re.compile(
    r"Attribute \"([\w.]+)\" not found in module \"([\w.]+)\"|Failed to find attribute '([\w.]+)' in '([\w.]+)'"
)
_KILLED = re.compile(
    r"was sent SIGKILL! Perhaps out of memory|^Killed$|Out of memory: Killed process|oom-kill", re.IGNORECASE
)
_TIMEOUT = re.compile(r"WORKER TIMEOUT \(pid:\d+\)")
_BIND = re.compile(
    r"address already in use|Connection in use: \('|error while attempting to bind on address", re.IGNORECASE
)


def find(rows: Sequence[PhysicalLine], entrypoint: str | None) -> MeaningfulLine | None:
    """The last such line; `entrypoint` is the service's entrypoint, which tells its modules from packages."""
    last: MeaningfulLine | None = None
    for number, row in enumerate(rows):
        text = row.text
        if row.source in PLATFORM or len(text) > 500:
            continue
        found = _read(text, entrypoint)
        if found:
            last = MeaningfulLine(number, found)
    return last


def killed(rows: Sequence[PhysicalLine]) -> int | None:
    """The row in which a kernel or gunicorn guesses at memory."""
    return next((number for number, row in enumerate(rows) if len(row.text) < 400 and _KILLED.search(row.text)), None)


def worker_timeout(rows: Sequence[PhysicalLine]) -> int | None:
    """The row in which gunicorn gives up on a worker that did not start; None where there is none."""
    return next(
        (number for number, row in enumerate(rows) if "WORKER TIMEOUT" in row.text and _TIMEOUT.search(row.text)), None
    )


def _read(text: str, entrypoint: str | None) -> Meaning | None:
    if "odule" not in text and "ttribute" not in text and "address" not in text and "in use" not in text:
        return None
    attribute = _ATTRIBUTE.search(text)
    if attribute:
        name, module = attribute[1] or attribute[3], attribute[2] or attribute[4]
        return Meaning(Code.MISSING_NAME, f"{module} has no name {name}", module, NameFacts(name=name))
    module_match = _MODULE.search(text)
    if module_match:
        module = module_match[1] or module_match[2]
        return Meaning(Code.MISSING_MODULE, f"the server cannot import {module}", module)
    main = _NO_MAIN.search(text)
    if main:
        ours = entrypoint is not None and main[1].partition(".")[0] == entrypoint.partition(".")[0]
        kind = Code.MISSING_MODULE if ours else Code.MISSING_DEPENDENCY
        return Meaning(kind, f"python finds no module {main[1]} to run", main[1])
    if _BIND.search(text):
        return Meaning(Code.PORT_TAKEN, "the server could not bind its port")
    return None
