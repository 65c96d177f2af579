"""gcloud itself, unmodified, at the local cloud: what its commands do, print and end with."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.cloud import LocalCloud
from tests.local_cloud.emulator.rest.gcloud import Gcloud, many_calls, source
from tests.local_cloud.emulator.subject_image import push_subject
from tests.waits import until

PROJECT = "by-gcloud"
DOCKERFILE = 'FROM python:3.11-slim\nCOPY app.py /app.py\nCMD ["python", "/app.py"]\n'
NOTHING = f"us-central1-docker.pkg.dev/{PROJECT}/services/nothing"


@pytest.fixture(scope="module")
def gcloud(cloud: LocalCloud) -> Iterator[Gcloud]:
    with many_calls(cloud, PROJECT) as gcloud:
        yield gcloud


@pytest.fixture(scope="module")
def image(gcloud: Gcloud, cloud: LocalCloud) -> str:
    return push_subject(cloud, gcloud.project)


@pytest.fixture(scope="module")
def shop(gcloud: Gcloud, image: str) -> str:
    """A service that gcloud has deployed; its name."""
    printed = gcloud.good("run", "deploy", "shop", "--image", image, "--allow-unauthenticated", *serve())
    assert "has been deployed and is serving 100 percent of traffic" in printed
    return "shop"


def serve(behaviour: str = "serve") -> tuple[str, str]:
    return "--set-env-vars", f"BEHAVIOUR={behaviour}"


def shares(gcloud: Gcloud, service: str) -> dict[str, int]:
    told = gcloud.told("run", "services", "describe", service)
    return {target["revisionName"]: target["percent"] for target in told["status"]["traffic"] if target.get("percent")}


def test_a_service_is_listed_described_and_answers(gcloud: Gcloud, shop: str) -> None:
    for place in ((), ("--region", "us-central1")):
        (told,) = [each for each in gcloud.told("run", "services", "list", *place) if each["metadata"]["name"] == shop]
        assert told["metadata"]["labels"]["cloud.googleapis.com/location"] == "us-central1"
    assert httpx.get(told["status"]["url"], trust_env=False).status_code == 200
    assert "serving.knative.dev/creator" in told["metadata"]["annotations"]
    printed = gcloud.good("run", "services", "describe", shop)
    assert "BEHAVIOUR" in printed and "TCP every 240s" in printed and "512Mi" in printed
    assert "allUsers" in gcloud.good("run", "services", "get-iam-policy", shop)


def test_an_update_a_candidate_and_its_traffic(gcloud: Gcloud, shop: str, image: str) -> None:
    (first,) = shares(gcloud, shop)
    printed = gcloud.good("run", "deploy", shop, "--image", image, *serve("serve,A=1"), "--no-traffic", "--tag", "next")
    assert "is serving 0 percent of traffic" in printed and "http://127.0.0.1:" in printed
    second, *rest = [each["metadata"]["name"] for each in gcloud.told("run", "revisions", "list", "--service", shop)]
    assert rest == [first]
    for words, expected in (
        (("--to-tags", "next=20"), {first: 80, second: 20}),
        (("--to-latest",), {second: 100}),
        (("--to-revisions", f"{first}=100"), {first: 100}),
    ):
        gcloud.good("run", "services", "update-traffic", shop, *words)
        assert shares(gcloud, shop) == expected
    assert "A" in gcloud.good("run", "revisions", "describe", second)
    code, printed = gcloud.run("run", "revisions", "delete", second)
    assert code == 1 and "cannot be deleted" in printed


def test_a_service_of_two_containers(gcloud: Gcloud, image: str) -> None:
    """The sidecar listens on 9999, as BEHAVIOUR says, and is up before the other one starts."""
    waits = ("--container", "web", "--image", image, "--port", "8080", "--depends-on", "side")
    side = ("--container", "side", "--image", image, *serve("port"), "--startup-probe", "tcpSocket.port=9999")
    gcloud.good("run", "deploy", "pair", *waits, *side)
    told = gcloud.told("run", "services", "describe", "pair")
    template = told["spec"]["template"]
    assert [each["name"] for each in template["spec"]["containers"]] == ["web", "side"]
    assert template["metadata"]["annotations"]["run.googleapis.com/container-dependencies"] == '{"web": ["side"]}'
    answer = httpx.get(f"{told['status']['url']}/connect?127.0.0.1:9999", trust_env=False)
    assert (answer.status_code, "200 OK" in answer.text) == (200, True)


@pytest.mark.parametrize(
    ("service", "behaviour", "words"),
    [
        ("crashing", "crash", "failed to start and listen on the port"),
        ("imageless", None, f"Image '{NOTHING}' not found"),
    ],
)
def test_a_first_deployment_that_fails_is_told_and_can_be_deleted(
    gcloud: Gcloud, image: str, service: str, behaviour: str | None, words: str
) -> None:
    chosen = ("--image", image, *serve(behaviour)) if behaviour else ("--image", NOTHING)
    code, printed = gcloud.run("run", "deploy", service, *chosen)
    assert (code, words in printed) == (1, True), printed
    assert "Deleted service" in gcloud.good("run", "services", "delete", service)
    code, printed = gcloud.run("run", "services", "describe", service)
    assert (code, f"Cannot find service [{service}]" in printed) == (1, True)


def test_logs_of_a_service(gcloud: Gcloud, cloud: LocalCloud, shop: str, image: str) -> None:
    query = f'resource.labels.service_name="{shop}" log_id("run.googleapis.com/stdout")'
    (entry,) = gcloud.told("logging", "read", query, "--limit", "1")
    assert entry["jsonPayload"]["message"]
    # Of requests: gcloud itself crashes on a line that was written as JSON, and the subject writes some.
    url = gcloud.told("run", "services", "describe", shop)["status"]["url"]
    assert httpx.get(f"{url}/asked-by-hand", trust_env=False).status_code == 200
    printed = gcloud.good(
        "run", "services", "logs", "read", shop, "--log-filter", 'log_id("run.googleapis.com/requests")'
    )
    assert "GET 200" in printed and "/asked-by-hand" in printed


def test_a_build_from_submit_to_its_log(gcloud: Gcloud, tmp_path: Path) -> None:
    name = f"us-central1-docker.pkg.dev/{PROJECT}/services/built"
    printed = gcloud.good("builds", "submit", str(source(tmp_path / "s", DOCKERFILE)), "--tag", name)
    assert "COPY app.py" in printed and "SUCCESS" in printed
    (built,) = [each for each in gcloud.told("builds", "list") if each["images"] == [name]]
    assert built["status"] == gcloud.told("builds", "describe", built["id"])["status"] == "SUCCESS"
    assert "COPY app.py" in gcloud.good("builds", "log", built["id"])


def test_a_build_that_fails(gcloud: Gcloud, tmp_path: Path) -> None:
    directory = source(tmp_path / "s", "FROM python:3.11-slim\nRUN echo on the way && exit 3\n")
    place = ("--region", "europe-west1")
    code, printed = gcloud.run("builds", "submit", str(directory), "--tag", NOTHING, *place)
    assert code == 1
    assert "on the way" in printed and "BUILD FAILURE" in printed
    assert [each["status"] for each in gcloud.told("builds", "list", *place)] == ["FAILURE"]


def test_secrets(gcloud: Gcloud, tmp_path: Path) -> None:
    (tmp_path / "value").write_text("s3cret")
    gcloud.good("secrets", "create", "key", "--replication-policy", "automatic")
    gcloud.good("secrets", "versions", "add", "key", "--data-file", str(tmp_path / "value"))
    assert gcloud.good("secrets", "versions", "access", "latest", "--secret", "key") == "s3cret"
    assert [each["state"] for each in gcloud.told("secrets", "versions", "list", "key")] == ["ENABLED"]


@pytest.mark.parametrize("size", [5_000, 12_000_000], ids=["in one request", "resumable"])
def test_files_go_up_and_come_back(gcloud: Gcloud, cloud: LocalCloud, tmp_path: Path, size: int) -> None:
    bucket = f"gs://{cloud.name('files')}"
    (tmp_path / "up").write_bytes(bytes(range(250)) * (size // 250))
    gcloud.good("storage", "buckets", "create", bucket)
    gcloud.good("storage", "cp", str(tmp_path / "up"), f"{bucket}/a/file")
    assert gcloud.good("storage", "ls", f"{bucket}/a").strip() == f"{bucket}/a/file"
    gcloud.good("storage", "cp", f"{bucket}/a/file", str(tmp_path / "down"))
    assert (tmp_path / "down").read_bytes() == (tmp_path / "up").read_bytes()
    if size < 8 << 20:
        gcloud.good("storage", "rm", "-r", bucket)


def test_its_way_leads_to_the_local_cloud_and_nowhere_else(gcloud: Gcloud) -> None:
    host, port = gcloud.variables["CLOUDSDK_PROXY_ADDRESS"], gcloud.variables["CLOUDSDK_PROXY_PORT"]
    trusted = ssl.create_default_context(cafile=gcloud.variables["CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE"])
    with httpx.Client(proxy=f"http://{host}:{port}", trust_env=False, verify=trusted) as browser:
        answer = browser.get("https://compute.googleapis.com/compute/v1/projects/p/zones")
        assert answer.status_code == 501
        assert "the local cloud does not serve the method GET /compute/v1/projects/p/zones" in answer.text
        for elsewhere in ("https://example.com/", "https://googleapis.com.example.com/", "https://127.0.0.1/"):
            with pytest.raises(httpx.ProxyError, match=r"leads to googleapis\.com alone"):
                browser.get(elsewhere)


def test_calls_of_gcloud_meet_the_same_faults(gcloud: Gcloud, cloud: LocalCloud) -> None:
    before = cloud.last_call()
    cloud.faults({"method": "*/ListSecrets", "code": "PERMISSION_DENIED", "message": "no, you may not"})
    code, printed = gcloud.run("secrets", "list")
    cloud.clear_faults()
    assert (code, "no, you may not" in printed) == (1, True), printed
    assert "google.cloud.secretmanager.v1.SecretManagerService/ListSecrets" in until(lambda: cloud.calls(before))


def test_images_are_listed(gcloud: Gcloud, image: str) -> None:
    repository, name = image.partition("@")[0].rpartition("/")[::2]
    told = gcloud.told("artifacts", "docker", "images", "list", repository, "--include-tags")
    assert f"{repository}/{name}" in {each["package"] for each in told}
    assert image.partition("@")[2] in {each["version"] for each in told}


@pytest.fixture(scope="module")
def nightly(gcloud: Gcloud, image: str) -> str:
    """A job that was executed twice, well and badly; its name."""
    script = "import os, sys; print(os.environ['CLOUD_RUN_TASK_INDEX']); sys.exit(len(sys.argv) > 2)"
    run = ("--image", image, "--command", "python", f"--args=^|^-c|{script}|once", "--set-env-vars", "WHO=me")
    gcloud.good("run", "jobs", "create", "nightly", *run, "--tasks", "2", "--max-retries", "0", "--task-timeout", "60")
    assert "has successfully completed" in gcloud.good("run", "jobs", "execute", "nightly", "--wait")
    badly = (f"--args=^|^-c|{script}|a|b", "--tasks", "1")
    code, printed = gcloud.run("run", "jobs", "execute", "nightly", "--wait", *badly)
    assert code == 1 and "The execution failed." in printed
    return "nightly"


def test_a_job_its_executions_and_their_tasks_are_listed(gcloud: Gcloud, nightly: str) -> None:
    told = gcloud.told("run", "jobs", "describe", nightly)
    task = told["spec"]["template"]["spec"]["template"]["spec"]
    assert (task["maxRetries"], task["timeoutSeconds"], told["spec"]["template"]["spec"]["taskCount"]) == (0, "60", 2)
    assert task["containers"][0]["env"] == [{"name": "WHO", "value": "me"}]
    assert (told["status"]["executionCount"], told["status"]["conditions"][0]["status"]) == (2, "True")
    assert told["status"]["latestCreatedExecution"]["completionStatus"] == "EXECUTION_FAILED"
    executions = gcloud.told("run", "jobs", "executions", "list", "--job", nightly)
    counted = [(each["status"].get("succeededCount", 0), each["status"].get("failedCount", 0)) for each in executions]
    assert sorted(counted) == [(0, 1), (2, 0)]
    good = next(each["metadata"]["name"] for each in executions if each["status"].get("succeededCount"))
    tasks = gcloud.told("run", "jobs", "executions", "tasks", "list", "--execution", good, "--succeeded")
    assert sorted(each["status"].get("index", 0) for each in tasks) == [0, 1]


def test_a_job_is_deleted(gcloud: Gcloud, nightly: str) -> None:
    grant = ("--member", "user:ann@example.com", "--role", "roles/run.invoker")
    told = gcloud.told("run", "jobs", "add-iam-policy-binding", nightly, *grant)
    assert (told["version"], told["bindings"]) == (1, [{"members": [grant[1]], "role": grant[3]}])
    gcloud.good("run", "jobs", "delete", nightly)
    assert gcloud.told("run", "jobs", "list") == []
