"""The v1 API's paths of jobs, executions and tasks, as `gcloud run jobs` asks for them."""

from __future__ import annotations

from aiohttp import web
from google.cloud.run_v2 import types as run_v2

from ..rest.payload import json_object
from ..rest.routes import RestApi
from ..wire.etags import etag_counts
from ..wire.method import RpcRefusal
from .annotations import Json
from .calls import NAME, SUCCESS, V2, Answer, Call, listing, new_place, routes_of, wanted_etag
from .job_messages import API, EXECUTION, execution_to_v1, job_from_v1, job_to_v1, overrides_from_v1, task_to_v1
from .outgoing import resource_version
from .schema import JOB, RUN, checked
from .selector import selecting


class JobsFace:
    def __init__(self, v2: V2) -> None:
        self._v2 = v2

    def routes(self, rest: RestApi) -> list[web.RouteDef]:
        table: list[tuple[str, str, Answer]] = [
            ("GET", "jobs", self._list_jobs),
            ("POST", "jobs", self._create),
            ("GET", f"jobs/{NAME}", lambda call: job_to_v1(self._job(call))),
            ("PUT", f"jobs/{NAME}", self._replace),
            ("DELETE", f"jobs/{NAME}", self._delete_job),
            ("POST", f"jobs/{NAME}:run", self._run),
            ("GET", "executions", self._list_executions),
            ("GET", f"executions/{NAME}", lambda call: execution_to_v1(self._execution(call))),
            ("POST", f"executions/{NAME}:cancel", self._cancel),
            ("DELETE", f"executions/{NAME}", self._delete_execution),
            ("GET", "tasks", self._list_tasks),
            ("GET", f"tasks/{NAME}", self._get_task),
        ]
        return routes_of(rest, self._v2, (f"/apis/{API}/namespaces/{{project}}",), table)

    # Jobs

    def _list_jobs(self, call: Call) -> Json:
        requests = [run_v2.ListJobsRequest(parent=each) for each in self._v2.parents(call)]
        found = [job_to_v1(job) for request in requests for job in self._v2.pages("Jobs/ListJobs", "jobs", request)]
        return listing(API, "JobList", found, call)

    def _create(self, call: Call) -> Json:
        body = checked(json_object(call.body), JOB, "job")
        wanted, metadata = job_from_v1(body, None), body.get("metadata", {})
        request = run_v2.CreateJobRequest(
            parent=new_place(call, metadata),
            job_id=str(metadata.get("name") or ""),
            job=wanted,
            validate_only=call.dry,
        )
        return job_to_v1(self._v2.begun("Jobs/CreateJob", request, run_v2.Job))

    def _replace(self, call: Call) -> Json:
        body, current = checked(json_object(call.body), JOB, "job"), self._job(call)
        wanted = job_from_v1(body, current)
        wanted.name, wanted.etag = current.name, wanted_etag(call, body, resource_version(current), current.etag)
        request = run_v2.UpdateJobRequest(job=wanted, validate_only=call.dry)
        with etag_counts():
            return job_to_v1(self._v2.begun("Jobs/UpdateJob", request, run_v2.Job))

    def _delete_job(self, call: Call) -> Json:
        self._v2.ask("Jobs/DeleteJob", run_v2.DeleteJobRequest(name=self._job(call).name, validate_only=call.dry))
        return SUCCESS

    def _run(self, call: Call) -> Json:
        overrides = overrides_from_v1(checked(json_object(call.body or b"{}"), RUN, "request"))
        request = run_v2.RunJobRequest(name=self._job(call).name, overrides=overrides)
        return execution_to_v1(self._v2.begun("Jobs/RunJob", request, run_v2.Execution))

    # Executions and tasks

    def _list_executions(self, call: Call) -> Json:
        return listing(API, "ExecutionList", [execution_to_v1(each) for each in self._executions(call)], call)

    def _cancel(self, call: Call) -> Json:
        request = run_v2.CancelExecutionRequest(name=self._execution(call).name)
        return execution_to_v1(self._v2.begun("Executions/CancelExecution", request, run_v2.Execution))

    def _delete_execution(self, call: Call) -> Json:
        request = run_v2.DeleteExecutionRequest(name=self._execution(call).name)
        self._v2.ask("Executions/DeleteExecution", request)
        return SUCCESS

    def _list_tasks(self, call: Call) -> Json:
        return listing(API, "TaskList", self._tasks(call), call)

    def _get_task(self, call: Call) -> Json:
        """v1 names a task without its execution, whose name begins it."""
        for task in self._tasks(call):
            if task["metadata"]["name"] == call.name:
                return task
        raise RpcRefusal("NOT_FOUND", f"Task '{call.name}' was not found in project '{call.project}'")

    # What v2 says

    def _job(self, call: Call) -> run_v2.Job:
        names = [f"{each}/jobs/{call.name}" for each in self._v2.parents(call)]
        found: run_v2.Job = self._v2.first("Jobs/GetJob", [run_v2.GetJobRequest(name=name) for name in names])
        return found

    def _execution(self, call: Call) -> run_v2.Execution:
        names = [f"{each}/jobs/-/executions/{call.name}" for each in self._v2.parents(call)]
        found: run_v2.Execution = self._v2.first(
            "Executions/GetExecution", [run_v2.GetExecutionRequest(name=name) for name in names]
        )
        return found

    def _executions(self, call: Call) -> list[run_v2.Execution]:
        requests = [run_v2.ListExecutionsRequest(parent=f"{each}/jobs/-") for each in self._v2.parents(call)]
        pages = [self._v2.pages("Executions/ListExecutions", "executions", request) for request in requests]
        return [execution for page in pages for execution in page]

    def _tasks(self, call: Call) -> list[Json]:
        """Of the executions that the selector does not exclude."""
        meant = selecting(
            ",".join(term for term in call.query.get("labelSelector", "").split(",") if EXECUTION in term)
        )
        found = []
        for execution in self._executions(call):
            if meant({EXECUTION: execution.name.rpartition("/")[2]}):
                request = run_v2.ListTasksRequest(parent=execution.name)
                found += [task_to_v1(task) for task in self._v2.pages("Tasks/ListTasks", "tasks", request)]
        return found
