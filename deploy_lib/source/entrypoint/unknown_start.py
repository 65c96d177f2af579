"""A start that cannot be followed, as a finding with the line of YAML that names what starts."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from deploy_lib.model.codes import Code
from deploy_lib.model.findings import Finding, Severity
from deploy_lib.source.imports.names import is_module
from deploy_lib.source.model import ImageContents

_USUAL = ("asgi", "wsgi", "main", "app", "server", "run", "api")


def unknown_start(contents: ImageContents) -> Finding | None:
    """None where the Dockerfile cannot be read, since that is reported already."""
    if not contents.command and not contents.base:
        return None
    command = " ".join(contents.command)
    shown = f"{command[:77]}..." if len(command) > 80 else command
    reason = f"the command is {shown}" if shown else "the Dockerfile has no CMD, and the base image's is not known"
    likely = next(_likely(contents), None)
    line = f"entrypoint: {likely or 'package.module:app'}"
    return Finding(
        Code.UNKNOWN_START,
        Severity.ADVICE,
        f"no Python entrypoint is known ({reason}), so no import was followed",
        fix=f"write '{line}' below the service in the YAML{'' if likely else ', with the module that is started'}, "
        f"or give --entrypoint {likely or 'package.module:app'}",
    )


def _likely(contents: ImageContents) -> Iterator[str]:
    """Modules that by their name hold the application, those nearest to the working directory first."""
    prefix = f"{contents.workdir.rstrip('/')}/"
    inside = [path.removeprefix(prefix) for path in contents.files if path.startswith(prefix)]
    for depth in range(3):
        for name in _USUAL:
            for path in sorted(inside):
                module = path.removesuffix(".py").replace("/", ".")
                named = posixpath.basename(path) == f"{name}.py" and path.count("/") == depth
                if named and is_module(module):
                    yield module
