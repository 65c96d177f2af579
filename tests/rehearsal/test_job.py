"""A command that runs to its end with the new image before users come, for real: found again, cancelled, deleted."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import Any

import httpx
from google.cloud import run_v2
from google.cloud.run_v2.services.executions.transports import ExecutionsGrpcTransport
from google.cloud.run_v2.services.jobs.transports import JobsGrpcTransport

from deploy_lib.drivers.local_account import signed
from tests.operations import ended
from tests.rehearsal.cli_harness import PROJECT, CliHarness, CommandResult, Cue
from tests.rehearsal.plans import SHORT
from tests.rehearsal.test_signals import Command

BUILD, *REST = SHORT
JOBS = "google.cloud.run.v2.Jobs"
PRINTS = "import os, sys; print('rows', os.environ['ROWS'], os.environ['BEHAVE']); sys.exit(int(os.environ['CODE']))"
GATED = """
import json, os, time, urllib.request
print("waits to be let in", flush=True)
while not any("x-let-in" in seen for seen in json.load(urllib.request.urlopen(os.environ["URL"] + "/seen"))["seen"]):
    time.sleep(0.1)
"""
"""It ends once somebody has asked the service with that header."""
WAITS = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
print('waits for a lock', flush=True)
time.sleep(300)
"""


def job(code: str, **settings: Any) -> tuple[Any, ...]:
    """A plan with such a job before the candidate."""
    given = {"name": "migrate", "command": ["python", "-u", "-c", code], **settings}
    return (BUILD, {"job": given}, *REST)


@dataclass
class JobsOf:
    """The jobs of a harness's service, as somebody else sees them."""

    harness: CliHarness

    def __post_init__(self) -> None:
        channel = signed(self.harness.cloud.channel(), account="ann@example.invalid")
        self.path = f"projects/{PROJECT}/locations/us-central1/jobs/{self.harness.service}-migrate"
        self.jobs = run_v2.JobsClient(transport=JobsGrpcTransport(channel=channel))
        self.client = run_v2.ExecutionsClient(transport=ExecutionsGrpcTransport(channel=channel))

    def executions(self) -> list[run_v2.Execution]:
        return list(self.client.list_executions(parent=self.path))


def let_in(harness: CliHarness) -> Cue:
    """Once the job is known to this client."""

    def cue(event: dict[str, Any]) -> None:
        if "was started before" in event.get("text", ""):
            httpx.get(f"{harness.url()}/health", headers={"x-let-in": "yes"}, trust_env=False)

    return cue


def said(result: CommandResult) -> str:
    return "\n".join(event["text"] for event in result.of_type("progress"))


def test_a_migration_that_fails_stops_the_release_with_users_where_they_were(harness: CliHarness) -> None:
    harness.cloud.faults({"method": f"{JOBS}/RunJob", "code": "UNAVAILABLE", "after": True})  # the answer is lost
    well = harness.release(harness.config(job(PRINTS, env={"ROWS": "7", "CODE": 0})))
    assert (well.code, well.stopped["outcome"]) == (0, "live"), f"{well.statuses} {well.errors}"
    old = well.candidate
    settings = {"env": {"ROWS": "8", "CODE": 3}, "rollback_command": ["undo", "it"]}
    result = harness.release(harness.config(job(PRINTS, **settings), {"n": 2}))
    assert (result.code, result.stopped["outcome"]) == (1, "rejected"), f"{result.statuses} {result.errors}"
    assert result.statuses == [("build", "passed"), ("job migrate", "failed")]
    assert (
        'ended with exit code 3: rows 8 {"n": 2}; its rollback command was not run: undo it' in result.stopped["reason"]
    )
    assert harness.maps() == [{old: 100}]
    assert 'rows 8 {"n": 2}' in said(result), result.events
    assert len(JobsOf(harness).executions()) == 2, "one for each release, of one job"
    again = harness.release(harness.config(job(PRINTS, env={"ROWS": "9", "CODE": 0}), {"n": 2}))
    assert again.code == 0, f"the image was not to blame: {again.errors}"


def test_a_client_that_is_killed_during_the_job_resumes_without_a_second_execution(harness: CliHarness) -> None:
    stable = harness.release(harness.config(SHORT))
    config = harness.config(job(GATED, env={"URL": harness.url()}), {"n": 2})
    jobs = JobsOf(harness)
    with harness.start(config) as process:
        Command(process).wait_for(text="waits to be let in")
        process.kill()
    assert harness.maps() == [{stable.candidate: 100}]
    [running] = jobs.executions()
    assert not running.completion_time
    result = harness.command("resume", config, "--force", cue=let_in(harness))
    assert (result.code, result.stopped["outcome"]) == (0, "live"), f"{result.statuses} {result.errors}"
    assert "was started before; it is not started again" in said(result)
    assert [each.name for each in jobs.executions()] == [running.name]
    assert harness.maps() == [{stable.candidate: 100}, {result.candidate: 100}]


def test_a_good_job_is_taken_back_when_its_release_fails_and_only_once(harness: CliHarness) -> None:
    """The traffic first; the client dies while the rollback command runs, and whoever resumes starts no second one."""
    stable = harness.release(harness.config(SHORT))
    forth = {"env": {"ROWS": "${RELEASE}", "CODE": 0, "URL": harness.url()}, "on_failure": "run"}
    plan = job(PRINTS, **forth, rollback_command=["python", "-u", "-c", GATED])
    config = harness.config((*plan, {"verify": {"path": "/nowhere", "within": "2s"}}), {"n": 2})
    jobs = JobsOf(harness)
    with harness.start(config) as process:
        command = Command(process)
        command.wait_for(text="waits to be let in")
        process.kill()
    [done, back] = jobs.executions()[::-1]
    assert done.succeeded_count and not back.completion_time
    result = harness.command("resume", config, "--force", cue=let_in(harness))
    assert (result.code, result.stopped["outcome"]) == (1, "rejected"), f"{result.statuses} {result.errors}"
    assert "job migrate was taken back: " in result.stopped["reason"], result.stopped
    assert [each.name for each in jobs.executions()] == [back.name, done.name]
    first, second, third = harness.maps()
    assert (first, third) == ({stable.candidate: 100}, first) and second != first


def test_ctrl_c_ends_the_execution_too(harness: CliHarness) -> None:
    with harness.start(harness.config(job(WAITS))) as process:
        command = Command(process)
        command.wait_for(text="waits for a lock")
        code, errors = command.signal(signal.SIGINT)
    assert (code, command.stopped["outcome"]) == (130, "interrupted"), errors
    [execution] = JobsOf(harness).executions()
    assert (execution.cancelled_count, execution.running_count) == (1, 0)
    assert any("was cancelled; what it did stays" in event.get("text", "") for event in command.events)


def test_a_job_that_never_ends_and_one_that_somebody_deletes(harness: CliHarness) -> None:
    """The second is neither good nor bad, and is not begun again."""
    back = {"rollback_command": ["python", "-c", "print('taken back')"], "on_failure": "run"}
    result = harness.release(harness.config(job(WAITS, timeout="1s", **back)))
    assert (result.code, result.stopped["outcome"]) == (1, "rejected"), f"{result.statuses} {result.errors}"
    assert (
        "failed: The configured timeout was reached: waits for a lock; its rollback command went well"
        in result.stopped["reason"]
    )
    assert "taken back" in said(result)
    config, jobs = harness.config(job(WAITS), {"n": 2}), JobsOf(harness)

    def delete(event: dict[str, Any]) -> None:
        if event.get("text") == "waits for a lock":
            [running] = [each for each in jobs.executions() if each.running_count]
            jobs.client.delete_execution(name=running.name)

    gone = harness.release(config, cue=delete)
    assert (gone.code, gone.stopped["outcome"]) == (4, "unknown"), f"{gone.statuses} {gone.errors}"
    assert "was deleted before it was seen to end" in gone.stopped["reason"], gone.stopped
    again = harness.command("resume", config)
    assert again.code == 4, f"{again.statuses} {again.errors}"
    assert "was started for this release and is not there any more" in again.stopped["reason"]
    assert not [each for each in jobs.executions() if each.running_count]


def test_a_job_of_somebody_else_one_that_is_changed_meanwhile_and_one_that_may_not_be_made(harness: CliHarness) -> None:
    config, jobs = harness.config(job(PRINTS, env={"ROWS": "7", "CODE": 0})), JobsOf(harness)
    harness.cloud.faults({"method": f"{JOBS}/CreateJob", "code": "PERMISSION_DENIED"})
    refused = harness.release(config)
    assert refused.code == 4, refused.stopped
    assert "lacks the permission run.jobs.create (let someone who may grant it: gcloud" in refused.stopped["reason"]
    template = run_v2.ExecutionTemplate(template=run_v2.TaskTemplate(containers=[run_v2.Container(image="i")]))
    parent, _, name = jobs.path.rpartition("/jobs/")
    jobs.jobs.create_job(parent=parent, job_id=name, job=run_v2.Job(template=template))
    theirs = harness.release(config)
    assert theirs.code == 4, theirs.stopped
    assert f"there is a job {name} already, which ann@example.invalid made" in theirs.stopped["reason"]
    assert [each.image for each in jobs.jobs.get_job(name=jobs.path).template.template.containers] == ["i"]
    ended(jobs.jobs.delete_job(name=jobs.path))
    harness.cloud.faults({"method": f"{JOBS}/RunJob", "code": "ABORTED"})
    changed = harness.release(config)
    assert (changed.code, changed.stopped["outcome"]) == (3, "held"), changed.stopped
    assert f"changed the job {name} after this release had; it was not run" in changed.stopped["reason"]
    assert not jobs.executions()
    assert harness.maps() == []
