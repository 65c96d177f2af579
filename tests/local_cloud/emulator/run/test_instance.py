"""An instance that cannot be made leaves nothing open, and one that was started is ended."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, BinaryIO

import pytest

from deploy_lib.local_cloud.emulator.reach.reach import Reach
from deploy_lib.local_cloud.emulator.run.instances.instance import Instance
from deploy_lib.local_cloud.emulator.run.instances.instance_spec import ContainerSpec, InstanceSpec, StartupProbe
from deploy_lib.local_cloud.emulator.run.volumes import Volumes
from deploy_lib.local_cloud.engines.model import EngineError, RunSpec


class Opened(Volumes):
    closed = False

    def close(self) -> None:
        self.closed = True


class Running:
    """A container of a process that is not there, so its network cannot be entered."""

    pid = 2**22 + 1
    stopped = False

    def __init__(self) -> None:
        self.stdout, self.stderr = _ended(), _ended()

    def wait(self, timeout: float | None = None) -> int:
        raise TimeoutError

    def stop(self, grace: float = 10.0) -> int:
        self.stopped = True
        return 0


def _ended() -> BinaryIO:
    reading, writing = os.pipe()
    os.close(writing)
    return os.fdopen(reading, "rb")


class Desk:
    def __init__(self) -> None:
        self.opened: list[Opened] = []
        self.container = Running()

    def open(self, complain: Callable[[str], None]) -> Volumes:
        self.opened.append(Opened())
        return self.opened[-1]

    def make(self, run: Callable[[RunSpec], Any], secrets: Callable[[], dict[str, str]] = dict) -> None:
        engine: Any = type("Engine", (), {"run": staticmethod(run)})
        reach = Reach()
        container = ContainerSpec(
            name="c", image="i", entrypoint=None, command=None, env={}, secrets=secrets, workdir=None, memory=1,
            volume_mounts=(), port=8080, probe=StartupProbe(),
        )  # fmt: skip
        spec = InstanceSpec((container,), reach, self.open, {})
        try:
            Instance(engine, spec, lambda *_: None, "starts")
        finally:
            reach.close()


@pytest.mark.fast
def test_secrets_are_read_before_a_volume_is_opened() -> None:
    def gone() -> dict[str, str]:
        raise OSError("the secret is gone")

    desk = Desk()
    with pytest.raises(OSError, match="the secret is gone"):
        desk.make(lambda spec: desk.container, gone)
    assert desk.opened == []


def test_an_engine_that_cannot_run_it_leaves_no_volume() -> None:
    def run(spec: RunSpec) -> Any:
        raise EngineError("no such image")

    desk = Desk()
    with pytest.raises(EngineError, match="no such image"):
        desk.make(run)
    assert [each.closed for each in desk.opened] == [True]


def test_a_container_that_cannot_be_entered_is_ended_and_leaves_no_volume() -> None:
    desk = Desk()
    with pytest.raises(EngineError, match="could not be entered"):
        desk.make(lambda spec: desk.container)
    assert ([each.closed for each in desk.opened], desk.container.stopped) == ([True], True)
