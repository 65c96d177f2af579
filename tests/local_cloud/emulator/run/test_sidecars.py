"""Revisions of several containers: they start in order, share localhost and volumes, and end together."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from google.cloud.run_v2 import (
    Container,
    DeleteServiceRequest,
    EmptyDirVolumeSource,
    EnvVar,
    EnvVarSource,
    RevisionTemplate,
    SecretKeySelector,
    Service,
    Volume,
    VolumeMount,
)

from deploy_lib.local_cloud.emulator.run.refusal import RunRefusal
from tests.local_cloud.emulator.run.bench import IMAGE, PARENT, RunBench
from tests.waits import until

PROXY = """
import http.server, json, os, signal
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
open("/shared/said", "a").write("by the sidecar")
names = ("PORT", "K_SERVICE", "KEY", "BEHAVIOUR")

class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({name: os.environ.get(name) for name in names}).encode())
        if self.path == "/die":
            print("out of sockets", flush=True)
            os._exit(3)
    def log_message(self, *_):
        pass

print("the proxy is on its way", flush=True)
http.server.ThreadingHTTPServer(("", 9000), Answers).serve_forever()
"""
API = """
import http.server, os, signal, threading, time, urllib.request
signal.signal(signal.SIGTERM, lambda *_: threading.Timer(1.5, os._exit, (0,)).start())
said, began = open("/shared/said").read(), str(time.time_ns())

class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        told = said.encode()
        if self.path != "/said":
            told = urllib.request.urlopen("http://localhost:9000" + self.path, timeout=5).read()
        self.send_response(200)
        self.send_header("Began", began)
        self.end_headers()
        self.wfile.write(told)
    def log_message(self, *_):
        pass

print("the API is on its way", flush=True)
http.server.ThreadingHTTPServer(("", int(os.environ["PORT"])), Answers).serve_forever()
"""
WAITS = "import os, signal; signal.signal(signal.SIGTERM, lambda *_: os._exit(0)); signal.pause()"
SHARED = [VolumeMount(name="shared", mount_path="/shared")]
HTTP = {"http_get": {"port": 9000}, "initial_delay_seconds": 10, "failure_threshold": 1}
PROBE = {"tcp_socket": {"port": 9000}, "period_seconds": 10, "timeout_seconds": 10}


def python(script: str, **fields: Any) -> Container:
    usual = {"image": IMAGE, "command": ["python", "-S", "-c", script], "volume_mounts": SHARED}
    return Container(**{**usual, **fields})


def api(script: str = API, **fields: Any) -> Container:
    return python(script, **{"name": "api", "ports": [{"container_port": 8080}], "depends_on": ["proxy"], **fields})


def proxy(script: str = PROXY, **fields: Any) -> Container:
    return python(script, **{"name": "proxy", "startup_probe": PROBE, **fields})


def together(*containers: Container, revision: str = "") -> Service:
    memory = EmptyDirVolumeSource(medium=EmptyDirVolumeSource.Medium.MEMORY)
    volumes = [Volume(name="shared", empty_dir=memory)]
    return Service(template=RevisionTemplate(revision=revision, containers=containers, volumes=volumes))


def named_lines(bench: RunBench, revision: str) -> list[tuple[str, str, str]]:
    """Container, stream and text of every line of a revision."""
    told = bench.told
    rows = zip(list(told.lines), list(told.labels), strict=False)
    return [(label[3], line[1], line[3]) for line, label in rows if line[0] == revision]


def test_one_that_waits_starts_after_the_other_is_up_and_reaches_it_at_localhost(bench: RunBench) -> None:
    bench.secrets.create("p", "key")
    bench.secrets.add_version("projects/p/secrets/key", b"of the proxy")
    secret = EnvVar(name="KEY", value_source=EnvVarSource(secret_key_ref=SecretKeySelector(secret="key")))
    served = bench.deploy("pair", together(api(), proxy(env=[secret]), revision="pair-a"))
    assert bench.http.get(f"{served.uri}/said").text == "by the sidecar"
    told = json.loads(bench.http.get(f"{served.uri}/").text)
    assert told == {"PORT": None, "K_SERVICE": "pair", "KEY": "of the proxy", "BEHAVIOUR": None}
    lines = named_lines(bench, "pair-a")
    order = [text for name, _, text in lines]
    up = 'STARTUP TCP probe succeeded after 1 attempt for container "proxy" on port 9000.'
    assert order.index(up) < order.index("the API is on its way")
    assert ("proxy", "stdout", "the proxy is on its way") in lines and ("proxy", "system", up) in lines
    assert ("api", "stdout", "the API is on its way") in lines
    assert len({instance for revision, _, instance, _ in bench.told.labels if revision == "pair-a"}) == 1
    began = bench.http.get(f"{served.uri}/said").headers["Began"]
    bench.http.get(f"{served.uri}/die")
    until(lambda: ("proxy", "system", "Container called exit(3).") in named_lines(bench, "pair-a"))
    at_once = bench.http.get(f"{served.uri}/said")
    assert at_once.headers.get("Began") != began, "the other container still answers, and is not asked any more"
    until(lambda: bench.http.get(f"{served.uri}/said").text == "by the sidecar")  # of a new instance


BROKEN: Mapping[str, tuple[Service, str, tuple[str, str, str]]] = {
    "a sidecar that crashes": (
        together(api(), proxy("raise SystemExit('no configuration')")),
        "failed the configured startup probe checks",
        ("proxy", "system", "Container called exit(1)."),
    ),
    "a sidecar without a probe that crashes": (
        together(api(WAITS, depends_on=[]), python("raise SystemExit(4)", name="agent")),
        'container "agent" ended while the instance was starting',
        ("agent", "system", "Container called exit(4)."),
    ),
    "a sidecar that listens on loopback alone, as measured of the real one": (
        together(api(), proxy(PROXY.replace('("", 9000)', '("127.0.0.1", 9000)'), startup_probe=HTTP)),
        "failed the configured startup probe checks",
        (
            "proxy",
            "system",
            'STARTUP HTTP probe failed 1 time consecutively for container "proxy" on port 9000 path "/". The instance '
            "was not started.\nConnection failed with status ERROR_CONNECTION_FAILED.",
        ),
    ),
    "the one with the port crashes beside a sidecar that is up": (
        together(api("raise SystemExit(5)"), proxy()),
        "failed to start and listen on the port defined provided by the PORT=8080",
        ("api", "system", "Container called exit(5)."),
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_container_that_does_not_come_up_fails_the_revision_and_is_named(bench: RunBench, case: str) -> None:
    service, message, line = BROKEN[case]
    short = f"broken{list(BROKEN).index(case)}"
    ended = bench.wait(bench.create(short, service))
    assert ended.error.code == 9 and message in ended.error.message
    (revision,) = {revision for revision, *_ in bench.told.lines if revision.startswith(f"{short}-")}
    assert line in named_lines(bench, revision)
    bench.cloud.delete_service(DeleteServiceRequest(name=f"{PARENT}/services/{short}"))  # or it is tried again


def refused(bench: RunBench, *containers: Container) -> str:
    with pytest.raises(RunRefusal) as found:
        bench.create("refused-pair", together(*containers))
    assert found.value.code == "INVALID_ARGUMENT"
    return found.value.message


PORT = [{"container_port": 8080}]
ONE_PORT = "template.containers: Revision template should contain exactly one container with an exposed port."


@pytest.mark.parametrize(
    ("containers", "message"),
    [
        ((api(), proxy(ports=PORT)), ONE_PORT),
        ((api(ports=[]), proxy()), ONE_PORT),
        ((api(depends_on=["nobody"]), proxy()), "containers[0].depends_on: there is no container named 'nobody'"),
        (
            (api(), python(PROXY, name="proxy")),
            "containers[0].depends_on: Dependent container 'proxy' must have startup probe specified",
        ),
        ((api(), proxy(depends_on=["api"])), "containers wait for each other: api -> proxy -> api"),
        ((api(depends_on=["api"]), proxy()), "containers wait for each other: api -> api"),
        ((api(), proxy(), proxy()), "there is more than one container named 'proxy'"),
        ((api(name="The API", depends_on=[]), proxy()), "'The API' is not a valid name of a container"),
        ((api(), proxy(startup_probe={"tcp_socket": {}})), "containers[1].startup_probe: its port must be from 1"),
        ((api(), proxy(env=[EnvVar(name="PORT", value="1")])), "containers[1].env: The following reserved env names"),
        ((api(), proxy(resources={"limits": {"cpu": "3"}})), "containers[1].resources.limits.cpu: Invalid value"),
        ((api(), proxy(image="")), "containers[1].image: the image is missing"),
        (
            tuple(api(**each) if not each else proxy(**each) for each in ({}, *({"name": f"p{n}"} for n in range(10)))),
            "11 containers; there may be at most 10",
        ),
        (
            tuple(each(resources={"limits": {"cpu": "400m"}}) for each in (api, proxy)),
            "Total cpu < 1 is not supported with concurrency > 1.",
        ),
    ],
)
def test_what_google_refuses_of_several_containers(
    bench: RunBench, containers: tuple[Container, ...], message: str
) -> None:
    assert message in refused(bench, *containers)
