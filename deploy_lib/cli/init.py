"""init: adopts a service that already runs, by writing the YAML that releases it as it is.

Nothing in the cloud is changed. What the YAML has no words for is listed, and kept at every release.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from deploy_lib.cli.program import program_of, shorter
from deploy_lib.cli.session import google_endpoints, local_endpoints
from deploy_lib.cli.show.console import say
from deploy_lib.config.new_file import new_file
from deploy_lib.drivers.clients import Clients
from deploy_lib.drivers.clock import SystemClock
from deploy_lib.drivers.policy import Calls
from deploy_lib.drivers.services.api import RunApi
from deploy_lib.drivers.services.import_service import ImportedService, import_service
from deploy_lib.drivers.whole_file import write_whole
from deploy_lib.model.not_possible import NotPossible


def main(args: argparse.Namespace) -> int:
    if args.config:
        raise NotPossible("init writes a configuration file; give --project and --region, and no --config")
    project = args.project or ("netra-local" if args.local else None)
    region = args.region or ("us-central1" if args.local else None)
    if not project or not region:
        raise NotPossible("init needs --project P and --region R, where the service runs")
    path = Path(args.repo or ".").expanduser() / "config" / f"{project}.yaml"
    if path.exists():
        raise NotPossible(
            f"{path} exists already; move it away, or add the service to it by hand (config/reference.yaml)"
        )
    found = _read(args, project, region)
    text = new_file(found.entry, found.image, args.service, project, region, local=args.local)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, text)
    say(f"wrote {path}")
    program = program_of(args, path, Path(args.repo) if args.repo else None).of(args.service)
    say(f"look at context, dockerfile and the paths that are asked; then: {shorter(program.command('plan'))}")
    for kept in found.kept:
        say(f"  kept as it is at every release: {kept}")
    return 0


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
        raise NotPossible(f"{project} has no service {args.service} in {region}{runs}")
    return import_service(service)
