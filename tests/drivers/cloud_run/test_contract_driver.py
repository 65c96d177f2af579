"""The contract against a project's secrets and a running service."""

from __future__ import annotations

import pytest
from google.api_core.exceptions import InvalidArgument
from google.cloud.secretmanager_v1 import SecretManagerServiceClient
from google.cloud.secretmanager_v1.services.secret_manager_service.transports import SecretManagerServiceGrpcTransport
from google.iam.v1.policy_pb2 import Binding, Policy
from google.type.expr_pb2 import Expr

from deploy_lib.drivers.contract import CloudContract
from deploy_lib.model.answers import ContractRead
from deploy_lib.source.model import ImageContents
from deploy_lib.steps.config_contract import CheckContract, ConfigContractSettings
from deploy_lib.steps.variables import RunsContainer
from tests.cloud import LocalCloud
from tests.drivers.cloud_run.driver_harness import PROJECT, DriverHarness

ACCOUNT = f"shop@{PROJECT}.iam.gserviceaccount.com"


@pytest.fixture
def secrets(cloud: LocalCloud) -> SecretManagerServiceClient:
    return SecretManagerServiceClient(transport=SecretManagerServiceGrpcTransport(channel=cloud.channel()))


def _secret(client: SecretManagerServiceClient, name: str, versions: int = 1, readers: list[str] | None = None) -> str:
    parent = f"projects/{PROJECT}"
    client.create_secret(parent=parent, secret_id=name, secret={"replication": {"automatic": {}}})
    path = f"{parent}/secrets/{name}"
    for _ in range(versions):
        client.add_secret_version(parent=path, payload={"data": b"hush"})
    if readers is not None:
        policy = Policy(bindings=[Binding(role="roles/secretmanager.secretAccessor", members=readers)])
        client.set_iam_policy(request={"resource": path, "policy": policy})
    return path


def _check(
    harness: DriverHarness,
    required: tuple[str, ...] = (),
    contents: ImageContents | None = None,
    runs: tuple[RunsContainer, ...] = (),
    **service: object,
) -> ContractRead:
    contract = CloudContract(harness.clients, harness.clock, lambda release: contents, harness.urls)
    settings = ConfigContractSettings(required=required, runs=runs)
    return contract.check(CheckContract(harness.release(**service), settings))  # type: ignore[arg-type]


def test_secrets(harness: DriverHarness, secrets: SecretManagerServiceClient) -> None:
    name = harness.cloud.name
    good, empty, off, shut = name("good"), name("empty"), name("off"), name("shut")
    _secret(secrets, good, readers=[f"serviceAccount:{ACCOUNT}"])
    _secret(secrets, empty, versions=0)
    path = _secret(secrets, off)
    secrets.disable_secret_version(name=f"{path}/versions/1")
    _secret(secrets, shut, readers=["user:someone@example.com"])
    wanted = {"A": good, "B": empty, "C": off, "D": shut, "E": "nowhere", "F": good + ":9"}
    wanted = {key: value if ":" in value else f"{value}:latest" for key, value in wanted.items()}
    read = _check(harness, secrets=wanted, service_account=ACCOUNT)
    assert [(each.code, each.message) for each in read.findings] == [
        ("secret_version_missing", f"B: the secret {empty} has no version latest"),
        ("secret_version_disabled", f"C: version latest of the secret {off} is disabled"),
        ("secret_no_access", f"{ACCOUNT} may not read the secret {shut}"),
        ("secret_missing", f"E: there is no secret nowhere in project {PROJECT}"),
        ("secret_version_missing", f"F: the secret {good} has no version 9"),
    ]
    assert f"A: the secret {good} has version latest" in read.checked
    assert f"{ACCOUNT} may read {good}" in read.checked
    assert "hush" not in str(read)


def test_what_a_job_is_given(harness: DriverHarness, secrets: SecretManagerServiceClient) -> None:
    """Its own secrets; and the service's too, where another account must read them."""
    shop, migrator, name = (
        f"serviceAccount:{ACCOUNT}",
        f"migrator@{PROJECT}.iam.gserviceaccount.com",
        harness.cloud.name,
    )
    both, mine = name("both"), name("mine")
    _secret(secrets, both, readers=[shop, f"serviceAccount:{migrator}"])
    _secret(secrets, mine, readers=[shop])
    given = {"A": f"{both}:1", "B": f"{mine}:1", "C": "nowhere:1"}
    runs = (
        RunsContainer("job own", {"CLOUD_RUN_JOB": "x"}, {"D": "nowhere:2"}),
        RunsContainer("job migrate", {"C": "plain"}, {"E": "nowhere:3"}, migrator),
    )
    read = _check(harness, runs=runs, secrets=given, service_account=ACCOUNT)
    assert [each.message for each in read.findings] == [
        f"C: there is no secret nowhere in project {PROJECT}",
        "job own: CLOUD_RUN_JOB is set by Cloud Run itself and may not be given",
        f"D of job own: there is no secret nowhere in project {PROJECT}",
        f"E of job migrate: there is no secret nowhere in project {PROJECT}",
        f"{migrator} may not read the secret {mine}",
    ]
    assert f"{migrator} may read {both}" in read.checked
    assert f"job migrate may run as {migrator}" in read.checked


def test_what_is_not_proven_is_not_known(harness: DriverHarness, secrets: SecretManagerServiceClient) -> None:
    """A custom role, a group and a condition; a condition shows only to those who ask at version 3."""
    name = harness.cloud.name
    custom, group, condition = name("custom"), name("group"), name("condition")
    mine = f"serviceAccount:{ACCOUNT}"
    reads = "roles/secretmanager.secretAccessor"
    when = Expr(title="office hours", expression="request.time.getHours() < 18")
    for secret, each in (
        (custom, Binding(role=f"projects/{PROJECT}/roles/reader", members=[mine])),
        (group, Binding(role=reads, members=["group:team@example.com"])),
        (condition, Binding(role=reads, members=[mine], condition=when)),
    ):
        policy = Policy(version=3, bindings=[each])
        secrets.set_iam_policy(request={"resource": _secret(secrets, secret), "policy": policy})
    read = _check(harness, secrets={"A": custom, "B": group, "C": condition}, service_account=ACCOUNT)
    assert read.findings == ()
    assert [line.partition(": ")[2] for line in read.unknown] == [
        f"the custom role projects/{PROJECT}/roles/reader may hold secretmanager.versions.access",
        f"group:team@example.com has {reads}, whose members are not looked up",
        f"{reads} is granted under a condition",
    ]
    path = f"projects/{PROJECT}/secrets/{condition}"
    (shown,) = secrets.get_iam_policy(request={"resource": path}).bindings
    assert shown.role.startswith(f"{reads}_withcond_") and not shown.HasField("condition")
    with pytest.raises(InvalidArgument, match="version 3"):
        secrets.set_iam_policy(request={"resource": path, "policy": Policy(bindings=[Binding(condition=when)])})


def test_a_secret_of_another_project_is_asked_for_there(
    harness: DriverHarness, secrets: SecretManagerServiceClient
) -> None:
    name = harness.cloud.name("shared")
    secrets.create_secret(parent="projects/elsewhere", secret_id=name, secret={"replication": {"automatic": {}}})
    path = f"projects/elsewhere/secrets/{name}"
    secrets.add_secret_version(parent=path, payload={"data": b"hush"})
    read = _check(harness, secrets={"A": f"{path}:1", "B": "projects/elsewhere/secrets/nothing:1"})
    assert f"A: the secret {name} has version 1" in read.checked
    assert [each.message for each in read.findings] == ["B: there is no secret nothing in project elsewhere"]


def test_what_may_not_be_read_is_unknown(harness: DriverHarness, secrets: SecretManagerServiceClient) -> None:
    name = harness.cloud.name("closed")
    _secret(secrets, name)
    harness.cloud.faults(
        {"method": "google.cloud.secretmanager.v1.*/GetSecretVersion", "code": "PERMISSION_DENIED", "times": 0}
    )
    read = _check(harness, secrets={"A": f"{name}:latest"})
    assert read.findings == ()
    assert len(read.unknown) == 1
    assert "secretmanager.versions.get" in read.unknown[0]


def test_running_service_and_cloud_runs_own_opinion(harness: DriverHarness) -> None:
    harness.live({"OPENAI_API_KEY": "x"})
    read = _check(harness, env={"OPENAI_APIKEY": "x"})
    assert [each.code for each in read.findings] == ["variable_misspelt", "variable_unnamed"]
    assert "Cloud Run would take the settings" in read.checked
    before = harness.read().etag
    refused = _check(harness, cpu="4", memory="512Mi")
    assert "refused_by_cloud_run" in [each.code for each in refused.findings]
    assert harness.read().etag == before
    server = ImageContents({}, {}, command=("uvicorn", "a:a", "--host", "0.0.0.0", "--port", "9000"))
    assert "port_mismatch" in [each.code for each in _check(harness, contents=server).findings]
