"""Reads a failed build's output: which instruction failed, and its command's last lines. Pure.

Three builders speak here: podman's ("STEP 2/4: RUN false"), Docker's old one ("Step 2/4 : RUN false") and BuildKit
("#7 [build 2/3] RUN false"). None of them gives a line of the Dockerfile that could be relied on, so the step's text
is looked up in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from ..dockerfile import Dockerfile, Instruction
from ..error_line import find_error_line
from ..model import BuildFailed, EngineError

_STEP = re.compile(
    r"(?:\[\d+/\d+\] )?STEP \d+/\d+: (?P<podman>.+)|Step \d+/\d+ : (?P<old>.+)|#\d+ \[[^\]]*\] (?P<kit>.+)"
    r"|#\d+ FROM (?P<image>.+)"  # BuildKit, of an image that a COPY --from names
)
_CODE = re.compile(r"exit status (\d+)|returned a non-zero code: (\d+)|exit code: (\d+)")
_OWN = re.compile(  # what the builders say themselves, between the lines of the commands
    r"Error: |Error response from daemon|error: building|ERROR: (?:failed|process)|subprocess exited|The command '"
    r"|executor failed running|------| ---> |Removing intermediate container|-->|time=\""
    r"|#\d+ (?:ERROR|DONE|CACHED|sha256)| > \["
    r"|DEPRECATED|\s*Install the buildx|\s*https://docs.docker.com/go/buildx|Dockerfile:\d+|\s*\d+ \|"
)
_SHOWN = 25


def read_failure(
    lines: Sequence[str], plan: Dockerfile, root: str, original: Callable[[int], int] = int
) -> EngineError:
    """`lines` is all it printed; `root` is where its images lie, for a disk that is full; `original` turns a line's
    number in what was built into the one that the user knows.
    """
    text = "\n".join(lines[-50:])
    if "no space left on device" in text.lower():
        return EngineError(f"the disk that holds {root} is full", output=text)
    at = max((number for number, line in enumerate(lines) if _STEP.match(line)), default=-1)
    instruction = _find(plan, lines[at]) if at >= 0 else None
    printed = [_plain(line) for line in lines[at + 1 :] if line.strip() and not _OWN.match(line)]
    codes = [next(filter(None, found)) for found in _CODE.findall("\n".join(lines[at + 1 :]))]
    output = "\n".join(printed[-_SHOWN:])
    if codes:
        reason = f"the command ended with exit code {codes[-1]}: {find_error_line(printed)}"
    else:
        lines_printed = [line for line in lines if line.strip()]
        reason = lines_printed[-1].strip().removeprefix("Error: ") if lines_printed else "the builder printed no error"
    if instruction is None:
        named = re.search(r"(?<=parse error )(on )?line (\d+)", reason)
        line = original(int(named[2])) if named else None
        if named:
            reason = reason.replace(named[0], f"{named[1] or ''}line {line}")
        return BuildFailed(reason, output=output or text, line=line)
    return instruction.failure(reason, output=output)


def _find(plan: Dockerfile, line: str) -> Instruction | None:
    """By its words; a builder may have put variables in, so the instruction's name alone is the last resort."""
    match = _STEP.match(line)
    assert match is not None
    every = [item for stage in plan.stages for item in (stage.origin, *stage.instructions)]
    if image := match["image"]:
        return next((item for item in every if _names(item.flag("from") or "", image)), None)
    wanted = next(value for value in match.groups() if value).split()
    exact = [item for item in every if item.text.split() == wanted]
    return exact[0] if exact else next((item for item in every if wanted[:1] == [item.name]), None)


def _names(written: str, image: str) -> bool:
    """Whether an image's full name is that one: docker.io/library/busybox:latest is "busybox"."""
    return bool(written) and f"/{image}".endswith((f"/{written}", f"/{written}:latest"))


def _plain(line: str) -> str:
    """BuildKit puts a number and a time before what a command prints."""
    return re.sub(r"^#\d+ (?:\d+\.\d+ )?", "", line).rstrip()
