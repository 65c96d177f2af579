"""Revisions that do not come up: same conditions, same sentences, same log as on Cloud Run, and users see nothing."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from google.cloud.run_v2 import EnvVar, HTTPGetAction, Probe, RevisionTemplate, Service, VpcAccess
from google.longrunning.operations_pb2 import Operation

from tests.local_cloud.emulator.run.bench import RunBench, named, template
from tests.waits import until

HUNGRY = "import time; held = b'x' * 190_000_000; time.sleep(9)"
CALLED = "Container called exit(1)."
BESIDE = ("crash", "local", "secret")
START = "The user-provided container failed to start and listen on the port defined provided by the PORT=8080"


def secret(name: str, version: str = "latest") -> EnvVar:
    return EnvVar(name=name.upper(), value_source={"secret_key_ref": {"secret": name, "version": version}})


def candidates() -> Mapping[str, RevisionTemplate]:
    probed = Probe(http_get=HTTPGetAction(path="/fail"), timeout_seconds=1, period_seconds=1, failure_threshold=2)
    through = template("vpc")
    through.vpc_access = VpcAccess(connector="projects/p/locations/r/connectors/absent")
    slow = Probe(tcp_socket={}, timeout_seconds=1, period_seconds=1, failure_threshold=1)
    return {
        "crash": template("crash", "crash"),
        "zero": template("zero", command=["true"], args=["ignored"]),
        "port": template("port", "port"),
        "local": template("local", "localhost"),
        "slow": template("slow", "slow", startup_probe=slow),
        "memory": template("memory", command=["python", "-S", "-c", HUNGRY], resources={"limits": {"memory": "128Mi"}}),
        "probe": template("probe", startup_probe=probed),
        "image": template("image", image="us-docker.pkg.dev/p/services/absent:1"),
        "secret": template("secret", env=[secret("absent"), secret("denied"), secret("present", "7")]),
        "vpc": through,
        "command": template("command", command=["/no/such/program"]),
    }


@pytest.fixture(scope="module")
def failed(bench: RunBench) -> Mapping[str, Operation]:
    """Every kind of failure in a service of its own, all at once; some beside a revision that serves."""
    bench.secrets.create("p", "present")
    bench.secrets.add_version("projects/p/secrets/present", b"v")
    bench.secrets.create("p", "denied")
    bench.secrets.add_version("projects/p/secrets/denied", b"v")
    bench.secrets.set_policy("projects/p/secrets/denied", b"", frozenset({"serviceAccount:else@p"}))
    begun = {}
    for name, wanted in candidates().items():
        wanted.revision = f"{name}-b"
        if name not in BESIDE:
            begun[name] = bench.create(name, Service(template=wanted))
            continue
        service = bench.deploy(name, Service(template=template(f"{name}-a"), traffic=[named(f"{name}-a", 100)]))
        targets = [named(f"{name}-a", 100), named(f"{name}-b", 0, "next")]
        begun[name] = bench.update(Service(name=service.name, template=wanted, traffic=targets))
    return {name: bench.wait(operation) for name, operation in begun.items()}


@pytest.mark.parametrize("name", BESIDE)
def test_the_service_goes_on_as_it_was(bench: RunBench, failed: Mapping[str, Operation], name: str) -> None:
    assert failed[name].error.code == 9
    service = bench.get(name)
    assert failed[name].error.message == service.terminal_condition.message
    assert not failed[name].error.message.startswith("Revision ")
    assert service.terminal_condition.state.name == "CONDITION_FAILED" and not service.reconciling
    assert (service.generation, service.observed_generation) == (2, 1)
    assert service.latest_created_revision.endswith(f"/{name}-b")
    assert service.latest_ready_revision.endswith(f"/{name}-a")
    assert [(status.revision, status.tag) for status in service.traffic_statuses] == [(f"{name}-a", "")]
    assert bench.http.get(service.uri).text == f"{name}-a"


@pytest.mark.parametrize(
    ("name", "part", "reason", "said"),
    [
        *((name, "ContainerHealthy", "HEALTH_CHECK_CONTAINER_ERROR", START) for name in ("crash", "zero", "port")),
        *((name, "ContainerHealthy", "HEALTH_CHECK_CONTAINER_ERROR", START) for name in ("local", "memory", "command")),
        ("slow", "ContainerHealthy", "HEALTH_CHECK_CONTAINER_ERROR", "failed the configured startup probe checks"),
        ("probe", "ContainerHealthy", "HEALTH_CHECK_CONTAINER_ERROR", "failed the configured startup probe checks"),
        ("image", "ContainerReady", "CONTAINER_MISSING", "Image 'us-docker.pkg.dev/p/services/absent:1' not found."),
        ("secret", "ResourcesAvailable", "SECRETS_ACCESS_CHECK_FAILED", "secrets/absent/versions/latest was not found"),
        (
            "vpc",
            "ResourcesAvailable",
            "VPC_NETWORK_NOT_FOUND",
            "VPC connector projects/p/locations/r/connectors/absent",
        ),
    ],
)
def test_the_revision_says_which_part_failed_and_why(
    bench: RunBench, failed: Mapping[str, Operation], name: str, part: str, reason: str, said: str
) -> None:
    conditions = {condition.type_: condition for condition in bench.revision(name, f"{name}-b").conditions}
    for kind in ("Ready", part):
        found = conditions[kind]
        told = found.revision_reason if "revision_reason" in found else found.reason
        assert (found.state.name, told.name, found.severity.name) == ("CONDITION_FAILED", reason, "ERROR")
        assert said in found.message
        assert ("Logs URL: https://" in found.message) == (part == "ContainerHealthy")
    assert list(conditions) == ["Ready", "ContainerHealthy", "ContainerReady", "ResourcesAvailable", "Retry"]
    assert conditions["Retry"].severity.name == "INFO"
    order = ["ContainerReady", "ResourcesAvailable", "ContainerHealthy"]
    at = order.index(part)
    passed, pending = [conditions[kind] for kind in order[:at]], [conditions[kind] for kind in order[at + 1 :]]
    assert all(each.state.name == "CONDITION_SUCCEEDED" and "completed in" in each.message for each in passed)
    assert all(each.state.name == "CONDITION_PENDING" for each in pending)
    times = [each.last_transition_time for each in (*passed, conditions["Ready"])]
    assert times == sorted(times) and len(set(times)) == len(times)


def test_every_secret_that_is_refused_is_named_and_no_value_is(
    bench: RunBench, failed: Mapping[str, Operation]
) -> None:
    lines = failed["secret"].error.message.splitlines()
    assert "env[1].value_from.secret_key_ref.name: Secret projects/" in lines[0]
    assert "env[2]" in lines[1] and "Permission denied on secret" in lines[1]
    assert "roles/secretmanager.secretAccessor" in lines[1]
    assert "env[3]" in lines[2] and "secrets/present/versions/7 was not found" in lines[2]


def test_a_crash_is_told_at_its_first_exit(bench: RunBench) -> None:
    ended = bench.wait(bench.create("soon", Service(template=template("soon-a", "crash"))))
    assert ended.error.message.startswith(START) and bench.told.of("soon-a", "system").count(CALLED) < 10
    service = bench.get("soon")
    assert service.observed_generation == service.generation == 1  # gcloud waits for it
    assert not service.uri and list(service.urls)
    until(lambda: bench.told.of("soon-a", "system").count(CALLED) == 10)
    assert bench.get("soon").terminal_condition.state.name == "CONDITION_FAILED"


def test_a_crash_is_tried_ten_times_and_each_is_in_the_log(bench: RunBench, failed: Mapping[str, Operation]) -> None:
    until(lambda: bench.told.of("crash-b", "system")[-1].startswith("Default STARTUP") and _tries(bench) == (10, 10))
    system = bench.told.of("crash-b", "system")
    assert system.count("Container called exit(1).") == 10
    assert sum(line.startswith("Starting new instance.") for line in system) == 10
    lines = [(stream, text) for revision, stream, _, text in bench.told.lines if revision == "crash-b"]
    last = [text for _, text in lines[-3:]]
    assert last[0] == "ModuleNotFoundError: No module named 'shop.schemas.llm'"
    assert last[1] == "Container called exit(1)." and last[2].startswith("Default STARTUP TCP probe failed 1 time")
    until(lambda: bench.told.of("zero-b", "system").count("Container called exit(0).") == 10)
    labels = {label for label in bench.told.labels if label[:2] == ("crash-b", "stderr")}
    assert labels and all(instance and container for _, _, instance, container in labels)


def _tries(bench: RunBench) -> tuple[int, int]:
    system = bench.told.of("crash-b", "system")
    return system.count(CALLED), sum(line.startswith("Default STARTUP TCP probe failed") for line in system)


def test_a_container_that_takes_too_much_memory_is_told_so(bench: RunBench, failed: Mapping[str, Operation]) -> None:
    system = bench.told.of("memory-b", "system")
    over = [line for line in system if line.startswith("Memory limit of 128 MiB exceeded with 1")]
    assert over and over[0].endswith("https://cloud.google.com/run/docs/configuring/memory-limits")
    assert "Container terminated on signal 9." in system


def test_a_server_that_cannot_be_reached_is_stopped(bench: RunBench, failed: Mapping[str, Operation]) -> None:
    for name in ("port", "local"):
        assert bench.told.of(f"{name}-b", "system")[-1].endswith("Connection failed with status DEADLINE_EXCEEDED.")
        assert bench.told.of(f"{name}-b", "stdout")[-1] == "terminating"


def test_a_first_revision_that_fails_leaves_a_service_without_one(bench: RunBench) -> None:
    ended = bench.wait(bench.create("first", Service(template=template("first-a", image="absent"))))
    assert "Image 'absent' not found." in ended.error.message
    service = bench.get("first")
    assert not service.latest_ready_revision and not list(service.traffic_statuses)
    assert not service.uri and bench.http.get(service.urls[0]).status_code == 503
    good = bench.served(bench.wait(bench.update(Service(name=service.name, template=template("first-b")))))
    assert bench.http.get(good.uri).text == "first-b"


def test_secrets_reach_the_container_and_a_declared_connector_is_found(bench: RunBench) -> None:
    bench.secrets.create("p", "token")
    bench.secrets.add_version("projects/p/secrets/token", b"one")
    wanted = template("given-a", env=[secret("token")])
    wanted.vpc_access = VpcAccess(connector="mine")
    (bench.root / "run" / "connectors.txt").write_text("projects/p/locations/r/connectors/mine\n")
    service = bench.deploy("given", Service(template=wanted))
    assert bench.http.get(f"{service.uri}/env").json()["TOKEN"] == "one"


def test_a_server_that_starts_slowly_but_in_time_is_ready(bench: RunBench) -> None:
    service = bench.deploy("patient", Service(template=template("patient-a", "slow")))
    assert bench.http.get(service.uri).text == "patient-a"


def test_an_instance_that_dies_is_started_again_and_requests_meanwhile_get_503(bench: RunBench) -> None:
    service = bench.deploy("mortal", Service(template=template("mortal-a")))
    assert bench.http.get(f"{service.uri}/die").status_code == 503
    statuses = []

    def alive() -> bool:
        statuses.append(bench.http.get(service.uri).status_code)
        return statuses[-1] == 200

    until(alive)
    assert set(statuses) <= {200, 503}
    assert bench.told.of("mortal-a", "system").count("Container called exit(3).") == 1
