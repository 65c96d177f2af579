"""The official clients over REST, and those of asyncio, at the local cloud; and what it answers to bad HTTP."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import grpc
import httpx
import pytest
from google.api_core import exceptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import logging as cloud_logging
from google.cloud import run_v2, secretmanager_v1
from google.cloud.devtools import cloudbuild_v1
from google.cloud.devtools.cloudbuild_v1.services.cloud_build.transports import CloudBuildRestTransport
from google.cloud.run_v2.services.services.transports import ServicesGrpcAsyncIOTransport, ServicesRestTransport
from google.cloud.secretmanager_v1.services.secret_manager_service.transports import (
    SecretManagerServiceRestTransport,
)

from tests.cloud import LocalCloud
from tests.local_cloud.emulator.subject_image import push_subject
from tests.waits import WITHIN

PROJECT = "by-rest"
PARENT = f"projects/{PROJECT}/locations/us-central1"


@pytest.fixture(scope="module")
def image(cloud: LocalCloud) -> str:
    return push_subject(cloud, PROJECT)


def wanted(image: str) -> Any:
    return {"template": {"containers": [{"image": image, "env": [{"name": "BEHAVIOUR", "value": "serve"}]}]}}


def over_rest(cloud: LocalCloud) -> dict[str, Any]:
    host = cloud.http.removeprefix("http://")
    return {"host": host, "url_scheme": "http", "credentials": AnonymousCredentials()}


def test_run_over_rest(cloud: LocalCloud, image: str) -> None:
    client = run_v2.ServicesClient(transport=ServicesRestTransport(**over_rest(cloud)))
    made = client.create_service(parent=PARENT, service_id="resting", service=wanted(image)).result()
    assert httpx.get(made.uri, trust_env=False).status_code == 200
    changed: Any = {"name": made.name, "labels": {"team": "x"}}
    after = client.update_service(service=changed, update_mask="labels").result()
    assert (dict(after.labels), after.template.containers[0].image) == ({"team": "x"}, image)
    assert [each.name for each in client.list_services(parent=PARENT)] == [made.name]
    with pytest.raises(exceptions.Conflict, match="already exists"):
        client.create_service(parent=PARENT, service_id="resting", service=wanted(image))
    client.delete_service(name=made.name).result()
    with pytest.raises(exceptions.NotFound, match="'resting' of kind 'SERVICE'"):
        client.get_service(name=made.name)


def test_secrets_builds_and_logs_over_rest(cloud: LocalCloud) -> None:
    secrets = secretmanager_v1.SecretManagerServiceClient(
        transport=SecretManagerServiceRestTransport(**over_rest(cloud))
    )
    replicated: Any = {"replication": {"automatic": {}}}
    secret = secrets.create_secret(parent=f"projects/{PROJECT}", secret_id="key", secret=replicated)
    payload: Any = {"data": b"\x00one"}
    version = secrets.add_secret_version(parent=secret.name, payload=payload)
    assert secrets.access_secret_version(name=version.name).payload.data == b"\x00one"
    builds = cloudbuild_v1.CloudBuildClient(transport=CloudBuildRestTransport(**over_rest(cloud)))
    step = {"name": "gcr.io/cloud-builders/docker", "entrypoint": "bash", "args": ["-c", "exit 3"]}
    build: Any = {"steps": [step], "options": {"logging": "CLOUD_LOGGING_ONLY"}}
    started = builds.create_build(project_id=PROJECT, build=build)
    with pytest.raises(exceptions.GoogleAPICallError, match="non-zero status"):
        started.result(timeout=WITHIN)
    assert builds.get_build(project_id=PROJECT, id=started.metadata.build.id).status.name == "FAILURE"
    logs = cloud_logging.Client(
        project=PROJECT,
        credentials=AnonymousCredentials(),
        _use_grpc=False,
        client_options={"api_endpoint": cloud.http},
    )
    logs.logger("mine").log_text("a line", severity="ERROR")
    assert "a line" in [
        entry.payload for entry in logs.list_entries(filter_='log_id("mine")')
    ]  # after one of the client's own


def test_run_over_asyncio(cloud: LocalCloud, image: str) -> None:
    async def story() -> tuple[str, list[str]]:
        channel = grpc.aio.insecure_channel(cloud.grpc, options=[("grpc.enable_http_proxy", 0)])
        client = run_v2.ServicesAsyncClient(transport=ServicesGrpcAsyncIOTransport(channel=channel))
        begun = await client.create_service(parent=PARENT, service_id="waiting", service=wanted(image))
        made = await begun.result()
        listed = [each.name async for each in await client.list_services(parent=PARENT)]
        with pytest.raises(exceptions.NotFound):
            await client.get_service(name=f"{PARENT}/services/nobody")
        await (await client.delete_service(name=made.name)).result()
        await channel.close()
        return made.name, listed

    name, listed = asyncio.run(story())
    assert name in listed


@pytest.mark.parametrize(
    ("verb", "path", "body", "status", "code", "words"),
    [
        ("GET", f"v2/{PARENT}/services/nobody", "", 404, "NOT_FOUND", "'nobody' of kind 'SERVICE'"),
        ("GET", f"v2/{PARENT}/workerPools", "", 501, "UNIMPLEMENTED", "run.v2.WorkerPools/ListWorkerPools"),
        ("POST", "v1/projects/p/triggers", "{}", 501, "UNIMPLEMENTED", "CloudBuild/CreateBuildTrigger"),
        ("GET", f"v2/{PARENT}/operations?filter=name=x", "", 400, "INVALID_ARGUMENT", "done=true and done=false"),
        ("POST", f"v2/{PARENT}/jobs/nobody:run", "{}", 404, "NOT_FOUND", "'nobody' of kind 'JOB'"),
        ("GET", "v1/projects/p/locations/l/repositories/r/files", "", 501, "UNIMPLEMENTED", "repositories/r/files"),
        ("GET", "v9/anything", "", 501, "UNIMPLEMENTED", "GET /v9/anything"),
        ("PATCH", "v2/entries:list", "{}", 501, "UNIMPLEMENTED", "PATCH /v2/entries:list"),
        ("POST", "v2/entries:list", "{", 400, "INVALID_ARGUMENT", "Invalid JSON payload received."),
        ("POST", "v2/entries:list", '{"colour": 1}', 400, "INVALID_ARGUMENT", 'Unknown name "colour"'),
        ("POST", f"v2/{PARENT}/services?serviceId=X!", "{}", 400, "INVALID_ARGUMENT", "invalid service name"),
        ("GET", f"v2/{PARENT}/services?pageSize=many", "", 400, "INVALID_ARGUMENT", "pageSize"),
        ("PUT", "apis/serving.knative.dev/v1/namespaces/p/services/nobody", "{}", 404, "NOT_FOUND", "'nobody'"),
        ("POST", "apis/serving.knative.dev/v1/namespaces/p/services", "{", 400, "INVALID_ARGUMENT", "Invalid JSON"),
        ("POST", "apis/serving.knative.dev/v1/namespaces/p/services", "{}", 400, "INVALID_ARGUMENT", "no region"),
        ("GET", "apis/serving.knative.dev/v1/namespaces/p/routes", "", 501, "UNIMPLEMENTED", "namespaces/p/routes"),
    ],
)  # fmt: skip
def test_bad_http_gets_googles_errors(
    cloud: LocalCloud, verb: str, path: str, body: str, status: int, code: str, words: str
) -> None:
    answer = httpx.request(verb, f"{cloud.http}/{path}", content=body, trust_env=False)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["status"]) == (status, status, code)
    assert words in error["message"]


def test_v1_refuses_a_version_that_is_no_longer_present(cloud: LocalCloud, image: str) -> None:
    services = f"{cloud.http}/apis/serving.knative.dev/v1/namespaces/{PROJECT}/services"
    container = {"image": image, "env": [{"name": "BEHAVIOUR", "value": "serve"}]}
    body = {
        "metadata": {"name": "versioned", "labels": {"cloud.googleapis.com/location": "us-central1"}},
        "spec": {
            "template": {"spec": {"containers": [container]}},
            "traffic": [{"latestRevision": True, "percent": 100}],
        },
    }
    with httpx.Client(trust_env=False) as client:
        assert client.post(services, params={"dryRun": "all"}, json=body).status_code == 200
        assert client.get(f"{services}/versioned").status_code == 404
        read = client.post(services, json=body).json()
        read["metadata"]["labels"]["team"] = "x"
        written = client.put(f"{services}/versioned", json=read)
        assert written.status_code == 200, written.text
        stale = client.put(f"{services}/versioned", content=json.dumps(read))
        assert (stale.status_code, stale.json()["error"]["status"]) == (409, "ABORTED")
        assert "was specified but current version is" in stale.json()["error"]["message"]
        del read["metadata"]["resourceVersion"]
        assert client.put(f"{services}/versioned", json=read).status_code == 200
        assert client.delete(f"{services}/versioned").status_code == 200
