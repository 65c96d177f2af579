"""What is read of executions: whole, however many answers it comes in."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from google.cloud import run_v2

from deploy_lib.drivers.services.job_api import JobApi

pytestmark = pytest.mark.fast
NAME = "projects/p/locations/r/jobs/migrate/executions/one"


class Calls:
    """Answers a task at a time. A pager's own further pages are asked for past all retries, so they are not here."""

    def __init__(self, tasks: list[run_v2.Task]) -> None:
        self._tasks = tasks
        self.clients = SimpleNamespace(tasks=SimpleNamespace(list_tasks=None))

    def ask(self, name: str, call: object, request: run_v2.ListTasksRequest, doing: str) -> Any:
        at = int(request.page_token or 0)
        rest = str(at + 1) if at + 1 < len(self._tasks) else ""
        page = run_v2.ListTasksResponse(tasks=self._tasks[at : at + 1], next_page_token=rest)
        return SimpleNamespace(pages=iter([page]))


def test_all_tasks_of_an_execution_are_read() -> None:
    """The one that failed may be behind the first page."""
    tasks = [run_v2.Task(name=f"{NAME}/tasks/{number}", index=number) for number in range(3)]
    calls: Any = Calls(tasks)
    assert [each.index for each in JobApi(calls).tasks(NAME)] == [0, 1, 2]
