"""The calls of Cloud Run's jobs that the driver makes, by one policy. What is absent is None."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy_lib.drivers.policy import Calls
from deploy_lib.drivers.services.api import all_pages, found_or_none
from deploy_lib.drivers.services.traffic import short

if TYPE_CHECKING:
    from google.cloud import run_v2

NEWEST = 100  # executions; Cloud Run keeps the last 1000 of a job


class JobApi:
    """Paths are full resource names. Raises ApiError."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._clients = calls.clients

    def job(self, path: str) -> run_v2.Job | None:
        """https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.jobs/get"""
        from google.cloud import run_v2

        request, doing = run_v2.GetJobRequest(name=path), f"read the job {short(path)}"
        return found_or_none(lambda: self._calls.ask("get_job", self._clients.jobs.get_job, request, doing))

    def create(self, path: str, job: run_v2.Job) -> None:
        """Returns before it is ready to run."""
        from google.cloud import run_v2

        parent, _, name = path.rpartition("/jobs/")
        request = run_v2.CreateJobRequest(parent=parent, job=job, job_id=name)
        self._calls.ask("create_job", self._clients.jobs.create_job, request, f"create the job {name}")

    def update(self, job: run_v2.Job) -> None:
        """The job's etag goes with it. Returns before it is ready to run."""
        from google.cloud import run_v2

        request = run_v2.UpdateJobRequest(job=job)
        self._calls.ask("update_job", self._clients.jobs.update_job, request, f"change the job {short(job.name)}")

    def run(self, job: run_v2.Job) -> str:
        """Name of the execution, which may not have begun; empty where the answer does not tell it."""
        from google.cloud import run_v2

        request = run_v2.RunJobRequest(name=job.name, etag=job.etag)
        begun = self._calls.ask("run_job", self._clients.jobs.run_job, request, f"run the job {short(job.name)}")
        return str(begun.metadata.name) if begun.metadata is not None else ""

    def execution(self, name: str) -> run_v2.Execution | None:
        """https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.jobs.executions/get"""
        from google.cloud import run_v2

        request, doing = run_v2.GetExecutionRequest(name=name), f"read the execution {short(name)}"
        client = self._clients.executions
        return found_or_none(lambda: self._calls.ask("get_execution", client.get_execution, request, doing))

    def executions(self, path: str) -> list[run_v2.Execution]:
        """The newest of a job, oldest first; none of a job that does not exist."""
        from google.cloud import run_v2

        request = run_v2.ListExecutionsRequest(parent=path, page_size=NEWEST)
        client, doing = self._clients.executions, f"list the executions of {short(path)}"
        pager = found_or_none(lambda: self._calls.ask("list_executions", client.list_executions, request, doing))
        found = list(next(iter(pager.pages)).executions) if pager is not None else []
        return sorted(found, key=lambda each: each.create_time)

    def cancel(self, name: str) -> None:
        """Returns before it has ended. Raises ApiError for one that has, FAILED_PRECONDITION."""
        from google.cloud import run_v2

        request = run_v2.CancelExecutionRequest(name=name)
        client, doing = self._clients.executions, f"cancel the execution {short(name)}"
        self._calls.ask("cancel_execution", client.cancel_execution, request, doing)

    def tasks(self, execution: str) -> list[run_v2.Task]:
        """Every one, in the order that Cloud Run tells them."""
        from google.cloud import run_v2

        request, doing = run_v2.ListTasksRequest(parent=execution), f"read the exit code of {short(execution)}"
        pages = all_pages(self._calls, "list_tasks", self._clients.tasks.list_tasks, request, doing)
        return [each for page in pages for each in page.tasks]
