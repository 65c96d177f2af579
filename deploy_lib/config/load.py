"""Reads a configuration file, and makes the plan of one of its services.

Nothing here touches the world but reading the file and those that it names; whether a Dockerfile exists is asked
through `exists`, whether a pattern finds a file through `matches`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import ValidationError

from deploy_lib.config.files import read_files
from deploy_lib.config.freeze import read_freeze
from deploy_lib.config.job_target import JobTargetSettings
from deploy_lib.config.lines import Document
from deploy_lib.config.problems import ConfigError, ConfigProblem, unknown
from deploy_lib.config.regions import region_problems
from deploy_lib.config.service_settings import ServiceSettings
from deploy_lib.config.services import as_far_as_readable, never_well, service_problems
from deploy_lib.config.settings import FileSettings, JobsAlone
from deploy_lib.config.variables import check_variables
from deploy_lib.config.wording import worded
from deploy_lib.model.freeze import FreezeWindow
from deploy_lib.model.service import Service
from deploy_lib.plan import Plan, Step


@dataclass(frozen=True, slots=True)
class Config:
    """A file that was read whole and found good."""

    path: str
    settings: FileSettings
    steps: tuple[Step, ...]
    document: Document
    freeze: tuple[FreezeWindow, ...] = ()
    job_steps: Mapping[str, tuple[Step, ...]] = field(default_factory=dict)

    def jobs(self) -> tuple[str, ...]:
        """The names of the jobs that are released by themselves, in the order of the file."""
        return tuple(self.settings.jobs)

    def services(self) -> tuple[str, ...]:
        """The names of the services, in the order of the file."""
        return tuple(self.settings.services)

    def regions(self, name: str) -> tuple[str, ...]:
        """Where that service of the file runs, in the order of the file."""
        return self.settings.services[name].regions_of(self.settings)


def load(
    path: Path,
    *,
    shown: str | None = None,
    exists: Callable[[str], bool] = lambda path: True,
    matches: Callable[[str], bool] = lambda pattern: True,
    to_release: bool = True,
    with_steps: bool = True,
) -> Config:
    """Raises ConfigError with every problem of the file, and of those that it extends.
    `exists` takes a path relative to the repository's root, `matches` a pattern of include:. Without `to_release` the
    steps need not lead to a release: a rollback must not wait until somebody repairs them. Without `with_steps` they
    are not read at all: what only looks at a service needs none.
    """
    file = shown or str(path)
    document = read_files(path, file)
    problems = [*document.problems, *check_variables(document)]
    settings: FileSettings | None = None
    model = JobsAlone if document.data.get("jobs") and "services" not in document.data else FileSettings
    try:
        settings = model.model_validate(document.data)
    except ValidationError as error:
        problems.extend(worded(error, (), document, FileSettings))
    steps, job_steps, step_problems = _all_steps(document, to_release) if with_steps else ((), {}, [])
    problems.extend(step_problems)
    services = (
        settings.services
        if settings is not None
        else as_far_as_readable(document.data.get("services"), ServiceSettings)
    )
    problems.extend(service_problems(services, document, exists, matches))
    problems.extend(region_problems(document))
    problems.extend(never_well(services, steps, document))
    jobs = settings.jobs if settings is not None else as_far_as_readable(document.data.get("jobs"), JobTargetSettings)
    problems.extend(service_problems(jobs, document, exists, matches, section="jobs"))
    windows, freeze_problems = read_freeze(document)
    problems.extend(freeze_problems)
    if not isinstance(document.data.get("extends"), str | None):  # what seems to be missing may stand there
        problems = [each for each in problems if not each.message.endswith(" is missing")]
    if problems or settings is None:
        raise ConfigError(sorted(problems, key=lambda problem: _order(problem.place, file)))
    return Config(file, settings, steps, document, tuple(windows), job_steps)


def _all_steps(
    document: Document, to_release: bool
) -> tuple[tuple[Step, ...], dict[str, tuple[Step, ...]], list[ConfigProblem]]:
    """Those of the services' releases, those of each job by its name, and what is wrong with them."""
    from deploy_lib.config.steps import read_job_steps, read_steps

    steps, problems = read_steps(document, to_release=to_release)
    jobs = document.data.get("jobs")
    of_jobs = {}
    for name, given in jobs.items() if isinstance(jobs, dict) else ():
        if isinstance(given, dict):
            of_jobs[str(name)], found = read_job_steps(document, str(name))
            problems.extend(found)
    return steps, of_jobs, problems


def plan_for(config: Config, name: str, *, region: str | None = None, service_account: str | None = None) -> Plan:
    """The plan of one service, in its first region or in `region`. Raises ConfigError for an unknown name."""
    settings = config.settings
    if name not in settings.services:
        where = config.document.place(("services",))
        raise ConfigError([ConfigProblem(where, unknown("service", name, settings.services))])
    service = settings.services[name].as_service(name, settings, region)
    if service_account:
        service = replace(service, service_account=service_account)
    at = ("services", name, "include")
    places = tuple(config.document.place((*at, index)) for index in range(len(service.source.include)))
    service = replace(service, source=replace(service.source, include_places=places))
    return Plan(
        service=service,
        steps=_joined(config.steps, service),
        on_failure=settings.on_failure,
        on_inconclusive=settings.on_inconclusive,
        path=config.path,
        local=settings.local,
        freeze=config.freeze,
        places=dict(_places(config, name)),
    )


def plan_for_job(config: Config, name: str, *, region: str | None = None, service_account: str | None = None) -> Plan:
    """The plan of one job. Raises ConfigError for a name that is not in the file."""
    settings = config.settings
    if name not in settings.jobs:
        where = config.document.place(("jobs",))
        raise ConfigError([ConfigProblem(where, unknown("job", name, settings.jobs))])
    job = settings.jobs[name].as_service(name, settings, region)
    job = replace(job, service_account=service_account or job.service_account)
    at = ("jobs", name, "include")
    places = tuple(config.document.place((*at, index)) for index in range(len(job.source.include)))
    job = replace(job, source=replace(job.source, include_places=places))
    return Plan(
        service=job,
        steps=_joined((*config.job_steps[name], _update(job, config)), job) if name in config.job_steps else (),
        path=config.path,
        local=settings.local,
        freeze=config.freeze,
        places=dict(_places(config, name, "jobs")),
    )


def _update(job: Service, config: Config) -> Step:
    """The last step of a job's release, which changes it, and runs it where it says so."""
    from deploy_lib.steps.job import KIND
    from deploy_lib.steps.job.settings import settings_of_target

    return Step(KIND, settings_of_target(job), config.document.place(("jobs", job.name)))


def _places(config: Config, name: str, section: str = "services") -> Iterator[tuple[str, str]]:
    """file:line of the service's entry and of each key in it."""
    for path in config.document.places:
        if path[:2] == (section, name) and len(path) in (2, 3):
            key = "service" if len(path) == 2 else str(path[2])
            yield key, config.document.place(path).rpartition(":")[0]


def _joined(steps: tuple[Step, ...], service: Service) -> tuple[Step, ...]:
    """Each step with what it takes from what the others offer."""
    offered = [found for step in steps if (found := step.kind.offers(step.settings, service)) is not None]
    return tuple(replace(step, settings=step.kind.takes(step.settings, offered)) for step in steps)


def _order(place: str, first: str) -> tuple[bool, str, int, int]:
    """This file's problems first, each file's in its order."""
    parts = place.rsplit(":", 2)
    known = len(parts) == 3 and parts[1].isdigit()
    file = parts[0] if known else place
    return file != first, file, int(parts[1]) if known else 0, int(parts[2]) if known else 0
