"""prune: what nothing needs is listed, then deleted; users and all that a rollback needs stay as they are."""

from __future__ import annotations

import itertools

import httpx
import pytest
from google.cloud import run_v2

from tests.rehearsal.cli_harness import PROJECT, CliHarness, CommandResult
from tests.rehearsal.other_client import OtherClient
from tests.rehearsal.plans import SHORT

_NUMBERS = itertools.count(1)


def _by_hand(other: OtherClient) -> str:
    """Another revision, of no release."""

    def edit(service: run_v2.Service) -> None:
        service.template.revision = ""
        service.template.labels["number"] = str(next(_NUMBERS))

    return str(other.change(edit, "template").latest_created_revision.rpartition("/")[2])


def _image(harness: CliHarness, tag: str) -> str:
    """Another image beside those of the service, with that tag; its digest."""
    base = f"http://{harness.cloud.registry}/v2/{PROJECT}/pruned/backend/manifests"
    kind = {"Accept": "application/vnd.oci.image.manifest.v1+json"}
    with httpx.Client(trust_env=False) as client:
        serves = OtherClient(harness).read().template.containers[0].image.partition("@")[2]
        known = client.get(f"{base}/{serves}", headers=kind)
        body = {**known.json(), "annotations": {"number": str(next(_NUMBERS))}}
        put = client.put(f"{base}/{tag}", json=body, headers={"Content-Type": known.headers["Content-Type"]})
    assert put.status_code == 201, put.text
    return str(put.headers["Docker-Content-Digest"])


def _told(result: CommandResult, kind: str) -> dict[str, str]:
    return {event["name"]: event["action"] for event in result.events if event["kind"] == kind}


@pytest.mark.slow
def test_old_ones_are_listed_and_then_deleted(harness: CliHarness) -> None:
    """In a repository of images of its own: other stories find theirs again."""
    config = harness.config(SHORT, images=f"us-central1-docker.pkg.dev/{PROJECT}/pruned")
    released, other = harness.release(config), OtherClient(harness)
    assert released.code == 0, released.errors
    serves = released.candidate
    old, tagged, latest = (_by_hand(other) for _ in range(3))
    other.split({serves: 100}, {"kept": tagged})
    unneeded, named = _image(harness, f"{next(_NUMBERS):040x}"), _image(harness, "v1")
    maps = harness.maps()

    held = harness.command("hold", config)
    busy = harness.command("prune", config, "--keep", "1", "--yes")
    assert (held.code, busy.code) == (0, 5) and "left alone; " in busy.errors, held.errors + busy.errors
    assert harness.command("hold", config, "--release").code == 0

    plan = harness.command("prune", config, "--keep", "1", "--images", "--output", "text")
    assert plan.code == 0 and f"to delete  {old}" in plan.errors and f"to delete  {unneeded}" in plan.errors
    assert "prune --keep 1 --images --yes --config" in plan.errors
    assert plan.errors.splitlines()[-1] == f"serving: {serves} 100 %"

    done = harness.command("prune", config, "--keep", "1", "--images", "--yes")
    assert done.code == 0, done.errors
    assert _told(done, "revision") == {old: "deleted", tagged: "kept", latest: "kept", serves: "kept"}
    assert {name for name, action in _told(done, "image").items() if action == "deleted"} >= {unneeded}
    assert _told(done, "image")[named] == "kept"
    left = {each.name.rpartition("/")[2] for each in other.revisions.list_revisions(parent=other.path)}
    assert left == {tagged, latest, serves} and harness.maps() == maps
    again = harness.command("prune", config, "--keep", "1", "--images", "--yes")
    assert again.code == 0 and "deleted" not in {*_told(again, "revision").values(), *_told(again, "image").values()}
    rest = harness.command("prune", config, "--keep", "1", "--images", "--output", "text")
    assert (rest.code, "to do it" in rest.errors) == (0, False), "there is nothing to do"

    newer = _by_hand(other)
    harness.cloud.faults({"method": "google.cloud.run.v2.Revisions/DeleteRevision", "code": "PERMISSION_DENIED"})
    refused = harness.command("prune", config, "--keep", "1", "--yes")
    assert refused.code == 4 and "run.revisions.delete" in refused.errors, refused.errors
    assert latest in {each.name.rpartition("/")[2] for each in other.revisions.list_revisions(parent=other.path)}
    assert newer != latest and harness.maps() == maps


def test_what_cannot_be_kept_is_told(harness: CliHarness) -> None:
    refused = harness.command("prune", harness.config(SHORT), "--keep", "0")
    assert (refused.code, "--keep 0: at least 1" in refused.errors) == (2, True)
    nothing = harness.command("prune", harness.config(SHORT), "--yes")
    assert (nothing.code, "there is no such service yet; nothing to delete" in nothing.errors) == (0, True)
