"""What the command line asks of one service's release, beyond the YAML."""

from __future__ import annotations

import argparse
from pathlib import Path

from deploy_lib.cli.paths import state_directory
from deploy_lib.cli.releasing_arguments import SERVING
from deploy_lib.model.image_names import digest_of
from deploy_lib.model.not_possible import NotPossible
from deploy_lib.model.release import Builder, Options
from deploy_lib.plan import Plan
from deploy_lib.steps.build import BuildSettings, builder_of


def options_of(args: argparse.Namespace, plan: Plan) -> Options:
    """Raises NotPossible for what cannot be meant."""
    image = args.skip_build
    if image and image != SERVING and not digest_of(image):
        raise NotPossible(f"--skip-build {image}: name the image by digest, NAME@sha256:..., or leave the value out")
    if image and (args.rebuild or args.build_local):
        raise NotPossible("--skip-build releases an image that is there already; leave out --rebuild and --build-local")
    emergency = emergency_of(args)
    return Options(
        image=image,
        rebuild=args.rebuild,
        force=args.force,
        traffic=not args.no_traffic,
        keep=getattr(args, "keep", False),
        emergency=emergency,
        builder=(
            _local_builder(args.build_local, state_directory(args.state) / "builds")
            if args.build_local
            else builder_of(plan.settings(BuildSettings))
        ),
    )


def emergency_of(args: argparse.Namespace) -> str:
    """Why the release is an emergency; empty where it is none. Raises NotPossible for one without the other."""
    why = " ".join((args.why or "").split())
    if args.emergency and not why:
        raise NotPossible("--emergency needs --why TEXT: who reads the record will ask")
    if why and not args.emergency:
        raise NotPossible("--why gives the reason for --emergency; leave it out, or give both")
    return why


def refuse_what_contradicts(args: argparse.Namespace) -> None:
    """Raises NotPossible: with an image given, or built in any case, there is nothing to compare."""
    if args.changed and (args.skip_build or args.rebuild):
        raise NotPossible(
            "--changed compares what a build would put into the image; leave out --skip-build and --rebuild"
        )


def _local_builder(wanted: str, store: Path) -> Builder:
    """--build-local without a value takes docker, else podman, as far as they work here."""
    if wanted != "local":
        return Builder(wanted)
    from deploy_lib.drivers.engines import EngineUnavailable, choose

    try:
        return Builder(choose(None, store, ("docker", "podman")).name)
    except EngineUnavailable as refusal:
        hint = f"{refusal.remedy}; or give --build-local namespaces"
        raise NotPossible(f"--build-local: {refusal.reason}\n  {hint}") from None
