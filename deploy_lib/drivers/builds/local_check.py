"""The import check by an engine of this machine: the probe on standard input, the result on standard output."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import TYPE_CHECKING, BinaryIO

from deploy_lib.drivers.builds.check import CheckPlan
from deploy_lib.drivers.engines import EngineError, RunSpec
from deploy_lib.drivers.interface import Clock, DriverError, Tell
from deploy_lib.in_image.options import probe_source

if TYPE_CHECKING:
    from deploy_lib.drivers.engines import Container, Engine

_LARGEST = 64 * 2**20  # bytes of output that are kept
_CHUNK = 64 * 1024
_LOOK = 0.005  # seconds between two looks at the container
_NOT_RUNNABLE, _NOT_FOUND = 126, 127


def run_check(
    engine: Engine, plan: CheckPlan, reference: str, clock: Clock, within: float, tell: Tell
) -> tuple[bytes, str]:
    """What the probe printed, and why there is nothing where there is nothing.

    Raises DriverError when the engine cannot run the image, Interrupted once the container is gone.
    """
    for python in plan.interpreters:
        spec = RunSpec(
            image=reference,
            entrypoint=(python,),
            command=plan.arguments,
            env={**plan.env, **plan.given},
            name="import-check",
            network=False,
            memory=plan.memory,
            stdin=probe_source(),
        )
        try:
            container = engine.run(spec)
        except EngineError as problem:
            if python != plan.interpreters[-1] and "not found" in problem.reason:
                continue
            raise DriverError(f"the import check could not be started in the image: {problem.reason}") from None
        output, code = _follow(container, clock, within, tell)
        if code not in (_NOT_RUNNABLE, _NOT_FOUND):
            return output, _why(container, code, within)
    return b"", "the image has no python to import with"


def _follow(container: Container, clock: Clock, within: float, tell: Tell) -> tuple[bytes, int | None]:
    """Its output and exit code; None when time ran out. Nothing of it runs afterwards."""
    kept = bytearray()

    def keep(data: bytes) -> None:
        kept.extend(data[: _LARGEST - len(kept)])

    readers = [
        _read(container.stdout, keep),
        _read(container.stderr, lambda data: _tell_lines(data, tell)),
    ]
    deadline = clock.monotonic() + within
    code = None
    try:
        while (code := container.poll()) is None and clock.monotonic() < deadline:
            clock.sleep(_LOOK)
    finally:
        if container.poll() is None:
            container.stop(0.0)
        for reader in readers:
            reader.join()
    return bytes(kept), code


def _read(stream: BinaryIO, take: Callable[[bytes], None]) -> Thread:
    def run() -> None:
        read = getattr(stream, "read1", stream.read)
        while data := read(_CHUNK):
            take(data)

    thread = Thread(target=run, daemon=True)
    thread.start()
    return thread


def _tell_lines(data: bytes, tell: Tell) -> None:
    for line in data.decode("utf-8", "replace").splitlines():
        if line.strip():
            tell(f"import-check: {line}")


def _why(container: Container, code: int | None, within: float) -> str:
    if code is None:
        return f"the import check did not end within {within:.0f} s"
    if container.killed_for_memory() or code in (137, -9):
        return "the container of the import check was killed, most likely for its memory"
    return f"the container of the import check ended with exit code {code}" if code else ""
