"""init: writes the YAML that releases a service as it is: one that runs, one of a Knative file, or one that is new.

Nothing in the cloud is changed, and for the last two nothing is asked. What the YAML has no words for is listed, and
kept at every release.
"""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import yaml

from deploy_lib.cli.init_files import context_of, dockerfile_of, health_of
from deploy_lib.cli.paths import given_path
from deploy_lib.cli.program import program_of, shorter
from deploy_lib.cli.repository import in_git, main_branch
from deploy_lib.cli.session import google_endpoints, local_endpoints
from deploy_lib.cli.show.console import say
from deploy_lib.config.file_text import NotReadable, read_text
from deploy_lib.config.new_file import new_file
from deploy_lib.config.regions import REGION
from deploy_lib.config.service_settings import NAME
from deploy_lib.config.settings import PROJECT
from deploy_lib.drivers.clients import Clients
from deploy_lib.drivers.clock import SystemClock
from deploy_lib.drivers.policy import Calls
from deploy_lib.drivers.services.api import RunApi
from deploy_lib.drivers.services.import_service import ImportedService, import_service
from deploy_lib.drivers.services.knative_file import place_of, service_of
from deploy_lib.drivers.whole_file import write_whole
from deploy_lib.model.not_possible import NotPossible
from deploy_lib.model.regions import REGIONS
from deploy_lib.model.shell_commands import in_repository
from deploy_lib.source.dockerfile.exposed import port_of
from deploy_lib.source.dockerfile.syntax import Refused
from deploy_lib.source.health_path import HealthPath

LOCAL_PROJECT = "local-cloud"


def main(args: argparse.Namespace) -> int:
    if args.config:
        raise NotPossible("init writes a configuration file; give --project and --region, and no --config")
    if args.from_file and args.new:
        raise NotPossible("--from reads a service, and --new makes one from the Dockerfile; give one of them")
    root = given_path(args.repo or ".")
    if not any((args.from_file, args.new, args.local, args.project, args.region, args.service, args.dockerfile)):
        raise NotPossible(_ways(args))
    document = _document(args.from_file) if args.from_file else None
    of_file = _of_file(document, args.from_file) if args.from_file else None
    told_project, told_region = place_of(document)
    project = args.project or (LOCAL_PROJECT if args.local else told_project)
    region = args.region or ("us-central1" if args.local else told_region)
    new = args.new or (args.local and not args.service and document is None)  # no service of the local cloud is named
    if new and not args.service:
        args.service = _name_of(root.resolve())
    _known(args, project, region)
    path = root / "config" / f"{'local' if args.local else project}.yaml"
    if path.exists():
        raise NotPossible(
            f"{path} exists already; move it away, or add the service to it by hand (config/reference.yaml)"
        )
    if of_file is not None:
        found, how = of_file, f"as {args.from_file} has it"
    elif new:
        found, how = _of_dockerfile(args, root), "as its Dockerfile has it"
    else:
        found, how = _read(args, project, region), ""
    name = args.service or found.entry["cloud_run"]
    health = health_of(root, found.entry)
    text = new_file(
        found.entry, found.image, name, project, region,
        local=args.local, how=how, branch=main_branch(root), health=health.path if health else "",
    )  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, text)
    for line in _told(path, found, health):
        say(line)
    for line in _next(args, path, root, name):
        say(line)
    return 0


def _ways(args: argparse.Namespace) -> str:
    ways = {
        _init(args, "--local"): "from the Dockerfile, for the local cloud on this machine",
        _init(args, "--new", "--project", "P", "--region", "us-central1"): "from the Dockerfile, for Google Cloud",
        _init(args, "--project", "P", "--region", "us-central1", "--service", "S"): "of a service that runs there",
        _init(args, "--from", "FILE"): "of a Knative file",
    }
    lines = (f"\n  {shorter(command)}  # {what}" for command, what in ways.items())
    return f"init writes the YAML of a service; say where it is to run:{''.join(lines)}"


def _init(args: argparse.Namespace, *words: str) -> str:
    return program_of(args, root=Path(args.repo) if args.repo else None).command("init", *words)


def _told(path: Path, found: ImportedService, health: HealthPath | None) -> Iterator[str]:
    """What was written, and what of it a person should look at."""
    yield f"wrote {path}"
    if health:
        yield f"  health.path: {health.path}, as {health.place} has it"
    else:
        yield "  /health is asked, which no file here has; where the service has another path: health: {path: /PATH}"
    yield from (f"  kept as it is at every release: {kept}" for kept in found.kept)


def _next(args: argparse.Namespace, path: Path, root: Path, service: str) -> Iterator[str]:
    """The commands that come next, in their order."""
    whole = program_of(args, path, Path(args.repo) if args.repo else None)
    program = replace(whole, region="").of(service)  # the file has it
    yield "next:"
    if in_git(root):
        file = shlex.quote(path.relative_to(root).as_posix())
        commit = f"git add -- {file} && git commit -m 'Configure the release of {service}' -- {file}"
        yield f"  {shorter(in_repository(commit, str(root.resolve())))}"
    for command in ("check", "plan", "deploy") if args.local else ("check", "doctor", "plan"):
        yield f"  {shorter(program.command(command))}"


def _name_of(repository: Path) -> str:
    """Its directory's name as Cloud Run could have it; "app" where nothing of it can stay."""
    name = re.sub(r"[^a-z0-9]+", "-", repository.name.lower()).strip("-0123456789")[:40].rstrip("-")
    return name if re.fullmatch(NAME, name) else "app"


def _known(args: argparse.Namespace, project: str, region: str) -> None:
    """Raises NotPossible for a place that is not told, or cannot be one: all that is wrong at once."""
    wrong = []
    if not project:
        wrong.append("init needs --project P, the project's id")
    elif not re.fullmatch(PROJECT, project):
        wrong.append(f"--project {project!r} is not a project's id: 6 to 30 lower-case letters, digits and hyphens")
    if not region:
        wrong.append(f"init needs --region R, where the service runs; Cloud Run is in {', '.join(REGIONS)}")
    elif not re.fullmatch(REGION, region):
        wrong.append(f"--region {region!r} is not a region; Cloud Run is in {', '.join(REGIONS)}")
    if not args.service and not args.from_file:
        wrong.append("init needs --service S, its name on Cloud Run")
    elif args.service and not re.fullmatch(NAME, args.service):
        wrong.append(f"--service {args.service!r} is not a service's name: lower-case letters, digits and hyphens")
    if wrong:
        raise NotPossible("\n  ".join(wrong))


def _document(file: str) -> object:
    try:
        return yaml.safe_load(read_text(given_path(file)))
    except NotReadable as error:
        raise NotPossible(f"--from {file}: {error}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{file}:{mark.line + 1}" if mark else file
        raise NotPossible(f"--from {place}: neither YAML nor JSON") from None


def _of_file(document: object, file: str) -> ImportedService:
    try:
        return import_service(service_of(document))
    except ValueError as error:
        raise NotPossible(f"--from {file}: {error}") from None


def _of_dockerfile(args: argparse.Namespace, root: Path) -> ImportedService:
    """A service that nothing is known of but how it is built."""
    again = program_of(args, root=Path(args.repo) if args.repo else None).command(
        "init", "--local" if args.local else "--new"
    )
    dockerfile, text = dockerfile_of(root, args.dockerfile, again)
    try:
        context, port = context_of(root, dockerfile, text), port_of(text)
    except Refused as error:
        raise NotPossible(f"{dockerfile}:{error.line}: {error.reason}") from None
    entry = {"cloud_run": args.service, "context": context, "dockerfile": dockerfile}
    return ImportedService(entry | ({"port": port} if port else {}), "", ())


def _read(args: argparse.Namespace, project: str, region: str) -> ImportedService:
    endpoints = local_endpoints(args) if args.local else google_endpoints()
    clients = Clients(endpoints, project, program_of(args))
    try:
        api = RunApi(Calls(clients, SystemClock()))
        service = api.service(f"projects/{project}/locations/{region}/services/{args.service}")
    finally:
        clients.close()
    if service is None:
        runs = "" if args.local else f"; gcloud run services list --project {project} shows what runs"
        new = "--new writes the file of one that does not run yet"
        raise NotPossible(f"{project} has no service {args.service} in {region}{runs}; {new}")
    return import_service(service)
