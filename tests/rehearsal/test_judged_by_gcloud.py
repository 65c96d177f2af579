"""What our own releases left behind, read by gcloud alone: a reader with its own idea of a service."""

from __future__ import annotations

from typing import Any

from tests.local_cloud.emulator.rest.gcloud import Gcloud, led_to
from tests.rehearsal.cli_harness import PROJECT, CliHarness
from tests.rehearsal.plans import BUILT, REST, TENTH, compare, stable


def test_gcloud_finds_what_a_good_and_a_bad_release_promised(harness: CliHarness) -> None:
    gcloud = led_to(harness.cloud, PROJECT)
    old = stable(harness)
    good = harness.release(harness.config((*TENTH, compare("300ms"), *REST), {"n": 1}))
    assert good.code == 0, good.errors
    bad = harness.release(harness.config((*BUILT, *REST), {"exit_at_start": 7}))
    assert bad.code == 1, bad.errors

    told = gcloud.told("run", "services", "describe", harness.service)
    status = told["status"]
    traffic = {target["revisionName"]: target["percent"] for target in status["traffic"] if target.get("percent")}
    assert traffic == {good.candidate: 100}
    assert not any(target.get("latestRevision") for target in told["spec"]["traffic"])
    assert status["latestReadyRevisionName"] == good.candidate
    found = {each["metadata"]["name"]: ready(each) for each in revisions(gcloud, harness.service)}
    assert found == {bad.candidate: "False", good.candidate: "True", old: "True"}
    images = {each["spec"]["containers"][0]["image"] for each in revisions(gcloud, harness.service)}
    assert all("@sha256:" in image for image in images)
    made = {image["digest"]: each["status"] for each in gcloud.told("builds", "list") for image in pushed_by(each)}
    assert {made[image.partition("@")[2]] for image in images} == {"SUCCESS"}, (
        "also where an earlier one was used again"
    )
    query = f'resource.labels.revision_name="{bad.candidate}" severity>=ERROR'
    assert gcloud.told("logging", "read", query)


def pushed_by(build: dict[str, Any]) -> list[dict[str, Any]]:
    return list(build.get("results", {}).get("images", ()))


def revisions(gcloud: Gcloud, service: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = gcloud.told("run", "revisions", "list", "--service", service)
    return found


def ready(revision: dict[str, Any]) -> str:
    conditions = revision["status"]["conditions"]
    return next(str(each["status"]) for each in conditions if each["type"] == "Ready")
