"""Images in a build: built, run, checked, pushed only when everything passed, and cancelled builds leave nothing."""

from __future__ import annotations

import gzip
import io
import json
import os
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.cloud.devtools.cloudbuild_v1 import (
    Build,
    BuildOptions,
    BuildStep,
    CancelBuildRequest,
    Source,
    StorageSource,
)

from deploy_lib.local_cloud.emulator.builds.refusal import BuildRefusal
from tests.local_cloud.emulator.build_bench import DOCKER, BuildBench, shell
from tests.waits import WITHIN, until

Status = Build.Status
IMAGE = "us-central1-docker.pkg.dev/p/services/app:release-1"
DOCKERFILE = "FROM python:3.11-slim\nWORKDIR /app\nCOPY app.py .\n"
FILES = {"Dockerfile": DOCKERFILE, "app.py": "VALUE = 1\n", "only_in_source.py": ""}
IMPORT = "python3 -c 'import app, only_in_source'"


@pytest.fixture
def bench(tmp_path: Path, engine_store: Path) -> Iterator[BuildBench]:
    bench = BuildBench(tmp_path, engine_store)
    yield bench
    bench.cloud.close()


def docker(*args: str) -> BuildStep:
    return BuildStep(name=DOCKER, args=list(args))


def build_image() -> BuildStep:
    return docker("build", "-t", IMAGE, "-f", "Dockerfile", ".")


def test_an_image_is_pushed_with_its_digest_when_all_steps_passed(bench: BuildBench) -> None:
    build = bench.run(build_image(), source=bench.upload(FILES), images=[IMAGE])
    assert build.status == Status.SUCCESS, bench.log(build.id)
    (image,) = build.results.images
    assert image.name == IMAGE
    assert bench.images.resolve(IMAGE, "release-1") == image.digest
    assert f"PUSH\nPushing {IMAGE}\nrelease-1: digest: {image.digest}\nDONE\n" in bench.log(build.id)
    assert {"FETCHSOURCE", "BUILD", "PUSH"} == set(build.timing)


def test_nothing_is_pushed_when_a_later_step_fails(bench: BuildBench) -> None:
    build = bench.run(build_image(), shell("exit 1"), source=bench.upload(FILES), images=[IMAGE])
    assert build.status == Status.FAILURE
    assert not build.results.images
    assert bench.images.resolve(IMAGE, "release-1") is None


def test_the_account_of_builds_needs_its_roles(bench: BuildBench) -> None:
    """By default Compute Engine's account, which has none in new projects."""
    source = bench.upload(FILES)
    bench.lacks = {"storage.objects.get"}
    words = r"could not resolve source: .* 403: \d+-compute@developer\.gserviceaccount\.com does not have storage"
    with pytest.raises(BuildRefusal, match=words) as no:
        bench.submit(shell("true"), source=source)
    assert no.value.code == "INVALID_ARGUMENT"
    bench.lacks = {"artifactregistry.repositories.uploadArtifacts", "logging.logEntries.create"}
    build = bench.run(build_image(), source=source, images=[IMAGE], options=BuildOptions(logging="LEGACY"))
    assert build.failure_info.type_.name == "PUSH_NOT_AUTHORIZED"
    assert 'denied: Permission "artifactregistry.repositories.uploadArtifacts"' in build.status_detail
    assert bench.images.resolve(IMAGE, "release-1") is None
    assert bench.lines == [] and "roles/logging.logWriter" in build.warnings[0].text
    pushing = bench.run(build_image(), docker("push", IMAGE), source=source)
    assert pushing.failure_info.type_.name == "USER_BUILD_STEP"


def test_an_image_no_step_made_fails_the_push(bench: BuildBench) -> None:
    build = bench.run(shell("true"), images=[IMAGE])
    assert build.status == Status.FAILURE
    assert build.failure_info.type_.name == "PUSH_IMAGE_NOT_FOUND"
    assert IMAGE in build.status_detail


def test_a_step_of_the_built_image_sees_the_source_and_docker_run_does_not(bench: BuildBench) -> None:
    """The trap of checking imports in a step of the image itself: /workspace hides what the image lacks."""
    direct = bench.run(
        build_image(),
        BuildStep(name=IMAGE, entrypoint="sh", args=["-c", IMPORT]),
        source=bench.upload(FILES),
    )
    assert direct.status == Status.SUCCESS, bench.log(direct.id)
    nested = bench.run(
        build_image(),
        shell(f'docker run --rm --network none --read-only --entrypoint sh {IMAGE} -c "{IMPORT}"'),
        source=bench.upload(FILES),
    )
    assert nested.status == Status.FAILURE
    assert "No module named 'only_in_source'" in bench.log(nested.id)


def test_input_goes_through_docker_run_and_a_file_on_to_a_bucket(bench: BuildBench) -> None:
    build = bench.run(
        build_image(),
        shell(
            f"echo 'import app; print(app.VALUE)' | docker run --rm -i --entrypoint python {IMAGE} - | tee full.json"
        ),
        BuildStep(
            name="gcr.io/cloud-builders/gsutil", args=["cp", "/workspace/full.json", "gs://logs/found/full.json"]
        ),
        source=bench.upload(FILES),
    )
    assert build.status == Status.SUCCESS, bench.log(build.id)
    item = bench.storage.get("logs", "found/full.json")
    with bench.storage.open(item) as file:
        assert json.load(file) == 1


def test_a_broken_dockerfile_names_its_line_and_the_last_words(bench: BuildBench) -> None:
    files = {**FILES, "Dockerfile": DOCKERFILE + "RUN echo so close >&2; exit 7\n"}
    build = bench.run(build_image(), source=bench.upload(files), images=[IMAGE])
    assert build.status == Status.FAILURE
    log = bench.log(build.id)
    assert "Dockerfile line 4: RUN: the command ended with exit code 7: so close" in log


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (StorageSource(bucket="src", object_="none.tgz"), "No such object: src/none.tgz"),
        (StorageSource(bucket="nowhere", object_="none.tgz"), "bucket does not exist"),
        (StorageSource(bucket="src", object_="text.tgz"), "could not be unpacked as a .tar.gz"),
    ],
)
def test_a_source_that_cannot_be_had_is_told_before_any_step(
    bench: BuildBench, source: StorageSource, says: str
) -> None:
    bench.storage.put("src", "text.tgz", b"no archive")
    build = bench.run(shell("echo started"), source=Source(storage_source=source))
    assert build.status == Status.FAILURE
    assert build.failure_info.type_.name == "FETCH_SOURCE_FAILED"
    assert says in build.failure_info.detail
    assert "started" not in bench.log(build.id)


def test_an_archive_writes_nothing_outside_its_workspace(bench: BuildBench, tmp_path: Path) -> None:
    build = bench.run(shell("true"), source=bench.upload({"../../escaped.txt": "out"}))
    assert build.failure_info.type_.name == "FETCH_SOURCE_FAILED"
    assert not list(tmp_path.rglob("escaped.txt"))


def test_cancelling_stops_what_runs_inside_docker_run_at_once(bench: BuildBench) -> None:
    marker = f"{os.getpid()}.{time.monotonic_ns()}"
    build_id = bench.submit(
        build_image(),
        docker(
            "run",
            "--rm",
            "--entrypoint",
            "sh",
            IMAGE,
            "-c",
            f"echo up; exec python3 -c 'input' -- {marker} & sleep 601",
        ),
        source=bench.upload(FILES),
        images=[IMAGE],
    )
    bench.wait_for_line(build_id, "Step #1: up")
    begun = time.monotonic()
    build = bench.cloud.cancel(CancelBuildRequest(project_id="p", id=build_id))
    assert time.monotonic() - begun < WITHIN
    assert build.status == Status.CANCELLED
    assert [step.status.name for step in build.steps] == ["SUCCESS", "CANCELLED"]
    assert bench.log(build_id).endswith("\nCANCELLED\nERROR: context canceled\n")
    until(lambda: not running(marker))
    assert bench.images.resolve(IMAGE, "release-1") is None
    with pytest.raises(BuildRefusal, match="ended already"):
        bench.cloud.cancel(CancelBuildRequest(project_id="p", id=build_id))


def test_cancelling_stops_a_docker_build_in_the_middle_of_a_run(bench: BuildBench) -> None:
    files = {**FILES, "Dockerfile": f"{DOCKERFILE}RUN echo in {time.monotonic_ns()}; sleep 601\n"}
    build_id = bench.submit(build_image(), source=bench.upload(files), images=[IMAGE])
    bench.wait_for_line(build_id, "  in ")
    begun = time.monotonic()
    bench.cloud.close()
    assert time.monotonic() - begun < WITHIN
    assert bench.get(build_id).status == Status.CANCELLED
    assert not list((bench.root / "builds" / "work").iterdir())


def running(marker: str) -> bool:
    return any(marker.encode() in _read(path) for path in Path("/proc").glob("[0-9]*/cmdline"))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def archive_of(*links: tuple[str, bytes, str]) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        for name, kind, target in links:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, target
            archive.addfile(info)
    return data.getvalue()


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (archive_of(("../out", tarfile.REGTYPE, "")), "names a path outside its root: ../out"),
        (archive_of(("q", tarfile.SYMTYPE, "q"), ("q/e", tarfile.REGTYPE, "")), "cannot be unpacked at q/e"),
        (archive_of(("up", tarfile.SYMTYPE, "/etc"), ("up/e", tarfile.REGTYPE, "")), "through a link that leaves"),
        (archive_of(("two", tarfile.LNKTYPE, "nowhere")), "cannot be unpacked at two"),
        (gzip.compress(bytes(range(256)) * 99)[:-90] + b"x" * 90, "could not be unpacked as a .tar.gz"),
    ],
    ids=["outside", "loop", "through a link", "link to nothing", "damaged"],
)
def test_a_source_that_cannot_be_unpacked_is_a_failed_fetch_on_every_python(
    bench: BuildBench, data: bytes, why: str
) -> None:
    bench.storage.put("src", "odd.tgz", data)
    build = bench.run(shell("true"), source=Source(storage_source=StorageSource(bucket="src", object_="odd.tgz")))
    assert (build.status, build.failure_info.type_.name) == (Status.FAILURE, "FETCH_SOURCE_FAILED")
    assert why in build.status_detail
