"""Tracebacks that servers print when a client went away before it was answered: they say nothing of the service.

The same exceptions come from a database that closes a connection, so the stack decides: what read or wrote the socket
in the end is the server itself, or a framework's own class names the client.
"""

from __future__ import annotations

import re

from deploy_lib.diagnose.tracebacks import ExceptionSection, StackFrame, Traceback

_LOST = ("ConnectionResetError", "BrokenPipeError", "ConnectionAbortedError", "ClientConnectionResetError")
_NAMED = ("ClientDisconnect", "ClientDisconnected")  # starlette; werkzeug, waitress
_BEHIND = ("EndOfStream", "WouldBlock", "CancelledError", "ClosedResourceError")  # what a named one is raised from
_SERVER = re.compile(
    r"(?:^|/)(?:socketserver|http/server|wsgiref/\w+|werkzeug/serving|aiohttp/web_\w+|tornado/web|"
    r"(?:gunicorn|uvicorn|hypercorn|daphne|waitress|cheroot)/[\w/]+)\.py$"
)
_CARRIER = re.compile(
    r"(?:^|/)(?:socket|ssl|selectors|asyncio/\w+|aiohttp/http_writer|tornado/(?:iostream|http1connection))\.py$"
)
"""Files that move bytes for servers and clients alike."""


def is_client_gone(traceback: Traceback) -> bool:
    """Whether the whole of it says no more than that."""
    told = [_lost(section) for section in traceback.sections]
    return any(told) and all(
        gone or section.name in _BEHIND for gone, section in zip(told, traceback.sections, strict=True)
    )


def _lost(section: ExceptionSection) -> bool:
    return section.name in _NAMED or (section.name in _LOST and _in_a_server(section.frames))


def _in_a_server(frames: tuple[StackFrame, ...]) -> bool:
    last = next((frame for frame in reversed(frames) if not _CARRIER.search(frame.file)), None)
    return last is not None and bool(_SERVER.search(last.file))
