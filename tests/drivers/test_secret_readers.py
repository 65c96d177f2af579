"""Who may read a secret, by what the policies say: proven, or not known and why. Real messages of the IAM API."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import pytest
from google.cloud.secretmanager_v1 import SecretVersion
from google.iam.v1.policy_pb2 import Policy
from google.protobuf.json_format import ParseDict
from requests import Response

from deploy_lib.config.service_settings import ServiceSettings
from deploy_lib.drivers.call_budget import Budgets
from deploy_lib.drivers.contract.found import ContractFound
from deploy_lib.drivers.contract.readers import Access, judge_access
from deploy_lib.drivers.contract.secrets import SecretCheck
from deploy_lib.drivers.endpoints import Endpoints
from deploy_lib.drivers.iam_grants import Grant, grants_of
from deploy_lib.drivers.json_api import JsonApi
from deploy_lib.drivers.policy import Calls
from deploy_lib.model.program import PROGRAM, Invocation
from tests.drivers.clocks import FakeClock

ME = "shop@p.iam.gserviceaccount.com"
MINE = f"serviceAccount:{ME}"
READS = "roles/secretmanager.secretAccessor"
WHEN = {"title": "office hours", "expression": "request.time.getHours() < 18"}


def binding(role: str, *members: str, condition: dict[str, str] | None = None) -> dict[str, Any]:
    return {"role": role, "members": list(members)} | ({"condition": condition} if condition else {})


TABLE: list[tuple[str, list[dict[str, Any]], list[dict[str, Any]] | None, bool, Access, str]] = [
    ("on the secret", [binding(READS, MINE)], None, False, Access.GRANTED, ""),
    ("on its project", [], [binding(READS, MINE)], False, Access.GRANTED, ""),
    ("administrator of secrets", [binding("roles/secretmanager.admin", MINE)], [], True, Access.GRANTED, ""),
    ("owner", [], [binding("roles/owner", MINE)], True, Access.GRANTED, ""),
    ("every account", [binding(READS, "allAuthenticatedUsers")], [], True, Access.GRANTED, ""),
    ("editor is not a reader", [], [binding("roles/editor", MINE)], True, Access.DENIED, ""),
    ("viewer is not a reader", [binding("roles/secretmanager.viewer", MINE)], [], True, Access.DENIED, ""),
    ("someone else", [binding(READS, "serviceAccount:other@p")], [], True, Access.DENIED, ""),
    ("nobody", [], [], True, Access.DENIED, ""),
    ("inherited, perhaps", [], [], False, Access.UNKNOWN, "a folder or organisation above may grant it"),
    ("the project's policy is closed", [], None, True, Access.UNKNOWN, "policy of the secret's project could not"),
    ("under a condition", [binding(READS, MINE, condition=WHEN)], [], True, Access.UNKNOWN, "under a condition"),
    ("both", [binding(READS, MINE, condition=WHEN), binding(READS, MINE)], [], True, Access.GRANTED, ""),
    ("a custom role", [binding("projects/p/roles/reader", MINE)], [], True, Access.UNKNOWN, "custom role projects/p"),
    ("an organisation's", [], [binding("organizations/1/roles/r", MINE)], True, Access.UNKNOWN, "custom role"),
    ("another's custom role", [binding("projects/p/roles/r", "user:a@b")], [], True, Access.DENIED, ""),
    ("a group", [binding(READS, "group:team@example.com")], [], True, Access.UNKNOWN, "group:team@example.com has"),
    ("a domain", [], [binding(READS, "domain:example.com")], True, Access.UNKNOWN, "domain:example.com"),
    ("a group that may do something else", [], [binding("roles/viewer", "group:a@b")], True, Access.DENIED, ""),
    ("owners of a project", [binding(READS, "projectOwner:p")], [], True, Access.UNKNOWN, "projectOwner:p"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("secret", "project", "whole", "access", "why"), [row[1:] for row in TABLE], ids=[r[0] for r in TABLE]
)
def test_what_is_proven_and_what_is_not_known(
    secret: list[dict[str, Any]], project: list[dict[str, Any]] | None, whole: bool, access: Access, why: str
) -> None:
    policy = ParseDict({"version": 3, "bindings": secret}, Policy())
    own = [Grant(each.role, frozenset(each.members), each.HasField("condition")) for each in policy.bindings]
    above = None if project is None else grants_of({"bindings": project})
    judgement = judge_access(ME, own, above, whole=whole)
    assert judgement.access is access
    assert why in judgement.why and bool(why) == bool(judgement.why)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("key", "key:latest"),
        ("key:3", "key:3"),
        ("projects/other/secrets/key", "projects/other/secrets/key:latest"),
        ("projects/123456/secrets/key:7", "projects/123456/secrets/key:7"),
        ("projects/other/secrets/key/versions/7", "projects/other/secrets/key:7"),
        ("projects/other/secrets/key/versions/latest", "projects/other/secrets/key:latest"),
    ],
)
def test_a_secret_may_be_written_as_google_writes_it(written: str, read: str) -> None:
    assert ServiceSettings(cloud_run="shop", secrets={"KEY": written}).secrets == {"KEY": read}


def _answer(body: Mapping[str, Any] | None) -> Response:
    """Of a REST API; None is refused."""
    answer = Response()
    answer.status_code = 403 if body is None else 200
    answer.raw = BytesIO(json.dumps(body or {}).encode())
    return answer


@dataclass
class Google:
    """A project and one secret whose own policy grants nothing: what the check asks of Clients. None is refused."""

    policy: Mapping[str, Any] | None
    project_itself: Mapping[str, Any] | None
    project: str = "p"
    principal: str | None = None
    counted_in: str | None = None
    endpoints: Endpoints = Endpoints()
    program: Invocation = PROGRAM
    budgets: Budgets = field(default_factory=Budgets)

    @property
    def json_api(self) -> JsonApi:
        return JsonApi(self, None)  # type: ignore[arg-type]

    @property
    def secrets(self) -> Google:
        return self

    def request(self, verb: str, url: str, **_: object) -> Response:
        return _answer(self.policy if url.endswith(":getIamPolicy") else self.project_itself)

    def get_secret_version(self, **_: object) -> SecretVersion:
        return SecretVersion(name="projects/p/secrets/s/versions/1", state=SecretVersion.State.ENABLED)

    def get_iam_policy(self, **_: object) -> Policy:
        return Policy()


MAY_READ = {"bindings": [binding(READS, MINE)]}
ALONE = {"projectNumber": "1"}
ABOVE = {**ALONE, "parent": {"type": "organization", "id": "1"}}


@pytest.mark.parametrize(
    ("policy", "itself", "checked", "unknown", "found"),
    [
        (MAY_READ, ABOVE, 2, 0, 0),
        (MAY_READ, None, 2, 0, 0),
        ({}, ABOVE, 1, 1, 0),
        ({}, None, 1, 1, 0),
        ({}, {}, 1, 1, 0),
        (None, ALONE, 1, 1, 0),
        ({}, ALONE, 1, 0, 1),
    ],
)
def test_the_policy_of_the_secrets_project(
    policy: Mapping[str, Any] | None, itself: Mapping[str, Any] | None, checked: int, unknown: int, found: int
) -> None:
    calls, answer = Calls(Google(policy, itself), FakeClock()), ContractFound()  # type: ignore[arg-type]
    SecretCheck(calls, "p", ME, answer).check({"A": "s:1"})
    assert (len(answer.checked), len(answer.unknown), len(answer.findings)) == (checked, unknown, found), answer
