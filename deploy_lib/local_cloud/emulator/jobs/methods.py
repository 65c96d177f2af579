"""The RPCs of jobs, executions and tasks, as rows for the server."""

from __future__ import annotations

from collections.abc import Callable

from google.cloud.run_v2 import types as run_v2
from google.iam.v1.iam_policy_pb2 import GetIamPolicyRequest, SetIamPolicyRequest
from google.iam.v1.policy_pb2 import Policy
from google.longrunning.operations_pb2 import Operation

from ..run.methods import get_policy, set_policy
from ..wire.method import Method, Row, methods_of, refusing
from .service import CloudRunJobs


def job_methods(jobs: CloudRunJobs) -> list[Method]:
    rows: list[Row] = [
        ("Jobs/CreateJob", run_v2.CreateJobRequest, Operation, jobs.create_job),
        ("Jobs/GetJob", run_v2.GetJobRequest, run_v2.Job, jobs.get_job),
        ("Jobs/ListJobs", run_v2.ListJobsRequest, run_v2.ListJobsResponse, jobs.list_jobs),
        ("Jobs/UpdateJob", run_v2.UpdateJobRequest, Operation, jobs.update_job),
        ("Jobs/DeleteJob", run_v2.DeleteJobRequest, Operation, jobs.delete_job),
        ("Jobs/RunJob", run_v2.RunJobRequest, Operation, jobs.run_job),
        ("Jobs/GetIamPolicy", GetIamPolicyRequest, Policy, get_policy(jobs)),
        ("Jobs/SetIamPolicy", SetIamPolicyRequest, Policy, set_policy(jobs)),
        ("Executions/GetExecution", run_v2.GetExecutionRequest, run_v2.Execution, jobs.get_execution),
        (
            "Executions/ListExecutions",
            run_v2.ListExecutionsRequest,
            run_v2.ListExecutionsResponse,
            jobs.list_executions,
        ),
        ("Executions/DeleteExecution", run_v2.DeleteExecutionRequest, Operation, jobs.delete_execution),
        ("Executions/CancelExecution", run_v2.CancelExecutionRequest, Operation, jobs.cancel_execution),
        ("Tasks/GetTask", run_v2.GetTaskRequest, run_v2.Task, jobs.get_task),
        ("Tasks/ListTasks", run_v2.ListTasksRequest, run_v2.ListTasksResponse, jobs.list_tasks),
    ]
    return methods_of("/google.cloud.run.v2.", rows)


def find_job_operation(jobs: CloudRunJobs) -> Callable[[str], Operation | None]:
    return refusing(jobs.operation)
