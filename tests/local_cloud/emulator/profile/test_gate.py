"""The production profile, rule by rule: quotas, permissions, ignored etags, and traffic by lot."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import Any

import pytest
from google.api.monitored_resource_pb2 import MonitoredResource
from google.cloud.devtools.cloudbuild_v1 import Build, CreateBuildRequest, GetBuildRequest
from google.cloud.logging_v2.types import ListLogEntriesRequest, WriteLogEntriesRequest
from google.cloud.run_v2 import (
    GetServiceRequest,
    Job,
    RevisionTemplate,
    Service,
    UpdateJobRequest,
    UpdateServiceRequest,
)

from deploy_lib.local_cloud.emulator.ingress.route import deal, draw
from deploy_lib.local_cloud.emulator.profile.gate import Gate
from deploy_lib.local_cloud.emulator.profile.grants import USUAL, BadGrant, Grants, is_among
from deploy_lib.local_cloud.emulator.profile.profile import PRODUCTION, RELAXED, Profile
from deploy_lib.local_cloud.emulator.profile.quotas import QuotaMeter
from deploy_lib.local_cloud.emulator.wire.caller import HEADER, note_caller
from deploy_lib.local_cloud.emulator.wire.method import RpcRefusal
from deploy_lib.local_cloud.emulator.wire.tokens import access_token

RUN, LOGS, BUILD = "google.cloud.run.v2.Services", "google.logging.v2.LoggingServiceV2", "google.devtools.cloudbuild.v1"
GET, UPDATE, LIST = f"{RUN}/GetService", f"{RUN}/UpdateService", f"{LOGS}/ListLogEntries"
UPDATE_JOB = "google.cloud.run.v2.Jobs/UpdateJob"
FEDERATED = "principal://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/ci/subject/job"
CALLER = "ci@p.iam.gserviceaccount.com"


class Desk:
    """A gate whose clock and pauses are seen."""

    def __init__(self, profile: Profile) -> None:
        self.now, self.paused, self.grants = 1000.0, 0.0, Grants()
        self.gate = Gate(profile, QuotaMeter(profile.quotas, lambda: self.now), self.grants, self._pause)
        note_caller([(HEADER, CALLER)])

    def _pause(self, seconds: float) -> None:
        self.paused += seconds

    def asked(self, method: str, request: Any, times: int = 1) -> list[str]:
        """How often each answer came: OK, or a refusal's code."""
        found = []
        for _ in range(times):
            try:
                self.gate.admit(method, request)
                found.append("OK")
            except RpcRefusal as refusal:
                found.append(refusal.code)
        return found


@pytest.mark.parametrize(
    ("profile", "login", "project", "role", "reason"),
    [
        (PRODUCTION, True, None, True, "SERVICE_DISABLED"),
        (PRODUCTION, True, "p", True, None),
        (PRODUCTION, True, "p", False, "USER_PROJECT_DENIED"),
        (PRODUCTION, False, None, True, None),
        (RELAXED, True, None, False, None),
    ],
)
def test_a_login_must_name_a_project_that_its_calls_may_count_for(
    profile: Profile, login: bool, project: str | None, role: bool, reason: str | None
) -> None:
    desk, token = Desk(profile), access_token("developer@local-cloud.invalid", login=login)
    roles = {each: list(members) for each, members in USUAL.items() if role or "serviceusage" not in each}
    desk.grants.set(roles)
    note_caller([("authorization", f"Bearer {token}"), *([("x-goog-user-project", project)] if project else [])])
    try:
        desk.gate.admit(GET, service())
        told = None
    except RpcRefusal as refusal:
        told = refusal.details[0].reason
    assert told == reason


def service(project: str = "p", region: str = "r") -> GetServiceRequest:
    return GetServiceRequest(name=f"projects/{project}/locations/{region}/services/shop")


@pytest.mark.parametrize(
    ("method", "request_of", "limit"),
    [
        (LIST, lambda p, r: ListLogEntriesRequest(resource_names=[f"projects/{p}"]), 60),
        (f"{BUILD}.CloudBuild/GetBuild", lambda p, r: GetBuildRequest(project_id=p, id="x"), 60),
        (GET, service, 600),
        (
            UPDATE,
            lambda p, r: UpdateServiceRequest(service=Service(name=f"projects/{p}/locations/{r}/services/shop")),
            30,
        ),
        (UPDATE_JOB, lambda p, r: UpdateJobRequest(job=Job(name=f"projects/{p}/locations/{r}/jobs/nightly")), 30),
    ],
)
def test_a_quota_is_of_one_minute_and_one_project(method: str, request_of: Any, limit: int) -> None:
    desk = Desk(PRODUCTION)
    answers = Counter(desk.asked(method, request_of("p", "r"), limit + 2))
    assert answers == {"OK": limit, "RESOURCE_EXHAUSTED": 2}
    assert desk.asked(method, request_of("other", "r")) == ["OK"]
    desk.now += 61
    assert desk.asked(method, request_of("p", "r")) == ["OK"]
    assert Counter(Desk(RELAXED).asked(method, request_of("p", "r"), limit + 2)) == {"OK": limit + 2}


def test_a_quota_of_cloud_run_is_of_one_region() -> None:
    desk = Desk(PRODUCTION)
    assert desk.asked(GET, service(), 601)[-1] == "RESOURCE_EXHAUSTED"
    assert desk.asked(GET, service(region="elsewhere")) == ["OK"]


def test_a_quota_is_refused_in_googles_words() -> None:
    desk = Desk(PRODUCTION)
    request = ListLogEntriesRequest(resource_names=["projects/p"])
    desk.asked(LIST, request, 60)
    with pytest.raises(RpcRefusal) as refused:
        desk.gate.admit(LIST, request)
    assert refused.value.message.startswith(
        "Quota exceeded for quota metric 'Read requests' and limit 'Read requests per minute' of service "
        "'logging.googleapis.com' for consumer 'project_number:"
    )
    assert refused.value.details[0].reason == "RATE_LIMIT_EXCEEDED"


def test_an_entry_that_is_written_has_a_resource_that_is_no_name() -> None:
    request = WriteLogEntriesRequest(log_name="projects/p/logs/l", resource=MonitoredResource(type="global"))
    assert Desk(PRODUCTION).asked(f"{LOGS}/WriteLogEntries", request) == ["OK"]


def test_a_call_takes_its_time() -> None:
    desk = Desk(PRODUCTION)
    desk.asked(GET, service(), 2)
    assert desk.paused == pytest.approx(0.3)


NAME = "projects/p/locations/r/services/shop"


def update(**fields: Any) -> UpdateServiceRequest:
    return UpdateServiceRequest(service=Service(name=NAME, **fields))


def update_job() -> UpdateJobRequest:
    template: Any = {"template": {"service_account": "run@p"}}
    return UpdateJobRequest(job=Job(name=NAME.replace("services", "jobs"), template=template))


@pytest.mark.parametrize(
    ("roles", "method", "request_", "permission"),
    [
        (("roles/run.viewer",), GET, service(), None),
        (("roles/run.viewer",), UPDATE, update(), "run.services.update"),
        (("roles/run.developer",), UPDATE, update(), None),
        (("roles/run.developer",), UPDATE, update(invoker_iam_disabled=True), "run.services.setIamPolicy"),
        (("roles/run.admin",), UPDATE, update(invoker_iam_disabled=True), None),
        (
            ("roles/run.admin",),
            UPDATE,
            update(template=RevisionTemplate(service_account="run@p")),
            "iam.serviceaccounts.actAs",
        ),
        (
            ("roles/run.admin", "roles/iam.serviceAccountUser"),
            UPDATE,
            update(template=RevisionTemplate(service_account="run@p")),
            None,
        ),
        (("roles/run.developer",), UPDATE_JOB, update_job(), "iam.serviceaccounts.actAs"),
        (("roles/run.developer", "roles/iam.serviceAccountUser"), UPDATE_JOB, update_job(), None),
        ((), UPDATE_JOB, update_job(), "run.jobs.update"),
        ((), GET, service(), "run.services.get"),
        (("roles/run.admin",), LIST, ListLogEntriesRequest(resource_names=["projects/p"]), "logging.logEntries.list"),
        (("roles/logging.viewer",), LIST, ListLogEntriesRequest(resource_names=["projects/p"]), None),
        (("roles/owner",), UPDATE, update(invoker_iam_disabled=True), None),
    ],
)
def test_who_may_do_what(roles: tuple[str, ...], method: str, request_: Any, permission: str | None) -> None:
    desk = Desk(PRODUCTION)
    desk.grants.set({role: [f"serviceAccount:{CALLER}"] for role in roles})
    if permission is None:
        assert desk.asked(method, request_) == ["OK"]
        return
    with pytest.raises(RpcRefusal) as refused:
        desk.gate.admit(method, request_)
    assert refused.value.code == "PERMISSION_DENIED" and f"'{permission}' denied" in refused.value.message
    assert dict(refused.value.details[0].metadata)["permission"] == permission
    assert Desk(RELAXED).asked(method, request_) == ["OK"]


def test_who_builds_acts_for_the_account_of_builds() -> None:
    desk = Desk(PRODUCTION)
    request = CreateBuildRequest(project_id="p", build=Build(service_account="projects/p/serviceAccounts/b@p"))
    desk.grants.set({"roles/cloudbuild.builds.editor": [f"serviceAccount:{CALLER}"]})
    with pytest.raises(RpcRefusal, match="does not have permission to act as service account projects/p") as refused:
        desk.gate.admit(f"{BUILD}.CloudBuild/CreateBuild", request)
    assert dict(refused.value.details[0].metadata)["permission"] == "iam.serviceaccounts.actAs"


@pytest.mark.parametrize(
    ("account", "members", "among"),
    [
        ("a@b", ["user:a@b"], True),
        ("a@b", ["allAuthenticatedUsers"], True),
        ("a@b", ["principalSet://iam.googleapis.com/*"], False),
        (FEDERATED, ["allAuthenticatedUsers"], False),
        (FEDERATED, ["allUsers"], True),
        (FEDERATED, [FEDERATED], True),
        (FEDERATED, [FEDERATED.replace("principal:", "principalSet:").replace("subject/job", "*")], True),
        (FEDERATED, [FEDERATED.replace("principal:", "principalSet:").replace("ci/subject/job", "other/*")], False),
    ],
)
def test_whom_a_member_means(account: str, members: list[str], among: bool) -> None:
    assert is_among(account, members) is among


def test_everybody_is_a_deployer_until_roles_are_given() -> None:
    desk = Desk(PRODUCTION)
    assert desk.asked(UPDATE, update(template=RevisionTemplate(service_account="run@p"))) == ["OK"]
    assert desk.gate.refusal("storage.objects.insert", "object") is None
    desk.grants.set({"roles/storage.objectViewer": [f"user:{CALLER}"]})
    assert desk.gate.refusal("storage.objects.get", "object") is None
    said = desk.gate.refusal("storage.objects.insert", "object")
    assert said == (
        f"{CALLER} does not have storage.objects.create access to the Google Cloud Storage object. Permission "
        "'storage.objects.create' denied on resource (or it may not exist)."
    )


@pytest.mark.parametrize("policy", [[], {"roles/none": []}, {"roles/owner": "user:a@b"}, {"roles/owner": [1]}])
def test_a_policy_that_is_none_is_refused_and_leaves_the_old_one(policy: object) -> None:
    grants = Grants()
    before = grants.as_json()
    with pytest.raises(BadGrant):
        grants.set(policy)
    assert grants.as_json() == before


def test_shares_are_drawn_by_lot_and_right_in_the_long_run() -> None:
    drawn = list(islice(draw((90, 10)), 4000))
    assert 0.06 < drawn.count(1) / len(drawn) < 0.14
    hundreds = {drawn[at : at + 100].count(1) for at in range(0, 4000, 100)}
    assert len(hundreds) > 3  # not dealt out
    assert deal((90, 10)).count(1) == 1 and len(deal((90, 10))) == 10
    assert list(draw(())) == [] and deal(()) == ()
