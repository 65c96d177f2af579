"""A release as a script of a few lines makes it: the same calls to Google's APIs, and nothing looked at besides.

`bare_release.py SETTINGS` with a file of JSON: `grpc`, `project`, `region`, `service`, `image`, `repository`, `bucket`.
It prints the revision that serves. What bench_release.py holds the whole command against; of no other use.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import grpc
from google.api_core.operation import Operation
from google.auth.credentials import AnonymousCredentials
from google.cloud import run_v2, storage
from google.cloud.devtools import cloudbuild_v1
from google.cloud.devtools.cloudbuild_v1.services.cloud_build.transports import CloudBuildGrpcTransport
from google.cloud.run_v2.services.services.transports import ServicesGrpcTransport

PAUSE = 0.2  # seconds between two questions about something that takes its time
BY_NAME = run_v2.TrafficTargetAllocationType.TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION
FINISHED = 3  # cloudbuild_v1.Build.Status: what comes from SUCCESS on is an end


def main(settings: dict[str, Any]) -> str:
    channel = grpc.insecure_channel(settings["grpc"], options=[("grpc.enable_http_proxy", 0)])
    services = run_v2.ServicesClient(transport=ServicesGrpcTransport(channel=channel))
    digest = build(settings, cloudbuild_v1.CloudBuildClient(transport=CloudBuildGrpcTransport(channel=channel)))
    parent = f"projects/{settings['project']}/locations/{settings['region']}"
    service = services.get_service(name=f"{parent}/services/{settings['service']}")
    (serving,) = (target.revision for target in service.traffic if target.percent == 100)
    candidate = f"{settings['service']}-bare-{digest[-12:]}"
    service.template.revision = candidate
    service.template.containers[0].image = f"{settings['image']}@{digest}"
    service.traffic = [
        run_v2.TrafficTarget(type_=BY_NAME, revision=serving, percent=100),
        run_v2.TrafficTarget(type_=BY_NAME, revision=candidate, tag="bare"),
    ]
    wait(services.update_service(service=service))
    service = services.get_service(name=service.name)
    ask(next(target.uri for target in service.traffic_statuses if target.tag == "bare"))
    service.traffic = [run_v2.TrafficTarget(type_=BY_NAME, revision=candidate, percent=100)]
    wait(services.update_service(service=service))
    ask(services.get_service(name=service.name).uri)
    return candidate


def build(settings: dict[str, Any], builds: cloudbuild_v1.CloudBuildClient) -> str:
    """The digest of the image of what HEAD holds."""
    archive = ["git", "-C", settings["repository"], "archive", "--format=tar.gz", "HEAD"]
    packed = subprocess.run(archive, check=True, capture_output=True).stdout
    name = f"bare-{time.time_ns()}.tgz"
    bucket = storage.Client(settings["project"], AnonymousCredentials()).bucket(settings["bucket"])
    bucket.blob(name).upload_from_string(packed)
    tagged = f"{settings['image']}:bare"
    wanted = cloudbuild_v1.Build(
        source={"storage_source": {"bucket": settings["bucket"], "object_": name}},
        steps=[{"name": "gcr.io/cloud-builders/docker", "args": ["build", "-t", tagged, "."]}],
        images=[tagged],
    )
    asked = builds.create_build(project_id=settings["project"], build=wanted).metadata.build
    while (found := builds.get_build(project_id=settings["project"], id=asked.id)).status < FINISHED:
        time.sleep(PAUSE)
    if found.status != cloudbuild_v1.Build.Status.SUCCESS:
        raise SystemExit(f"the build ended with {found.status.name}")
    return str(found.results.images[0].digest)


def wait(operation: Operation) -> None:
    while not operation.done():
        time.sleep(PAUSE)
    operation.result()


def ask(url: str) -> None:
    with urllib.request.urlopen(f"{url}/health") as answer:
        answer.read()


if __name__ == "__main__":
    print(main(json.loads(Path(sys.argv[1]).read_text())))
