"""What the import check found inside an image, and how its two lines of output are read.

The first line is compact and keeps to a byte limit, so that it survives a build's step output; the second is the
full result. Both have this shape; the compact one knows only the entrypoint's target, the most telling failures
and no image facts. Application prints cannot reach these lines, but a channel may cut them or mix others in.
"""

from __future__ import annotations

import enum
import json
import zlib
from dataclasses import dataclass
from typing import NamedTuple, NoReturn

from deploy_lib.in_image.decode import WrongShape, decode

MARK = b'{"probe": '


class CheckVerdict(enum.StrEnum):
    """The check's word, in the order of what it means for the image."""

    PASSED = "passed"
    WARNED = "warned"
    INCOMPLETE = "incomplete"  # not all was imported in time
    FAILED = "failed"
    ERROR = "error"  # the check itself could not run


MAY_BE_PUSHED = (CheckVerdict.PASSED, CheckVerdict.WARNED)


class ResultUnreadable(Exception):
    """There is no result to trust; the message says why: nothing, cut, another run's, or contradictory."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One step towards the failing statement. `line` is 0 and `file` empty where only the module is known."""

    file: str
    line: int
    module: str | None
    function: str
    text: str = ""


class Raised(NamedTuple):
    exception: str
    message: str


@dataclass(frozen=True, slots=True)
class Failure:
    """Why importing `targets` failed, all at the same statement.

    kind: missing_module (the application's own), missing_dependency, missing_name, circular_import, syntax_error,
    encoding, missing_shared_library, incompatible_binary, import_error; and, following `on_other_errors`:
    environment_variable, exit, hang, killed, memory, permission, read_only_disk, network, credentials, other.
    party: whose the missing module or failing file is: first, third or standard.
    module, name: what is missing. file: of the module that lacks the name. distribution: name==version, or the name
    of one that is not installed. unset: variables that the failing file read and that are not set. importing:
    modules under way when the process died. causes: the exception and those behind it. output: the last prints.
    """

    kind: str
    message: str = ""
    exception: str = ""
    party: str | None = None
    module: str | None = None
    name: str | None = None
    file: str | None = None
    library: str | None = None
    distribution: str | None = None
    variables: tuple[str, ...] = ()
    exit_code: int | None = None
    signal: int | None = None
    cycle: tuple[str, ...] = ()
    chain: tuple[Frame, ...] = ()
    causes: tuple[Raised, ...] = ()
    importing: tuple[str, ...] = ()
    unset: tuple[str, ...] = ()
    near: tuple[str, ...] = ()
    output: str = ""
    targets: tuple[str, ...] = ()
    targets_total: int | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """One import in a separate process. `failure` is an index into the result's failures."""

    name: str
    ms: float
    peak_kb: int
    failure: int | None


class SlowImport(NamedTuple):
    module: str
    own_ms: float
    total_ms: float


@dataclass(frozen=True, slots=True)
class Variable:
    """An environment variable the entrypoint read at import. `required`: reading it unset raised KeyError."""

    name: str
    found: bool
    required: bool
    place: str


class Distribution(NamedTuple):
    """`modules` are the packages and single modules that it brings; of a namespace the parts in it."""

    name: str
    version: str
    modules: tuple[str, ...]


class ListedFile(NamedTuple):
    """`blob` is git's id of the content, "" when the file was too large to hash, None when not readable there."""

    path: str
    size: int
    blob: str | None


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What the image holds. `files` are those under `roots`, without installed packages and bytecode.

    `loose` are the top-level names among the installed packages that no distribution brings.
    """

    python: str
    implementation: str
    executable: str
    system: str
    uid: int
    workdir: str
    path: tuple[str, ...]
    roots: tuple[str, ...]
    distributions: tuple[Distribution, ...]
    files: tuple[ListedFile, ...]
    files_cut: bool
    modules: tuple[str, ...]
    loose: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """verdict: passed; warned (only failures that may pass); incomplete (time ran out first); failed; error."""

    probe: int
    nonce: str
    form: str
    verdict: str
    error: str | None = None
    python: str = ""
    tried: int = 0
    failed: int = 0
    targets: tuple[Target, ...] = ()
    failures: tuple[Failure, ...] = ()
    slow: tuple[SlowImport, ...] = ()
    not_run: tuple[str, ...] = ()
    not_run_total: int = 0
    reads: tuple[Variable, ...] = ()
    image: ImageFacts | None = None
    truncated: bool = False
    failures_total: int = 0
    full_bytes: int | None = None
    full_crc32: int | None = None


def read_result(data: bytes, nonce: str) -> ProbeResult:
    """The full result among the lines of `data`, else the compact one. Raises ResultUnreadable.

    `data` may be the two lines as printed, or the compact line from one channel and the full one from another,
    joined by a newline; lines that are not a result are passed over.
    """
    lines = [line.strip() for line in data.split(b"\n") if line.strip().startswith(MARK)]
    if not lines:
        begin = data[:80].decode("utf-8", "replace").strip()
        raise ResultUnreadable(
            f"the image printed {len(data)} bytes and no result, beginning {begin!r}" if begin else "it printed nothing"
        )
    compact: ProbeResult | None = None
    full: ProbeResult | None = None
    broken = ""
    for line in lines:
        try:
            result = _read_line(line, nonce)
        except ResultUnreadable as problem:
            broken = str(problem)
            continue
        known = full if result.form == "full" else compact
        if known not in (None, result):
            raise ResultUnreadable("two results carry the mark of this run and they differ; one of them is forged")
        if result.form == "full":
            full = result
            _hold_against(compact, line)
        else:
            compact = result
    found = full or compact
    if found is None:
        raise ResultUnreadable(broken)
    return found


def _read_line(line: bytes, nonce: str) -> ProbeResult:
    try:
        document = json.loads(line, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise ResultUnreadable(f"the result is cut or damaged: {len(line)} bytes, not a JSON document") from None
    try:
        result = decode(ProbeResult, document)
    except WrongShape as problem:
        raise ResultUnreadable(f"the result has another shape: {problem}") from None
    if result.nonce != nonce:
        raise ResultUnreadable("the result carries the mark of another run")
    if result.verdict not in tuple(CheckVerdict) or result.form not in ("full", "compact"):
        raise ResultUnreadable(f"the result has another shape: verdict {result.verdict!r}, form {result.form!r}")
    if result.form == "full" and any((t.failure or 0) >= max(1, len(result.failures)) for t in result.targets):
        raise ResultUnreadable("the result has another shape: a target points to a failure that is not there")
    return result


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def _hold_against(compact: ProbeResult | None, line: bytes) -> None:
    if compact is None or compact.full_bytes is None:
        return
    if (len(line), zlib.crc32(line)) != (compact.full_bytes, compact.full_crc32):
        raise ResultUnreadable("the full result is not the one that the compact result announced")
