"""Settings of how containers run, over the wire: set, changed, kept where they are left out, and taken away."""

from __future__ import annotations

from typing import Any

import pytest
from google.cloud import run_v2

from deploy_lib.drivers.services.template import main_container
from deploy_lib.model.runtime import ProbeCheck, Runtime, Sidecar, VolumeSource
from tests.drivers.cloud_run.driver_harness import DriverHarness

FIRST = Runtime(
    labels={"tier": "web"},
    startup_probe=ProbeCheck(path="/", every=1.0, failures=9),
    liveness_probe=ProbeCheck(path="/", every=30.0),
    cpu_boost=True,
    session_affinity=True,
    execution_environment="gen2",
    volumes={"scratch": VolumeSource(mount="/scratch", size="32Mi")},
)
AWAY = ("labels.tier", "startup_probe", "liveness_probe", "cpu_boost", "session_affinity", "execution_environment",
        "volumes.scratch", "containers.beside")  # fmt: skip


def seen(harness: DriverHarness, name: str) -> dict[str, Any]:
    """What the revision really has, as the official client reads it."""
    found = harness.clients.revisions.get_revision(name=f"{harness.service.path}/revisions/{name}")
    container = main_container(found)
    assert container is not None
    probe = container.startup_probe
    return {
        "tier": found.labels.get("tier"),
        "startup": (probe.http_get.path, probe.period_seconds) if "http_get" in probe else None,
        "liveness": container.liveness_probe.period_seconds if "liveness_probe" in container else None,
        "boost": container.resources.startup_cpu_boost,
        "affinity": found.session_affinity,
        "gen2": found.execution_environment == run_v2.ExecutionEnvironment.EXECUTION_ENVIRONMENT_GEN2,
        "volumes": {each.name: each.empty_dir.size_limit for each in found.volumes},
        "beside": [each.name for each in found.containers if each.name == "beside"],
    }


@pytest.mark.slow
def test_set_changed_kept_and_taken_away(harness: DriverHarness) -> None:
    first = harness.live(runtime=FIRST)
    assert first.candidate is not None
    set_to = seen(harness, first.candidate)
    assert set_to == {
        "tier": "web", "startup": ("/", 1), "liveness": 30, "boost": True, "affinity": True, "gen2": True,
        "volumes": {"scratch": "32Mi"}, "beside": [],
    }  # fmt: skip
    changed = Runtime(
        labels={"tier": "api"},
        session_affinity=False,
        volumes={"scratch": VolumeSource(size="64Mi")},
        containers={"beside": Sidecar(harness.image, command=("python3", "-c", "import signal; signal.pause()"))},
    )
    second = harness.live(runtime=changed)
    assert second.candidate is not None
    now = set_to | {"tier": "api", "affinity": False, "volumes": {"scratch": "64Mi"}, "beside": ["beside"]}
    assert seen(harness, second.candidate) == now
    third = harness.live()
    assert third.candidate is not None and seen(harness, third.candidate) == now, "what is left out is kept"
    last = harness.live(runtime=Runtime(remove=AWAY))
    assert last.candidate is not None
    assert seen(harness, last.candidate) == {
        "tier": None, "startup": None, "liveness": None, "boost": False, "affinity": False, "gen2": False,
        "volumes": {}, "beside": [],
    }  # fmt: skip
