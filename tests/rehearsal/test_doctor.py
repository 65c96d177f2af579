"""doctor, asked of a local cloud whose callers need permissions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cloud import LocalCloud
from tests.engine_store import shared_store
from tests.rehearsal.cli_harness import PROJECT, CliHarness

ME = "deploy-to-gcp@local-cloud.invalid"


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    store = shared_store(tmp_path_factory)
    with LocalCloud(tmp_path_factory.mktemp("strict"), store=store, arguments=("--profile", "production")) as cloud:
        yield cloud


@pytest.fixture
def harness(strict: LocalCloud, tmp_path: Path) -> Iterator[CliHarness]:
    usual = _grants(strict)
    yield CliHarness(strict, tmp_path, strict.name("doctor"))
    _set_grants(strict, usual)


def _grants(cloud: LocalCloud) -> dict[str, list[str]]:
    found: dict[str, list[str]] = httpx.get(f"{cloud.http}/_local/grants", trust_env=False).json()
    return found


def _set_grants(cloud: LocalCloud, grants: dict[str, list[str]]) -> None:
    assert httpx.put(f"{cloud.http}/_local/grants", json=grants, trust_env=False).status_code == 200


def _doctor(harness: CliHarness, **more: Any) -> tuple[int, dict[str, dict[str, Any]]]:
    """The exit code, and each answer by the first word of its subject."""
    entry = harness.entry(harness.service, **more)
    config = harness.config(services={"backend": entry})
    result = harness.run("doctor", "--config", str(config), "--output", "json")
    return result.code, {event["subject"].partition(" ")[0]: event for event in result.events}


@pytest.mark.slow
def test_all_is_had(harness: CliHarness) -> None:
    code, found = _doctor(harness)
    assert {subject: answer["state"] for subject, answer in found.items()} == {
        "APIs": "ok", "project": "ok", "bucket": "ok", "repository": "ok", "backend": "ok", "builds": "ok",
    }  # fmt: skip
    assert code == 0


@pytest.mark.slow
def test_what_is_missing_is_named_with_the_command_that_grants_it(harness: CliHarness) -> None:
    left = {role: who for role, who in _grants(harness.cloud).items() if "monitoring" not in role}
    del left["roles/iam.serviceAccountUser"]
    _set_grants(harness.cloud, left)
    account = f"web@{PROJECT}.iam.gserviceaccount.com"
    code, found = _doctor(harness, service_account=account)
    assert code == 1
    project = found["project"]
    assert (project["state"], "monitoring.timeSeries.list" in project["told"]) == ("missing", True)
    binding = f"gcloud projects add-iam-policy-binding {PROJECT}"
    assert project["commands"] == [f'{binding} --member="{_CALLER}" --role=roles/monitoring.viewer --condition=None']
    acts = found["backend"]
    assert (acts["state"], acts["subject"]) == ("missing", f"backend runs as {account}")
    assert acts["commands"][0].startswith(f"gcloud iam service-accounts add-iam-policy-binding {account} ")


_CALLER = "user:$(gcloud config get-value account)"
