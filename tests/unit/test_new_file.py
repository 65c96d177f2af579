"""The file that `init` writes is one that a release can be made with, and has no secret in it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from deploy_lib.config import load, plan_for
from deploy_lib.config.new_file import new_file
from deploy_lib.steps.catalogue import KINDS

ENTRY = {"cloud_run": "netra-backend", "port": 9000, "env": {"MODE": "fast", "DB_PASSWORD": "hunter2hunter2"}}
IMAGE = "europe-docker.pkg.dev/netra-staging/images/backend@sha256:" + "1" * 64


@pytest.mark.parametrize(("image", "images"), [
    (IMAGE, "europe-docker.pkg.dev/netra-staging/images"),
    ("", "us-central1-docker.pkg.dev/netra-staging/services"),
], ids=["where its image is", "nothing serves"])  # fmt: skip
def test_it_loads_with_a_step_of_every_usual_kind(tmp_path: Path, image: str, images: str) -> None:
    path = tmp_path / "netra.yaml"
    path.write_text(new_file(ENTRY, image, "backend", "netra-staging", "us-central1"), encoding="utf-8")
    plan = plan_for(load(path), "backend")
    assert (plan.service.cloud_run, plan.service.port, plan.service.images) == ("netra-backend", 9000, images)
    usual = {name for name, kind in KINDS.items() if any(each.settings is not None for each in kind.usual)}
    assert {step.kind.name for step in plan.steps} == usual and plan.promotes


def test_what_looks_like_a_secret_is_left_out_and_named() -> None:
    text = new_file(ENTRY, IMAGE, "backend", "netra-staging", "us-central1")
    assert "hunter2hunter2" not in text
    assert "DB_PASSWORD" in text.partition("project:")[0] and "MODE: fast" in text


def test_the_branch_that_is_released_is_the_repositorys() -> None:
    text = new_file(ENTRY, IMAGE, "backend", "netra-staging", "us-central1", branch="trunk")
    assert {"git_clean": {"branches": ["trunk"]}} in yaml.safe_load(text)["steps"]
