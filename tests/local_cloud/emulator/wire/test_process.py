"""The local cloud as a process: how it starts, who may reach it, and that nothing of it is left."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from google.cloud.devtools.cloudbuild_v1 import Build, BuildOptions, BuildStep
from google.longrunning.operations_pb2 import WaitOperationRequest

from tests.cloud import ROOT, LocalCloud
from tests.local_cloud.emulator import clients
from tests.local_cloud.emulator.processes import LOOPBACK, family, listening, parents
from tests.waits import WITHIN, until


@pytest.fixture
def own(tmp_path: Path, engine_store: Path) -> Iterator[LocalCloud]:
    """A local cloud that a test may end in its own way."""
    with LocalCloud(tmp_path / "state", store=engine_store) as own:
        yield own


def run(*arguments: object) -> tuple[int, list[str]]:
    """Exit code and the lines on standard error."""
    command = [sys.executable, "-m", "deploy_lib.local_cloud", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=WITHIN)
    return done.returncode, done.stderr.splitlines()


def wait_until_gone(pids: set[int]) -> None:
    deadline = time.monotonic() + WITHIN
    while left := pids & set(parents()):
        assert time.monotonic() < deadline, [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in left]
        time.sleep(0.02)


def start_endless_build(cloud: LocalCloud) -> str:
    """The name of its operation."""
    step = BuildStep(name="gcr.io/cloud-builders/docker", entrypoint="bash", args=["-c", "echo on; sleep 600"])
    build = Build(steps=[step], options=BuildOptions(logging="CLOUD_LOGGING_ONLY"))
    with cloud.channel() as channel:
        started = clients.builds(channel).create_build(project_id="p", build=build)
        deadline = time.monotonic() + WITHIN
        query = {"resource_names": ["projects/p"], "filter": 'textPayload="on"'}
        while not list(clients.logs(channel).list_log_entries(query)):
            assert time.monotonic() < deadline
            time.sleep(0.05)
    return str(started.operation.name)


def test_it_listens_on_loopback_alone(cloud: LocalCloud) -> None:
    found = listening(cloud.pid)
    assert found and found <= LOOPBACK


def test_it_ends_with_everything_it_started(own: LocalCloud) -> None:
    start_endless_build(own)
    everyone, pid = family(own.pid), own.pid
    assert len(everyone) > 1
    started = time.monotonic()
    assert own.stop() == 0
    assert time.monotonic() - started < WITHIN
    assert not (own.state / "endpoints.json").exists()
    wait_until_gone(everyone - {pid})
    assert own.log().splitlines()[-1] == "ending"


def test_calls_that_only_wait_do_not_hold_it_up(own: LocalCloud) -> None:
    operation = start_endless_build(own)
    secrets = "google.cloud.secretmanager.v1.SecretManagerService/ListSecrets"
    own.faults({"method": secrets, "delay": 600}, {"method": "storage.buckets.list", "delay": 600})
    with own.channel() as channel, ThreadPoolExecutor() as pool:
        wait = channel.unary_unary("/google.longrunning.Operations/WaitOperation")
        request = WaitOperationRequest(name=operation).SerializeToString()
        waiting = [
            pool.submit(lambda: wait(request, timeout=2 * WITHIN)),
            pool.submit(lambda: list(clients.secrets(channel).list_secrets(parent="projects/p", retry=None))),
            pool.submit(lambda: httpx.get(f"{own.http}/storage/v1/b?project=p", trust_env=False, timeout=2 * WITHIN)),
        ]
        until(lambda: own.fired() == [1, 1])
        started = time.monotonic()
        assert own.stop() == 0
        assert time.monotonic() - started < WITHIN
        for one in waiting:
            one.exception(WITHIN)


def test_nothing_survives_it_when_it_is_killed(own: LocalCloud) -> None:
    start_endless_build(own)
    everyone = family(own.pid)
    own.kill()
    wait_until_gone(everyone)
    own.start()
    with own.channel() as channel:
        (build,) = clients.builds(channel).list_builds(project_id="p")
    assert build.status == Build.Status.INTERNAL_ERROR


def test_state_outlives_the_process(own: LocalCloud) -> None:
    clients.buckets(own).create_bucket("kept-here").blob("a").upload_from_string("one")
    own.stop()
    own.start()
    assert clients.buckets(own).bucket("kept-here").blob("a").download_as_bytes() == b"one"


def test_one_state_directory_serves_one_local_cloud(cloud: LocalCloud) -> None:
    before = (cloud.state / "endpoints.json").read_text()
    code, said = run("--state", cloud.state)
    assert code == 4
    assert said == [
        f"another local cloud (process {cloud.pid}) already serves the state directory {cloud.state}; end it with "
        "SIGTERM, or choose another directory with --state"
    ]
    assert (cloud.state / "endpoints.json").read_text() == before


@pytest.mark.parametrize("option", ["--grpc-port", "--http-port", "--registry-port", "--gcloud-port"])
def test_a_port_in_use_is_named_with_the_option_to_change(tmp_path: Path, engine_store: Path, option: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, said = run("--state", tmp_path, "--store", engine_store, "--engine", "namespaces", option, port)
    assert code == 4
    assert said[-1] == f"port {port} on 127.0.0.1 is in use by another program; choose another with {option}"
    assert not (tmp_path / "endpoints.json").exists()


def test_ports_can_be_chosen(tmp_path: Path, engine_store: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with LocalCloud(tmp_path, store=engine_store, arguments=["--http-port", str(port)]) as cloud:
        assert cloud.http == f"http://127.0.0.1:{port}"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--time-scale", "0"], "'0' is not a number above 0"),
        (["--time-scale", "nan"], "'nan' is not a number above 0"),
        (["--start-tries", "0"], "'0' is not a whole number from 1 to 100"),
        (["--http-port", "70000"], "'70000' is not a port"),
        (["--colour", "red"], "unrecognized arguments"),
    ],
)
def test_wrong_arguments_are_told_before_anything_starts(tmp_path: Path, arguments: list[str], why: str) -> None:
    code, said = run("--state", tmp_path / "state", *arguments)
    assert (code, why in said[-1]) == (2, True)
    assert not (tmp_path / "state").exists()


def test_a_state_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    code, said = run("--state", tmp_path / "file" / "state")
    assert code == 4
    assert len(said) == 1 and str(tmp_path / "file") in said[0]


def test_a_host_that_forbids_user_namespaces_is_told_what_to_enable(tmp_path: Path) -> None:
    forbid = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"'
    command = ["unshare", "-r", "sh", "-c", forbid, "sh", sys.executable, "-m", "deploy_lib.local_cloud"]
    command += ["--state", str(tmp_path), "--engine", "namespaces"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=WITHIN)
    if "unshare: " in done.stderr.partition("\n")[0][:9]:
        pytest.skip(f"no namespace can be made here to forbid namespaces in: {done.stderr}")
    assert done.returncode == 4
    (line,) = done.stderr.splitlines()
    assert "forbids unprivileged namespaces" in line and "user.max_user_namespaces" in line
    assert not (tmp_path / "endpoints.json").exists()


def test_endpoints_say_who_serves_and_with_what(cloud: LocalCloud) -> None:
    found = json.loads((cloud.state / "endpoints.json").read_text())
    assert set(found) == {
        "pid",
        "grpc",
        "http",
        "registry",
        "gcloud",
        "engine",
        "engine_note",
        "time_scale",
        "profile",
        "reach",
    }
    assert (found["pid"], found["engine"]) == (cloud.pid, "namespaces")
    assert f"engine namespaces: {found['engine_note']}" in cloud.log()
    assert httpx.get(f"http://{found['registry']}/v2/", trust_env=False).status_code == 200


def test_a_signal_while_starting_ends_it_too(tmp_path: Path, engine_store: Path) -> None:
    command = [sys.executable, "-m", "deploy_lib.local_cloud", "--state", str(tmp_path), "--store", str(engine_store)]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE)
    until((tmp_path / "lock").exists, every=0.001)
    process.send_signal(signal.SIGINT)
    assert process.wait(WITHIN) == 0
    assert not (tmp_path / "endpoints.json").exists()
