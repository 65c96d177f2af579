"""Which engine is taken, and what is said when none can be."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy_lib.local_cloud.engines import BY_CUSTOM, BY_SPEED, choose
from deploy_lib.local_cloud.engines.model import EngineUnavailable
from deploy_lib.local_cloud.engines.namespaces.sandbox import explain_failure, name_remedy


def test_orders_name_every_engine() -> None:
    assert set(BY_CUSTOM) == set(BY_SPEED) == {"docker", "podman", "namespaces"}


def test_the_first_that_works_is_taken(tmp_path: Path) -> None:
    found = []
    for order in (BY_CUSTOM, BY_SPEED):
        working = []
        for name in order:
            try:
                working.append(choose(name, tmp_path).name)
            except EngineUnavailable as error:
                assert error.reason and error.remedy
        found.append((choose(None, tmp_path, order).name, working[0]))
    assert all(chosen == first for chosen, first in found)


def test_an_engine_there_is_none_of(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable) as caught:
        choose("rkt", tmp_path)
    assert caught.value.remedy == "choose one of docker, podman, namespaces"


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"kernel.unprivileged_userns_clone": "0"}, "sudo sysctl -w kernel.unprivileged_userns_clone=1"),
        ({"user.max_user_namespaces": "0"}, "sudo sysctl -w user.max_user_namespaces=15000"),
        ({"kernel.apparmor_restrict_unprivileged_userns": "1"},
         "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"),
        ({"user.max_user_namespaces": "96365"}, "run outside it (or with --privileged)"),
        ({}, "install podman (apt-get install podman)"),
    ],
)  # fmt: skip
def test_what_to_enable(settings: dict[str, str], told: str) -> None:
    assert told in name_remedy(settings)


@pytest.mark.parametrize(
    ("event", "unavailable"),
    [
        ({"failed": "unshare: Operation not permitted", "call": "unshare", "errno": 1}, True),
        ({"failed": "unshare: No space left on device", "call": "unshare", "errno": 28}, True),
        ({"failed": "uid_map: Operation not permitted", "call": "uid_map", "errno": 1}, True),
        ({"failed": "mount overlay on /x: Permission denied", "call": "mount", "errno": 13}, True),
        ({"failed": "mount overlay on /x: Invalid argument", "call": "mount", "errno": 22}, False),
        ({"failed": "no such directory", "call": "setup", "errno": 2}, False),
        ({}, False),
    ],
)
def test_a_kernel_that_forbids_is_told_from_a_mistake(event: dict[str, object], unavailable: bool) -> None:
    error = explain_failure(event)
    assert isinstance(error, EngineUnavailable) == unavailable
    assert error.reason
