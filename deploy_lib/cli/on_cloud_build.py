"""deploy --on cloud-build: a build carries the release out, and this client shows it for as long as it wants to.

What the working copy alone can tell is checked here first.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from deploy_lib.cli.following import AWAY, worker_of
from deploy_lib.cli.identity import holder
from deploy_lib.cli.selection import Selection
from deploy_lib.cli.session import Session
from deploy_lib.config.one_file import as_one_file
from deploy_lib.model.not_possible import NotPossible
from deploy_lib.model.release import Builder, Release
from deploy_lib.plan import Plan
from deploy_lib.release.handed import apart, passes_here
from deploy_lib.steps.git_clean import GitCleanSettings, ReadCheckout

if TYPE_CHECKING:
    from deploy_lib.drivers.builds.handed_releases import HandedBuild

PASSED_FLAGS = ("force", "rebuild", "no_traffic", "keep", "emergency")
PASSED_VALUES = ("skip_build", "service_account", "region", "wait", "why")
"""What of the command line is the release's own, and goes along."""


@dataclass(frozen=True, slots=True)
class Handed:
    """What a build was told of the releases that it carries out: who asked for them, and what they are called."""

    holder: str = ""
    ids: Mapping[str, str] = field(default_factory=dict)

    def named(self, release: Release) -> Release:
        return replace(release, id=self.ids.get(release.service.label, release.id))


def handed_over(args: argparse.Namespace) -> Handed:
    """Empty where the release is carried out by who asked for it. Raises NotPossible for what no client hands over."""
    try:
        return Handed(**json.loads(args.handed)) if args.handed else Handed()
    except (ValueError, TypeError):
        raise NotPossible("--handed is what --on cloud-build gives its builds; leave it out") from None


def may_be_handed_over(session: Session, plans: Sequence[Plan], releases: Sequence[Release]) -> bool:
    """False where a check fails here already: then it is told here, as of any release.

    Raises NotPossible for one that an engine of this machine would build.
    """
    for release in releases:
        if release.options.builder is not Builder.CLOUD_BUILD:
            raise NotPossible(
                f"--on cloud-build: {release.service.label} is built with {release.options.builder}, an engine of this "
                "machine; leave --build-local out, or say with: cloud_build in the build step"
            )
    pairs = zip(plans, releases, strict=True)
    return all(passes_here(plan, release, session.source) for plan, release in pairs)


def hand_over(
    session: Session, selection: Selection, args: argparse.Namespace, releases: Sequence[Release]
) -> list[HandedBuild]:
    """The builds, one for each group of services that depend on each other. Raises DriverError and ConfigError."""
    from deploy_lib.drivers.builds.handed_releases import HandOver

    by_name = {release.service.label: release for release in releases}
    first = selection.plans[0]
    checkout = ReadCheckout(releases[0], first.settings(GitCleanSettings) or GitCleanSettings())
    copy = session.source.copy(checkout, [release.service.source for release in releases])
    path = Path(first.path)
    found = []
    for plans in apart(selection.plans, keep=args.keep):
        names = [plan.service.label for plan in plans]
        program = replace(selection.program, services=tuple(dict.fromkeys(plan.service.name for plan in plans)))
        request = HandOver(
            [by_name[name] for name in names],
            as_one_file(path),
            f"config/{path.name}",
            copy,
            tuple(_words(args, [by_name[name] for name in names])),
            program,
            worker_of(first),
        )
        found.append(session.handed.hand_over(request))
    return found


def _words(args: argparse.Namespace, releases: Sequence[Release]) -> list[str]:
    """The command line that a build carries out; what is not an option of the release is this client's own."""
    ids, who = {release.service.label: release.id for release in releases}, holder().replace(" at ", " from ")
    words = ["--handed", json.dumps({"holder": f"{who}, {AWAY}", "ids": ids})]
    words += ["--commit", releases[0].commit]
    words += [word for name in dict.fromkeys(each.service.name for each in releases) for word in ("--service", name)]
    words += [f"--{name.replace('_', '-')}" for name in PASSED_FLAGS if getattr(args, name)]
    for name in PASSED_VALUES:
        if getattr(args, name):
            words += [f"--{name.replace('_', '-')}", str(getattr(args, name))]
    return words
