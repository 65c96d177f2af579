"""`docker build` and `docker buildx build` of a build step."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Sequence
from pathlib import Path

from ...engines.model import BuildFailed, BuildSpec, EngineError, Image
from ...registry.names import BadName, parse_reference
from .context import stage_context
from .flags import Flags, ParsedFlags, parse_flags
from .shim_server import CommandFailed, ShimCall
from .step_context import StepContext

# Taken and without effect here: the engine keeps its own cache of layers and has one way to print.
_WITHOUT_EFFECT = frozenset({"cache-from", "cache-to", "network", "progress", "provenance", "sbom", "builder"})
_FLAGS = Flags(
    values=frozenset({"tag", "file", "build-arg", "target", "label", "iidfile", "platform"}) | _WITHOUT_EFFECT,
    switches=frozenset({"no-cache", "pull", "quiet", "rm", "force-rm", "push", "load"}),
    short={"t": "tag", "f": "file", "q": "quiet"},
)


def build(step: StepContext, call: ShimCall, args: Sequence[str]) -> int:
    given = parse_flags("docker build", args, _FLAGS)
    if len(given.words) != 1:
        raise CommandFailed(f'"docker build" requires 1 argument, the context; got {len(given.words)}')
    if (given.last("platform") or "linux/amd64") != "linux/amd64":
        raise CommandFailed(f"docker build: the local cloud builds linux/amd64 only, not {given.last('platform')}")
    tags = _tags(given)
    context = _context(step, call, given.words[0])
    scratch = step.scratch / uuid.uuid4().hex
    try:
        dockerfile = _dockerfile(step, call, given, context, scratch)
        spec = BuildSpec(
            context=stage_context(context, dockerfile, scratch / "context"),
            dockerfile=str(dockerfile),
            tags=tags,
            args=_pairs(given.all("build-arg"), call),
            labels=_pairs(given.all("label"), call),
            target=given.last("target"),
            use_cache=not given.on("no-cache"),
        )
        image = _run_engine(step, call, spec, quiet=given.on("quiet"))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    for tag in tags:
        step.built.put(tag, image.digest)
    if not tags:
        step.built.put(f"untagged/{image.digest.removeprefix('sha256:')[:20]}", image.digest)
    if given.last("iidfile"):
        step.path(call, str(given.last("iidfile"))).write_text(image.digest)
    if given.on("quiet"):
        call.say(image.digest)
    if given.on("push"):
        for tag in tags:
            call.note(f"pushing {tag}: {step.built.push(tag).digest}")
    return 0


def _run_engine(step: StepContext, call: ShimCall, spec: BuildSpec, *, quiet: bool) -> Image:
    try:
        return step.engine.build(spec, (lambda _: None) if quiet else call.note, call.gone.is_set)
    except BuildFailed as failure:
        names_line = failure.reason.startswith("Dockerfile line")
        where = f"{Path(spec.dockerfile).name}:{failure.line}: " if failure.line and not names_line else ""
        shown = f"{failure.output}\n" if quiet and failure.output else ""
        raise CommandFailed(f"{shown}ERROR: failed to build: {where}{failure.reason}") from None
    except EngineError as error:
        raise CommandFailed(f"ERROR: failed to build: {error.reason}") from None


def _tags(given: ParsedFlags) -> tuple[str, ...]:
    for tag in given.all("tag"):
        try:
            if parse_reference(tag).digest:
                raise CommandFailed(f'invalid argument "{tag}" for "-t, --tag" flag: a tag has no digest', 125)
        except BadName as error:
            raise CommandFailed(f'invalid argument "{tag}" for "-t, --tag" flag: {error}', 125) from None
    return given.all("tag")


def _context(step: StepContext, call: ShimCall, text: str) -> Path:
    if text == "-" or "://" in text or text.startswith("git@"):
        raise CommandFailed(f"docker build: the local cloud builds from a directory only, not from {text}")
    context = step.path(call, text)
    if not context.is_dir():
        raise CommandFailed(f'ERROR: unable to prepare context: path "{text}" not found')
    return context


def _dockerfile(step: StepContext, call: ShimCall, given: ParsedFlags, context: Path, scratch: Path) -> Path:
    name = given.last("file")
    scratch.mkdir(parents=True)
    if name == "-":
        path = scratch / "Dockerfile"
        path.write_bytes(call.read_input())
        return path
    path = step.path(call, name) if name else context / "Dockerfile"
    if not path.is_file():
        raise CommandFailed(f"ERROR: failed to read dockerfile: open {name or 'Dockerfile'}: no such file or directory")
    return path


def _pairs(given: Sequence[str], call: ShimCall) -> dict[str, str]:
    """NAME=VALUE; a bare NAME takes the step's own environment variable, or nothing when it has none."""
    pairs: dict[str, str] = {}
    for item in given:
        name, equals, value = item.partition("=")
        if equals or name in call.env:
            pairs[name] = value if equals else call.env[name]
    return pairs
