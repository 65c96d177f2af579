"""Each setting of how containers run: set, changed, kept where it is left out, and taken away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from google.cloud import run_v2

from deploy_lib.config import load, plan_for
from deploy_lib.drivers.services.differences import changed, kept
from deploy_lib.drivers.services.template import main_container, merged
from deploy_lib.model.service import Service
from deploy_lib.model.variables import for_release
from tests.drivers.test_template import RELEASE, running

Look = Callable[[run_v2.RevisionTemplate, run_v2.Container], Any]
FILE = {
    "project": "netra-staging",
    "region": "us-central1",
    "images": "us-central1-docker.pkg.dev/netra-staging/services",
    "steps": ["build", "canary", "promote", "verify"],
}


def service(directory: Path, entry: dict[str, Any]) -> Service:
    path = directory / "c.yaml"
    path.write_text(yaml.safe_dump({**FILE, "services": {"shop": {"cloud_run": "shop-staging", **entry}}}))
    return plan_for(load(path, shown="c.yaml"), "shop").service


def volume(name: str) -> Look:
    def look(template: run_v2.RevisionTemplate, container: run_v2.Container) -> Any:
        found = next((each for each in template.volumes if each.name == name), None)
        mounts = [mount.mount_path for mount in container.volume_mounts if mount.name == name]
        if found is None:
            return mounts or None
        kind = next(kind for kind in ("secret", "gcs", "nfs", "empty_dir") if kind in found)
        told = type(found).to_dict(found)[kind]
        return {key: value for key, value in told.items() if value} | {"at": mounts}

    return look


def probe(name: str) -> Look:
    def look(_: run_v2.RevisionTemplate, container: run_v2.Container) -> Any:
        if name not in container:
            return None
        found = getattr(container, name)
        way = next(way for way in ("http_get", "grpc", "tcp_socket") if way in found)
        return way, found.http_get.path or found.grpc.service, found.period_seconds, found.failure_threshold

    return look


def sidecar(template: run_v2.RevisionTemplate, container: run_v2.Container) -> Any:
    found = next((each for each in template.containers if each.name == "proxy"), None)
    if found is None:
        return list(container.depends_on) or None
    env = {each.name: each.value or each.value_source.secret_key_ref.secret for each in found.env}
    return found.image, env, list(container.depends_on), found.resources.limits.get("memory")


def network(template: run_v2.RevisionTemplate, _: run_v2.Container) -> Any:
    if "vpc_access" not in template:
        return None
    [found] = template.vpc_access.network_interfaces
    return found.network, found.subnetwork, list(found.tags), template.vpc_access.connector


CASES: list[tuple[str, dict[str, Any], Any, dict[str, Any], Any, list[str], Look]] = [
    (
        "command",
        {"command": ["python"]},
        ["python"],
        {"command": ["sh", "-c"]},
        ["sh", "-c"],
        ["command"],
        lambda _, container: list(container.command) or None,
    ),
    (
        "args",
        {"args": ["-m", "${SERVICE}"]},
        ["-m", "shop"],
        {"args": []},
        None,
        ["args"],
        lambda _, container: list(container.args) or None,
    ),
    (
        "labels",
        {"labels": {"tier": "web", "by": "${COMMIT}"}},
        ("web", RELEASE.commit, "shop"),
        {"labels": {"tier": "api"}},
        ("api", RELEASE.commit, "shop"),
        ["labels.tier", "labels.by", "labels.team"],
        lambda template, _: (
            tuple(template.labels[name] for name in ("tier", "by", "team") if name in template.labels) or None
        ),
    ),
    (
        "startup_probe",
        {"startup_probe": {"path": "/up", "every": "5s", "failures": 4}},
        ("http_get", "/up", 5, 4),
        {"startup_probe": {"grpc": "health"}},
        ("grpc", "health", 0, 0),
        ["startup_probe"],
        probe("startup_probe"),
    ),
    (
        "liveness_probe",
        {"liveness_probe": {"port": 9000}},
        ("tcp_socket", "", 0, 0),
        {"liveness_probe": {"path": "/live"}},
        ("http_get", "/live", 0, 0),
        ["liveness_probe"],
        probe("liveness_probe"),
    ),
    (
        "readiness_probe",
        {"readiness_probe": {"path": "/ready"}},
        ("http_get", "/ready", 0, 0),
        {"readiness_probe": {"path": "/ready2"}},
        ("http_get", "/ready2", 0, 0),
        ["readiness_probe"],
        probe("readiness_probe"),
    ),
    (
        "cpu_boost",
        {"cpu_boost": True},
        True,
        {"cpu_boost": False},
        None,
        ["cpu_boost"],
        lambda _, container: container.resources.startup_cpu_boost or None,
    ),
    (
        "session_affinity",
        {"session_affinity": True},
        True,
        {"session_affinity": False},
        None,
        ["session_affinity"],
        lambda template, _: template.session_affinity or None,
    ),
    (
        "execution_environment",
        {"execution_environment": "gen2"},
        2,
        {"execution_environment": "gen1"},
        1,
        ["execution_environment"],
        lambda template, _: int(template.execution_environment) or None,
    ),
    (
        "gpu",
        {"gpu": {}},
        ("nvidia-l4", "1"),
        {"gpu": {"type": "nvidia-rtx-pro-6000", "count": 2}},
        ("nvidia-rtx-pro-6000", "2"),
        ["gpu"],
        lambda template, container: (
            (template.node_selector.accelerator, container.resources.limits["nvidia.com/gpu"])
            if "node_selector" in template
            else container.resources.limits.get("nvidia.com/gpu")
        ),
    ),
    (
        "cloud_sql",
        {"cloud_sql": ["p:us-central1:main"]},
        (["p:us-central1:main"], ["/cloudsql"]),
        {"cloud_sql": ["p:us-central1:main", "p:us-central1:more"]},
        (["p:us-central1:main", "p:us-central1:more"], ["/cloudsql"]),
        ["cloud_sql"],
        lambda template, container: next(
            (
                (list(each.cloud_sql_instance.instances), [mount.mount_path for mount in container.volume_mounts])
                for each in template.volumes
                if "cloud_sql_instance" in each
            ),
            None,
        ),
    ),
    (
        "a volume of a secret",
        {"volumes": {"key": {"mount": "/keys", "secret": "signing-key", "file": "key.pem"}}},
        {
            "secret": "signing-key",
            "items": [{"path": "key.pem", "version": "latest", "mode": 0}],
            "at": ["/keys"],
        },
        {"volumes": {"key": {"mount": "/k", "secret": "signing-key:3"}}},
        {"secret": "signing-key", "items": [{"path": "signing-key", "version": "3", "mode": 0}], "at": ["/k"]},
        ["volumes.key"],
        volume("key"),
    ),
    (
        "an empty volume",
        {"volumes": {"tmp": {"mount": "/scratch", "size": "64Mi"}}},
        {"medium": 1, "size_limit": "64Mi", "at": ["/scratch"]},
        {"volumes": {"tmp": {"size": "128Mi"}}},
        {"medium": 1, "size_limit": "128Mi", "at": ["/scratch"]},
        ["volumes.tmp"],
        volume("tmp"),
    ),
    (
        "a volume of a bucket",
        {"volumes": {"up": {"mount": "/up", "bucket": "uploads", "read_only": True}}},
        {"bucket": "uploads", "read_only": True, "at": ["/up"]},
        {"volumes": {"up": {"bucket": "uploads-2"}}},
        {"bucket": "uploads-2", "at": ["/up"]},
        ["volumes.up"],
        volume("up"),
    ),
    (
        "a volume of NFS",
        {"volumes": {"fs": {"mount": "/fs", "nfs": "10.0.0.2:/export"}}},
        {"server": "10.0.0.2", "path": "/export", "at": ["/fs"]},
        {"volumes": {"fs": {"bucket": "now-a-bucket"}}},
        {"bucket": "now-a-bucket", "at": ["/fs"]},
        ["volumes.fs"],
        volume("fs"),
    ),
    (
        "a sidecar",
        {
            "containers": {"proxy": {"image": "i@sha256:9", "env": {"AS": "${SERVICE}"}, "secrets": {"K": "key"}}},
            "depends_on": ["proxy"],
        },
        ("i@sha256:9", {"AS": "shop", "K": "key"}, ["proxy"], None),
        {"containers": {"proxy": {"image": "i@sha256:8", "memory": "64Mi"}}},
        ("i@sha256:8", {"AS": "shop", "K": "key"}, ["proxy"], "64Mi"),
        ["containers.proxy"],
        sidecar,
    ),
    (
        "vpc",
        {"vpc": {"network": "default", "tags": ["web"]}},
        ("default", "", ["web"], ""),
        {"vpc": {"subnet": "apps"}},
        ("", "apps", [], ""),
        ["vpc"],
        network,
    ),
    (
        "egress",
        {"vpc": {"network": "default"}, "egress": "all-traffic"},
        1,
        {"egress": "private-ranges-only"},
        2,
        ["vpc", "egress"],
        lambda template, _: int(template.vpc_access.egress) or None,
    ),
    (
        "a variable",
        {"env": {"OLD": "1"}},
        "1",
        {"env": {"OLD": "2"}},
        "2",
        ["env.OLD"],
        lambda _, container: next((each.value for each in container.env if each.name == "OLD"), None),
    ),
]


@pytest.mark.parametrize("started", ["new", "by hand"])
@pytest.mark.parametrize("case", CASES, ids=[case[0] for case in CASES])
def test_set_changed_left_out_and_taken_away(tmp_path: Path, case: Any, started: str) -> None:
    """From nothing, and over a service on which much was set by hand."""
    _, first, set_to, second, changed_to, removed, look = case
    template = run_v2.RevisionTemplate(labels={"team": "shop"}) if started == "new" else running()
    if removed == ["vpc", "egress"] and started == "by hand":
        template.vpc_access.connector = "c"
    seen = []
    for entry in (first, second, {}, {"remove": removed}, {}):
        wanted = for_release(service(tmp_path, entry), RELEASE.commit, RELEASE.id)
        template = merged(template, replace(RELEASE, service=wanted))
        container = main_container(template)
        assert container is not None
        seen.append(look(template, container))
    assert seen == [set_to, changed_to, changed_to, None, None]


def test_a_release_tells_what_it_changes_and_keeps_of_them(tmp_path: Path) -> None:
    wanted = service(tmp_path, {"session_affinity": False, "volumes": {"cache": {"size": "1Gi"}}, "labels": {"a": "b"}})
    after = merged(running(), replace(RELEASE, service=wanted))
    told = changed(running(), after)
    assert "session_affinity: true -> not set" in told
    assert "volume cache: in memory -> in memory 1Gi" in told
    assert [each for each in told if "label" in each] == ["the label a was added (b)"]
    assert "execution_environment: gen2" in kept(after, wanted)
    assert not [each for each in kept(after, wanted) if each.startswith(("volume cache", "session_affinity"))]


def test_of_a_new_services_containers_its_own_has_the_port(tmp_path: Path) -> None:
    """Cloud Run takes several containers only where exactly one of them has a port."""
    beside = {"containers": {"proxy": {"image": "i"}}}
    for entry, port in ((beside, 8080), ({**beside, "port": 9000}, 9000)):
        template = merged(run_v2.RevisionTemplate(), replace(RELEASE, service=service(tmp_path, entry)))
        ports = {each.name: [port.container_port for port in each.ports] for each in template.containers}
        assert ports == {"shop": [port], "proxy": []}


def test_more_cpu_at_start_does_not_mean_cpu_for_ever(tmp_path: Path) -> None:
    """`resources` that say nothing of cpu_idle mean CPU always allocated, which is billed otherwise."""
    found = main_container(
        merged(run_v2.RevisionTemplate(), replace(RELEASE, service=service(tmp_path, {"cpu_boost": True})))
    )
    assert found is not None and found.resources.cpu_idle
