"""Runs one step of a build: a container of its image with /workspace mounted, as Cloud Build does it.

Mounts, HOME, BUILDER_OUTPUT and the working directory follow
https://cloud.google.com/build/docs/build-config-file-schema: every step finds the same /workspace and
/builder/home, and an output directory of its own.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from google.cloud.devtools.cloudbuild_v1.types import Build, BuildStep

from ...engines.model import Container, EngineError, Mount, RunSpec
from ..builders.built_images import IMAGE_ERRORS, BuiltImages
from ..builders.commands import serve
from ..builders.shim import SOCKET
from ..builders.shim_server import ShimServer
from ..builders.step_context import StepContext
from ..builders.step_image import find_step_image
from .cancellation import Cancellation
from .defaults import service_account
from .environment import BuildEnvironment, project_number
from .log import BuildLogWriter

OUTPUT_LIMIT = 50 * 1024  # bytes of $BUILDER_OUTPUT/output that are kept
_DEADLINE = "DEADLINE"


@dataclass(frozen=True, slots=True)
class Site:
    """What the steps of one build share."""

    environment: BuildEnvironment
    build: Build
    built: BuiltImages
    log: BuildLogWriter
    directory: Path
    secrets: Mapping[str, str] = field(repr=False)  # by the name availableSecrets gives them


@dataclass(slots=True)
class StepRecord:
    """What became of a step. Times are seconds since the epoch; `problem` says why it could not be run."""

    status: str = "QUEUED"  # a Build.Status by name
    exit_code: int = 0
    started: float = 0.0
    pulled: float = 0.0
    ended: float = 0.0
    image: str = ""
    output: bytes = b""
    problem: str = ""


def label_of(build: Build, number: int) -> str:
    """What stands before each line of the step in the log: nothing when it is the only one."""
    if len(build.steps) == 1:
        return ""
    name = build.steps[number].id
    return f'Step #{number} - "{name}"' if name else f"Step #{number}"


def run_step(site: Site, number: int, cancellation: Cancellation) -> StepRecord:
    """`cancellation` ends the build; its reason decides what an interrupted step is reported as."""
    step, label = site.build.steps[number], label_of(site.build, number)
    record = StepRecord("WORKING", started=site.environment.clock())
    own = Cancellation()
    with ExitStack() as stack:
        if label:
            site.log.say(f"Starting {label}")
        stack.enter_context(cancellation.stopping(lambda: own.end(cancellation.reason or "")))
        if step.timeout:
            stack.enter_context(own.within(step.timeout.total_seconds(), _DEADLINE))
        try:
            record.image = find_step_image(site.built, step.name, lambda line: site.log.say(line, label))
            record.pulled = site.environment.clock()
            record.exit_code = _run_container(site, number, step, label, record.image, own)
        except (*IMAGE_ERRORS, OSError) as error:
            record.problem = f"the step could not be started: {error}"
    record.ended = site.environment.clock()
    record.pulled = record.pulled or record.ended
    record.output = _read_output(site.directory / f"output-{number}")
    record.status = _judge(step, record, own.reason)
    if label:
        site.log.say(f"Finished {label}")
    return record


def _judge(step: BuildStep, record: StepRecord, interrupted: str | None) -> str:
    if interrupted == _DEADLINE:
        record.problem = f"step did not end within its timeout of {step.timeout.total_seconds():g}s"
        return "TIMEOUT"
    if interrupted:
        return "TIMEOUT" if interrupted == "TIMEOUT" else "CANCELLED"
    if record.problem or record.exit_code:
        return "FAILURE"
    return "SUCCESS"


def _run_container(site: Site, number: int, step: BuildStep, label: str, image: str, own: Cancellation) -> int:
    mounts = _mounts(site, number, step)
    context = StepContext(site.built, site.environment.storage, mounts, site.directory / "scratch")
    calls = ShimServer(lambda call: serve(context, call))
    try:
        inside = Mount(calls.directory, posixpath.dirname(SOCKET))
        container = site.environment.engine.run(
            RunSpec(
                image=image,
                command=("/builder/script",) if step.script else tuple(step.args) or None,
                entrypoint=() if step.script else (step.entrypoint,) if step.entrypoint else None,
                env=_environment(site, step),
                mounts=(*mounts, inside),
                workdir=posixpath.join("/workspace", step.dir_),
                user="0",
                name=f"step-{number}",
            )
        )
        with own.stopping(lambda: _kill(container)):
            streams = (container.stdout, container.stderr)
            readers = [site.log.follow(stream, label, partial(_kill, container)) for stream in streams]
            code = container.wait()
            for reader in readers:
                reader.join()
            return code
    finally:
        calls.close()


def _mounts(site: Site, number: int, step: BuildStep) -> tuple[Mount, ...]:
    output = site.directory / f"output-{number}"
    pairs = [
        (site.directory / "workspace", "/workspace"),
        (site.directory / "home", "/builder/home"),
        (output, "/builder/outputs"),
        *((site.directory / "volumes" / volume.name, volume.path) for volume in step.volumes),
    ]
    for source, _ in pairs:
        source.mkdir(parents=True, exist_ok=True)
    mounts = tuple(Mount(source, target) for source, target in pairs)
    if not step.script:
        return mounts
    script = site.directory / f"script-{number}"
    script.write_text(step.script if step.script.startswith("#!") else f"#!/bin/sh\n{step.script}")
    script.chmod(0o755)
    return (*mounts, Mount(script, "/builder/script", read_only=True))


def _environment(site: Site, step: BuildStep) -> dict[str, str]:
    """The step's own variables win over the build's. Google's clients find the local cloud, as the build's account."""
    account = service_account(site.build, project_number(site.build.project_id))
    here = {**site.environment.addresses, "LOCAL_CLOUD_ACCOUNT": account}
    pairs = (pair.partition("=") for pair in (*site.build.options.env, *step.env))
    given = {name: value for name, _, value in pairs}
    wanted = {*step.secret_env, *site.build.options.secret_env}
    secrets = {name: site.secrets[name] for name in wanted if name in site.secrets}
    return {"HOME": "/builder/home", "BUILDER_OUTPUT": "/builder/outputs", **here, **given, **secrets}


def _read_output(directory: Path) -> bytes:
    path = directory / "output"
    if path.is_symlink() or not path.is_file():
        return b""
    with path.open("rb") as file:
        return file.read(OUTPUT_LIMIT)


def _kill(container: Container) -> None:
    with suppress(EngineError):  # it ended by itself meanwhile
        container.stop(0.0)
