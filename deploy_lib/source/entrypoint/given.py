"""What the YAML, or the command line, says of how a service starts, above what its image says."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from deploy_lib.model.service import Service
from deploy_lib.source.entrypoint.model import Entrypoint
from deploy_lib.source.model import ImageContents


@dataclass(frozen=True, slots=True)
class GivenStart:
    """`entrypoints` are modules, or module:app, of its processes, the server's first; none: the image's command tells.

    `pythonpath` are image directories of sys.path besides those that the command and PYTHONPATH name, relative ones
    from the working directory. `env` are the variables that the service is given, above those of the image. `command`
    and `args` stand instead of its ENTRYPOINT and CMD; a command alone leaves no CMD
    (https://cloud.google.com/run/docs/configuring/services/containers#configure-entrypoint).
    """

    entrypoints: tuple[str, ...] = ()
    pythonpath: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()


def start_of(service: Service) -> GivenStart:
    """What the YAML says of it; the values of secrets are not known."""
    entrypoints = (service.entrypoint, *service.more_entrypoints) if service.entrypoint else ()
    env = {**dict.fromkeys(service.secrets, ""), **service.env}
    return GivenStart(entrypoints, service.pythonpath, env, service.runtime.command or (), service.runtime.args or ())


def with_environment(contents: ImageContents, start: GivenStart) -> ImageContents:
    """The contents with the command and all variables that the process is started with, as far as the repository
    tells."""
    command = (*(start.command or contents.entrypoint), *start.args) if start.command or start.args else None
    env = {**contents.env, **start.env}
    return replace(contents, env=env, command=contents.command if command is None else command)


def with_pythonpath(entry: Entrypoint, start: GivenStart, workdir: str) -> Entrypoint:
    """Looked through last, whatever the command itself makes of PYTHONPATH."""
    given = (posixpath.normpath(posixpath.join(workdir, each)) for each in start.pythonpath)
    return replace(entry, roots=tuple(dict.fromkeys((*entry.roots, *given))))
