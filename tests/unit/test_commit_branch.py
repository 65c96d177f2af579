"""Which branch a commit is released from, told by what: the table is tests/cases/git_clean/branch.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from deploy_lib.model.answers import BranchEvidence
from deploy_lib.source.ci_variables import ci_ref
from deploy_lib.source.commit_branch import CommitRefs, Relation, RemoteBranch, branch_of
from tests.golden_file import read_cases

CASES = read_cases(Path(__file__).parents[1] / "cases/git_clean/branch.yaml")
HASHES = {"COMMIT": f"{'0123456789' * 4}", "OTHER": "fedcba9876" * 4, "HEAD": "abcdef0123" * 4}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_the_branch_of_a_commit(case: dict[str, Any]) -> None:
    environment = {name: HASHES.get(value, value) for name, value in case.get("environment", {}).items()}
    refs = CommitRefs(
        HASHES["COMMIT"],
        HASHES[case.get("head", "COMMIT")],
        case.get("checked_out"),
        case.get("in_head", True),
        ci_ref(environment),
        {name: Relation(relation) for name, relation in case.get("named", {}).items()},
        tuple(RemoteBranch(*name.split("/"), name == case.get("default")) for name in case.get("holding", ())),
        shallow=case.get("shallow", False),
    )
    gives = dict(case["gives"])
    name, evidence = branch_of(refs, case.get("branches", ()))
    assert name == gives.pop("name")
    assert evidence == TypeAdapter(BranchEvidence).validate_python(gives)


@pytest.mark.parametrize("system", ["GITHUB_", "CI_", "BITBUCKET_", "CIRCLE_", "BUILD_SOURCE", "JENKINS_URL", "_PR_"])
def test_every_system_is_in_the_table_with_a_pull_request(system: str) -> None:
    told = [case for case in CASES if any(name.startswith(system) for name in case.get("environment", ()))]
    assert any(case["gives"].get("pull_request") for case in told), f"a case of a pull request with {system}"
