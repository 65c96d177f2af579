"""From the command line to what it means: which repository, which configuration file, which services, which commit."""

from __future__ import annotations

import argparse
import os
import re
from dataclasses import dataclass, replace
from pathlib import Path

from deploy_lib.cli.paths import TOOL, given_path
from deploy_lib.cli.program import program_of
from deploy_lib.cli.repository import commit_of, repository
from deploy_lib.config import Config, ConfigError, ConfigProblem, load, plan_for, plan_for_job
from deploy_lib.config.file_text import NotReadable, read_text
from deploy_lib.config.files import MOST_FILES
from deploy_lib.config.problems import unknown
from deploy_lib.config.regions import REGION
from deploy_lib.model.not_possible import NotPossible
from deploy_lib.model.program import Invocation
from deploy_lib.plan import Plan
from deploy_lib.steps.variables import ACCOUNT

__all__ = [
    "Selection",
    "candidates",
    "commit_of",
    "config_path",
    "project_of",
    "repository",
    "select",
    "shown",
    "somewhere",
]


@dataclass(frozen=True, slots=True)
class Selection:
    """`root` is the repository's top directory; `plans` are in the order they may start.

    `program` is this tool as it is typed, for all of them; each plan has it for its service.
    """

    root: Path
    config: Config
    plans: tuple[Plan, ...]
    program: Invocation

    @property
    def one(self) -> str:
        """The option that tells one of them from the others."""
        kind = self.plans[0].service.kind
        return f"--{kind}" if len({plan.service.name for plan in self.plans}) > 1 else "--region"


def select(args: argparse.Namespace, *, source: bool = True, with_steps: bool = True) -> Selection:
    """Raises NotPossible and ConfigError. Without `source` no repository is needed: nothing will be released. Without
    `with_steps` the plans have none: nothing is done but looked at."""
    root = repository(args.repo) if source else somewhere(args.repo)
    path = config_path(args, root)
    looked_for = source and getattr(args, "commit", None) is None
    config = load(
        path,
        shown=shown(path),
        exists=lambda inside: not looked_for or (root / inside).exists(),
        to_release=source,
        with_steps=with_steps,
        matches=lambda pattern: not looked_for or _finds(root, pattern),
    )
    if args.project and config.settings.project != args.project:
        place = config.document.place(("project",))
        raise ConfigError([ConfigProblem(place, f"this file is for {config.settings.project}, not for {args.project}")])
    if args.local and not config.settings.local:
        place = config.document.place(("project",))
        raise ConfigError(
            [ConfigProblem(place, "--local, and this file is for Google Cloud; add the line local: true")]
        )
    plans = plans_named(args, config)
    names = tuple(dict.fromkeys(plan.service.name for plan in plans))
    jobs = tuple(plan.service.name for plan in plans if plan.service.job is not None)
    program = replace(program_of(args, path, root if source else None), services=names, jobs=jobs)
    bound = tuple(replace(plan, program=program.of(plan.service.name)) for plan in plans)
    return Selection(root, config, bound, program)


def _finds(root: Path, pattern: str) -> bool:
    from deploy_lib.drivers.source.disk import included_paths

    return next(included_paths(root, pattern), None) is not None


def somewhere(given: str | None) -> Path:
    """The top directory of the working copy. Outside of any: here, or the tool that has files there."""
    try:
        return repository(given)
    except NotPossible:
        if given:
            raise
        return next((each for each in (Path.cwd(), TOOL) if candidates(each)), Path.cwd())


def config_path(args: argparse.Namespace, root: Path) -> Path:
    """The one file that --config, --local or --project means. Raises NotPossible, which names those there are."""
    if args.config:
        return given_path(args.config)
    if args.local:
        path = root / "config" / "local.yaml"
        if not path.exists():
            raise NotPossible(_none_yet(args, root, f"there is no {shown(path)}", "--local"))
        return path
    files = list(candidates(root))
    projects = {path: project_of(path) for path in files}
    nowhere = f"no file in {shown(root / 'config')}/ names a project"
    if args.project:
        found = [path for path, project in projects.items() if project == args.project]
        if len(found) == 1:
            return found[0]
        known = sorted({project for project in projects.values() if project})
        if not known:
            raise NotPossible(_none_yet(args, root, nowhere, "--project", args.project))
        if found:
            names = ", ".join(shown(path) for path in found)
            raise NotPossible(f"--project {args.project}: several files name it ({names}); choose one with --config")
        mistaken = f"--project: {unknown('project', args.project, known)}"
        mistyped = "did you mean" in mistaken or root == TOOL
        raise NotPossible(mistaken if mistyped else _none_yet(args, root, mistaken, "--project", args.project))
    if not files:
        raise NotPossible(_none_yet(args, root, nowhere))
    raise NotPossible("which project? give --project P, or --config FILE, or --local for the local cloud")


def _none_yet(args: argparse.Namespace, root: Path, what: str, *words: str) -> str:
    """Bare, init says which ways there are; with a project it is most likely one of a service that is new there."""
    words = ("--new", *words, "--region", args.region or "us-central1") if words[:1] == ("--project",) else words
    return f"{what}; init writes one: {program_of(args, root=root).command('init', *words)}"


def candidates(root: Path) -> list[Path]:
    """The YAML files in its config/ that name a project."""
    directory = root / "config"
    found = sorted([*directory.glob("*.yaml"), *directory.glob("*.yml")])
    return [path for path in found if path.stem != "reference" and project_of(path)]


def project_of(path: Path, chain: int = MOST_FILES) -> str | None:
    """The project a file names, or one that it extends, without reading it whole as YAML: an unrelated broken file must
    not be in the way."""
    try:
        text = read_text(path)
    except NotReadable:
        return None
    if match := re.search(r"^project:\s*[\"']?([\w-]+)", text, re.MULTILINE):
        return match[1]
    extends = re.search(r"^extends:\s*[\"']?([^\s\"'#]+)", text, re.MULTILINE)
    return project_of(path.parent / extends[1], chain - 1) if extends and chain else None


def plans_named(args: argparse.Namespace, config: Config) -> list[Plan]:
    """Those of the services and regions that the command line names, in the order they may start. Raises NotPossible
    and ConfigError."""
    if getattr(args, "job", None):
        return _job_plans(args, config)
    if not config.services():
        raise NotPossible(f"which job? give --job J (known: {', '.join(config.jobs())})")
    names = list(config.services()) if getattr(args, "all", False) else list(dict.fromkeys(args.service))
    if not names:
        if len(config.services()) > 1:
            known = ", ".join(config.services())
            raise NotPossible(f"which service? give --service S (known: {known}), or --all")
        names = list(config.services())
    account = getattr(args, "service_account", None)
    _fits("--service-account", account, ACCOUNT, "an account: name@project.iam.gserviceaccount.com")
    _fits("--region", args.region, REGION, "a Google Cloud region, e.g. us-central1")
    return [
        plan_for(config, name, region=region, service_account=account)
        for name in _ordered(names, config)
        for region in _regions(config, name, args.region)
    ]


def _regions(config: Config, name: str, wanted: str | None) -> tuple[str, ...]:
    """Where the service is meant: everywhere it runs, or in the region that is named. Raises NotPossible."""
    if name not in config.services():
        return ("",)  # which `plan_for` refuses
    known = config.regions(name)
    if wanted is None:
        return known
    if len(known) > 1 and wanted not in known:
        add = f"or add it to regions: in {config.path}"
        raise NotPossible(f"--region {wanted}: {name} runs in {', '.join(known)}; name one of these, {add}")
    return (wanted,)


NOT_OF_JOBS = {
    "approve": "a job's release waits for nobody",
    "guard": "a job has no traffic to be put back",
    "hold": "only a service can be held",
    "open": "a job has no address",
    "prune": "a job has no revisions to delete, and Cloud Run itself deletes old executions; of its images keep those "
    "that status names, and choose among the others by hand: gcloud artifacts docker images list {images}",
}
"""Why a command takes no job."""
_FLAGS_OF_SERVICES = ("changed", "on", "no_traffic", "unpin", "accept")


def _job_plans(args: argparse.Namespace, config: Config) -> list[Plan]:
    """Raises NotPossible for what is of services only."""
    if args.command in NOT_OF_JOBS:
        why = NOT_OF_JOBS[args.command].format(images=plan_for_job(config, args.job[0]).service.image_name)
        raise NotPossible(f"{args.command} takes no --job: {why}")
    if args.service or getattr(args, "all", False):
        raise NotPossible("--job and --service (or --all) are for commands of their own: release one after the other")
    given = [f"--{name.replace('_', '-')}" for name in _FLAGS_OF_SERVICES if getattr(args, name, None)]
    if given:
        raise NotPossible(f"{', '.join(given)}: of services only; a job has no traffic")
    account = getattr(args, "service_account", None)
    _fits("--service-account", account, ACCOUNT, "an account: name@project.iam.gserviceaccount.com")
    _fits("--region", args.region, REGION, "a Google Cloud region, e.g. us-central1")
    names = dict.fromkeys(args.job)
    return [plan_for_job(config, name, region=args.region, service_account=account) for name in names]


def _fits(flag: str, value: str | None, pattern: str, what: str) -> None:
    """Raises NotPossible for a value that the YAML would be refused for."""
    if value is not None and not re.fullmatch(pattern, value):
        raise NotPossible(f"{flag} {value!r} is not {what}")


def _ordered(names: list[str], config: Config) -> list[str]:
    """Each service after those it waits for, else as given."""
    done: list[str] = []

    def visit(name: str) -> None:
        for other in config.settings.services[name].after if name in config.settings.services else ():
            if other in names:
                visit(other)
        if name not in done:
            done.append(name)

    for name in names:
        visit(name)
    return done


def shown(path: Path) -> str:
    """As short as it can be from where the user stands."""
    try:
        return str(Path(os.path.realpath(path)).relative_to(Path.cwd()))
    except ValueError:
        return str(path)
