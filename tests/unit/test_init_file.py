"""What `init` makes of a file: each setting comes back as it went, and nothing is asked of a cloud."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy_lib.cli.arguments import parse
from deploy_lib.cli.main import main
from deploy_lib.config import load, plan_for
from deploy_lib.config.regions import REGION
from deploy_lib.drivers.services.import_service import import_service
from deploy_lib.drivers.services.knative_file import service_of
from deploy_lib.drivers.services.template import main_container, merged
from deploy_lib.model.regions import REGIONS
from deploy_lib.model.variables import for_release
from deploy_lib.source.dockerfile.exposed import port_of
from deploy_lib.steps.compare import CompareSettings
from deploy_lib.steps.promote import PromoteSettings
from tests.drivers.test_template import RELEASE

KNATIVE = """\
apiVersion: serving.knative.dev/v1
kind: Service
metadata:
  name: shop
  namespace: netra-staging
  labels: {cloud.googleapis.com/location: europe-west1}
  annotations:
    run.googleapis.com/ingress: internal
    run.googleapis.com/custom-audiences: '["https://shop.example.com"]'
spec:
  template:
    metadata:
      labels: {tier: web, client.knative.dev/nonce: x}
      annotations:
        autoscaling.knative.dev/minScale: '1'
        autoscaling.knative.dev/maxScale: '7'
        run.googleapis.com/cloudsql-instances: p:europe-west1:main
        run.googleapis.com/container-dependencies: '{"shop":["proxy"]}'
        run.googleapis.com/cpu-throttling: 'false'
        run.googleapis.com/execution-environment: gen2
        run.googleapis.com/network-interfaces: '[{"network":"default","subnetwork":"default","tags":["a"]}]'
        run.googleapis.com/sessionAffinity: 'true'
        run.googleapis.com/startup-cpu-boost: 'true'
        run.googleapis.com/vpc-access-egress: private-ranges-only
    spec:
      containerConcurrency: 20
      timeoutSeconds: 120
      serviceAccountName: shop@netra-staging.iam.gserviceaccount.com
      nodeSelector: {run.googleapis.com/accelerator: nvidia-l4}
      containers:
      - name: shop
        image: europe-docker.pkg.dev/netra-staging/images/shop@sha256:11
        command: [python]
        args: [-m, shop, "${HOME}"]
        ports: [{containerPort: 9000, name: http1}]
        env:
        - {name: MODE, value: fast}
        - {name: KEY, valueFrom: {secretKeyRef: {name: shop-key, key: '3'}}}
        resources: {limits: {cpu: '4', memory: 16Gi, nvidia.com/gpu: '1'}}
        startupProbe: {httpGet: {path: /up, port: 9000}, periodSeconds: 5, failureThreshold: 4, timeoutSeconds: 2}
        livenessProbe: {tcpSocket: {port: 9000}, initialDelaySeconds: 3}
        volumeMounts:
        - {name: key, mountPath: /keys}
        - {name: tmp, mountPath: /tmp/x}
        - {name: up, mountPath: /up}
        - {name: fs, mountPath: /fs}
      - name: proxy
        image: proxy@sha256:22
        args: [--quiet]
        resources: {limits: {memory: 64Mi}}
      volumes:
      - {name: key, secret: {secretName: signing, items: [{key: latest, path: key.pem}]}}
      - {name: tmp, emptyDir: {medium: Memory, sizeLimit: 32Mi}}
      - {name: up, csi: {driver: gcsfuse.run.googleapis.com, readOnly: true, volumeAttributes: {bucketName: uploads}}}
      - {name: fs, nfs: {server: 10.0.0.2, path: /export}}
  traffic: [{percent: 100, latestRevision: true}]
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "service.yaml").write_text(KNATIVE, encoding="utf-8")
    (tmp_path / "Dockerfile").write_text("FROM python:3.12-slim\nEXPOSE 5000\n", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("format", ["yaml", "json"])
def test_a_service_of_a_file_is_written_whole(place: Path, format: str) -> None:
    if format == "json":
        (place / "service.yaml").write_text(json.dumps(yaml.safe_load(KNATIVE)), encoding="utf-8")
    assert main(["init", "--from", str(place / "service.yaml"), "--repo", str(place)]) == 0
    path = place / "config" / "netra-staging.yaml"
    plan = plan_for(load(path), "shop")
    service = plan.service
    assert (service.project, service.region, service.images) == (
        "netra-staging", "europe-west1", "europe-docker.pkg.dev/netra-staging/images",
    )  # fmt: skip
    assert yaml.safe_load(path.read_text())["services"]["shop"] == {
        "cloud_run": "shop", "context": ".", "dockerfile": "Dockerfile", "port": 9000, "cpu": "4", "memory": "16Gi",
        "cpu_always": True, "env": {"MODE": "fast"}, "secrets": {"KEY": "shop-key:3"}, "concurrency": 20,
        "request_timeout": "120s", "instances": {"min": 1, "max": 7},
        "service_account": "shop@netra-staging.iam.gserviceaccount.com",
        "command": ["python"], "args": ["-m", "shop", "$${HOME}"], "depends_on": ["proxy"], "labels": {"tier": "web"},
        "startup_probe": {"path": "/up", "port": 9000, "timeout": "2s", "every": "5s", "failures": 4},
        "liveness_probe": {"port": 9000, "delay": "3s"}, "cpu_boost": True, "session_affinity": True,
        "execution_environment": "gen2", "gpu": {"type": "nvidia-l4", "count": 1},
        "vpc": {"network": "default", "subnet": "default", "tags": ["a"]}, "egress": "private-ranges-only",
        "volumes": {
            "key": {"mount": "/keys", "secret": "signing:latest", "file": "key.pem"},
            "tmp": {"mount": "/tmp/x", "size": "32Mi"},
            "up": {"mount": "/up", "bucket": "uploads", "read_only": True},
            "fs": {"mount": "/fs", "nfs": "10.0.0.2:/export"},
        },
        "cloud_sql": ["p:europe-west1:main"],
        "containers": {"proxy": {"image": "proxy@sha256:22", "args": ["--quiet"], "memory": "64Mi"}},
        "ingress": "internal", "custom_audiences": ["https://shop.example.com"], "health": {"path": "/up"},
    }  # fmt: skip


def test_what_is_written_changes_nothing_of_the_service(place: Path) -> None:
    """Put over the very service that it was read from, it is that service."""
    running = service_of(yaml.safe_load(KNATIVE))
    assert main(["init", "--from", str(place / "service.yaml"), "--repo", str(place)]) == 0
    service = plan_for(load(place / "config" / "netra-staging.yaml"), "shop").service
    container = main_container(running.template)
    assert container is not None
    after = merged(
        running.template,
        replace(RELEASE, service=for_release(service, RELEASE.commit, RELEASE.id), image=container.image),
    )
    again = import_service(type(running)(name=running.name, template=after, ingress=running.ingress))
    first = import_service(running)
    assert {**again.entry, "custom_audiences": 0} == {**first.entry, "custom_audiences": 0}


def test_a_new_service_needs_no_cloud(place: Path) -> None:
    line = ["init", "--new", "--service", "shop", "--project", "netra-staging", "--region", "us-central1"]
    assert main([*line, "--repo", str(place)]) == 0
    service = plan_for(load(place / "config" / "netra-staging.yaml"), "shop").service
    assert (service.cloud_run, service.port, service.images) == (
        "shop", 5000, "us-central1-docker.pkg.dev/netra-staging/services",
    )  # fmt: skip


NEW = ["init", "--new", "--service", "shop", "--project", "netra-staging", "--region", "us-central1"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (NEW[:-2], "init needs --region R, where the service runs; Cloud Run is in africa-south1, "),
        (["init", "--service", "shop", "--region", "mars"], "--region 'mars' is not a region; Cloud Run is in "),
        (["init", "--service", "shop", "--region", "mars"], "init needs --project P"),
        ([*NEW, "--dockerfile", "no/File"], "no/File: there is no such file"),
        ([*NEW[:3], "Shop!", *NEW[4:]], "--service 'Shop!' is not a service's name"),
        (["init", "--from", "none.yaml"], "--from none.yaml: there is no such file"),
        (["init", "--from", "bad.yaml"], "--from bad.yaml:1: neither YAML nor JSON"),
        (["init", "--from", "list.yaml"], "--from list.yaml: this is not a service; give what `gcloud run services"),
        (["init", "--from", "odd.yaml", *NEW[4:]], "--from odd.yaml: a field is not as Cloud Run writes it: "),
        (["init", "--from", "list.yaml", "--new"], "give one of them"),
        (["init"], "init writes the YAML of a service; say where it is to run:"),
    ],
)
def test_one_clear_message(place: Path, capsys: pytest.CaptureFixture[str], line: list[str], expected: str) -> None:
    (place / "bad.yaml").write_text("a: [\n".replace("\n", ""), encoding="utf-8")
    (place / "list.yaml").write_text("- a\n", encoding="utf-8")
    (place / "odd.yaml").write_text("kind: Service\nmetadata: {name: s}\nspec: {template: {spec: {containers: 3}}}\n")
    files = [str(place / word) if word.endswith(".yaml") else word for word in line]
    assert main([*files, "--repo", str(place)]) == 2
    assert expected in capsys.readouterr().err.replace(f"{place}/", "")
    assert not (place / "config").exists(), "nothing half done"


def test_a_second_release_on_the_local_cloud_takes_seconds_and_a_real_one_its_time(place: Path) -> None:
    for line in (["init", "--local"], NEW):
        assert main([*line, "--repo", str(place)]) == 0
    files = [place / "config" / f"{name}.yaml" for name in ("local", "netra-staging")]
    local, real = (plan_for(load(file), load(file).services()[0]) for file in files)
    asked, at_risk = (plan.settings(CompareSettings) for plan in (local, real))
    assert asked is not None and at_risk is not None
    assert (asked.for_, at_risk.for_) == (10.0, 180.0) and asked.for_ / asked.every >= 3 * asked.min_samples
    assert sum(step.settings.bake for step in local.steps if isinstance(step.settings, PromoteSettings)) == 0
    heads = [
        (place / "config" / f"{name}.yaml").read_text().partition("project:")[0] for name in ("local", "netra-staging")
    ]
    assert ["has `compare: {for: 3m}`" in head for head in heads] == [True, False]


@pytest.mark.parametrize(
    ("files", "context", "dockerfile", "health"),
    [
        ({"Dockerfile": "FROM a\n", "app.py": '@app.get("/healthz")\n'}, ".", "Dockerfile", "/healthz"),
        ({"api/Dockerfile": "FROM a\nCOPY main.py .\n", "api/main.py": ""}, "api", "api/Dockerfile", None),
        ({"api/Dockerfile": "FROM a\nCOPY api/main.py .\n", "api/main.py": ""}, ".", "api/Dockerfile", None),
        ({"Dockerfile": "FROM a\n", "tests/test_app.py": '@app.get("/health")\n'}, ".", "Dockerfile", None),
        ({"Dockerfile": "FROM a\n", "out/a.py": '@app.get("/up")\n', ".gitignore": "out\n"}, ".", "Dockerfile", None),
    ],
)  # fmt: skip
def test_what_the_files_tell_is_not_asked(
    tmp_path: Path, files: dict[str, str], context: str, dockerfile: str, health: str | None
) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert main([*NEW, "--repo", str(tmp_path)]) == 0
    written = yaml.safe_load((tmp_path / "config" / "netra-staging.yaml").read_text())["services"]["shop"]
    assert (written["context"], written["dockerfile"]) == (context, dockerfile)
    assert written.get("health", {}).get("path") == health


SOMEBODY = {f"GIT_{role}_{what}": "a@b.c" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


def test_every_command_that_init_prints_is_one(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the ways that it offers, each writes a file or says what is missing; of what comes next, all is understood."""
    subprocess.run(["git", "init", "-q", str(place)], check=True)
    monkeypatch.chdir(place)
    (place / "FILE").write_text(KNATIVE, encoding="utf-8")
    assert main(["init"]) == 2
    ways = typed(capsys.readouterr().err)
    assert len(ways) == 4
    for way in ways:
        words = ["netra-staging" if word == "P" else word for word in way]
        if "S" not in words:
            shutil.rmtree(place / "config", ignore_errors=True)
            assert main(words) == 0, words
            told = capsys.readouterr().out
            assert [parse(each).command for each in typed(told)] in (
                ["check", "plan", "deploy"],
                ["check", "doctor", "plan"],
            )
            commit = next(line for line in told.splitlines() if "git commit" in line)
            done = subprocess.run(["bash", "-c", commit], cwd=place, env={**os.environ, **SOMEBODY})
            assert done.returncode == 0, commit


def typed(told: str) -> list[list[str]]:
    """The words of each of this program's commands in what was printed."""
    lines = [line.partition("  #")[0] for line in told.splitlines() if "deploy_to_gcp.py " in line and line[:2] == "  "]
    return [shlex.split(line.partition("deploy_to_gcp.py ")[2]) for line in lines]


def test_one_of_several_dockerfiles_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    for name in ("api", "web"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "Dockerfile").write_text("FROM a\n", encoding="utf-8")
        (tmp_path / name / "Dockerfile.dockerignore").write_text("x\n", encoding="utf-8")
    assert main([*NEW, "--repo", str(tmp_path)]) == 2
    told = capsys.readouterr().err
    assert [line.rpartition(" ")[2] for line in told.splitlines()[1:]] == ["api/Dockerfile", "web/Dockerfile"], told


@pytest.mark.parametrize(
    ("text", "port"),
    [
        ("FROM a\nEXPOSE 8000\n", 8000),
        ("FROM a\nEXPOSE 8000/tcp\nENV PORT=8000\n", 8000),
        ("FROM a AS b\nEXPOSE 1\nFROM c\n", None),
        ("FROM a\nEXPOSE 80 443\n", None),
        ("FROM a\nARG P=1\nEXPOSE $P\n", None),
        ("FROM a\nENV PORT 5000\n", 5000),
    ],
)
def test_the_port_of_a_dockerfile(text: str, port: int | None) -> None:
    assert port_of(text) == port


def test_regions_are_as_the_configuration_takes_them() -> None:

    wrong: list[Any] = [region for region in REGIONS if not re.fullmatch(REGION, region)]
    assert not wrong and list(REGIONS) == sorted(REGIONS)
