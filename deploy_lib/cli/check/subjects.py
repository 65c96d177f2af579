"""What is checked: services of a configuration file, or the one that three flags describe."""

from __future__ import annotations

import argparse
import os
import re
from dataclasses import dataclass
from pathlib import Path

from deploy_lib.cli.paths import given_path
from deploy_lib.model.not_possible import NotPossible
from deploy_lib.model.service import BuildSource
from deploy_lib.source.entrypoint.given import GivenStart, start_of

_MODULE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*(:[A-Za-z_][\w.]*(\(.*\))?)?")


@dataclass(frozen=True, slots=True)
class CheckSubject:
    """`cloud_build`: the build goes there, so .gcloudignore counts."""

    service: str
    source: BuildSource
    start: GivenStart = GivenStart()
    cloud_build: bool = True
    undeclared: bool = True


def subjects(args: argparse.Namespace, root: Path) -> list[CheckSubject]:
    """Raises NotPossible and ConfigError."""
    if args.dockerfile or args.context or args.entrypoint or args.pythonpath:
        if args.config:
            raise NotPossible(
                "--config says where the Dockerfile is and how it starts; "
                "leave out --dockerfile, --context, --entrypoint and --pythonpath"
            )
        return [_described(args, root)]
    found = _configured(args, root)
    if found:
        return found
    if args.service:
        raise NotPossible(
            f"--service {args.service[0]}: {root} has no configuration in config/; name one with --config"
        )
    return [_described(args, root)]


def _described(args: argparse.Namespace, root: Path) -> CheckSubject:
    for entrypoint in args.entrypoint:
        if not _MODULE.fullmatch(entrypoint):
            raise NotPossible(f"--entrypoint {entrypoint}: write a module, app.main or app.main:app")
    context = _inside(args.context or ".", "--context", root)
    default = "Dockerfile" if context == "." else f"{context}/Dockerfile"
    dockerfile = _inside(args.dockerfile, "--dockerfile", root) if args.dockerfile else default
    start = GivenStart(tuple(args.entrypoint), tuple(args.pythonpath))
    name = args.service[0] if args.service else (root if context == "." else root / context).name
    return CheckSubject(name, BuildSource(context=context, dockerfile=dockerfile), start)


def _inside(given: str, flag: str, root: Path) -> str:
    """As a path from the repository's top; one that only exists from where the user stands is taken from there."""
    path = given_path(given)
    standing = Path.cwd() / path
    chosen = standing if path.is_absolute() or (not (root / path).exists() and standing.exists()) else root / path
    try:
        return Path(os.path.realpath(chosen)).relative_to(os.path.realpath(root)).as_posix()
    except ValueError:
        raise NotPossible(f"{flag} {given}: lies outside the repository {root}") from None


def _configured(args: argparse.Namespace, root: Path) -> list[CheckSubject]:
    from deploy_lib.cli.selection import candidates

    paths = [given_path(args.config)] if args.config else candidates(root)
    found: dict[str, tuple[CheckSubject, Path]] = {}
    for path in paths:
        for subject in _of_file(path, args.service if args.config else []):
            known, where = found.setdefault(subject.service, (subject, path))
            if known != subject and (not args.service or subject.service in args.service):
                raise NotPossible(
                    f"{where.name} and {path.name} build {subject.service} differently; choose one with --config"
                )
    missing = [name for name in args.service if name not in found]
    if missing and paths:
        raise NotPossible(f"--service {missing[0]}: no such service (known: {', '.join(found)})")
    return [subject for subject, _ in found.values() if not args.service or subject.service in args.service]


def _of_file(path: Path, names: list[str]) -> list[CheckSubject]:
    from deploy_lib.cli.selection import shown
    from deploy_lib.config import load, plan_for
    from deploy_lib.model.release import Builder
    from deploy_lib.steps.build import BuildSettings
    from deploy_lib.steps.image_contents import ImageContentsSettings

    config = load(path, shown=shown(path), exists=lambda inside: True, to_release=False)
    made = []
    for name in names or config.services():
        plan = plan_for(config, name)
        build, contents = plan.settings(BuildSettings), plan.settings(ImageContentsSettings)
        made.append(
            CheckSubject(
                name,
                plan.service.source,
                start_of(plan.service),
                cloud_build=build is None or build.builder is Builder.CLOUD_BUILD,
                undeclared=contents is None or contents.undeclared,
            )
        )
    return made
