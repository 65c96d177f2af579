"""Settings of how containers run, over the wire: set, changed, kept where they are left out, and taken away."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from google.cloud import run_v2
from google.protobuf.json_format import MessageToDict

from deploy_lib.drivers.services.template import base, main_container, merged
from deploy_lib.model.runtime import ProbeCheck, Runtime, Sidecar, VolumeSource
from tests.drivers.cloud_run.driver_harness import DriverHarness
from tests.drivers.test_runtime_template import service

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


AS_GOOGLE_NAMES_IT: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"port": 9000}, {"containers.0.ports.0.containerPort": 9000}),
    ({"cpu": 2, "memory": "2Gi"}, {"containers.0.resources.limits": {"cpu": "2", "memory": "2Gi"}}),
    ({"cpu_always": True}, {"containers.0.resources.cpuIdle": None}),
    ({"concurrency": 7}, {"maxInstanceRequestConcurrency": 7}),
    ({"request_timeout": "90s"}, {"timeout": "90s"}),
    ({"instances": {"min": 1, "max": 3}}, {"scaling": {"minInstanceCount": 1, "maxInstanceCount": 3}}),
    ({"service_account": "a@p.iam.gserviceaccount.com"}, {"serviceAccount": "a@p.iam.gserviceaccount.com"}),
    ({"vpc_connector": "main"}, {"vpcAccess.connector": "main"}),
    (
        {"vpc": {"network": "n", "subnet": "s", "tags": ["t"]}, "egress": "all-traffic"},
        {
            "vpcAccess.networkInterfaces": [{"network": "n", "subnetwork": "s", "tags": ["t"]}],
            "vpcAccess.egress": "ALL_TRAFFIC",
        },
    ),
    ({"command": ["python3"], "args": ["-m", "x"]}, {"containers.0.command": ["python3"], "containers.0.args.1": "x"}),
    ({"labels": {"team": "shop"}}, {"labels.team": "shop"}),
    ({"env": {"A": "1"}}, {"containers.0.env.0": {"name": "A", "value": "1"}}),
    (
        {"secrets": {"K": "key:3"}},
        {"containers.0.env.0": {"name": "K", "valueSource": {"secretKeyRef": {"secret": "key", "version": "3"}}}},
    ),
    (
        {"startup_probe": {"path": "/up", "delay": "1s", "timeout": "2s", "every": "3s", "failures": 4}},
        {
            "containers.0.startupProbe": {
                "initialDelaySeconds": 1, "timeoutSeconds": 2, "periodSeconds": 3, "failureThreshold": 4,
                "httpGet": {"path": "/up", "port": 8080},
            }
        },
    ),
    ({"liveness_probe": {"grpc": "h", "port": 9}}, {"containers.0.livenessProbe.grpc": {"service": "h", "port": 9}}),
    ({"readiness_probe": {"path": "/r"}}, {"containers.0.readinessProbe.httpGet.path": "/r"}),
    ({"cpu_boost": True}, {"containers.0.resources.startupCpuBoost": True}),
    ({"session_affinity": True}, {"sessionAffinity": True}),
    ({"execution_environment": "gen2"}, {"executionEnvironment": "EXECUTION_ENVIRONMENT_GEN2"}),
    (
        {"gpu": {"zonal_redundancy": False}, "cpu": 4, "memory": "16Gi", "cpu_always": True},
        {
            "nodeSelector.accelerator": "nvidia-l4",
            "containers.0.resources.limits.nvidia~com/gpu": "1",
            "gpuZonalRedundancyDisabled": True,
        },
    ),
    (
        {"cloud_sql": ["p:us-central1:main"]},
        {
            "volumes.0.cloudSqlInstance.instances": ["p:us-central1:main"],
            "containers.0.volumeMounts.0.mountPath": "/cloudsql",
        },
    ),
    (
        {"volumes": {"key": {"mount": "/k", "secret": "key:3", "file": "k.pem"}}},
        {"volumes.0.secret": {"secret": "key", "items": [{"path": "k.pem", "version": "3"}]}},
    ),
    (
        {"volumes": {"tmp": {"mount": "/t", "size": "8Mi"}}},
        {"volumes.0.emptyDir": {"medium": "MEMORY", "sizeLimit": "8Mi"}},
    ),
    (
        {"containers": {"proxy": {"image": "i:1", "startup_probe": {"port": 9}}}, "depends_on": ["proxy"]},
        {"containers.1.image": "i:1", "containers.1.name": "proxy", "containers.0.dependsOn": ["proxy"]},
    ),
]  # fmt: skip
"""What the YAML says, and the fields of v2's template by their names in JSON."""


def field_of(found: Any, path: str) -> Any:
    for part in path.split("."):
        found = found[int(part)] if isinstance(found, list) else (found or {}).get(part.replace("~", "."))
    return found


@pytest.mark.slow
def test_every_setting_is_named_as_google_names_it_and_kept_where_it_is_left_out(
    harness: DriverHarness, tmp_path: Path
) -> None:
    """Each goes to the local cloud and back, validated and not deployed: so no container starts."""
    live = harness.live()
    running = harness.read()

    def accepted(template: run_v2.RevisionTemplate) -> run_v2.RevisionTemplate:
        wanted = run_v2.Service(name=running.name, template=template)
        request = {"service": wanted, "update_mask": {"paths": ["template"]}, "validate_only": True}
        return harness.client.update_service(request).result().template

    for entry, expected in AS_GOOGLE_NAMES_IT:
        said = accepted(merged(base(running, None), replace(live, service=service(tmp_path, entry))))
        kept = accepted(merged(said, replace(live, service=service(tmp_path, {}))))
        for found in (said, kept):
            shown = MessageToDict(type(found).pb(found))
            assert {path: field_of(shown, path) for path in expected} == expected, entry
