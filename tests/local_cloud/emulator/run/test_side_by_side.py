"""The instances of a revision end at the same time: each may take its seconds."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from deploy_lib.local_cloud.emulator.run.instances.instance_pool import InstancePool
from tests.waits import WITHIN


class Slow:
    """A supervisor whose end waits for that of the others."""

    project = location = service = revision = "x"
    timeout = 1.0

    def __init__(self, together: threading.Barrier) -> None:
        self._together = together
        self.ready = False

    def target(self) -> object:
        return object() if self.ready else None

    def asleep(self) -> bool:
        return not self.ready

    def wake(self) -> bool:
        self.ready = True
        return True

    def close(self, *at_most: float) -> None:
        self._together.wait(WITHIN)

    sleep = close


@pytest.mark.fast
@pytest.mark.parametrize("end", ["close", "sleep"])
def test_all_end_at_once(end: str) -> None:
    together = threading.Barrier(4)
    make: Any = lambda: Slow(together)  # noqa: E731
    pool = InstancePool(make, 1, 3)
    for _ in range(3):
        pool.wake()
    threading.Thread(target=getattr(pool, end), daemon=True).start()
    together.wait(WITHIN)
