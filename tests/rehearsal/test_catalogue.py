"""Every class of failure, produced for real: real containers, real builds, real refusals, and the diagnosis of each.

The gates that would have caught them earlier are left out of `steps`. What cannot be produced on one machine is in
tests/cases/diagnose, as it was recorded elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import httpx
import pytest
from google.cloud.secretmanager_v1 import SecretManagerServiceClient
from google.cloud.secretmanager_v1.services.secret_manager_service.transports import SecretManagerServiceGrpcTransport
from google.iam.v1.policy_pb2 import Binding, Policy

from tests.rehearsal import catalogue
from tests.rehearsal.broken import add_to
from tests.rehearsal.catalogue import Story
from tests.rehearsal.theatre import PROJECT, Cue, Played, Theatre
from tests.unit.diagnose.cases import CLASSES, cases

BUILD = {"build": {"timeout": "2m"}}
UP = (BUILD, {"canary": {"ready_within": "60s"}})
PROBE = {"probe": {"json": {"status": "ok"}, "slower_than": "400ms", "attempts": 2, "need": 2, "every": "20ms"}}


def play(theatre: Theatre, stories: Mapping[str, Story], steps: Sequence[Mapping[str, Any]], *words: str) -> list[str]:
    """All of them in one release; what differs from what they say."""
    services = {
        name: theatre.entry(f"{theatre.service}-{name}", story.behave, **story.entry) for name, story in stories.items()
    }
    return wrong(stories, theatre.release(theatre.config(steps, services=services), "--all", *words))


def play_alone(theatre: Theatre, story: Story, steps: Sequence[Mapping[str, Any]], cue: Cue | None = None) -> list[str]:
    services = {"backend": theatre.entry(theatre.service, story.behave, **story.entry)}
    return wrong({"backend": story}, theatre.release(theatre.config(steps, services=services), cue=cue))


def wrong(stories: Mapping[str, Story], played: Played) -> list[str]:
    """What differs from what the stories say, in words; empty when nothing does."""
    causes = {event["service"]: event["cause"] for event in played.of_type("diagnosed")}
    found = [f"{name}: no cause was looked for; {played.errors}" for name in stories if name not in causes]
    for name, cause in causes.items():
        story, commands = stories[name], cause["commands"]
        if cause["kind"] != story.kind:
            found.append(f"{name}: {cause['kind']} ({cause['sentence']}) instead of {story.kind}")
        elif story.says not in cause["sentence"]:
            found.append(f"{name}: the sentence is {cause['sentence']!r}")
        elif not any(story.types in command for command in commands):
            found.append(f"{name}: the commands are {commands}")
    return found


def image(theatre: Theatre) -> str:
    """The digest of the one image that all behaviours share."""
    add_to(theatre)
    played = theatre.release(theatre.config(UP))
    assert played.code == 0, played.errors
    return str(played.of_type("judged")[-1]["release"]["image"])


def test_images_that_cannot_start(theatre: Theatre) -> None:
    assert play(theatre, catalogue.CRASHES, UP, "--skip-build", image(theatre)) == []


def test_containers_that_end_for_another_reason(theatre: Theatre) -> None:
    assert play(theatre, catalogue.ENDINGS, UP, "--skip-build", image(theatre)) == []


def test_containers_that_nobody_reaches(theatre: Theatre) -> None:
    assert play(theatre, catalogue.UNREACHED, UP, "--skip-build", image(theatre)) == []


def test_what_the_platform_refuses(theatre: Theatre) -> None:
    make_secrets(theatre)
    assert play(theatre, catalogue.REFUSED, UP, "--skip-build", image(theatre)) == []


def test_answers_that_are_not_good(theatre: Theatre) -> None:
    assert play(theatre, catalogue.UNHEALTHY, (*UP, PROBE), "--skip-build", image(theatre)) == []


def test_builds_that_fail(theatre: Theatre) -> None:
    add_to(theatre)
    assert play(theatre, catalogue.BUILDS, UP) == []


def test_commands_that_cannot_be_run(theatre: Theatre) -> None:
    add_to(theatre)
    assert play(theatre, catalogue.COMMANDS, UP) == []


def test_a_build_that_takes_too_long(theatre: Theatre) -> None:
    add_to(theatre)
    assert play_alone(theatre, catalogue.SLOW_BUILD, ({"build": {"timeout": "1s"}}, UP[1])) == []


@pytest.mark.parametrize(
    ("code", "said", "story"),
    [
        ("PERMISSION_DENIED", "Permission 'run.services.create' denied on resource", catalogue.DENIED),
        ("PERMISSION_DENIED", "The caller does not have permission", catalogue.DENIED),
        ("RESOURCE_EXHAUSTED", "CpuAllocPerProjectRegion requested: 60000 allowed: 20000", catalogue.QUOTA),
    ],
    ids=["permission", "permission not named", "quota"],
)
def test_a_call_that_google_refuses(theatre: Theatre, code: str, said: str, story: Story) -> None:
    fault = {"code": code, "message": said, "times": 0, "retry_delay": 60.0}  # longer than anyone waits for a retry
    theatre.cloud.faults({"method": "google.cloud.run.v2.Services/CreateService", **fault})
    assert play_alone(theatre, story, UP) == []


def test_an_image_that_is_gone_from_the_registry(theatre: Theatre) -> None:
    def delete(event: dict[str, Any]) -> None:
        if event["type"] == "judged" and event["kind"] == "build":
            name, _, digest = event["release"]["image"].partition("@")
            url = f"http://{theatre.cloud.registry}/v2/{name.partition('/')[2]}/manifests/{digest}"
            assert httpx.delete(url, trust_env=False).status_code == 202

    theatre.write("app/parts/words.py", f'GREETING = "good day at {theatre.service}"\n')  # an image of its own
    theatre.commit()
    assert play_alone(theatre, catalogue.IMAGE_GONE, UP, delete) == []


def test_every_class_happens_here_or_was_recorded_elsewhere() -> None:
    real = catalogue.produced() & CLASSES
    recorded = {case.gives["kind"]: case.source for case in cases() if case.source}
    missing = CLASSES - real - recorded.keys()
    print(f"{len(real)} of {len(CLASSES)} classes for real; recorded elsewhere:")
    for kind in sorted(CLASSES - real):
        print(f"  {kind}: {recorded.get(kind, 'nowhere')}")
    assert not missing


def make_secrets(theatre: Theatre) -> None:
    """One that everybody may read, and one that only somebody else may; both outlive the test."""
    client = SecretManagerServiceClient(transport=SecretManagerServiceGrpcTransport(channel=theatre.cloud.channel()))
    for name in ("catalogue-open", "catalogue-shut"):
        client.create_secret(parent=f"projects/{PROJECT}", secret_id=name, secret={"replication": {"automatic": {}}})
        client.add_secret_version(parent=f"projects/{PROJECT}/secrets/{name}", payload={"data": b"hush"})
    policy = Policy(bindings=[Binding(role=catalogue.READ_SECRETS, members=["user:someone@example.com"])])
    client.set_iam_policy(request={"resource": f"projects/{PROJECT}/secrets/catalogue-shut", "policy": policy})
