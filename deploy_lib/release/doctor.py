"""Whether a project has all that releases of some services will need, asked before any of it is needed.

What the caller itself needs is tested where it is needed and certain, but for services and secrets: those are tested in
their project, and what is lacking there they may grant themselves. Of the account that builds only the project's policy
can be read, so what that does not show is not known: the bucket, the repository or something above may grant it.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from deploy_lib.drivers.interface import DriverError
from deploy_lib.drivers.project_access import ProjectAccess
from deploy_lib.drivers.storage import build_bucket
from deploy_lib.model import needs
from deploy_lib.model.image_names import artifact_repository
from deploy_lib.model.needs import BUILDER, DEPLOYER, GUARD, GrantedOn, Need, When
from deploy_lib.model.roles import EVERYBODY, grant, grant_on_bucket, grant_on_repository, roles_with
from deploy_lib.model.service import Service
from deploy_lib.plan import Plan
from deploy_lib.release.plan_needs import any_of, build_account, guard_account, whens
from deploy_lib.steps.job.settings import JobSettings

_IN_PROJECT = (GrantedOn.PROJECT, GrantedOn.SERVICE, GrantedOn.SECRET)
"""What is tested in the project."""
_OF_PROJECT, _COMPUTE = ".iam.gserviceaccount.com", "-compute@developer.gserviceaccount.com"


class Standing(enum.StrEnum):
    """Of one thing that is needed."""

    HAD = "ok"
    MISSING = "missing"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Checkup:
    """`subject` is what was looked at, `words` what was found, `commands` what makes it good."""

    subject: str
    state: Standing
    words: str
    commands: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Inquiry:
    """`subject` is what it is about. `ask` raises DriverError."""

    subject: str
    ask: Callable[[], list[Checkup]]

    def answers(self) -> list[Checkup]:
        """What could not be asked is not known."""
        try:
            return self.ask()
        except DriverError as problem:
            return [Checkup(self.subject, Standing.UNKNOWN, problem.with_remedy)]


@dataclass(frozen=True, slots=True)
class Doctor:
    """Of the services of one project. `runs_as` gives the account of the running service, None when there is none.

    `account` is whom a policy names for the caller, None where that is not known. `counts_here`: the caller's is a
    login whose calls count for the project. `handed`: releases are handed over to Cloud Build.
    """

    access: ProjectAccess
    plans: Sequence[Plan]
    account: str | None
    runs_as: Callable[[Service], str | None]
    counts_here: bool = False
    handed: bool = False

    def questions(self) -> Iterator[Inquiry]:
        """Each may be asked in a separate thread."""
        yield Inquiry("APIs", self._apis)
        yield Inquiry(f"project {self.access.project}", self._project)
        for bucket, region in sorted(self._buckets().items()):
            yield Inquiry(f"bucket {bucket}", partial(self._bucket, bucket, region))
        for images in sorted({plan.service.images for plan in self.plans}):
            yield Inquiry(f"images {images}", partial(self._repository, images))
        for service in (plan.service for plan in self.plans):
            yield Inquiry(f"{service.label} runs as", partial(self._runtime, service))
        for named in dict.fromkeys(self._job_accounts()):
            yield Inquiry(
                f"job runs as {named}", partial(self._on_account, named, GrantedOn.JOB, f"job runs as {named}")
            )
        for account in self._build_accounts():
            yield Inquiry("builds as", partial(self._builder, account))
        for account in self._build_accounts() if self.handed else ():
            yield Inquiry("releases as", partial(self._releaser, account))
        for account in sorted({guard_account(plan) for plan in self._guarded()}, key=str):
            yield Inquiry("guards as", partial(self._guard, account))
        for account in sorted({plan.service.invoke_as for plan in self.plans} - {None}, key=str):
            subject = f"asks as {account}"
            yield Inquiry(subject, partial(self._on_account, str(account), GrantedOn.ASKER, subject))

    @property
    def _when(self) -> frozenset[When]:
        login, handed = {When.LOGIN} if self.counts_here else set(), {When.ON} if self.handed else set()
        return any_of(self.plans) | login | handed

    def _apis(self) -> list[Checkup]:
        wanted = needs.apis(self._when)
        off = sorted(set(wanted) - self.access.enabled(wanted))
        if not off:
            return [Checkup("APIs", Standing.HAD, ", ".join(name.partition(".")[0] for name in wanted))]
        command = f"gcloud services enable {' '.join(off)} --project={self.access.project}"
        return [Checkup("APIs", Standing.MISSING, f"not enabled: {', '.join(off)}", (command,))]

    def _project(self) -> list[Checkup]:
        wanted = [need for on in _IN_PROJECT for need in needs.needed(DEPLOYER, on, self._when)]
        project, held = self.access.project, self.access.held(need.permission for need in wanted)
        to_grant = partial(grant, project, self.account)
        open_ = [need for need in wanted if need.on is not GrantedOn.PROJECT and need.permission not in held]
        answers = _judge(f"project {project}", [need for need in wanted if need not in open_], held, to_grant)
        if open_:
            note = "not granted in the project; unless the service or the secret itself grants it, you lack"
            words, subject = f"{note} {_listed(open_)}", f"services and secrets in {project}"
            answers.append(Checkup(subject, Standing.UNKNOWN, words, _commands(open_, to_grant)))
        return answers

    def _buckets(self) -> dict[str, str]:
        """Each with the region of a service that uses it."""
        return {
            plan.service.bucket or build_bucket(self.access.project): plan.service.home for plan in reversed(self.plans)
        }

    def _bucket(self, bucket: str, region: str) -> list[Checkup]:
        wanted, subject = needs.needed(DEPLOYER, GrantedOn.BUCKET, self._when), f"bucket {bucket}"
        held = self.access.held_on_bucket(bucket, [need.permission for need in wanted])
        if held is not None and self._is_taken(bucket):
            taken = "another project has taken that name, so nothing is kept in it; name another bucket with bucket:"
            return [Checkup(subject, Standing.MISSING, taken)]
        if held is not None:
            return _judge(subject, wanted, held, partial(grant_on_bucket, bucket, self.account))
        if self.access.held(["storage.buckets.create"]):
            return [Checkup(subject, Standing.HAD, "the first release makes it")]
        make = f"gcloud storage buckets create gs://{bucket} --project={self.access.project} --location={region}"
        return [Checkup(subject, Standing.MISSING, "there is none, and you may not make it", (make,))]

    def _is_taken(self, bucket: str) -> bool:
        """As far as the caller may know; a bucket that the YAML names may be any project's."""
        if any(plan.service.bucket == bucket for plan in self.plans):
            return False
        try:
            return not self.access.has_bucket(bucket)
        except DriverError:
            return False

    def _repository(self, images: str) -> list[Checkup]:
        name = artifact_repository(images)
        if name is None:
            return [Checkup(f"images {images}", Standing.UNKNOWN, "are not in Artifact Registry, which alone is asked")]
        when = any_of(plan for plan in self.plans if plan.service.images == images)
        wanted, subject = needs.needed(DEPLOYER, GrantedOn.REPOSITORY, when), f"repository {name}"
        held = self.access.held_on_repository(name, [need.permission for need in wanted])
        if held is not None:
            return _judge(subject, wanted, held, partial(grant_on_repository, name, self.account))
        _, project, _, location, _, short = name.split("/")
        place = f"--location={location} --project={project}"
        make = f"gcloud artifacts repositories create {short} --repository-format=docker {place}"
        return [Checkup(subject, Standing.MISSING, "there is none", (make,))]

    def _job_accounts(self) -> list[str]:
        """Those that steps name."""
        steps = (step.settings for plan in self.plans for step in plan.steps)
        named = (each.service_account for each in steps if isinstance(each, JobSettings))
        return sorted(filter(None, named))

    def _runtime(self, service: Service) -> list[Checkup]:
        account = service.service_account or self.runs_as(service) or f"{self.access.number()}{_COMPUTE}"
        return self._on_account(account, GrantedOn.RUNTIME, f"{service.label} runs as {account}")

    def _build_accounts(self) -> list[str | None]:
        """None is the project's default."""
        return sorted({build_account(plan) for plan in self._built()}, key=str)

    def _built(self) -> list[Plan]:
        return [plan for plan in self.plans if When.BUILD in whens(plan)]

    def _builder(self, given: str | None) -> list[Checkup]:
        account = given or self.access.build_account()
        if not account:
            return [Checkup("builds as", Standing.UNKNOWN, "the project has no default account for builds")]
        acts = self._on_account(account, GrantedOn.BUILDER, f"builds as {account}") if given else []
        plans = [plan for plan in self._built() if build_account(plan) == given]
        return [*acts, self._may(f"builds as {account}", account, BUILDER, plans, "a build")]

    def _releaser(self, given: str | None) -> list[Checkup]:
        """The account that builds carries releases out, when they are handed over."""
        account = given or self.access.build_account()
        if not account:
            return [Checkup("releases as", Standing.UNKNOWN, "the project has no default account for builds")]
        plans = [plan for plan in self._built() if build_account(plan) == given]
        return [self._may(f"releases as {account}", account, DEPLOYER, plans, "a release")]

    def _guarded(self) -> list[Plan]:
        return [plan for plan in self.plans if When.GUARD in whens(plan)]

    def _guard(self, given: str | None) -> list[Checkup]:
        account = given or self.access.build_account()
        if not account:
            return [Checkup("guards as", Standing.UNKNOWN, "the project has no default account for builds")]
        plans, subject = [plan for plan in self._guarded() if guard_account(plan) == given], f"guards as {account}"
        named = any(When.GUARD_ACCOUNT in whens(plan) for plan in plans)
        acts = self._on_account(account, GrantedOn.GUARD, subject) if named else []
        return [*acts, self._may(subject, account, GUARD, plans, "a guard")]

    def _on_account(self, account: str, on: GrantedOn, subject: str) -> list[Checkup]:
        wanted = needs.needed(DEPLOYER, on, self._when)
        held = self.access.held_on_account(account, [need.permission for need in wanted])
        if held is not None:
            return _judge(subject, wanted, held, partial(grant, self.access.project, self.account, on_account=account))
        name, _, host = account.partition("@")
        made = host.endswith(_OF_PROJECT)
        make = f"gcloud iam service-accounts create {name} --project={host.removesuffix(_OF_PROJECT)}"
        return [Checkup(subject, Standing.MISSING, "there is no such account", (make,) if made else ())]

    def _elsewhere(self, plans: Sequence[Plan]) -> str:
        """A repository of images in another project, whose policy is not read; "" for none."""
        names = filter(None, (artifact_repository(plan.service.images) for plan in plans))
        return next((name for name in names if name.split("/")[1] != self.access.project), "")

    def _may(self, subject: str, account: str, rows: Iterable[Need], plans: Sequence[Plan], what: str) -> Checkup:
        """Whether the account may do all of `rows`; `plans` are those for which `what` runs as it."""
        members, rows = {f"serviceAccount:{account}", *EVERYBODY}, tuple(rows)
        wanted = [need for on in GrantedOn for need in needs.needed(rows, on, any_of(plans))]
        mine = {each.role for each in self.access.grants() if members & each.members and not each.conditional}
        elsewhere = self._elsewhere(plans)
        left = [
            need
            for need in wanted
            if not mine & roles_with(need.permission) or (elsewhere and need.on is GrantedOn.REPOSITORY)
        ]
        if not left:
            return Checkup(subject, Standing.HAD, f"its roles in the project are enough for {what}")
        commands = dict.fromkeys(
            grant_on_repository(elsewhere, account, need.permission)
            if elsewhere and need.on is GrantedOn.REPOSITORY
            else grant(self.access.project, account, need.permission)
            for need in left
        )
        note = "not granted in the project; unless the resource itself or something above it grants it, it lacks"
        return Checkup(subject, Standing.UNKNOWN, f"{note} {_listed(left)}", tuple(commands))


def _judge(subject: str, wanted: Sequence[Need], held: Iterable[str], to_grant: Callable[[str], str]) -> list[Checkup]:
    permissions = ", ".join(need.permission for need in wanted) if len(wanted) < 3 else f"{len(wanted)} permissions"
    lacking = [need for need in wanted if need.permission not in held]
    if not lacking:
        return [Checkup(subject, Standing.HAD, f"you hold what is needed: {permissions}")]
    return [Checkup(subject, Standing.MISSING, f"you lack {_listed(lacking)}", _commands(lacking, to_grant))]


def _listed(lacking: Iterable[Need]) -> str:
    return "; ".join(f"{need.permission}, to {need.why}" for need in lacking)


def _commands(lacking: Iterable[Need], to_grant: Callable[[str], str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(to_grant(need.permission) for need in lacking))
