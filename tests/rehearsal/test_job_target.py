"""A job that is released by itself: its image, its execution, its way back, and who dies or races meanwhile."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from google.cloud import run_v2
from google.cloud.run_v2.services.executions.transports import ExecutionsGrpcTransport
from google.cloud.run_v2.services.jobs.transports import JobsGrpcTransport

from deploy_lib.drivers.local_account import signed
from tests.rehearsal.cli_harness import PROJECT, CliHarness, CommandResult, Cue
from tests.rehearsal.test_job import WAITS
from tests.rehearsal.test_signals import Command

ENDS = """
import os, sys
code, task = int(os.environ["CODE"]), os.environ["CLOUD_RUN_TASK_INDEX"]
print("well" if code and task == "0" else f"code {code} {os.environ['WHO']}")
sys.exit(code if task == "1" else 0)
"""


class JobHarness:
    """One job in a file without services."""

    def __init__(self, harness: CliHarness) -> None:
        self.harness, self.name = harness, f"{harness.service}-nightly"
        channel = signed(harness.cloud.channel(), account="ann@example.invalid")
        self.client = run_v2.JobsClient(transport=JobsGrpcTransport(channel=channel))
        self.past = run_v2.ExecutionsClient(transport=ExecutionsGrpcTransport(channel=channel))
        self.path = f"projects/{PROJECT}/locations/us-central1/jobs/{self.name}"

    def config(self, code: str = ENDS, **more: Any) -> Path:
        entry = {
            "cloud_run": self.name,
            "command": ["python", "-u", "-c", code],
            "env": {"CODE": more.pop("exits", 0), "WHO": "${SERVICE}"},
            "retries": 0,
            "steps": [{"build": {"timeout": "2m"}}],
            **more,
        }
        entry = {name: value for name, value in entry.items() if value is not None}
        region = "us-central1"
        document = {"project": PROJECT, "local": True, "region": region, "jobs": {"nightly": entry}}
        document["images"] = f"{region}-docker.pkg.dev/{PROJECT}/services"
        path = self.harness.root / "jobs.yaml"
        path.write_text(yaml.safe_dump(document, sort_keys=False))
        return path

    def words(self, command: str, config: Path, *words: str) -> list[str]:
        where = ["--config", str(config), "--repo", str(self.harness.repository), "--output", "json"]
        return [command, *where, "--job", "nightly", *words]

    def run(self, command: str, config: Path, *words: str, cue: Cue | None = None) -> CommandResult:
        return self.harness.run(*self.words(command, config, *words), cue=cue)

    def lines(self, *words: str) -> list[str]:
        """What `logs` shows that the container wrote."""
        events = self.run("logs", self.config(), *words).events
        return [event["text"] for event in events if event["source"] == "stdout"]

    def job(self) -> run_v2.Job:
        return self.client.get_job(name=self.path)

    @property
    def image(self) -> str:
        return str(self.job().template.template.containers[0].image)

    def executions(self) -> list[run_v2.Execution]:
        return list(self.past.list_executions(parent=self.path))


@pytest.fixture
def job(harness: CliHarness) -> Iterator[JobHarness]:
    yield JobHarness(harness)


def test_it_is_changed_run_and_put_back_after_a_failure(job: JobHarness) -> None:
    first = job.run("deploy", job.config(timeout="50s", tasks=2, parallelism=1))
    assert (first.code, first.stopped["outcome"]) == (0, "live"), f"{first.statuses} {first.errors}"
    assert "was not executed" in first.stopped["reason"] and f"the job {job.name} has the image" in str(first.stopped)
    made, old = job.job(), job.image
    assert (made.template.task_count, made.template.template.timeout.total_seconds()) == (2, 50)
    assert not job.executions() and f"{job.name} was never executed" in job.run("logs", job.config()).errors
    job.harness.write("app/more.py", "")
    job.harness.commit()
    ran = job.run("deploy", job.config(run=True))
    assert (ran.code, ran.statuses) == (0, [("build", "passed"), ("job nightly", "passed")]), ran.errors
    assert "ended well: code 0 nightly" in ran.stopped["reason"]
    new = job.image
    assert new != old and job.job().template.task_count == 2, "what the file does not name is kept"
    failed = job.run("deploy", job.config(run=True, exits=3))
    assert (failed.code, failed.stopped["outcome"]) == (1, "rejected"), failed.errors
    assert (
        "ended with exit code 3 (1 of 2 tasks failed): code 3 nightly; the job is as it was before"
        in failed.stopped["reason"]
    )
    assert {each.name: each.value for each in job.job().template.template.containers[0].env}["CODE"] == "0"
    assert failed.of_type("judged")[-1]["facts"]["log"] == ["code 3 nightly"], "the other task did well"
    assert {*job.lines()} == {"code 3 nightly", "well"}
    good, bad = [each.name.rpartition("/")[2] for each in sorted(job.executions(), key=lambda each: each.create_time)]
    assert job.lines("--execution", good) == ["code 0 nightly", "code 0 nightly"]
    of_release = job.lines("--release", failed.of_type("judged")[0]["release"]["id"])
    assert of_release == job.lines("--execution", bad[-5:]) == job.lines()
    assert job.lines("--since", "1h") == [*job.lines("--execution", good), *job.lines()]
    update = first.of_type("judged")[0]["release"]["id"]
    for words, said in (
        (("--execution", "nope"), f"there is no such execution; the last ones: {bad}, {good}"),
        (("--release", update), "it executed nothing, so nothing was written"),
        (("--revision", good), "--revision is of a service; --execution names an execution of a job"),
    ):
        assert said in job.run("logs", job.config(), *words).errors
    for name, code in (("WHO", 0), ("NOPE", 1)):  # what it has and the file does not name is given, too
        steps = [{"config_contract": {"required": [name]}}, {"build": {"timeout": "2m"}}]
        planned = job.run("plan", job.config(env={"CODE": "0"}, steps=steps))
        assert planned.code == code, f"{planned.events} {planned.errors}"
    held = job.run("deploy", job.config(run=True, exits=4, on_failure="hold"))
    assert (held.code, held.stopped["outcome"]) == (3, "held"), held.errors
    assert {each.name: each.value for each in job.job().template.template.containers[0].env}["CODE"] == "4"
    back = job.run("rollback", job.config(), "--force")
    assert (back.code, job.image) == (0, old), back.errors
    state = json.loads(json.dumps(job.run("status", job.config()).events[0]))
    assert [each["outcome"] for each in state["history"]] == ["live", "held", "rejected", "live", "live"]


def test_what_is_foreseen_and_what_takes_no_job(job: JobHarness) -> None:
    foreseen = job.run("plan", job.config(steps=None, run=True))
    told = {event["step"]: (event["status"], event["told"]) for event in foreseen.events}
    assert foreseen.code == 0, f"{told} {foreseen.errors}"
    assert [*told] == [
        *("serving now", "git_clean", "image_contents", "config_contract", "build", "import_check", "job nightly")
    ]
    assert told["job nightly"][1] == f"gives the job {job.name} the image and its settings, and executes it"
    for command in ("hold", "open", "prune"):
        refused = job.run(command, job.config())
        assert (refused.code, f"{command} takes no --job: " in refused.errors) == (2, True), refused.errors
    asked = job.run("doctor", job.config(run=True))
    assert (asked.code, {event["state"] for event in asked.events}) == (0, {"ok"}), asked.events
    none = job.run("rollback", job.config())
    assert (none.code, f"there is no job {job.name}" in none.errors) == (2, True), none.errors


def test_a_client_that_dies_starts_nothing_twice_and_two_do_not_meet(job: JobHarness) -> None:
    """Nor is anything left half done when a person stops it."""
    assert job.run("deploy", job.config()).code == 0
    config, before = job.config(WAITS, run=True), job.job().template
    with job.harness.start(config, "--job", "nightly") as process:
        Command(process).wait_for(text="waits for a lock")
        busy = job.run("deploy", config)
        assert (busy.code, busy.stopped["outcome"]) == (5, "busy"), busy.errors
        process.kill()
    [running] = job.executions()

    def cancel(event: dict[str, Any]) -> None:
        if "was started before" in event.get("text", ""):
            job.past.cancel_execution(name=running.name)

    result = job.run("resume", config, "--force", cue=cancel)
    assert (result.code, result.stopped["outcome"]) == (1, "rejected"), f"{result.statuses} {result.errors}"
    assert "was cancelled" in result.stopped["reason"] and "is as it was before" in result.stopped["reason"]
    assert [each.name for each in job.executions()] == [running.name]
    assert job.job().template == before
    with job.harness.start(config, "--job", "nightly") as process:
        command = Command(process)
        command.wait_for(text="waits for a lock")
        code, errors = command.signal(signal.SIGINT)
    assert (code, command.stopped["outcome"]) == (130, "interrupted"), errors
    assert [each.running_count for each in job.executions()] == [0, 0]
    assert job.job().template == before
