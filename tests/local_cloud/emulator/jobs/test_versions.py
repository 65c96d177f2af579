"""A change of a job names the version that it is of: a stale one is refused, unless the profile has etags ignored."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.cloud import run_v2

from deploy_lib.local_cloud.emulator.faults.calls import CallLog
from deploy_lib.local_cloud.emulator.faults.fault_queue import FaultQueue
from deploy_lib.local_cloud.emulator.faults.middleware import FaultMiddleware
from deploy_lib.local_cloud.emulator.jobs.methods import job_methods
from deploy_lib.local_cloud.emulator.jobs.service import CloudRunJobs
from deploy_lib.local_cloud.emulator.profile.gate import Gate
from deploy_lib.local_cloud.emulator.profile.grants import Grants
from deploy_lib.local_cloud.emulator.profile.profile import PRODUCTION, RELAXED, Profile
from deploy_lib.local_cloud.emulator.profile.quotas import QuotaMeter
from deploy_lib.local_cloud.emulator.reach.reach import Reach
from deploy_lib.local_cloud.emulator.registry.images import RegistryImages
from deploy_lib.local_cloud.emulator.secrets.store import Secrets
from deploy_lib.local_cloud.emulator.wire.method import RpcRefusal
from tests.local_cloud.emulator.rest.v1 import call
from tests.waits import until

PARENT = "projects/p/locations/us-central1"
NAME, CONTAINER = f"{PARENT}/jobs/nightly", {"image": "us-central1-docker.pkg.dev/p/r/nothing"}
TEMPLATE: Any = {"template": {"containers": [CONTAINER]}}


class Jobs:
    """Cloud Run's jobs behind a profile, with one job, whose image is not there."""

    def __init__(self, profile: Profile, root: Path, reach: Reach) -> None:
        no_engine: Any = None  # nothing is run without an image
        jobs = CloudRunJobs(no_engine, RegistryImages(root), Secrets(), lambda *_: lambda *_: None, lambda: 1.0, reach)
        gate = Gate(profile, QuotaMeter(profile.quotas, lambda: 1.0), Grants(), lambda seconds: None)
        middleware = FaultMiddleware(FaultQueue(threading.Event()), CallLog(lambda: 1.0), gate)
        self.methods = {row.path: row for row in map(middleware.row, job_methods(jobs))}
        wanted = run_v2.Job(template=TEMPLATE)
        self.ask("Jobs/CreateJob", run_v2.CreateJobRequest(parent=PARENT, job_id="nightly", job=wanted))
        until(lambda: not self.job().reconciling)

    def ask(self, rpc: str, request: Any) -> Any:
        return self.methods[f"/google.cloud.run.v2.{rpc}"].answer(request)

    def job(self) -> run_v2.Job:
        found: run_v2.Job = self.ask("Jobs/GetJob", run_v2.GetJobRequest(name=NAME))
        return found

    def execution(self) -> run_v2.Execution:
        """One that has ended."""
        self.ask("Jobs/RunJob", run_v2.RunJobRequest(name=NAME))

        def ended() -> run_v2.Execution | None:
            (found,) = self.ask("Executions/ListExecutions", run_v2.ListExecutionsRequest(parent=NAME)).executions
            return None if found.reconciling else found

        return until(ended)


@pytest.fixture
def reach() -> Iterator[Reach]:
    reach = Reach()
    yield reach
    reach.close()


def changes(jobs: Jobs, etag: str, execution: run_v2.Execution) -> list[tuple[str, Any]]:
    """Every change that names a version; the job's own, and the execution's, is there for the etag ""."""
    return [
        ("Jobs/UpdateJob", run_v2.UpdateJobRequest(job=run_v2.Job(name=NAME, etag=etag, template=TEMPLATE))),
        ("Executions/DeleteExecution", run_v2.DeleteExecutionRequest(name=execution.name, etag=etag)),
        ("Jobs/DeleteJob", run_v2.DeleteJobRequest(name=NAME, etag=etag)),
    ]


@pytest.mark.fast
def test_a_stale_etag_is_refused(tmp_path: Path, reach: Reach) -> None:
    jobs = Jobs(RELAXED, tmp_path, reach)
    for rpc, request in changes(jobs, '"of before"', jobs.execution()):
        with pytest.raises(RpcRefusal, match="version '\"of before\"' was specified but current version is") as refused:
            jobs.ask(rpc, request)
        assert refused.value.code == "ABORTED"
    jobs.ask("Jobs/DeleteJob", run_v2.DeleteJobRequest(name=NAME, etag=jobs.job().etag))


@pytest.mark.fast
def test_in_production_a_stale_etag_is_ignored(tmp_path: Path, reach: Reach) -> None:
    jobs = Jobs(PRODUCTION, tmp_path, reach)
    for rpc, request in changes(jobs, '"of before"', jobs.execution()):
        jobs.ask(rpc, request)


@pytest.mark.fast
@pytest.mark.parametrize("profile", [RELAXED, PRODUCTION])
def test_v1_refuses_a_version_of_before(profile: Profile, tmp_path: Path, reach: Reach) -> None:
    jobs = Jobs(profile, tmp_path, reach)
    body: Any = {"spec": {"template": {"spec": {"template": {"spec": {"containers": [CONTAINER]}}}}}}
    status, told = call(jobs.methods.values(), "PUT", "jobs", json.dumps(body).encode(), "nightly")
    assert (status, told["metadata"]["generation"]) == (200, 2)
    stale = {**body, "metadata": {"resourceVersion": "of before"}}
    status, told = call(jobs.methods.values(), "PUT", "jobs", json.dumps(stale).encode(), "nightly")
    assert (status, told["error"]["status"], jobs.job().generation) == (409, "ABORTED", 2)


@pytest.mark.fast
@pytest.mark.parametrize("verb", ["POST", "PUT"])
@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"colour": 1}, "Unknown name \"colour\" at 'job.spec'"),
        ({"template": {"spec": {"taskCount": "x"}}}, "at 'job.spec.template.spec.taskCount' (TYPE_INT32), 'x'."),
        ({"template": {"spec": {"template": {"spec": {"volumes": {}}}}}}, "template.spec.volumes' (a list), {}."),
    ],
)
def test_what_v1_does_not_know_of_a_job_is_refused(
    verb: str, spec: Any, words: str, tmp_path: Path, reach: Reach
) -> None:
    jobs = Jobs(RELAXED, tmp_path, reach)
    status, told = call(jobs.methods.values(), verb, "jobs", json.dumps({"spec": spec}).encode(), "nightly")
    assert (status, told["error"]["status"], words in told["error"]["message"]) == (400, "INVALID_ARGUMENT", True), told
