"""The flags that say what is released and how: deploy and plan."""

from __future__ import annotations

import argparse

SERVING = "serving"
"""What --skip-build stands for alone: the image that serves now."""


def add_release_arguments(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("what is released")
    group.add_argument("--commit", metavar="C", help="the commit to release (default: HEAD)")
    group.add_argument(
        "--skip-build",
        nargs="?",
        const=SERVING,
        metavar="IMAGE",
        help="release an image given as name@sha256:..., or the one that serves now",
    )
    group.add_argument(
        "--changed",
        action="store_true",
        help="of the services, only those whose image's files or settings have changed since what serves; says why",
    )
    group.add_argument("--rebuild", action="store_true", help="build even when the same image was built before")
    group.add_argument(
        "--build-local",
        nargs="?",
        const="local",
        choices=("local", "docker", "podman", "namespaces"),
        help="build on this machine with docker, else podman, instead of Cloud Build",
    )
    group.add_argument(
        "--no-traffic", action="store_true", help="stop after the candidate's probe, with 0 %% of traffic"
    )
    group.add_argument("--force", action="store_true", help="release an image that failed in an earlier release")
    group.add_argument("--service-account", metavar="ACCOUNT", help="the account the service runs as")
    group.add_argument(
        "--emergency",
        action="store_true",
        help="release although a freeze or a hold is in force; needs --why, and both are recorded",
    )
    group.add_argument("--why", metavar="TEXT", help="the reason for --emergency, for the record and the report")


def add_deploy_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--on",
        choices=("cloud-build",),
        help="let Cloud Build carry the release out: it goes on without this machine, which shows it meanwhile",
    )
    command.add_argument("--handed", metavar="JSON", help=argparse.SUPPRESS)
    command.add_argument("--dry-run", action="store_true", help="the same as the command plan")
    command.add_argument(
        "--keep",
        action="store_true",
        help="when one of several services fails, keep the others live; the regions of one stay together",
    )
    command.add_argument("--report-dir", metavar="DIR", help="also write the report there, in every format")
    old = command.add_argument_group("flags of the script this tool replaces")
    for flag, text in OLD_FLAGS.items():
        old.add_argument(flag, action="store_true", help=text)


OLD_FLAGS = {
    "--run-checks": "always on: the checks are steps of the plan",
    "--check-secrets": "always on: the step config_contract",
    "--check-apis": "always on: each refusal names the API to enable",
    "--skip-validation": "refused: leave a step out of the YAML instead, where others can see it",
    "--skip-post-tests": "refused: leave probe or verify out of the YAML instead",
    "--cleanup": "refused: revisions are kept, so that a rollback needs no build; prune deletes old ones",
    "--no-alpine": "refused: the Dockerfile says what base it uses",
    "--rollback": "now a command of its own: rollback",
}
