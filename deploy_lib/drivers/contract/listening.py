"""Whether the image's server listens where Cloud Run sends requests, as far as its command line tells. Pure.

Only what is certain is reported: a literal port, a literal address, or uvicorn without --host, whose default is
127.0.0.1 (https://www.uvicorn.org/settings/). gunicorn without a bind listens on 0.0.0.0:$PORT by itself.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from pathlib import PurePosixPath

from deploy_lib.model.codes import Code
from deploy_lib.model.findings import Finding, Severity
from deploy_lib.source.model import ImageContents
from deploy_lib.source.option_values import value_of

_LOCAL = ("127.0.0.1", "localhost", "::1", "[::1]")
_BIND = re.compile(r"^(?P<host>\[[^\]]*\]|[^:]*):(?P<port>\d+)$")


def check(contents: ImageContents, port: int) -> tuple[Finding, ...]:
    """`port` is where Cloud Run sends requests, and what it sets PORT to."""
    words = _words(contents.command)
    server = next((PurePosixPath(word).name for word in words if PurePosixPath(word).name in _SERVERS), None)
    if server is None:
        return ()
    host, listens = _SERVERS[server](words, contents.env)
    findings = []
    if listens is not None and listens != port:
        message = f"{server} listens on port {listens} and Cloud Run sends requests to {port}"
        fix = f"let the command listen on $PORT, or write port: {listens}"
        findings.append(Finding(Code.PORT_MISMATCH, Severity.ERROR, message, fix=fix))
    if host in _LOCAL:
        message = f"{server} listens on {host} only, where Cloud Run cannot reach it"
        findings.append(Finding(Code.LISTENS_ON_LOCALHOST, Severity.ERROR, message, fix="let it listen on 0.0.0.0"))
    return tuple(findings)


def _words(command: Sequence[str]) -> list[str]:
    """The words of the command; a shell's script is split as the shell would, where that is simple."""
    words = list(command)
    if len(words) >= 3 and PurePosixPath(words[0]).name in ("sh", "bash") and words[1].endswith("c"):
        try:
            return shlex.split(words[2])
        except ValueError:
            return []
    return words


def _uvicorn(words: Sequence[str], env: object) -> tuple[str | None, int | None]:
    given = dict(env) if isinstance(env, dict) else {}
    host = value_of(words, "--host") or given.get("UVICORN_HOST")
    if value_of(words, "--fd") or value_of(words, "--uds"):
        return None, None
    port = value_of(words, "--port") or given.get("UVICORN_PORT") or "8000"
    return host or "127.0.0.1", int(port) if port.isdigit() else None


def _bound(words: Sequence[str], env: object) -> tuple[str | None, int | None]:
    """gunicorn and hypercorn: -b or --bind HOST:PORT."""
    match = _BIND.match(value_of(words, "--bind", "-b") or "")
    return (match["host"], int(match["port"])) if match else (None, None)


_SERVERS = {"uvicorn": _uvicorn, "gunicorn": _bound, "hypercorn": _bound}
