"""The build as Cloud Build is asked for it."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from google.cloud.devtools.cloudbuild_v1 import Build

from deploy_lib.drivers.builds.check import CheckPlan, plan_check
from deploy_lib.drivers.builds.cloud_check import check_script
from deploy_lib.drivers.builds.request import Order, build_order, check_order, tag_of
from deploy_lib.drivers.interface import DriverError
from deploy_lib.in_image.options import Metadata, ProbeOptions
from deploy_lib.model.requests import ImportCheck, Worker
from deploy_lib.model.service import BuildSource, JobTarget
from deploy_lib.source.entrypoint import Entrypoint, Launch
from deploy_lib.steps.build import BuildImage, BuildSettings
from deploy_lib.steps.import_check import CheckImports, ImportCheckSettings
from tests.drivers.builds.samples import COMMIT, PLAIN, release_of

NAME = "us-central1-docker.pkg.dev/p/services/backend"
ENTRY = Entrypoint("shop.main", roots=("/app",))
LAST = f"{NAME}@sha256:{'a' * 64}"
PLAN = CheckPlan(ProbeOptions("n0nce", "shop.main"), env={"PORT": "8080", "COST": "$5 \"each\"\nor 'less'"})


def ordered(plan: CheckPlan | None = None, *, service: dict[str, Any] | None = None, **request: Any) -> dict[str, Any]:
    """The build as JSON without what is empty."""
    options = replace(PLAIN, rebuild=request.pop("rebuild", False))
    asked = BuildImage(release_of("p", options=options, **(service or {})), BuildSettings(**request))
    order = Order(asked, "c0ffee", "Dockerfile", "p_cloudbuild", "source/c0ffee.tgz", 7, plan)
    build = build_order(replace(order, layers_of=LAST if asked.settings.cache else None))
    found: dict[str, Any] = json.loads(
        Build.to_json(build, use_integers_for_enums=False, always_print_fields_with_no_presence=False)
    )
    return found


def test_a_plain_build_is_one_step_with_its_tags_and_a_pinned_archive() -> None:
    assert ordered() == {
        "source": {"storageSource": {"bucket": "p_cloudbuild", "object": "source/c0ffee.tgz", "generation": "7"}},
        "steps": [
            {
                "id": "build",
                "name": "gcr.io/cloud-builders/docker",
                "env": ["DOCKER_BUILDKIT=1"],
                "args": [
                    *("build", "--file", "Dockerfile", "--label", f"org.opencontainers.image.revision={COMMIT}"),
                    *("--tag", f"{NAME}:r-1", "."),
                ],
            }
        ],
        "images": [f"{NAME}:r-1"],
        "tags": [
            "release-r-1",
            "context-c0ffee",
            "service-backend",
            "run-us-central1.shop-backend",
            f"commit-{COMMIT}",
        ],
        "timeout": "1200s",
        "logsBucket": "gs://p_cloudbuild",
        "options": {"logging": "GCS_ONLY"},
    }


def test_settings_become_fields_and_flags() -> None:
    source = BuildSource(args={"PRICE": "$5", "A": "1"}, target="web")
    found = ordered(
        service={"source": source},
        timeout=90.0,
        cache=True,
        machine_type="E2_HIGHCPU_8",
        service_account="builder@p.iam.gserviceaccount.com",
        logging="CLOUD_LOGGING_ONLY",
    )
    args = found["steps"][0]["args"]
    assert args[args.index("--build-arg") :] == [
        *("--build-arg", "A=1", "--build-arg", "PRICE=$$5", "--target", "web"),
        *("--build-arg", "BUILDKIT_INLINE_CACHE=1", "--cache-from", LAST, "."),
    ]
    assert found["images"] == [f"{NAME}:r-1"], "a tag that a later build pushed again could not be immutable"
    assert found["timeout"] == "90s"
    assert found["serviceAccount"] == "projects/p/serviceAccounts/builder@p.iam.gserviceaccount.com"
    assert "logsBucket" not in found
    assert found["options"] == {"machineType": "E2_HIGHCPU_8", "logging": "CLOUD_LOGGING_ONLY"}


def test_a_check_by_itself_has_account_pool_machine_and_log_of_the_build() -> None:
    cloud = {
        "worker_pool": "projects/p/locations/europe-west1/workerPools/w",
        "service_account": "builder@p.iam.gserviceaccount.com",
        "machine_type": "E2_HIGHCPU_8",
    }
    for logging in ("GCS_ONLY", "CLOUD_LOGGING_ONLY"):
        built = build_order(
            Order(
                BuildImage(release_of("p"), BuildSettings(logging=logging, **cloud)),
                "c0ffee",
                "Dockerfile",
                "eu-builds",
                "s",
                7,
                PLAN,
            )
        )
        asked = CheckImports(release_of("p"), ImportCheckSettings(worker=Worker(logging=logging, **cloud)))
        checked = check_order(asked, PLAN, NAME, "eu-builds")
        assert (checked.options, checked.service_account) == (built.options, built.service_account)
        assert checked.logs_bucket == built.logs_bucket == ("gs://eu-builds" if logging == "GCS_ONLY" else "")
        assert checked.options.pool.name == cloud["worker_pool"]


def test_a_rebuild_takes_no_layer_from_before() -> None:
    args = ordered(cache=True, rebuild=True)["steps"][0]["args"]
    assert "--no-cache" in args and "--cache-from" not in args


def test_a_private_pool_says_where_the_build_runs() -> None:
    pool = "projects/p/locations/europe-west1/workerPools/w"
    assert ordered(worker_pool=pool)["options"]["pool"] == {"name": pool}
    assert Worker(worker_pool=pool).location == "europe-west1"
    assert (Worker().location, Worker(region="europe-west4").location) == ("global", "europe-west4")


def test_an_unknown_machine_type_names_the_known_ones() -> None:
    with pytest.raises(DriverError, match="no machine type E2_HUGE") as refused:
        ordered(machine_type="E2_HUGE")
    assert "E2_HIGHCPU_8" in refused.value.remedy


def test_the_check_runs_beside_the_source_and_decides_about_the_push() -> None:
    build, check, verdict = ordered(PLAN)["steps"]
    assert [step["id"] for step in (build, check, verdict)] == ["build", "import-check", "import-verdict"]
    assert "volumes" not in build
    assert check["volumes"] == verdict["volumes"] == [{"name": "check", "path": "/check"}]
    assert all(len(arg) <= 10_000 for step in (build, check, verdict) for arg in step["args"])
    assert "gs://p_cloudbuild/checks/n0nce.json" in verdict["args"][1]
    assert not re.search(r"(?<!\$)\$(?!\$)", "".join(check["args"] + verdict["args"]).replace("$$", ""))


def test_the_scripts_of_the_check_are_shell_and_mount_nothing(tmp_path: Path) -> None:
    script = check_script(PLAN, f"{NAME}:{COMMIT}")
    (tmp_path / "check.sh").write_text(script)
    subprocess.run(["bash", "-n", tmp_path / "check.sh"], check=True)
    run = script[script.index("docker run") : script.index("<<")]
    assert " -v" not in run and "--volume" not in run and "--mount" not in run
    assert "--network=none " in run
    assert "--read-only" not in run and "--tmpfs" not in run, "Cloud Run's disk can be written"


def test_real_secrets_reach_the_container_by_name_only() -> None:
    release = release_of("p", secrets={"API_KEY": "api-key:3", "OTHER": "other"}, env={"MODE": "x"})
    plan = plan_check(ImportCheck(real_secrets=True), release.service, ENTRY, "/app", "n")
    build = json.loads(
        Build.to_json(
            check_order(CheckImports(release, ImportCheckSettings(), timeout=60), plan, NAME, "b"),
            use_integers_for_enums=False,
            always_print_fields_with_no_presence=False,
        )
    )
    assert build["availableSecrets"]["secretManager"] == [
        {"env": "API_KEY", "versionName": "projects/p/secrets/api-key/versions/3"},
        {"env": "OTHER", "versionName": "projects/p/secrets/other/versions/latest"},
    ]
    assert [step.get("secretEnv") for step in build["steps"]] == [["API_KEY", "OTHER"], None]
    assert " --env=API_KEY --env=OTHER " in check_script(plan, NAME)
    assert "images" not in build


def test_placeholders_stand_for_secrets_unless_real_ones_are_wanted() -> None:
    release = release_of("p", secrets={"API_KEY": "api-key:3"}, port=9000)
    plan = plan_check(ImportCheck(), release.service, ENTRY, "/app", "n")
    assert plan.env["API_KEY"] == "placeholder"
    assert plan.env["PORT"] == "9000"
    assert not plan.secrets and not plan.options.secrets


def test_variables_that_the_running_service_keeps_are_there_at_import() -> None:
    release = release_of("p", env={"MODE": "new"}, secrets={"API_KEY": "api-key:3"})
    kept = {"MODE": "old", "POOL": "7", "BY_HAND_PASSWORD": "pa55word", "SIGNED": None, "API_KEY": None}
    plan = plan_check(ImportCheck(), release.service, ENTRY, "/app", "n", kept)
    assert plan.given == {"MODE": "new", "POOL": "7", "BY_HAND_PASSWORD": "placeholder", "SIGNED": "placeholder"}
    assert plan.env["API_KEY"] == "placeholder"


def test_the_identity_of_a_check_leaves_out_its_nonce_only() -> None:
    service = release_of("p").service
    one, two = (plan_check(ImportCheck(), service, ENTRY, "/app", nonce) for nonce in "ab")
    other = plan_check(ImportCheck(all=True), service, ENTRY, "/app", "a")
    changed = plan_check(ImportCheck(), release_of("p", env={"A": "1"}).service, ENTRY, "/app", "a")
    assert one.identity == two.identity
    assert len({one.identity, other.identity, changed.identity}) == 3


def test_nothing_to_import_is_an_error_before_anything_is_built() -> None:
    with pytest.raises(DriverError, match="not known") as refused:
        plan_check(ImportCheck(), release_of("p", entrypoint=None).service, None, "/app", "n")
    assert "services.backend.entrypoint" in refused.value.remedy
    job = replace(release_of("p", entrypoint=None).service, job=JobTarget())
    with pytest.raises(DriverError) as refused:
        plan_check(ImportCheck(), job, None, "/app", "n")
    assert "jobs.backend.entrypoint" in refused.value.remedy


@pytest.mark.parametrize(
    ("entry", "entrypoint", "first_party", "import_path"),
    [
        (ENTRY, "shop.main", ("shop",), None),
        (Entrypoint("main", "app", roots=("/app/src", "/app")), "main:app", ("main",), ("/app/src", "/app")),
        (Entrypoint("run", script="/app/run.py", roots=("/app",)), "/app/run.py", (), None),
    ],
)
def test_what_the_image_starts_is_what_is_imported(
    entry: Entrypoint, entrypoint: str, first_party: tuple[str, ...], import_path: tuple[str, ...] | None
) -> None:
    options = plan_check(ImportCheck(), release_of("p").service, entry, "/app", "n").options
    assert (options.entrypoint, options.first_party, options.import_path) == (entrypoint, first_party, import_path)


@pytest.mark.parametrize(
    ("launch", "tried"),
    [
        (None, ["python", "python3"]),
        (Launch("uvicorn"), ["python", "python3"]),
        (Launch("/opt/web/bin/uvicorn"), ["/opt/web/bin/python", "/opt/web/bin/python3", "python"]),
        (Launch("/usr/bin/python3.12"), ["/usr/bin/python3.12", "/usr/bin/python", "/usr/bin/python3", "python"]),
        (Launch("$VENV/bin/uvicorn"), ["python", "python3", "/opt/venv/bin/python"]),
        (Launch("uvicorn", runner=("uv", "run"), directory="/srv"), ["/srv/.venv/bin/python", "python"]),
    ],
)
def test_any_python_of_the_image_may_start_the_check(launch: Launch | None, tried: list[str]) -> None:
    plan = CheckPlan(ProbeOptions("n", "shop.main"), launch)
    assert list(plan.interpreters[: len(tried)]) == tried
    assert f"for python in {' '.join(tried[:2])}" in check_script(plan, NAME).replace("'", "")


def test_the_check_is_told_how_the_server_starts_and_what_it_runs_as() -> None:
    launch = Launch("/opt/venv/bin/uvicorn", directory="/app/src")
    entry = Entrypoint("main", roots=("/app/src",), launch=launch)
    release = release_of("p", service_account="web@p.iam.gserviceaccount.com")
    plan = plan_check(ImportCheck(), release.service, entry, "/app", "n")
    assert plan.options.import_path is None, "the directory that it starts in comes first by itself"
    assert plan.options.metadata == Metadata("p", "us-central1", "web@p.iam.gserviceaccount.com")
    assert json.loads(plan.arguments[4])["program"] == "/opt/venv/bin/uvicorn"
    other = plan_check(ImportCheck(), release.service, replace(entry, launch=None), "/app", "n")
    assert other.identity != plan.identity


def test_tags_fit_cloud_builds_rules() -> None:
    assert tag_of("release", "a b/ü" + "x" * 200) == ("release-a-b--" + "x" * 200)[:128]
