"""The flags of the commands that set things up: local and init."""

from __future__ import annotations

import argparse


def add_local_arguments(local: argparse.ArgumentParser) -> None:
    local.add_argument("action", choices=("up", "down", "status", "env"))
    local.add_argument("--gcloud", action="store_true", help="with env: the environment for gcloud itself")
    local.add_argument(
        "--credentials",
        metavar="KIND",
        help="with env: the tool's environment with credentials of that kind: login, key-file, impersonated, "
        "federation, federation-account, metadata",
    )
    local.add_argument("--state", metavar="DIR", help="where journals and the local cloud's images are kept")
    local.add_argument("--engine", choices=("docker", "podman", "namespaces"), help="default: whichever works here")
    local.add_argument("--time-scale", type=_scale, metavar="X", help="0.1: waits take a tenth")
    local.add_argument(
        "--profile",
        choices=("relaxed", "production"),
        help="production: quotas, permissions, delays and chance as at Google; default: relaxed",
    )
    local.add_argument(
        "--reach",
        action="append",
        metavar="WHAT",
        help="with up: what containers may reach: HOST:PORT, a service's name, or PROJECT:REGION:NAME=HOST:PORT for "
        "a Cloud SQL socket; several times for several",
    )


def _scale(text: str) -> float:
    """Above 0, and a number that time can be multiplied with."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= MOST_SCALE:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0 and up to {MOST_SCALE}")
    return value


MOST_SCALE = 100


def add_init_arguments(init: argparse.ArgumentParser) -> None:
    init.add_argument(
        "--service", metavar="S", help="its name on Cloud Run (default: that of --from; new: of the directory)"
    )
    init.add_argument(
        "--from",
        dest="from_file",
        metavar="FILE",
        help="a Knative file, or what `gcloud run services describe S --format yaml` prints; asks no cloud",
    )
    init.add_argument(
        "--new", action="store_true", help="a service that does not run yet, from its Dockerfile alone; asks no cloud"
    )
    init.add_argument("--dockerfile", metavar="D", help="with --new: relative to the repository (default: Dockerfile)")
