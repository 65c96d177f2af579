"""git_clean: the release is the commit, so nothing on the disk may look as if it were part of its code.

A file that the service imports, or that a COPY would bring as code, must be committed as it is: otherwise the
developer tests one thing and releases another. Everything else that lies about in a working copy (settings of this
machine, environments, caches, databases, build output) cannot reach the image, and is one line of advice.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from deploy_lib.model.answers import Change, CheckoutRead
from deploy_lib.model.counting import counted
from deploy_lib.model.details import Details
from deploy_lib.model.file_state import NOT_IN_GIT, FileState
from deploy_lib.model.findings import Finding
from deploy_lib.model.release import Release, Status
from deploy_lib.source.file_kinds import FileKind, kind_of
from deploy_lib.steps.git_clean.branches import branch_problems
from deploy_lib.steps.git_clean.findings import NAMED, finding, harmless, leftovers
from deploy_lib.steps.kind import Kind, Settings, Usual, Verdict, first_of
from deploy_lib.steps.known_bad import ONLY_ON_DISK
from deploy_lib.steps.position import OrderRule, Position

_CODE = (FileKind.PROGRAM, FileKind.SOURCE)


class GitCleanSettings(Settings):
    branches: tuple[str, ...] = Field(
        (),
        description="branches that may be released, as globs, and tags as refs/tags/v*; empty: any. Where a CI system "
        "checks out a commit alone, its variables or the remote branches that hold the commit tell the branch",
    )
    upstream: bool = Field(
        False,
        description="refuse when the branch is not in sync with its upstream, or with the remote branch of its name",
    )
    ignored: Literal["code", "context", "imported", "allow"] = Field(
        "code",
        description="which git-ignored files stop a release: those the code imports or a COPY would bring as code, "
        "all that the build context would hold, only those the code imports, or none",
    )


@dataclass(frozen=True, slots=True)
class GitCleanDetails(Details):
    """`outside`: files that differ from the commit and cannot reach the service."""

    outside: tuple[str, ...] = ()

    def lines(self) -> Iterator[str]:
        """The files, where the finding about them names some only."""
        if len(self.outside) > NAMED:
            yield f"differ from the commit and cannot reach the service: {', '.join(self.outside)}"


@dataclass(frozen=True, slots=True)
class ReadCheckout:
    """The working copy beside the commit: what is on the disk and not in the release."""

    release: Release
    settings: GitCleanSettings = GitCleanSettings()


def ask(settings: GitCleanSettings, release: Release) -> ReadCheckout:
    return ReadCheckout(release, settings)


def judge(settings: GitCleanSettings, release: Release, answer: CheckoutRead) -> Verdict:
    problems = (*branch_problems(settings.branches, answer, settings.upstream), *answer.findings)
    if answer.head != answer.commit:
        of = f" of {answer.branch} ({answer.evidence.by})" if answer.evidence.by else ""
        reason = f"releasing {answer.commit[:7]}{of}, which is not checked out; uncommitted files do not matter"
        return _verdict(release, problems, (), (), reason)
    stopping = tuple(change for change in answer.changes if _stops(settings, change))
    others = tuple(change for change in answer.changes if change not in stopping)
    left = tuple(change for change in others if change.in_context and change.kind in NOT_IN_GIT and not change.made_by)
    changed = tuple(
        change for change in others if change not in left and change.kind != FileState.IGNORED and not change.made_by
    )
    problems = (*problems, *(finding(change, answer) for change in stopping))
    by = f" ({answer.evidence.by})" if answer.evidence.by else ""
    where = f"on {answer.branch}{by}" if answer.branch else f"on {answer.evidence.what}"
    what = "no code" if any(each.in_context for each in others) else "nothing"
    advice = (leftovers(left, answer),) if left and not answer.by_ci else ()
    reason = f"{answer.commit[:7]} {where}, {what} in the build context differs from it"
    return _verdict(release, problems, changed, advice, reason)


def _verdict(
    release: Release,
    problems: tuple[Finding, ...],
    changed: tuple[Change, ...],
    advice: tuple[Finding, ...],
    good: str,
) -> Verdict:
    details = GitCleanDetails(tuple(change.path for change in changed))
    further = (*((harmless(changed),) if changed else ()), *advice)
    if problems:
        return Verdict(Status.FAILED, first_of(problems), release, (*problems, *further), details)
    outside = [change for change in changed if not change.in_context]
    if outside:
        good += f"; {counted(len(outside), 'changed file')} outside it"
    return Verdict(Status.PASSED, good, release, further, details)


def _stops(settings: GitCleanSettings, change: Change) -> bool:
    """Whether the service that runs here would be another one than the commit's."""
    if change.made_by or not change.in_context:
        return change.imported and not change.made_by
    copied = change.copied or change.in_image
    kind = kind_of(posixpath.basename(change.path) if change.among_code else change.path)
    if change.kind == FileState.IGNORED:
        if settings.ignored == "allow":
            return False
        if change.imported or settings.ignored == "imported":
            return change.imported
        program = kind is FileKind.PROGRAM or (change.path.endswith("/") and kind is FileKind.OTHER)
        return settings.ignored == "context" or (copied and change.among_code and program)
    if change.imported or change.build:
        return True
    if change.kind == FileState.UNTRACKED:
        return copied and (kind is FileKind.PROGRAM or (kind is FileKind.SOURCE and change.among_code))
    return copied and kind_of(posixpath.basename(change.path)) in _CODE


REFERENCE = """\
# The release is the commit: nothing on the disk may look as if it were part of it.
- git_clean:
    branches: [main]         # globs of branches that may be released (default: any); tags are refs/tags/v*
    upstream: false          # true: refuse when not in sync with the upstream branch, as last fetched
    ignored: code            # git-ignored files that stop a release: code (what the code imports, or a COPY would
                             # bring as code) | context (all that the build context would hold) | imported | allow
"""
KIND = Kind(
    "git_clean",
    GitCleanSettings,
    ask,
    judge,
    ReadCheckout,
    CheckoutRead,
    GitCleanDetails,
    usual=(Usual(10, REFERENCE, {"branches": ["main"]}),),
    known_bad=(ONLY_ON_DISK,),
    position=Position(not_after=OrderRule("build", "the image would already be built"), once=True),
    cloud=False,
    only_reads=True,
    of_jobs=True,
)
