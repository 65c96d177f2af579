"""An image of run/subject.py in a local cloud's registry, built and pushed by its own Cloud Build."""

from __future__ import annotations

import io
import tarfile
import time
from pathlib import Path

from google.cloud.devtools.cloudbuild_v1 import Build, BuildOptions, BuildStep, Source, StorageSource

from tests.cloud import LocalCloud
from tests.local_cloud.emulator import clients
from tests.waits import WITHIN

_SUBJECT = Path(__file__).with_name("run") / "subject.py"
_DOCKERFILE = 'FROM python:3.11-slim\nENV BEHAVIOUR={}\nCOPY app.py /app.py\nCMD ["python", "/app.py"]\n'


def push_subject(cloud: LocalCloud, project: str, image: str = "", behaviour: str = "serve") -> str:
    """The image by its digest: HOST/PROJECT/services/subject@sha256:..., or under another name."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        for name, text in (("app.py", _SUBJECT.read_text()), ("Dockerfile", _DOCKERFILE.replace("{}", behaviour))):
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
    bucket = clients.buckets(cloud, project).create_bucket(cloud.name("subject"))
    bucket.blob("source.tgz").upload_from_string(data.getvalue())
    name = image or f"us-central1-docker.pkg.dev/{project}/services/subject"
    build = Build(
        source=Source(storage_source=StorageSource(bucket=bucket.name, object_="source.tgz")),
        steps=[BuildStep(name="gcr.io/cloud-builders/docker", args=["build", "-t", name, "."])],
        images=[name],
        options=BuildOptions(logging="CLOUD_LOGGING_ONLY"),
    )
    with cloud.channel() as channel:
        client = clients.builds(channel)
        build_id = client.create_build(project_id=project, build=build).metadata.build.id
        deadline = time.monotonic() + WITHIN
        while not (build := client.get_build(project_id=project, id=build_id)).finish_time:
            assert time.monotonic() < deadline, "the build did not end"
            time.sleep(0.05)
    assert build.status == Build.Status.SUCCESS, build.status_detail
    return f"{name}@{build.results.images[0].digest}"
