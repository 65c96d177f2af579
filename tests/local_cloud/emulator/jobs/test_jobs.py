"""Jobs with Google's own client: what their executions do, how they fail, and what is told of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import run_v2
from google.cloud.run_v2.services.executions.transports import ExecutionsGrpcTransport
from google.cloud.run_v2.services.jobs.transports import JobsGrpcTransport
from google.cloud.run_v2.services.tasks.transports import TasksGrpcTransport

from tests.cloud import LocalCloud
from tests.local_cloud.emulator import clients
from tests.local_cloud.emulator.subject_image import push_subject
from tests.waits import WITHIN, until

PROJECT = "with-jobs"
PARENT = f"projects/{PROJECT}/locations/us-central1"
SUCCEEDED, FAILED = run_v2.Condition.State.CONDITION_SUCCEEDED, run_v2.Condition.State.CONDITION_FAILED
SECOND = "import os, sys; sys.exit(0 if os.environ['CLOUD_RUN_TASK_ATTEMPT'] == '1' else 7)"

WAITS = """
import signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print("on", flush=True)
while True:
    signal.pause()
"""


class Bench:
    def __init__(self, cloud: LocalCloud) -> None:
        self.cloud, self.channel = cloud, cloud.channel()
        self.jobs = run_v2.JobsClient(transport=JobsGrpcTransport(channel=self.channel))
        self.executions = run_v2.ExecutionsClient(transport=ExecutionsGrpcTransport(channel=self.channel))
        self.tasks = run_v2.TasksClient(transport=TasksGrpcTransport(channel=self.channel))
        self.image = push_subject(cloud, PROJECT)

    def job(self, script: str, *, count: int = 1, container: dict[str, Any] | None = None, **task: Any) -> str:
        """The name of a new job whose tasks run that text of Python."""
        run = {"image": self.image, "command": ["python", "-c", script], **(container or {})}
        wanted: Any = {"template": {"task_count": count, "template": {"containers": [run], **task}}}
        begun = self.jobs.create_job(parent=PARENT, job_id=self.cloud.name("job"), job=wanted)
        return str(begun.result(timeout=WITHIN).name)

    def run(self, job: str, **overrides: Any) -> run_v2.Execution:
        """The execution when it has ended, well or not."""
        request: Any = {"name": job, "overrides": overrides}
        begun = self.jobs.run_job(request)
        name = begun.metadata.name
        return until(lambda: self.ended(name))

    def ended(self, name: str) -> run_v2.Execution | None:
        found = self.executions.get_execution(name=name)
        return None if found.reconciling else found

    def lines(self, execution: str, log: str) -> list[str]:
        short = execution.rpartition("/")[2]
        query = f'resource.type="cloud_run_job" labels."run.googleapis.com/execution_name"="{short}" log_id("{log}")'
        found = clients.logs(self.channel).list_log_entries(
            {"resource_names": [f"projects/{PROJECT}"], "filter": query}
        )
        return [entry.text_payload for entry in found]


@pytest.fixture(scope="module")
def bench(cloud: LocalCloud) -> Iterator[Bench]:
    found = Bench(cloud)
    yield found
    found.channel.close()


def completed(of: run_v2.Execution | run_v2.Task) -> run_v2.Condition:
    return next(each for each in of.conditions if each.type_ == "Completed")


def test_tasks_know_who_they_are_and_their_lines_are_in_the_log(bench: Bench) -> None:
    script = (
        "import os; print(*(os.environ['CLOUD_RUN_' + name] for name in ('TASK_INDEX', 'TASK_COUNT', 'TASK_ATTEMPT')))"
    )
    job = bench.job(script, count=3)
    execution = bench.run(job)
    assert completed(execution).state == SUCCEEDED
    assert (execution.succeeded_count, execution.failed_count, execution.running_count) == (3, 0, 0)
    assert sorted(bench.lines(execution.name, "run.googleapis.com/stdout")) == ["0 3 0", "1 3 0", "2 3 0"]
    tasks = list(bench.tasks.list_tasks(parent=execution.name))
    assert [task.index for task in tasks] == [0, 1, 2]
    assert all(completed(bench.tasks.get_task(name=task.name)).state == SUCCEEDED for task in tasks)
    operations = bench.jobs.list_operations({"name": PARENT, "filter": "done=true"}).operations
    assert any(found.metadata.value and execution.name.encode() in found.metadata.value for found in operations)
    found = bench.jobs.get_job(name=job)
    assert (found.execution_count, found.latest_created_execution.name) == (1, execution.name)
    assert found.latest_created_execution.completion_status.name == "EXECUTION_SUCCEEDED"
    assert found.terminal_condition.state == SUCCEEDED


def test_a_task_that_fails_once_is_tried_again(bench: Bench) -> None:
    execution = bench.run(bench.job(SECOND, max_retries=2))
    assert (completed(execution).state, execution.retried_count) == (SUCCEEDED, 1)
    (task,) = bench.tasks.list_tasks(parent=execution.name)
    assert (task.retried, task.last_attempt_result.exit_code) == (1, 0)


def test_a_task_that_keeps_failing_fails_its_execution(bench: Bench) -> None:
    job = bench.job("import sys; sys.exit(7)", max_retries=1)
    with pytest.raises(exceptions.GoogleAPICallError, match="failed with message: The container exited with an error"):
        bench.jobs.run_job(name=job).result(timeout=2 * WITHIN)
    (execution,) = bench.executions.list_executions(parent=job)
    assert (execution.failed_count, execution.retried_count) == (1, 1)
    assert completed(execution).execution_reason.name == "NON_ZERO_EXIT_CODE"
    (task,) = bench.tasks.list_tasks(parent=execution.name)
    assert (task.last_attempt_result.exit_code, completed(task).state) == (7, FAILED)
    assert bench.lines(execution.name, "run.googleapis.com/varlog/system").count("Container called exit(7).") == 2


def test_a_timeout_ends_a_try(bench: Bench) -> None:
    job = bench.job(WAITS, max_retries=0)
    began = time.monotonic()
    execution = bench.run(job, timeout={"seconds": 1})
    assert time.monotonic() - began < WITHIN
    assert "The configured timeout was reached." in completed(execution).message


def test_an_execution_is_cancelled(bench: Bench) -> None:
    job = bench.job(WAITS)
    name = bench.jobs.run_job(name=job).metadata.name
    until(lambda: bench.lines(name, "run.googleapis.com/stdout") == ["on"])
    found = bench.executions.cancel_execution(name=name).result(timeout=2 * WITHIN)
    assert (found.cancelled_count, completed(found).execution_reason.name) == (1, "CANCELLED")
    assert bench.jobs.get_job(name=job).latest_created_execution.completion_status.name == "EXECUTION_CANCELLED"
    with pytest.raises(exceptions.FailedPrecondition, match="has completed already"):
        bench.executions.cancel_execution(name=name)


SIDECAR = """
import os, signal, socket
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
listener = socket.create_server(("", 9000))
print("up", flush=True)
while True:
    listener.accept()[0].sendall(b"by the sidecar")
"""
ASKS = "import socket; print(socket.create_connection(('localhost', 9000)).recv(99).decode())"


def test_a_task_of_two_containers_ends_with_the_one_that_no_other_waits_for(bench: Bench) -> None:
    run = {"image": bench.image, "command": ["python", "-c", SIDECAR], "name": "side"}
    side = {**run, "startup_probe": {"tcp_socket": {"port": 9000}}}

    def job(script: str) -> str:
        main = {**run, "name": "main", "command": ["python", "-c", script], "depends_on": ["side"]}
        return bench.job("", containers=[main, side], max_retries=0)

    execution = bench.run(job(ASKS))
    assert completed(execution).state == SUCCEEDED
    assert sorted(bench.lines(execution.name, "run.googleapis.com/stdout")) == ["by the sidecar", "up"]
    assert completed(bench.run(job("raise SystemExit(4)"))).execution_reason.name == "NON_ZERO_EXIT_CODE"


def test_one_run_may_differ_from_the_job(bench: Bench) -> None:
    job = bench.job("import os, sys; print(os.environ['WHO'], *sys.argv[1:])", container={"args": ["usual"]})
    changed = [{"args": ["other"], "env": [{"name": "WHO", "value": "me"}]}]
    execution = bench.run(job, container_overrides=changed, task_count=2)
    assert execution.task_count == 2
    assert bench.lines(execution.name, "run.googleapis.com/stdout") == ["me other"] * 2


def test_what_a_job_needs_and_is_not_there(bench: Bench) -> None:
    nothing = f"us-central1-docker.pkg.dev/{PROJECT}/services/nothing"
    with pytest.raises(exceptions.GoogleAPICallError, match=f"Image '{nothing}' not found"):
        bench.job("", container={"image": nothing})
    env = [{"name": "KEY", "value_source": {"secret_key_ref": {"secret": "nowhere", "version": "1"}}}]
    execution = bench.run(bench.job("", container={"env": env}))
    assert "was not found" in completed(execution).message
    with pytest.raises(
        exceptions.NotFound, match=f"'nobody' of kind 'JOB' in region 'us-central1' in project '{PROJECT}'"
    ):
        bench.jobs.get_job(name=f"{PARENT}/jobs/nobody")
    with pytest.raises(exceptions.InvalidArgument, match="task_count: must be from 1"):
        bench.job("", count=20_000)


def test_a_deleted_job_ends_what_runs(bench: Bench) -> None:
    job = bench.job(WAITS)
    name = bench.jobs.run_job(name=job).metadata.name
    until(lambda: bench.lines(name, "run.googleapis.com/stdout") == ["on"])
    done = threading.Event()
    bench.jobs.delete_job(name=job).add_done_callback(lambda _: done.set())
    assert done.wait(2 * WITHIN)
    assert job not in [each.name for each in bench.jobs.list_jobs(parent=PARENT)]
