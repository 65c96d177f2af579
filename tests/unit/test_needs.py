"""Which rows of the table of needs count for a plan, and the commands that grant them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from deploy_lib.drivers.iam_grants import Grant
from deploy_lib.drivers.interface import DriverError
from deploy_lib.model.exposure import Exposure
from deploy_lib.model.image_names import artifact_repository
from deploy_lib.model.needs import BUILDER, DEPLOYER, GUARD, PRUNER, GrantedOn, When, apis, needed
from deploy_lib.model.release import Builder
from deploy_lib.model.roles import ACT_AS, grant_on_bucket, grant_on_repository, role_for, roles_with
from deploy_lib.model.service import Guard, Service
from deploy_lib.plan import Plan, Step
from deploy_lib.release.doctor import Checkup, Doctor, Inquiry, Standing
from deploy_lib.release.plan_needs import whens
from deploy_lib.steps import build, import_check, job

SHOP = Service("shop", "p-staging", "us-central1", "shop", "us-central1-docker.pkg.dev/p-staging/services")
ACCOUNT = "builder@p-staging.iam.gserviceaccount.com"
ASKER = "asker@p-staging.iam.gserviceaccount.com"
CLOUD_BUILD = build.BuildSettings()
USUAL = (When.ALWAYS, When.SERVICE)


def _plan(service: Service = SHOP, *settings: object) -> Plan:
    kinds = {build.BuildSettings: build.KIND, import_check.ImportCheckSettings: import_check.KIND}
    kinds[job.JobSettings] = job.KIND
    return Plan(service, tuple(Step(kinds[type(each)], each) for each in settings))  # type: ignore[arg-type,index]


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        (_plan(), {*USUAL, When.BUILD}),
        (_plan(SHOP, CLOUD_BUILD), {*USUAL, When.BUILD}),
        (_plan(SHOP, build.BuildSettings(**{"with": Builder.DOCKER})), {*USUAL, When.HERE}),
        (
            _plan(SHOP, build.BuildSettings(service_account=f"projects/p-staging/serviceAccounts/{ACCOUNT}")),
            {*USUAL, When.BUILD, When.BUILD_ACCOUNT},
        ),
        (
            _plan(SHOP, CLOUD_BUILD, import_check.ImportCheckSettings(secrets="real")),
            {*USUAL, When.BUILD, When.REAL_SECRETS},
        ),
        (_plan(SHOP, CLOUD_BUILD, job.JobSettings()), {*USUAL, When.BUILD, When.JOB, When.EXECUTION}),
        (
            _plan(SHOP, CLOUD_BUILD, job.JobSettings(service_account=ACCOUNT, secrets={"A": "a:1"})),
            {*USUAL, When.BUILD, When.JOB, When.EXECUTION, When.JOB_ACCOUNT, When.SECRETS},
        ),
        (_plan(replace(SHOP, exposure=Exposure(public=True))), {*USUAL, When.BUILD, When.PUBLIC}),
        (_plan(replace(SHOP, exposure=Exposure(public=False))), {*USUAL, When.BUILD, When.PUBLIC}),
        (_plan(replace(SHOP, exposure=Exposure(invokers=()))), {*USUAL, When.BUILD, When.INVOKERS}),
        (_plan(replace(SHOP, secrets={"A": "a:1"})), {*USUAL, When.BUILD, When.SECRETS}),
        (_plan(replace(SHOP, guard=Guard())), {*USUAL, When.BUILD, When.GUARD}),
        (
            _plan(replace(SHOP, guard=Guard(service_account=ACCOUNT)), build.BuildSettings(**{"with": Builder.DOCKER})),
            {*USUAL, When.HERE, When.GUARD, When.GUARD_ACCOUNT},
        ),
        (_plan(replace(SHOP, invoke_as=ASKER)), {*USUAL, When.BUILD, When.INVOKE_AS}),
    ],
)
def test_what_a_plan_makes_count(plan: Plan, expected: set[When]) -> None:
    assert set(whens(plan)) == expected


def test_a_service_without_secrets_asks_for_nothing_of_secret_manager() -> None:
    when = frozenset({*USUAL, When.BUILD})
    assert "secretmanager.googleapis.com" not in apis(when)
    assert not needed(DEPLOYER, GrantedOn.SECRET, when)


def test_what_builds_and_guards_both_need_is_asked_for_once() -> None:
    both = frozenset({*USUAL, When.BUILD, When.GUARD})
    found = [row.permission for row in needed(DEPLOYER, GrantedOn.PROJECT, both)]
    assert (len({*found}), found.count("cloudbuild.builds.create")) == (len(found), 1)
    assert apis(both).count("cloudbuild.googleapis.com") == 1


@pytest.mark.parametrize(
    "row", [*DEPLOYER, *BUILDER, *GUARD, *PRUNER], ids=lambda row: f"{row.permission} {row.on.name}"
)
def test_every_permission_has_a_role_that_can_be_granted(row: object) -> None:
    permission = row.permission  # type: ignore[attr-defined]
    assert role_for(permission) in roles_with(permission)


@pytest.mark.parametrize(
    ("images", "repository"),
    [
        ("us-central1-docker.pkg.dev/p/services", "projects/p/locations/us-central1/repositories/services"),
        ("europe-docker.pkg.dev/p/services/shop/web", "projects/p/locations/europe/repositories/services"),
        ("us-central1-docker.pkg.dev/p", None),
        ("gcr.io/p/shop", None),
        ("docker.io/library/python", None),
    ],
)
def test_the_repository_of_images(images: str, repository: str | None) -> None:
    assert artifact_repository(images) == repository


def test_a_role_is_granted_where_the_permission_is_needed() -> None:
    assert grant_on_bucket("b", ACCOUNT, "storage.objects.get") == (
        f"gcloud storage buckets add-iam-policy-binding gs://b --member=serviceAccount:{ACCOUNT} "
        "--role=roles/storage.objectViewer --condition=None"
    )
    name = "projects/p/locations/us/repositories/services"
    assert grant_on_repository(name, None, "artifactregistry.repositories.downloadArtifacts") == (
        "gcloud artifacts repositories add-iam-policy-binding services --location=us --project=p "
        '--member="user:$(gcloud config get-value account)" --role=roles/artifactregistry.reader --condition=None'
    )
    assert role_for(ACT_AS) == "roles/iam.serviceAccountUser"


@dataclass
class Access:
    """A project where the account that builds has the role for builds, and the caller all but what it lacks."""

    lacks: tuple[str, ...] = ()
    taken: bool = False  # the usual bucket's name, by another project
    project = "p-staging"

    def held(self, permissions: Iterable[str]) -> frozenset[str]:
        return frozenset(each for each in permissions if not each.startswith(self.lacks))

    def held_on_bucket(self, bucket: str, permissions: Iterable[str]) -> frozenset[str]:
        return self.held(permissions)

    def has_bucket(self, bucket: str) -> bool:
        return not self.taken

    def held_on_account(self, account: str, permissions: Iterable[str]) -> frozenset[str] | None:
        return self.held(permissions) if account in (ACCOUNT, ASKER) else None

    def build_account(self) -> str:
        return ACCOUNT

    def grants(self) -> tuple[Grant, ...]:
        return (Grant("roles/cloudbuild.builds.builder", frozenset({f"serviceAccount:{ACCOUNT}"})),)


@pytest.mark.parametrize(("project", "standing"), [("p-staging", Standing.HAD), ("p-images", Standing.UNKNOWN)])
def test_roles_of_this_project_are_no_roles_on_a_repository_of_another(project: str, standing: Standing) -> None:
    plan = _plan(replace(SHOP, images=f"us-central1-docker.pkg.dev/{project}/services"), CLOUD_BUILD)
    doctor = Doctor(Access(), [plan], None, lambda service: None)  # type: ignore[arg-type]
    (found,) = next(inquiry for inquiry in doctor.questions() if inquiry.subject == "builds as").answers()
    assert found.state is standing, found
    assert [f"--project={project} " in command for command in found.commands] == [True] * (project != "p-staging")


def _asked(subject: str, *plans: Plan, access: Access | None = None) -> list[Checkup]:
    doctor = Doctor(access or Access(), plans, None, lambda service: None)  # type: ignore[arg-type]
    return [each for inquiry in doctor.questions() if inquiry.subject == subject for each in inquiry.answers()]


@pytest.mark.parametrize(
    ("lacks", "found"),
    [
        ((), [("project", Standing.HAD)]),
        (("run.services.update",), [("project", Standing.HAD), ("services", Standing.UNKNOWN)]),
        (("secretmanager.",), [("project", Standing.HAD), ("services", Standing.UNKNOWN)]),
        (("monitoring.", "run.revisions."), [("project", Standing.MISSING), ("services", Standing.UNKNOWN)]),
    ],
)
def test_what_a_service_or_a_secret_may_grant_itself_is_not_known_to_be_missing(
    lacks: tuple[str, ...], found: list[tuple[str, Standing]]
) -> None:
    plan = _plan(replace(SHOP, secrets={"A": "a:1"}), CLOUD_BUILD)
    answers = _asked("project p-staging", plan, access=Access(lacks))
    assert [(each.subject.partition(" ")[0], each.state) for each in answers] == found
    assert [bool(each.commands) for each in answers] == [each.state is not Standing.HAD for each in answers]


@pytest.mark.parametrize(("counts_here", "state"), [(True, Standing.MISSING), (False, Standing.HAD)])
def test_whether_the_calls_of_a_login_may_count_for_the_project(counts_here: bool, state: Standing) -> None:
    access: Any = Access(("serviceusage.",))
    doctor = Doctor(access, [_plan()], None, lambda service: None, counts_here)
    (found,) = next(inquiry for inquiry in doctor.questions() if inquiry.subject == "project p-staging").answers()
    assert found.state is state
    assert ["roles/serviceusage.serviceUsageConsumer" in command for command in found.commands] == [True] * counts_here


@pytest.mark.parametrize(
    ("taken", "named", "state"),
    [(False, None, Standing.HAD), (True, None, Standing.MISSING), (True, "eu-builds", Standing.HAD)],
)
def test_a_bucket_whose_name_another_project_has_taken(taken: bool, named: str | None, state: Standing) -> None:
    """Whatever may be done in it."""
    plan = _plan(replace(SHOP, bucket=named), CLOUD_BUILD)
    (found,) = _asked(f"bucket {named or 'p-staging_cloudbuild'}", plan, access=Access(taken=taken))
    assert found.state is state
    assert ("another project has taken that name" in found.words) == (state is Standing.MISSING)


def test_whether_the_caller_may_ask_in_the_name_of_invoke_as() -> None:
    plan = _plan(replace(SHOP, invoke_as=ASKER))
    assert "iamcredentials.googleapis.com" in apis(frozenset(whens(plan)))
    (had,) = _asked(f"asks as {ASKER}", plan)
    (lacking,) = _asked(f"asks as {ASKER}", plan, access=Access(("iam.serviceAccounts.getOpenIdToken",)))
    assert (had.state, lacking.state) == (Standing.HAD, Standing.MISSING)
    (command,) = lacking.commands
    assert f"add-iam-policy-binding {ASKER} " in command and "OpenIdTokenCreator" in command
    assert not _asked(f"asks as {ASKER}", _plan())


@pytest.mark.parametrize("named", [None, ACCOUNT])
def test_the_account_of_a_guard_needs_to_change_the_service(named: str | None) -> None:
    plan = _plan(replace(SHOP, guard=Guard(service_account=named)), CLOUD_BUILD)
    (*acts, found) = _asked("guards as", plan)
    assert (len(acts), found.subject) == (int(named is not None), f"guards as {ACCOUNT}")
    assert (found.state, "run.services.update, to put the traffic back" in found.words) == (Standing.UNKNOWN, True)
    assert any("--role=roles/run.developer" in command for command in found.commands)
    assert _asked("guards as", _plan(SHOP, CLOUD_BUILD)) == []


def test_an_account_needs_what_its_own_builds_need() -> None:
    usual = _plan(SHOP, CLOUD_BUILD)
    other = build.BuildSettings(
        service_account="projects/p-staging/serviceAccounts/other@p-staging.iam.gserviceaccount.com"
    )
    real = _plan(SHOP, other, import_check.ImportCheckSettings(secrets="real"))
    (own, *_, its) = _asked("builds as", usual, real)
    assert own.state is Standing.HAD and "secretmanager.versions.access" not in own.words
    assert its.state is Standing.UNKNOWN and "secretmanager.versions.access" in its.words


def test_what_to_do_about_a_question_that_fails_is_no_command() -> None:
    def fail() -> list[Checkup]:
        raise DriverError("Google did not answer in time", "try again")

    (found,) = Inquiry("APIs", fail).answers()
    assert found == Checkup("APIs", Standing.UNKNOWN, "Google did not answer in time (try again)")


@dataclass
class Granted(Access):
    """The account that builds has these roles in the project."""

    roles: tuple[str, ...] = ()

    def grants(self) -> tuple[Grant, ...]:
        return tuple(Grant(role, frozenset({f"serviceAccount:{ACCOUNT}"})) for role in self.roles)


ENOUGH = ("run.admin", "cloudbuild.builds.editor", "storage.admin", "artifactregistry.writer", "logging.viewer",
          "monitoring.viewer", "secretmanager.viewer", "iam.serviceAccountUser")  # fmt: skip


@pytest.mark.parametrize("left_out", ["", *ENOUGH])
def test_who_carries_out_what_is_handed_over_needs_all_that_a_release_does(left_out: str) -> None:
    access: Any = Granted(roles=tuple(f"roles/{role}" for role in ENOUGH if role != left_out))
    plan = _plan(replace(SHOP, exposure=Exposure(public=True), secrets={"A": "a:1"}), CLOUD_BUILD)
    doctor = Doctor(access, [plan], None, lambda service: None, handed=True)
    (found,) = next(each for each in doctor.questions() if each.subject == "releases as").answers()
    assert found.state is (Standing.UNKNOWN if left_out else Standing.HAD), found
    assert any(ACCOUNT in command for command in found.commands) == bool(left_out)
    assert "releases as" not in {each.subject for each in Doctor(access, [plan], None, lambda _: None).questions()}


def test_whoever_hands_a_release_over_needs_cloud_build_whatever_builds() -> None:
    access: Any = Access(("cloudbuild.",))
    doctor = Doctor(access, [_plan()], None, lambda service: None, handed=True)
    (found, *_) = next(each for each in doctor.questions() if each.subject == "project p-staging").answers()
    assert (found.state, "cloudbuild.builds.create" in found.words) == (Standing.MISSING, True)
    assert "cloudbuild.googleapis.com" in apis(frozenset({When.ON}))
