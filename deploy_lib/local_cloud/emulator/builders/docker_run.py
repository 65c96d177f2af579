"""`docker run` of a build step: a container beside the step's own, without its mounts unless they are named."""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import BinaryIO

from ...engines.model import EngineError, Mount, RunSpec
from ...worker import start_worker
from .built_images import IMAGE_ERRORS, NoSuchImage
from .flags import Flags, ParsedFlags, parse_flags
from .shim_server import CommandFailed, ShimCall
from .step_context import StepContext

_CHUNK = 64 * 1024
_UNITS = {"": 1, "b": 1, "k": 2**10, "m": 2**20, "g": 2**30}
# Taken and without effect: the sandbox has no capabilities to drop and a limit of processes of its own.
_WITHOUT_EFFECT = frozenset(
    {"pids-limit", "name", "cap-drop", "security-opt", "cpus", "memory-swap", "label", "pull", "ulimit", "hostname"}
)
_FLAGS = Flags(
    values=frozenset({"network", "net", "tmpfs", "entrypoint", "env", "env-file", "user", "workdir"})
    | frozenset({"volume", "memory", "platform"})
    | _WITHOUT_EFFECT,
    switches=frozenset({"rm", "interactive", "read-only", "init", "quiet"}),
    short={
        "i": "interactive",
        "e": "env",
        "u": "user",
        "w": "workdir",
        "v": "volume",
        "m": "memory",
        "l": "label",
        "h": "hostname",
        "q": "quiet",
    },
    options_first=True,
)


def run(step: StepContext, call: ShimCall, args: Sequence[str]) -> int:
    """The container's own exit code; 125 when it could not be started, as Docker says it."""
    given = parse_flags("docker run", args, _FLAGS)
    if not given.words:
        raise CommandFailed('"docker run" requires at least 1 argument, the image', 125)
    note = (lambda _: None) if given.on("quiet") else call.note
    try:
        image = step.built.require(given.words[0], note)
        spec = _spec(step, call, given, image)
        container = step.engine.run(spec)
    except NoSuchImage as error:
        raise CommandFailed(f"docker: {error}", 125) from None
    except IMAGE_ERRORS as error:
        raise CommandFailed(f"docker: Error response from daemon: {error}", 125) from None
    call.when_gone(lambda: _stop(container.stop))
    pumps = [_pump(container.stdout, call.write), _pump(container.stderr, call.complain)]
    code = container.wait()
    for pump in pumps:
        pump.join()
    return code


def _spec(step: StepContext, call: ShimCall, given: ParsedFlags, image: str) -> RunSpec:
    entrypoint = given.last("entrypoint")
    network = given.last("network") or given.last("net")
    return RunSpec(
        image=image,
        command=given.words[1:] or None,
        entrypoint=None if entrypoint is None else (entrypoint,) if entrypoint else (),
        env=_environment(step, call, given),
        mounts=(*_volumes(step, call, given), *_memory_mounts(step, given)),
        workdir=given.last("workdir"),
        user=given.last("user"),
        network=network != "none",
        read_only=given.on("read-only"),
        memory=_bytes(given.last("memory")),
        stdin=call.read_input() if given.on("interactive") else None,
    )


def _environment(step: StepContext, call: ShimCall, given: ParsedFlags) -> dict[str, str]:
    lines: list[str] = []
    for name in given.all("env-file"):
        try:
            text = step.path(call, name).read_text()
        except OSError as error:
            raise CommandFailed(f"docker: open {name}: {error.strerror}", 125) from None
        lines += [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    env: dict[str, str] = {}
    for item in [*lines, *given.all("env")]:
        name, equals, value = item.partition("=")
        if equals or name in call.env:
            env[name] = value if equals else call.env[name]
    return env


def _volumes(step: StepContext, call: ShimCall, given: ParsedFlags) -> list[Mount]:
    mounts = []
    for volume in given.all("volume"):
        source, _, rest = volume.partition(":")
        target, _, options = rest.partition(":")
        if not source.startswith("/") or not target.startswith("/") or options not in {"", "ro", "rw", "z", "Z"}:
            raise CommandFailed(
                f"docker run: the local cloud mounts volumes as /PATH:/PATH or /PATH:/PATH:ro, not {volume!r}", 125
            )
        found = step.path(call, source)
        if not found.exists():
            found.mkdir(parents=True)  # as Docker does
        mounts.append(Mount(found, target, read_only=options == "ro"))
    return mounts


def _memory_mounts(step: StepContext, given: ParsedFlags) -> list[Mount]:
    """An empty, writable directory for every --tmpfs. /tmp needs none: engines leave it writable."""
    mounts = []
    for item in given.all("tmpfs"):
        target = item.partition(":")[0].rstrip("/")
        if not target.startswith("/"):
            raise CommandFailed(f"docker run: --tmpfs wants an absolute path, not {item!r}", 125)
        if target != "/tmp":
            source = step.scratch / f"tmpfs-{uuid.uuid4().hex}"
            source.mkdir(parents=True)
            source.chmod(0o1777)
            mounts.append(Mount(source, target))
    return mounts


def _bytes(text: str | None) -> int | None:
    """A size as Docker writes it: 512m, 2g, 1073741824."""
    if text is None:
        return None
    match = re.fullmatch(r"(\d+)([bkmg]?)b?", text.lower())
    if match is None:
        raise CommandFailed(f'docker run: invalid argument "{text}" for "-m, --memory": invalid size', 125)
    return int(match.group(1)) * _UNITS[match.group(2)]


def _pump(source: BinaryIO, write: Callable[[bytes], None]) -> threading.Thread:
    def copy() -> None:
        read = getattr(source, "read1", source.read)
        while chunk := read(_CHUNK):
            write(chunk)

    return start_worker(copy, "output of docker run", lambda error: source.close())


def _stop(stop: Callable[[float], int]) -> None:
    with suppress(EngineError):  # it ended by itself meanwhile
        stop(0.0)
