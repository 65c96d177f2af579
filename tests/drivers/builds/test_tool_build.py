"""A build that runs this tool, as Cloud Build is asked for it, and what it is handed."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest
from google.cloud.devtools.cloudbuild_v1 import Build

from deploy_lib.config import load, plan_for
from deploy_lib.config.one_file import as_one_file
from deploy_lib.drivers.builds.tool_archive import HandedArchive, tool_archive
from deploy_lib.drivers.builds.tool_build import ToolOrder, tool_order
from deploy_lib.model.program import Invocation
from deploy_lib.model.requests import Worker

ORDER = ToolOrder(
    ("guard", "r-$1"), "guard", ("guard-r-1",), "p", HandedArchive("p_cloudbuild", "source/tool-1.tgz", 7),
    Invocation("python3 x.py", config="/home/a$b.yaml"), 60.0, Worker(service_account="g@p.iam.gserviceaccount.com"),
)  # fmt: skip


def test_its_image_is_made_first_and_no_dollar_is_taken_for_a_substitution() -> None:
    build = tool_order(ORDER)
    assert [step.id for step in build.steps] == ["tool", "guard"]
    run = build.steps[1]
    assert (run.name, run.entrypoint) == (build.steps[0].args[2], "python3")
    assert (run.args[0], [*run.args[2:]]) == ("-c", ["guard", "r-$$1"])
    typed = next(pair for pair in run.env if pair.startswith("DEPLOY_TO_GCP_TYPED_AS="))
    assert json.loads(typed.partition("=")[2].replace("$$", "$"))["config"] == "/home/a$b.yaml"
    assert build.timeout.total_seconds() == 60
    assert (build.service_account, build.logs_bucket) == (
        "projects/p/serviceAccounts/g@p.iam.gserviceaccount.com", "gs://p_cloudbuild",
    )  # fmt: skip


@pytest.mark.parametrize("logging", ["GCS_ONLY", "CLOUD_LOGGING_ONLY", "LEGACY"])
def test_its_log_is_an_object_that_can_be_followed(logging: str) -> None:
    build = tool_order(replace(ORDER, worker=Worker(logging=logging)))
    assert (build.logs_bucket, build.options.logging.name == "CLOUD_LOGGING_ONLY") == ("gs://p_cloudbuild", False)


def test_an_image_that_is_named_is_not_made() -> None:
    build = tool_order(replace(ORDER, image="here/tool:1"))
    assert [(step.id, step.name) for step in build.steps] == [("guard", "here/tool:1")]
    assert Build.to_json(build)


def test_the_same_files_make_the_same_archive() -> None:
    packed = tool_archive({"c.yaml": b"project: x"})
    assert packed == tool_archive({"c.yaml": b"project: x"}) != tool_archive({"c.yaml": b"project: y"})
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(packed))) as tar:
        names, requirements = tar.getnames(), tar.extractfile("image/requirements.txt")
    assert requirements is not None and b"\ngoogle-cloud-run==" in requirements.read()
    assert {"tool/deploy_lib/cli/installed.py", "image/requirements.txt", "image/Dockerfile", "c.yaml"} <= {*names}
    assert not any("__pycache__" in each for each in names)


def test_a_configuration_that_extends_others_is_handed_over_as_one(tmp_path: Path) -> None:
    base = "project: netra-staging\nregion: us-central1\nimages: h/p/s\nsteps: [build, canary, promote, verify]\n"
    (tmp_path / "base.yaml").write_text(base)
    (tmp_path / "web.env").write_text("A=1\n")
    file = tmp_path / "c.yaml"
    file.write_text(
        'extends: base.yaml\nservices: {web: {cloud_run: web, env_file: web.env, env: {B: "${COMMIT}$${x"}}}\n'
    )
    alone = tmp_path / "there.yaml"
    alone.write_bytes(as_one_file(file))
    assert plan_for(load(alone), "web").service == plan_for(load(file), "web").service
    assert as_one_file(alone) == alone.read_bytes(), "as it is, where it stands alone"
