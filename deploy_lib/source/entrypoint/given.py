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
    from the working directory. `env` are the variables that the service is given, above those of the image.
    """

    entrypoints: tuple[str, ...] = ()
    pythonpath: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)


def start_of(service: Service) -> GivenStart:
    """What the YAML says of it; the values of secrets are not known."""
    entrypoints = (service.entrypoint, *service.more_entrypoints) if service.entrypoint else ()
    return GivenStart(entrypoints, service.pythonpath, {**dict.fromkeys(service.secrets, ""), **service.env})


def with_environment(contents: ImageContents, start: GivenStart) -> ImageContents:
    """The contents with all variables that the process is started with, as far as the repository tells."""
    return replace(contents, env={**contents.env, **start.env})


def with_pythonpath(entry: Entrypoint, start: GivenStart, workdir: str) -> Entrypoint:
    """Looked through last, whatever the command itself makes of PYTHONPATH."""
    given = (posixpath.normpath(posixpath.join(workdir, each)) for each in start.pythonpath)
    return replace(entry, roots=tuple(dict.fromkeys((*entry.roots, *given))))
