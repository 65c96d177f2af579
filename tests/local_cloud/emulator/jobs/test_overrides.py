"""Whose arguments an execution's overrides change."""

from __future__ import annotations

import pytest
from google.cloud.run_v2.types import Container, ExecutionTemplate, RunJobRequest, TaskTemplate

from deploy_lib.local_cloud.emulator.jobs.template import overridden
from deploy_lib.local_cloud.emulator.run.refusal import RunRefusal

_Override = RunJobRequest.Overrides.ContainerOverride


@pytest.mark.fast
@pytest.mark.parametrize(
    ("names", "meant", "changed"),
    [
        (("",), "", [True]),
        (("main",), "", [True]),
        (("main", "side"), "side", [False, True]),
        (("main", "side"), "", [True, False]),
        (("", ""), "", [True, False]),
    ],
)
def test_it_is_the_one_that_is_named_else_the_first(names: tuple[str, ...], meant: str, changed: list[bool]) -> None:
    found = overridden(_template(names), _overrides(meant))
    assert [list(each.args) == ["new"] for each in found.template.containers] == changed


@pytest.mark.fast
def test_a_name_that_is_unknown_is_refused() -> None:
    with pytest.raises(RunRefusal, match="there is no container 'other'"):
        overridden(_template(("main", "")), _overrides("other"))


def _template(names: tuple[str, ...]) -> ExecutionTemplate:
    containers = [Container(name=name, image="i", args=["old"]) for name in names]
    return ExecutionTemplate(task_count=1, template=TaskTemplate(containers=containers))


def _overrides(name: str) -> RunJobRequest.Overrides:
    return RunJobRequest.Overrides(container_overrides=[_Override(name=name, args=["new"])])
