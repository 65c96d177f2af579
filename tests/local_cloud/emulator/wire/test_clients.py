"""Google's own clients against the local cloud as a process: builds, secrets and storage, one address each."""

from __future__ import annotations

import io
import tarfile

import pytest
from google.api_core import exceptions
from google.cloud.devtools.cloudbuild_v1 import Build, BuildOptions, BuildStep, Source, StorageSource
from google.longrunning.operations_pb2 import GetOperationRequest, Operation

from tests.cloud import LocalCloud
from tests.local_cloud.emulator import clients
from tests.waits import until


def test_a_build_from_upload_to_operation_log_and_entries(cloud: LocalCloud) -> None:
    bucket = clients.buckets(cloud).create_bucket(cloud.name("source"))
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        info = tarfile.TarInfo("hello.txt")
        info.size = 5
        archive.addfile(info, io.BytesIO(b"hello"))
    bucket.blob("context.tgz").upload_from_string(data.getvalue())
    with cloud.channel() as channel:
        client = clients.builds(channel)
        step = BuildStep(name="gcr.io/cloud-builders/docker", entrypoint="bash", args=["-c", "cat hello.txt"])
        build = Build(
            source=Source(storage_source=StorageSource(bucket=bucket.name, object_="context.tgz")),
            steps=[BuildStep(name="gcr.io/cloud-builders/docker", entrypoint="true"), step],
            tags=["release-9"],
            options=BuildOptions(logging="CLOUD_LOGGING_ONLY"),
        )
        started = client.create_build(project_id="p", build=build)
        build_id = started.metadata.build.id
        get = channel.unary_unary(
            "/google.longrunning.Operations/GetOperation", GetOperationRequest.SerializeToString, Operation.FromString
        )
        until(lambda: get(GetOperationRequest(name=started.operation.name)).done)
        assert client.get_build(project_id="p", id=build_id).status == Build.Status.SUCCESS
        assert [b.id for b in client.list_builds(project_id="p", filter='tags="release-9"')] == [build_id]
        query = f'resource.type="build" resource.labels.build_id="{build_id}" logName="projects/p/logs/cloudbuild"'
        entries = clients.logs(channel).list_log_entries({"resource_names": ["projects/p"], "filter": query})
        lines = [(entry.labels["build_step"], entry.text_payload) for entry in entries]
        assert ("Step #1", "Step #1: hello") in lines
        assert ("MAIN", "DONE") in lines
        with pytest.raises(exceptions.FailedPrecondition, match="ended already"):
            client.cancel_build(project_id="p", id=build_id)
        with pytest.raises(exceptions.NotFound):
            client.get_build(project_id="other", id=build_id)
        with pytest.raises(exceptions.InvalidArgument, match="at least one step"):
            client.create_build(project_id="p", build=Build())


def test_secrets_and_their_three_ways_to_be_refused(cloud: LocalCloud) -> None:
    project = f"projects/{cloud.name('p')}"
    with cloud.channel() as channel:
        client = clients.secrets(channel)
        name = client.create_secret(
            parent=project, secret_id="key", secret={"replication": {"automatic": {}}, "labels": {"team": "a"}}
        ).name
        with pytest.raises(exceptions.NotFound, match="no versions"):
            client.access_secret_version(name=f"{name}/versions/latest")
        first = client.add_secret_version(parent=name, payload={"data": b"one"}).name
        second = client.add_secret_version(parent=name, payload={"data": b"two"}).name
        latest = client.access_secret_version(name=f"{name}/versions/latest")
        assert (latest.name, latest.payload.data) == (second, b"two")
        assert [version.name for version in client.list_secret_versions(parent=name)] == [second, first]
        assert [version.name for version in client.list_secret_versions({"parent": name, "page_size": 1})] == [
            second,
            first,
        ]
        client.disable_secret_version(name=second)
        with pytest.raises(exceptions.FailedPrecondition, match="DISABLED"):
            client.access_secret_version(name=second)
        client.enable_secret_version(name=second)
        client.destroy_secret_version(name=first)
        with pytest.raises(exceptions.FailedPrecondition, match="DESTROYED"):
            client.enable_secret_version(name=first)
        with pytest.raises(exceptions.NotFound):
            client.get_secret_version(name=f"{name}/versions/9")
        policy = {"bindings": [{"role": "roles/secretmanager.secretAccessor", "members": ["serviceAccount:a@b"]}]}
        client.set_iam_policy({"resource": name, "policy": policy})
        assert client.get_iam_policy({"resource": name}).bindings[0].members == ["serviceAccount:a@b"]
        permission = "secretmanager.versions.access"
        assert client.test_iam_permissions({"resource": name, "permissions": [permission]}).permissions == [permission]
        assert [(s.name, dict(s.labels)) for s in client.list_secrets(parent=project)] == [(name, {"team": "a"})]
        with pytest.raises(exceptions.AlreadyExists):
            client.create_secret(parent=project, secret_id="key", secret={"replication": {"automatic": {}}})
        with pytest.raises(exceptions.InvalidArgument, match="checksum"):
            client.add_secret_version(parent=name, payload={"data": b"x", "data_crc32c": 1})
        client.delete_secret(name=name)
        with pytest.raises(exceptions.NotFound):
            client.get_secret(name=name)
