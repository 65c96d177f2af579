"""What a job of a release runs: the candidate's variables, secrets and volumes, with the step's own over them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from google.cloud import run_v2

from deploy_lib.drivers.services.job_template import execution_template, is_same
from deploy_lib.model.service import Service
from deploy_lib.steps.job.settings import LONGEST_NAME, JobSettings, job_name
from tests.drivers.test_template import RELEASE, SERVICE, running


def made(undo: bool = False, service: Service = SERVICE, **settings: Any) -> run_v2.ExecutionTemplate:
    release = replace(RELEASE, service=service)
    return execution_template(running(), release, JobSettings.model_validate(settings), undo=undo)


def variables(found: run_v2.ExecutionTemplate) -> dict[str, str]:
    [container] = found.template.containers
    return {
        each.name: f"secret {each.value_source.secret_key_ref.secret}" if "value_source" in each else each.value
        for each in container.env
    }


def test_it_has_what_the_candidate_has_and_the_image_but_nothing_of_a_server() -> None:
    found = made(command=["alembic"], args=["upgrade", "head"])
    [container] = found.template.containers
    assert (container.image, [*container.command], [*container.args]) == (
        "i@sha256:2",
        ["alembic"],
        ["upgrade", "head"],
    )
    assert not container.ports and "startup_probe" not in container
    assert dict(container.resources.limits) == {"cpu": "1", "memory": "512Mi"}
    assert [each.name for each in found.template.volumes] == ["cache"]
    assert found.template.service_account == "shop@p-staging.iam.gserviceaccount.com"
    assert (found.parallelism, found.task_count, found.template.max_retries) == (1, 1, 0)
    assert found.template.timeout.total_seconds() == 600
    assert variables(found) == {"A": "1", "KEY": "secret key", "BY_HAND": "x"}


@pytest.mark.parametrize(
    ("service", "settings", "expected"),
    [
        ({"env": {"A": "2"}}, {}, {"A": "2", "KEY": "secret key", "BY_HAND": "x"}),
        ({"env": {"A": "2"}}, {"env": {"A": "3", "B": "4"}}, {"A": "3", "B": "4", "KEY": "secret key", "BY_HAND": "x"}),
        ({"env": {"A": "2"}}, {"secrets": {"A": "a:1"}}, {"A": "secret a", "KEY": "secret key", "BY_HAND": "x"}),
        ({"secrets": {"KEY": "key:1"}}, {"env": {"KEY": "plain"}}, {"A": "1", "KEY": "plain", "BY_HAND": "x"}),
    ],
)
def test_its_own_variables_win(service: dict[str, Any], settings: dict[str, Any], expected: dict[str, str]) -> None:
    assert variables(made(service=replace(SERVICE, **service), **settings)) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"cpu": "500m", "memory": "256Mi"}, {"cpu": "1", "memory": "512Mi"}),
        ({"cpu": "0.08", "memory": "128Mi"}, {"cpu": "1", "memory": "512Mi"}),
        ({"cpu": "2", "memory": "4Gi"}, {"cpu": "2", "memory": "4Gi"}),
        ({"cpu": "1000m", "memory": "512Mi"}, {"cpu": "1000m", "memory": "512Mi"}),
    ],
)
def test_it_has_no_less_than_a_job_needs(given: dict[str, str], expected: dict[str, str]) -> None:
    service = replace(SERVICE, cpu=given["cpu"], memory=given["memory"])
    [container] = made(service=service).template.containers
    assert dict(container.resources.limits) == expected


def test_the_rollback_command_is_another_execution_and_never_tried_again() -> None:
    given = {"command": ["alembic"], "args": ["upgrade", "head"], "retries": 3, "rollback_command": ["alembic", "back"]}
    forth, back = made(**given), made(undo=True, **given)
    [container] = back.template.containers
    assert ([*container.command], [*container.args], back.template.max_retries) == (["alembic", "back"], [], 0)
    assert forth.template.max_retries == 3
    assert dict(forth.labels) != dict(back.labels)
    assert not is_same(forth.template, back.template)
    assert is_same(forth.template, made(**given).template)


@pytest.mark.parametrize("service", ["s", "shop", "a" * 40, "a" * 48, "a" * 29 + "-" + "b" * 19])
def test_a_job_is_called_after_its_service_however_long_that_is(service: str) -> None:
    name = job_name(JobSettings(name="migrate"), replace(SERVICE, cloud_run=service))
    assert len(name) <= LONGEST_NAME and name.endswith("-migrate") and "--" not in name
    assert name != job_name(JobSettings(name="migrate"), replace(SERVICE, cloud_run=service[:-1] + "z"))
