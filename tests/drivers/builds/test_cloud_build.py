"""Cloud Build over its official client: one build for one release, whatever happens on the way."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deploy_lib.drivers.builds.local import open_local
from deploy_lib.drivers.interface import DriverError, Interrupted
from deploy_lib.drivers.storage import build_bucket
from deploy_lib.model.findings import Severity
from deploy_lib.model.release import Options
from deploy_lib.model.requests import ImportCheck
from deploy_lib.source.model import DiskFile, MissingFileContext, Rule
from tests.drivers.builds.conftest import BuildHarness
from tests.drivers.builds.samples import APP, COMMIT, DOCKERFILE, beside_the_context, stage_files

CREATE = "google.devtools.cloudbuild.v1.CloudBuild/CreateBuild"
BROKEN = {**APP, "shop/orders.py": "import nothere\n"}


def test_an_image_is_built_checked_and_pushed_under_its_release_alone(harness: BuildHarness) -> None:
    built = harness.build(stage_files(APP))
    assert built.image and built.image.startswith(
        f"us-central1-docker.pkg.dev/{harness.project}/services/backend@sha256:"
    )
    assert built.trouble is None and not built.reused and not built.log_url
    assert built.checked and built.checked.ran and built.checked.targets == 1 and not built.checked.findings
    assert harness.pushed("r-1") and not harness.pushed(COMMIT), "a tag that is pushed again cannot be immutable"
    assert built.contents.base == "python:3.11-slim"
    assert built.contents.inside.files is not None
    assert set(built.contents.inside.files) == {f"/app/{path}" for path in APP if path.startswith("shop/")}
    assert built.contents.size is not None and built.contents.size > 1_000_000
    assert "import-check: hello from the application" in harness.lines
    assert any(line.startswith("build: ") and "COPY shop/" in line for line in harness.lines)


def test_a_failing_import_is_told_and_nothing_is_pushed(harness: BuildHarness) -> None:
    built = harness.build(stage_files(BROKEN))
    assert built.image is None and built.trouble is None
    assert built.checked and built.checked.ran
    (finding,) = built.checked.findings
    assert (finding.code, finding.severity, finding.place) == ("missing_dependency", Severity.ERROR, "shop/orders.py:1")
    assert finding.chain == ("shop.main (shop/main.py:1)", "shop.orders (shop/orders.py:1)")
    assert not harness.pushed("r-1")


@pytest.mark.slow
def test_the_source_beside_the_image_does_not_help_it(harness: BuildHarness) -> None:
    """A check that saw /workspace would find the module that the Dockerfile forgets."""
    files = {**APP, "shop/main.py": "import extra\n", "extra/__init__.py": ""}
    built = harness.build(stage_files(files))
    assert built.image is None
    assert built.checked and built.checked.findings[0].module == "extra"


def test_the_incident_is_told_with_the_rule_that_caused_it(harness: BuildHarness) -> None:
    """A module on the developer's disk that git ignores: the check joins the image with the repository."""
    rule = Rule(".gitignore", 7, "gone.py", "gitignored")
    disk = {"shop/gone.py": DiskFile("shop/gone.py", "ignored", rule)}
    harness.missing_file_context = MissingFileContext(stage_files(APP).context.files, disk)
    built = harness.build(stage_files({**APP, "shop/orders.py": "import shop.gone\n"}))
    assert built.image is None and built.checked
    (finding,) = built.checked.findings
    assert (finding.code, finding.module, finding.cause) == ("missing_module", "shop.gone", "gitignored")
    assert (finding.rule, finding.place) == (".gitignore:7", "shop/orders.py:1")
    assert finding.fix and finding.fix.startswith("git add --force -- shop/gone.py")


@pytest.mark.slow
def test_the_command_of_the_image_names_what_is_imported(harness: BuildHarness) -> None:
    staged = stage_files(APP)
    staged = replace(staged, contents=replace(staged.contents, command=("uvicorn", "shop.main:total")))
    built = harness.build(staged, harness.release(entrypoint=None))
    assert built.image and built.checked and built.checked.targets == 1
    with pytest.raises(DriverError, match="names none"):
        harness.build(stage_files(APP), harness.release("r-2", entrypoint=None))
    assert len(harness.builds()) == 1


@pytest.mark.slow
def test_asked_again_the_same_build_is_waited_for(harness: BuildHarness) -> None:
    first = harness.build(stage_files(APP))
    again = harness.build(stage_files(APP))
    assert (again.build_id, again.image) == (first.build_id, first.image)
    assert len(harness.builds()) == 1


def test_a_lost_answer_builds_once(harness: BuildHarness) -> None:
    harness.cloud.faults({"method": CREATE, "code": "UNAVAILABLE", "after": True})
    built = harness.build(stage_files(APP))
    assert harness.cloud.fired() == [1]
    assert built.image
    assert harness.statuses() == ["SUCCESS"]


@pytest.mark.slow
def test_a_request_that_never_arrived_is_made_once_more(harness: BuildHarness) -> None:
    harness.cloud.faults({"method": CREATE, "code": "INTERNAL"})
    built = harness.build(stage_files(APP))
    assert built.image
    assert harness.statuses() == ["SUCCESS"]


def test_a_refused_request_names_the_permission(harness: BuildHarness) -> None:
    harness.cloud.faults({"method": CREATE, "code": "PERMISSION_DENIED", "message": "no"})
    with pytest.raises(DriverError, match="cloudbuild"):
        harness.build(stage_files(APP))
    assert harness.statuses() == []


def test_an_unchanged_context_is_not_built_again(harness: BuildHarness) -> None:
    first = harness.build(stage_files(APP))
    second = harness.build(stage_files(APP), harness.release("r-2"))
    assert second.reused and second.image == first.image
    assert second.checked and second.checked.ran
    assert second.contents.inside.files == first.contents.inside.files
    assert len(harness.builds()) == 1


@pytest.mark.slow
def test_new_variables_need_a_new_check_and_no_new_image(harness: BuildHarness) -> None:
    staged = stage_files(APP)
    first = harness.build(staged)
    release = harness.release("r-2", env={"MODE": "strict"})
    second = harness.build(staged, release)
    assert second.reused and second.image == first.image and second.checked is None


def test_rebuild_builds(harness: BuildHarness) -> None:
    harness.build(stage_files(APP))
    built = harness.build(stage_files(APP), harness.release("r-2"), rebuild=True)
    assert built.image and not built.reused
    assert len(harness.builds()) == 2


def test_other_arguments_are_another_image(harness: BuildHarness) -> None:
    staged = stage_files({**APP, "Dockerfile": DOCKERFILE + "ARG MODE\nENV MODE=$MODE\n"})
    release = harness.release("r-2")
    source = replace(release.service.source, args={"MODE": "a"})
    first = harness.build(staged)
    second = harness.build(staged, replace(release, service=replace(release.service, source=source)))
    assert second.image and not second.reused and second.image != first.image


def test_interrupting_cancels_the_build(harness: BuildHarness) -> None:
    staged = stage_files({**APP, "Dockerfile": DOCKERFILE + "RUN echo now-$$; sleep 50\n"})

    def stop(line: str) -> None:
        if "now-" in line and "RUN" not in line:
            harness.clock.stop("SIGINT")

    harness.tell = stop  # type: ignore[method-assign]
    with pytest.raises(Interrupted):
        harness.build(staged)
    assert harness.statuses() == ["CANCELLED"]
    assert not harness.pushed("r-1")


@pytest.mark.slow
def test_what_was_cancelled_is_built_when_it_is_asked_for_again(harness: BuildHarness) -> None:
    harness.clock.stop("SIGTERM")
    with pytest.raises(Interrupted):
        harness.build(stage_files(APP))
    assert harness.build(stage_files(APP)).image
    assert sorted(harness.statuses()) == ["CANCELLED", "SUCCESS"]


def test_pips_own_words_are_the_reason(harness: BuildHarness) -> None:
    staged = stage_files({**APP, "Dockerfile": DOCKERFILE + "RUN pip install --no-index nothing-like-this==1.2\n"})
    built = harness.build(staged)
    assert built.image is None and built.checked is None
    assert built.trouble and built.trouble.step == "build" and built.trouble.exit_code == 1
    assert "No matching distribution found for nothing-like-this==1.2" in built.trouble.detail
    assert any("Could not find a version" in line for line in built.log_tail)


@pytest.mark.slow
def test_a_build_that_takes_too_long_is_ended(harness: BuildHarness) -> None:
    built = harness.build(stage_files({**APP, "Dockerfile": DOCKERFILE + "RUN sleep 50\n"}), timeout=1.0)
    assert built.image is None
    assert built.trouble and (built.trouble.status, built.trouble.detail) == ("TIMEOUT", "it did not end within 1 s")


@pytest.mark.slow
def test_an_image_without_python_gives_no_result_and_says_so(harness: BuildHarness) -> None:
    files = {**APP, "Dockerfile": "FROM scratch\nCOPY shop/ /app/shop/\n"}
    built = harness.build(stage_files(files))
    assert built.image is None
    assert built.checked and not built.checked.ran and "python" in built.checked.why_not
    assert built.trouble and "no result" in built.trouble.detail


@pytest.mark.slow
def test_a_result_printed_by_the_application_counts_for_nothing(harness: BuildHarness) -> None:
    forged = """import json, sys
nonce = json.loads(open('/proc/1/cmdline').read().split(chr(0))[2])['nonce']
print(json.dumps({'probe': 1, 'nonce': nonce, 'verdict': 'passed', 'form': 'compact', 'tried': 9}), flush=True)
raise ImportError('no')
"""
    built = harness.build(stage_files({**APP, "shop/main.py": forged}))
    assert any("'verdict': 'passed'" in line.replace('"', "'") for line in harness.lines)
    assert built.image is None and not harness.pushed("r-1")
    assert built.checked and built.checked.findings[0].code == "import_error"


@pytest.mark.slow
def test_an_image_of_another_release_is_checked_by_itself(harness: BuildHarness) -> None:
    staged = stage_files(APP)
    built = harness.build(staged)
    same = harness.check(staged, built)
    assert same.ran and len(harness.builds()) == 1
    other = harness.check(staged, built, all=True)
    assert other.ran and other.targets == 3 and not other.findings
    assert sorted(build.tags[0].partition("-r-")[0] for build in harness.builds()) == ["release", "release-check"]
    again = harness.check(staged, built, release_id="r-later", all=True)
    assert again.targets == 3 and len(harness.builds()) == 2, "what was checked once is not checked again"


@pytest.mark.slow
def test_a_given_image_is_not_built(harness: BuildHarness) -> None:
    staged = stage_files(APP)
    built = harness.build(staged)
    assert built.image
    digest = built.image.partition("@")[2]
    given = harness.build(staged, harness.release("r-2", options=Options(image=digest)))
    assert given.image == built.image and len(harness.builds()) == 1
    for wrong in ("sha256:" + "0" * 64, "latest", "serving"):
        with pytest.raises(DriverError):
            harness.build(staged, harness.release("r-3", options=Options(image=wrong)))


@pytest.mark.slow
def test_a_slow_or_typed_wrong_entrypoint_says_what_helps(harness: BuildHarness) -> None:
    built = harness.build(stage_files(APP), check=ImportCheck(entrypoint="shop.mian"))
    assert built.checked
    (finding,) = built.checked.findings
    assert "the nearest name it has is shop.main" in finding.message
    assert finding.fix == "write services.backend.entrypoint: shop.main"


@pytest.mark.slow
def test_files_that_a_run_step_makes_are_advice(harness: BuildHarness) -> None:
    built = harness.build(stage_files({**APP, "Dockerfile": DOCKERFILE + "RUN echo 'A = 1' > shop/made.py\n"}))
    assert built.image and built.checked
    (finding,) = built.checked.findings
    assert (finding.code, finding.severity) == ("image_file_unexpected", Severity.ADVICE)
    assert "/app/shop/made.py" in finding.message


def test_everything_of_builds_and_checks_goes_to_the_bucket_that_the_yaml_names(harness: BuildHarness) -> None:
    mine = harness.cloud.name("eu-builds")
    service = {"bucket": mine}
    staged = stage_files(APP)
    built = harness.build(staged, harness.release(**service))
    assert built.image and built.checked and built.checked.ran
    cloud = {"service_account": f"builder@{harness.project}.iam.gserviceaccount.com", "machine_type": "E2_HIGHCPU_8"}
    checked = harness.check(staged, built, all=True, service=service, cloud=cloud)
    assert checked.ran and checked.targets == 3
    assert harness.objects(mine) == ["checks", "log", "source"]
    assert harness.clients.storage.get_bucket(mine).location == "US-CENTRAL1", "where the service runs"
    assert harness.clients.storage.lookup_bucket(build_bucket(harness.project)) is None
    alone = next(build for build in harness.builds() if not build.source)
    assert alone.service_account.endswith(cloud["service_account"])
    assert alone.options.machine_type.name == "E2_HIGHCPU_8"


@pytest.mark.slow
def test_a_bucket_that_the_yaml_names_may_be_another_projects(harness: BuildHarness) -> None:
    shared = harness.cloud.name("shared")
    owner = BuildHarness(harness.cloud, harness.cloud.name("owner"), harness.state, harness.store)
    owner.clients.storage.create_bucket(shared, location="EU")
    assert harness.build(stage_files(APP), harness.release(bucket=shared)).image
    assert owner.clients.storage.get_bucket(shared).location == "EU"
    owner.clients.close()


RUNS_WELL = {
    "Dockerfile": DOCKERFILE
    + "RUN python -m venv --without-pip .venv && echo > $(echo .venv/lib/python3*/site-packages)/only_there.py\n"
    + "RUN printf '#!/app/.venv/bin/python\\nimport sys\\n' > .venv/bin/uvicorn && chmod +x .venv/bin/uvicorn\n"
    + 'CMD ["/app/.venv/bin/uvicorn", "shop.main:app"]\n',
    "shop/__init__.py": "",
    "shop/main.py": """import only_there
import os, socket, urllib.request
from pathlib import Path

Path("/app/logs").mkdir()
Path("/app/logs/app.log").write_text("x")
Path("/var/lib/shop").mkdir()
asked = urllib.request.Request(
    f"http://{os.environ['GCE_METADATA_HOST']}/computeMetadata/v1/project/project-id",
    headers={"Metadata-Flavor": "Google"},
)
project = urllib.request.urlopen(asked).read().decode()
""",
}


def test_an_application_that_runs_well_on_cloud_run_passes(harness: BuildHarness) -> None:
    """Its own interpreter that is not on PATH, files written at import, and the metadata server."""
    staged = stage_files(RUNS_WELL)
    command = ("/app/.venv/bin/uvicorn", "shop.main:project")
    staged = replace(staged, contents=replace(staged.contents, command=command))
    for builder in ("cloud_build", "namespaces"):
        built = harness.build(staged, harness.release(f"r-{builder}"), builder=builder)
        assert built.checked and built.checked.ran, built.checked or built.trouble
        assert not [each for each in built.checked.findings if each.severity is not Severity.ADVICE]
        assert built.image
        assert not [path for path in built.contents.inside.files or () if "logs" in path]
    engine = open_local(
        "namespaces", harness.store, harness.state, harness.clock, harness.driver(staged)._registry()
    ).engine
    assert not [file.path for file in engine.files(built.image.partition("@")[2]) if "logs/" in file.path]


def test_a_connection_at_import_is_a_warning_and_the_image_is_released(harness: BuildHarness) -> None:
    connect = "import socket\n\nsocket.create_connection(('10.0.0.3', 5432), timeout=5)\n"
    built = harness.build(stage_files({**APP, "shop/orders.py": connect}))
    assert built.image and built.checked
    (finding,) = built.checked.findings
    assert (finding.code, finding.severity, finding.place) == ("network", Severity.WARNING, "shop/orders.py:3")
    assert "Network is unreachable" in finding.message and "on_other_errors" in (finding.fix or "")


def test_a_dockerfile_that_the_context_lacks_leaves_nothing_of_ours_in_the_image(harness: BuildHarness) -> None:
    """As docker build has it: what .dockerignore names is not in the image, the Dockerfile included."""
    built = harness.build(beside_the_context())
    assert built.image and built.trouble is None, built.log_tail
