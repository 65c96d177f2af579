"""What the end of a task's container comes to."""

from __future__ import annotations

import pytest

from deploy_lib.local_cloud.emulator.jobs import conditions
from deploy_lib.local_cloud.emulator.jobs.attempt import by_itself


@pytest.mark.fast
@pytest.mark.parametrize(
    ("code", "over_memory", "why"),
    [
        (0, False, ""),
        (7, False, conditions.EXITED),
        (137, True, conditions.OUT_OF_MEMORY),
        (None, False, conditions.UNKNOWN),
    ],
)
def test_only_an_exit_code_of_0_is_success(code: int | None, over_memory: bool, why: str) -> None:
    found = by_itself(code, over_memory)
    assert (found.why, found.code, found.cancelled) == (why, code, False)
