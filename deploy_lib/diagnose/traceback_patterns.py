"""Patterns for the lines of a Python traceback, one function each.

All patterns are linear in the length of the line, since a log may hold a hundred thousand of them and any bytes.
"""

from __future__ import annotations

import re

HEADLESS = ("SyntaxError", "IndentationError", "TabError")  # printed without a header for the script itself
_LEVELS = frozenset(
    [
        "DEBUG",
        "INFO",
        "NOTICE",
        "WARN",
        "WARNING",
        "ERROR",
        "CRITICAL",
        "FATAL",
        "ALERT",
        "TRACE",
        "Sentry",
        "For",
        "See",
        "Note",
        "Hint",
        "Step",
    ]
)
_BAR = re.compile(r"^\s*[|+] ?(?=[\s\-+A-Za-z_]|$)")
_HEADER = re.compile(r"(?:Exception Group )?Traceback \(most recent call last\):?\s*$")
_FRAME = re.compile(
    r'^(?P<indent>[^"]{0,120}?)File "(?P<file>[^"]{1,500})", line (?P<line>\d{1,9})(?:, in (?P<name>.{1,200}))?\s*$'
)
_MARKER = re.compile(r"^\s*(?:[\^~][\^~\s]*|\[Previous line repeated \d+ more times?\]|\.\.\.<\d+ lines>\.\.\.)$")
_RAISED = re.compile(r"^(?P<type>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)(?:: ?(?P<message>.*))?$")
_SURE = re.compile(r"(?:Error|Exception|Warning|Exit|Interrupt|Group|Refused|Timeout|Failure|Configured)$")
_LOG = re.compile(r"^(?:(?:DEBUG|INFO|WARNING|WARN|ERROR|CRITICAL|FATAL)\b|\[?\d{4}-\d\d-\d\d[T ]|\{)")
_DIRECT = "The above exception was the direct cause of the following exception"
_DURING = "During handling of the above exception, another exception occurred"


def unbarred(text: str) -> tuple[str, bool]:
    """The line without the bar that an exception group draws at its left, and whether it had one."""
    match = _BAR.match(text)
    return (text[match.end() :], True) if match else (text, False)


def is_header(text: str) -> bool:
    """Whether the line begins a traceback."""
    return "raceback (most recent" in text and _HEADER.search(text) is not None


def chain(text: str) -> bool | None:
    """True for "direct cause of", False for "during handling of", None for any other line."""
    if _DIRECT in text:
        return True
    return False if _DURING in text else None


def frame(text: str) -> tuple[str, str, int, str] | None:
    """(what stands before it, file, line, function)."""
    if 'File "' not in text:
        return None
    match = _FRAME.match(text)
    if match is None:
        return None
    return match["indent"], match["file"], int(match["line"]), (match["name"] or "").strip()


def is_code(text: str, frame_indent: str) -> bool:
    """A source line stands deeper than its frame; where a log driver cut all indents, any line may be one."""
    if is_marker(text) or not text.strip():
        return False
    if frame_indent.strip():  # a logger's prefix: the code has it too
        return text.startswith(frame_indent)
    if not frame_indent:
        return exception_line(text) is None or not _SURE.search(text.partition(":")[0])
    return len(text) - len(text.lstrip()) > len(frame_indent)


def is_marker(text: str) -> bool:
    """Carets under a source line, and the note of repeated frames."""
    return _MARKER.match(text) is not None


def exception_line(text: str) -> tuple[str, str] | None:
    """(exception type, first line of its message) of the line that ends a traceback."""
    match = _RAISED.match(text)
    if match is None:
        return None
    name = match["type"]
    last = name.rpartition(".")[2]
    if name in _LEVELS:
        return None
    message = match["message"]
    of_a_module = "." in name and last[0].isupper()  # starlette.requests.ClientDisconnect
    if message is None and not (_SURE.search(last) or of_a_module or last in ("StopIteration", "AssertionError")):
        return None  # a lone word of the application's output
    if (
        message is not None
        and not _SURE.search(last)
        and "." not in name
        and not last[0].isupper()
        and last != "gaierror"
    ):
        return None
    return name, (message or "").strip()


def is_log_start(text: str) -> bool:
    """The first line of another log record."""
    return _LOG.match(text) is not None
