"""Every class of failure, produced for real, told for what it is, and mended by what is printed: the case then passes.

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

from tests.rehearsal import catalogue, remedies
from tests.rehearsal.broken import add_to
from tests.rehearsal.catalogue import Story
from tests.rehearsal.cli_harness import PROJECT, CliHarness, CommandResult, Cue
from tests.unit.diagnose.cases import CLASSES, cases

BUILD = {"build": {"timeout": "2m"}}
UP = (BUILD, {"canary": {"ready_within": "60s", "words_within": "1s"}})
PROBE = {"json": {"status": "ok"}, "attempts": 2, "need": 2, "every": "20ms"}
QUICK = {**PROBE, "slower_than": "1s", "attempts": 3}


def play(
    harness: CliHarness, story: Story, steps: Sequence[Mapping[str, Any]], cue: Cue | None = None
) -> CommandResult:
    """One release of the story that is told as the story says."""
    services = {"backend": harness.entry(harness.service, story.behave, **story.entry)}
    result = harness.release(harness.config(steps, services=services), cue=cue)
    assert wrong(story, result) == []
    return result


def mended(harness: CliHarness, name: str, story: Story, steps: Sequence[Mapping[str, Any]]) -> None:
    """What is printed is done, and the same service passes."""
    add_to(harness)
    result = play(harness, story, steps)
    done = remedies.carry_out(harness, name, harness.root / "config.yaml", result.of_type("diagnosed")[-1]["cause"])
    assert done.returncode == 0, done.stdout + done.stderr


def stories(group: Mapping[str, Story]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("name", group)


def wrong(story: Story, result: CommandResult) -> list[str]:
    """What differs from what the story says, in words; empty when nothing does."""
    causes = [event["cause"] for event in result.of_type("diagnosed")]
    if not causes:
        return [f"no cause was looked for; {result.errors} {result.statuses}"]
    cause = causes[-1]
    if cause["kind"] != story.kind:
        return [f"{cause['kind']} ({cause['sentence']}) instead of {story.kind}"]
    found = [] if story.says in cause["sentence"] else [f"the sentence is {cause['sentence']!r}"]
    if not any(story.types in command for command in cause["commands"]):
        found.append(f"the commands are {cause['commands']}")
    return found


@stories(catalogue.CRASHES)
def test_images_that_cannot_start(harness: CliHarness, name: str) -> None:
    mended(harness, name, catalogue.CRASHES[name], UP)


@stories(catalogue.ENDINGS)
@pytest.mark.slow
def test_containers_that_end_for_another_reason(harness: CliHarness, name: str) -> None:
    mended(harness, name, catalogue.ENDINGS[name], UP)


@stories(catalogue.UNREACHED)
@pytest.mark.slow
def test_containers_that_nobody_reaches(harness: CliHarness, name: str) -> None:
    mended(harness, name, catalogue.UNREACHED[name], UP)


@stories(catalogue.REFUSED)
def test_what_the_platform_refuses(harness: CliHarness, name: str) -> None:
    make_secrets(harness)
    (harness.cloud.state / "run" / "connectors.txt").write_text(f"{remedies.CONNECTOR}\n")
    mended(harness, name, catalogue.REFUSED[name], UP)


@stories(catalogue.UNHEALTHY)
@pytest.mark.slow
def test_answers_that_are_not_good(harness: CliHarness, name: str) -> None:
    mended(harness, name, catalogue.UNHEALTHY[name], (*UP, {"probe": QUICK if name == "sluggish" else PROBE}))


@pytest.mark.slow
@stories(catalogue.BUILDS)
def test_builds_that_fail(harness: CliHarness, name: str) -> None:
    mended(harness, name, catalogue.BUILDS[name], UP)


@stories(catalogue.COMMANDS)
@pytest.mark.slow
def test_commands_that_cannot_be_run(harness: CliHarness, name: str) -> None:
    mended(harness, name, catalogue.COMMANDS[name], UP)


@pytest.mark.slow
def test_a_build_that_takes_too_long(harness: CliHarness) -> None:
    mended(harness, "slow-build", catalogue.SLOW_BUILD, ({"build": {"timeout": "1s"}}, UP[1]))


@pytest.mark.slow
def test_a_server_that_is_misspelt_where_nothing_but_the_imports_is_checked(harness: CliHarness) -> None:
    """Its module is unknown, and so is nothing else: the commit is to blame, and no image of it is built."""
    steps = (BUILD, {"import_check": None}, UP[1])
    add_to(harness)
    result = play(harness, catalogue.MISSPELT, steps)
    assert (result.code, result.statuses) == (1, [("build", "failed")])
    done = remedies.carry_out(
        harness, "misspelt", harness.root / "config.yaml", result.of_type("diagnosed")[-1]["cause"]
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_library_that_no_machine_here_can_install(harness: CliHarness) -> None:
    """Its remedy needs Debian's archive."""
    add_to(harness)
    play(harness, catalogue.LIBRARY, UP)


@pytest.mark.parametrize(
    ("code", "said", "story"),
    [
        ("PERMISSION_DENIED", "Permission 'run.services.create' denied on resource", catalogue.DENIED),
        ("PERMISSION_DENIED", "The caller does not have permission", catalogue.DENIED),
        ("RESOURCE_EXHAUSTED", "CpuAllocPerProjectRegion requested: 60000 allowed: 20000", catalogue.QUOTA),
        ("RESOURCE_EXHAUSTED", "Service 'x' has 1000 revisions, the most that are allowed", catalogue.REVISIONS),
    ],
    ids=["permission", "permission not named", "quota", "revisions"],
)
def test_a_call_that_google_refuses(harness: CliHarness, code: str, said: str, story: Story) -> None:
    fault = {"code": code, "message": said, "times": 0, "retry_delay": 60.0}  # longer than anyone waits for a retry
    harness.cloud.faults({"method": "google.cloud.run.v2.Services/CreateService", **fault})
    assert play(harness, story, UP).code == 4, "nothing is said of the commit, and resume goes on once it is mended"


@pytest.mark.slow
def test_an_image_that_is_gone_from_the_registry(harness: CliHarness) -> None:
    def delete(event: dict[str, Any]) -> None:
        if event["type"] == "judged" and event["kind"] == "build":
            name, _, digest = event["release"]["image"].partition("@")
            url = f"http://{harness.cloud.registry}/v2/{name.partition('/')[2]}/manifests/{digest}"
            assert httpx.delete(url, trust_env=False).status_code == 202

    harness.write("app/parts/words.py", f'GREETING = "good day at {harness.service}"\n')  # an image of its own
    harness.commit()
    result = play(harness, catalogue.IMAGE_GONE, UP, delete)
    done = remedies.carry_out(harness, "", harness.root / "config.yaml", result.of_type("diagnosed")[-1]["cause"])
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_class_happens_here_or_was_recorded_elsewhere() -> None:
    real = catalogue.produced() & CLASSES
    recorded = {case.gives["kind"]: case.source for case in cases() if case.source}
    missing = CLASSES - real - recorded.keys()
    print(f"{len(real)} of {len(CLASSES)} classes for real; recorded elsewhere:")
    for kind in sorted(CLASSES - real):
        print(f"  {kind}: {recorded.get(kind, 'nowhere')}")
    assert not missing


def make_secrets(harness: CliHarness) -> None:
    """One that everybody may read, and one that only somebody else may; both outlive the test that makes them."""
    client = SecretManagerServiceClient(transport=SecretManagerServiceGrpcTransport(channel=harness.cloud.channel()))
    if "catalogue-shut" in {each.name.rpartition("/")[2] for each in client.list_secrets(parent=f"projects/{PROJECT}")}:
        return
    for name in ("catalogue-open", "catalogue-shut"):
        client.create_secret(parent=f"projects/{PROJECT}", secret_id=name, secret={"replication": {"automatic": {}}})
        client.add_secret_version(parent=f"projects/{PROJECT}/secrets/{name}", payload={"data": b"hush"})
    policy = Policy(bindings=[Binding(role=catalogue.READ_SECRETS, members=["user:someone@example.com"])])
    client.set_iam_policy(request={"resource": f"projects/{PROJECT}/secrets/catalogue-shut", "policy": policy})
