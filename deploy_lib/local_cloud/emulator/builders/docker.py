"""The `docker` command of a build step: which subcommand does what."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from . import docker_images as images
from .built_images import IMAGE_ERRORS
from .docker_build import build
from .docker_run import run
from .shim_server import CommandFailed, ShimCall
from .step_context import StepContext

Subcommand = Callable[[StepContext, ShimCall, Sequence[str]], int]


def _version(step: StepContext, call: ShimCall, args: Sequence[str]) -> int:
    call.say(f"Docker, played by the local cloud with the engine {step.engine.name}")
    return 0


def _nothing_to_do(step: StepContext, call: ShimCall, args: Sequence[str]) -> int:
    """No login is needed on loopback, and there is always a builder."""
    return 0


_SUBCOMMANDS: dict[tuple[str, ...], Subcommand] = {
    ("build",): build,
    ("builder", "build"): build,
    ("buildx", "build"): build,
    ("buildx", "create"): _nothing_to_do,
    ("buildx", "use"): _nothing_to_do,
    ("buildx", "inspect"): _nothing_to_do,
    ("image", "build"): build,
    ("run",): run,
    ("container", "run"): run,
    ("push",): images.push,
    ("image", "push"): images.push,
    ("pull",): images.pull,
    ("image", "pull"): images.pull,
    ("tag",): images.tag,
    ("image", "tag"): images.tag,
    ("rmi",): images.remove,
    ("image", "rm"): images.remove,
    ("inspect",): images.inspect,
    ("image", "inspect"): images.inspect,
    ("create",): images.create,
    ("container", "create"): images.create,
    ("cp",): images.copy,
    ("container", "cp"): images.copy,
    ("rm",): images.forget,
    ("container", "rm"): images.forget,
    ("login",): _nothing_to_do,
    ("version",): _version,
    ("--version",): _version,
    ("info",): _version,
}


def docker(step: StepContext, call: ShimCall) -> int:
    """Carries out one command; its exit code. Raises CommandFailed, whose message names what is not supported."""
    for length in (2, 1):
        found = _SUBCOMMANDS.get(tuple(call.args[:length]))
        if found is not None:
            try:
                return found(step, call, call.args[length:])
            except IMAGE_ERRORS as error:
                raise CommandFailed(str(error)) from None
    asked = " ".join(call.args[:2]) or "(nothing)"
    raise CommandFailed(f"docker: the local cloud does not know the command {asked!r}", 125)
