"""Finding builds again, logs for Cloud Logging, and what a restart leaves of a build."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.cloud.devtools.cloudbuild_v1 import (
    Build,
    BuildOptions,
    BuildStep,
    CancelBuildRequest,
    GetBuildRequest,
    ListBuildsRequest,
)

from deploy_lib.local_cloud.emulator.builds.environment import project_number
from deploy_lib.local_cloud.emulator.builds.refusal import BuildRefusal
from deploy_lib.local_cloud.emulator.builds.store import BuildStore
from tests.local_cloud.emulator.build_bench import DOCKER, BuildBench, shell

Status = Build.Status


@pytest.fixture
def bench(tmp_path: Path, engine_store: Path) -> Iterator[BuildBench]:
    bench = BuildBench(tmp_path, engine_store)
    yield bench
    bench.cloud.close()


def listed(bench: BuildBench, query: str, parent: str = "") -> list[str]:
    found = bench.cloud.list(ListBuildsRequest(parent=parent, project_id="p", filter=query))
    return [build.id for build in found.builds]


def test_a_build_is_found_by_its_tags_status_and_time(bench: BuildBench) -> None:
    good = bench.run(shell("true"), tags=["release-1", "context-a"])
    bad = bench.run(shell("false"), tags=["release-2", "context-a"])
    assert listed(bench, "") == [bad.id, good.id]
    assert listed(bench, 'tags="release-1"') == [good.id]
    assert listed(bench, 'tags="context-a" AND status="SUCCESS"') == [good.id]
    assert listed(bench, 'tags="release-1" OR tags="release-2"') == [bad.id, good.id]
    assert listed(bench, f'build_id="{bad.id}"') == [bad.id]
    assert listed(bench, f'create_time>"{bad.create_time.isoformat()}"') == []
    assert listed(bench, f'create_time>="{bad.create_time.isoformat()}"') == [bad.id]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("tags=", "INVALID_ARGUMENT"),
        ('tags="a" AND', "INVALID_ARGUMENT"),
        ('create_time>"yesterday"', "INVALID_ARGUMENT"),
        ('colour="red"', "UNIMPLEMENTED"),
        ('(tags="a"', "INVALID_ARGUMENT"),
        ('tags="a" %', "INVALID_ARGUMENT"),
    ],
)
def test_a_filter_only_half_understood_is_refused(bench: BuildBench, query: str, code: str) -> None:
    with pytest.raises(BuildRefusal) as refused:
        listed(bench, query)
    assert refused.value.code == code


def test_pages_hold_every_build_once(bench: BuildBench) -> None:
    ids = [bench.run(shell("true")).id for _ in range(3)]
    first = bench.cloud.list(ListBuildsRequest(project_id="p", page_size=2))
    rest = bench.cloud.list(ListBuildsRequest(project_id="p", page_size=2, page_token=first.next_page_token))
    assert [build.id for build in (*first.builds, *rest.builds)] == ids[::-1]
    assert rest.next_page_token == ""


def test_regions_hold_their_own_builds(bench: BuildBench) -> None:
    parent = "projects/p/locations/us-central1"
    regional = bench.submit(shell("true"), parent=parent)
    assert listed(bench, "", parent) == [regional]
    assert listed(bench, "") == []
    named = bench.cloud.get(GetBuildRequest(name=f"{parent}/builds/{regional}"))
    numbered = f"projects/{project_number('p')}/locations/us-central1"
    assert (named.name, named.project_id) == (f"{numbered}/builds/{regional}", "p")
    assert listed(bench, "", numbered) == [regional]
    assert bench.cloud.get(GetBuildRequest(name=named.name)).id == regional


def test_what_google_fills_in_is_there(bench: BuildBench) -> None:
    name = "us-central1-docker.pkg.dev/p/services/app"
    source = bench.upload({"Dockerfile": "FROM scratch\nCOPY Dockerfile /\n"})
    build = bench.run(BuildStep(name=DOCKER, args=["build", "-t", name, "."]), source=source, images=[name])
    assert [image.name for image in build.results.images] == [name, f"{name}:latest"]
    assert len({image.digest for image in build.results.images}) == 1
    assert list(build.artifacts.images) == [name]
    assert "pool" in build.options
    account = f"{project_number('p')}-compute@developer.gserviceaccount.com"
    assert build.service_account == f"projects/p/serviceAccounts/{account}"
    resolved = build.source_provenance.resolved_storage_source
    address = f"gs://src/source.tgz#{resolved.generation}"
    (hashed,) = build.source_provenance.file_hashes[address].file_hash
    md5 = bench.storage.get("src", "source.tgz").md5
    assert (hashed.type_.name, base64.b64encode(hashed.value).decode()) == ("MD5", md5)


def test_an_operation_carries_the_build_and_then_its_end(bench: BuildBench) -> None:
    build = bench.run(shell("exit 1"))
    name = f"operations/build/p/{_encoded(build.id)}"
    operation = bench.cloud.operation(name)
    assert operation is not None and operation.done
    assert operation.error.message == build.status_detail
    assert bench.cloud.operation("projects/p/locations/l/operations/other") is None
    with pytest.raises(BuildRefusal, match="not found"):
        bench.cloud.operation(f"operations/build/p/{_encoded('unknown')}")


def test_lines_go_to_cloud_logging_alone_when_so_asked(bench: BuildBench) -> None:
    options = BuildOptions(logging="CLOUD_LOGGING_ONLY")
    build = bench.run(shell("echo hello"), shell("true"), options=options, logs_bucket="")
    assert bench.log(build.id) == ""
    assert ("Step #0", "Step #0: hello") in bench.lines
    assert bench.lines[-1] == ("", "DONE")


def test_a_log_bucket_that_is_not_there_fails_the_build(bench: BuildBench) -> None:
    build = bench.run(shell("true"), logs_bucket="gs://nowhere")
    assert (build.status, build.failure_info.type_.name) == (Status.FAILURE, "LOGGING_FAILURE")


def test_the_log_can_be_read_while_the_step_runs(bench: BuildBench) -> None:
    build_id = bench.submit(shell("echo early; sleep 61"))
    bench.wait_for_line(build_id, "early")
    assert bench.get(build_id).status == Status.WORKING
    bench.cloud.cancel(CancelBuildRequest(project_id="p", id=build_id))


def test_a_restart_keeps_ended_builds_and_ends_those_it_cut_off(bench: BuildBench) -> None:
    done = bench.run(shell("true"), tags=["kept"])
    cut = Build.deserialize(Build.serialize(done))
    cut.id, cut.name, cut.status = "cut", "projects/p/locations/global/builds/cut", Status.WORKING
    BuildStore(bench.root / "builds" / "ledger").add(cut)
    bench.cloud = bench.open()
    assert set(listed(bench, 'tags="kept"')) == {done.id, "cut"}
    assert bench.get(done.id) == done
    assert bench.get("cut").status == Status.INTERNAL_ERROR
    assert "ended while the build was running" in bench.get("cut").status_detail


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (GetBuildRequest(project_id="p", id="none"), "NOT_FOUND"),
        (GetBuildRequest(name="builds/none"), "INVALID_ARGUMENT"),
    ],
)
def test_a_build_nobody_made_is_not_found(bench: BuildBench, request_: GetBuildRequest, code: str) -> None:
    with pytest.raises(BuildRefusal) as refused:
        bench.cloud.get(request_)
    assert refused.value.code == code


def _encoded(text: str) -> str:
    import base64

    return base64.urlsafe_b64encode(text.encode()).decode()
