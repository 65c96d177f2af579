"""git_clean: the release is the commit, so nothing on the disk may look as if it were part of its code.

A file that the service imports, or that a COPY would bring as code, must be committed as it is: otherwise the
developer tests one thing and releases another. Everything else that lies about in a working copy (settings of this
machine, environments, caches, databases, build output) cannot reach the image, and is one line of advice.
"""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Literal

from pydantic import Field

from deploy_lib.model.answers import Change, CheckoutRead
from deploy_lib.model.codes import Code
from deploy_lib.model.details import Reported
from deploy_lib.model.file_state import NOT_IN_GIT, FileState
from deploy_lib.model.findings import Finding, Severity
from deploy_lib.model.release import Release, Status
from deploy_lib.source.file_kinds import FileKind, kind_of, may_be_committed, outermost
from deploy_lib.steps.kind import Kind, Settings, Usual, Verdict, counted, first_of
from deploy_lib.steps.known_bad import ONLY_ON_DISK
from deploy_lib.steps.position import OrderRule, Position

NAMED = 5  # files that do not stop a release and are named in its one line; the details have them all
_CODE = (FileKind.PROGRAM, FileKind.SOURCE)


class GitCleanSettings(Settings):
    branches: tuple[str, ...] = Field((), description="branches that may be released, as globs; empty: any")
    upstream: bool = Field(False, description="refuse when the branch is not in sync with its upstream")
    ignored: Literal["code", "context", "imported", "allow"] = Field(
        "code",
        description="which git-ignored files stop a release: those the code imports or a COPY would bring as code, "
        "all that the build context would hold, only those the code imports, or none",
    )


@dataclass(frozen=True, slots=True)
class GitCleanDetails(Reported):
    """`outside`: files that differ from the commit and cannot reach the service."""

    outside: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadCheckout:
    """The working copy beside the commit: what is on the disk and not in the release."""

    release: Release
    settings: GitCleanSettings = GitCleanSettings()


def ask(settings: GitCleanSettings, release: Release) -> ReadCheckout:
    return ReadCheckout(release, settings)


def judge(settings: GitCleanSettings, release: Release, answer: CheckoutRead) -> Verdict:
    problems = (*_branch_problems(settings, answer), *answer.findings)
    if answer.head != answer.commit:
        reason = f"releasing {answer.commit[:7]}, which is not checked out; uncommitted files do not matter"
        return _verdict(release, problems, (), (), reason)
    stopping = tuple(change for change in answer.changes if _stops(settings, change))
    others = tuple(change for change in answer.changes if change not in stopping)
    left = tuple(change for change in others if change.in_context and change.kind in NOT_IN_GIT and not change.made_by)
    changed = tuple(
        change for change in others if change not in left and change.kind != FileState.IGNORED and not change.made_by
    )
    problems = (*problems, *(_finding(change, answer) for change in stopping))
    where = f"on {answer.branch}" if answer.branch else "on a detached HEAD"
    what = (
        "no code in the build context differs"
        if others and any(each.in_context for each in others)
        else ("nothing in the build context differs")
    )
    advice = (_leftovers(left, answer),) if left else ()
    return _verdict(release, problems, changed, advice, f"{answer.commit[:7]} {where}, {what} from it")


def _verdict(
    release: Release,
    problems: tuple[Finding, ...],
    changed: tuple[Change, ...],
    advice: tuple[Finding, ...],
    good: str,
) -> Verdict:
    details = GitCleanDetails(tuple(change.path for change in changed))
    further = (*((_harmless(changed),) if changed else ()), *advice)
    if problems:
        return Verdict(Status.FAILED, first_of(problems), release, (*problems, *further), details)
    outside = [change for change in changed if not change.in_context]
    if outside:
        good += f"; {counted(len(outside), 'changed file')} outside it"
    return Verdict(Status.PASSED, good, release, further, details)


def _harmless(changed: tuple[Change, ...]) -> Finding:
    """One warning for all of them: they cannot change what the service runs."""
    named = ", ".join(change.path for change in changed[:NAMED])
    more = f" and {len(changed) - NAMED} more" if len(changed) > NAMED else ""
    verb = "differs" if len(changed) == 1 else "differ"
    if all(not change.in_context for change in changed):
        where = " outside the service's context"
    else:
        where = (
            " that the service's code does not use" if len(changed) > 1 else " that the service does not use as code"
        )
    message = f"{counted(len(changed), 'file')}{where} {verb} from the commit: {named}{more}"
    return Finding(Code.OUTSIDE_CONTEXT, Severity.WARNING, message)


def _leftovers(left: tuple[Change, ...], answer: CheckoutRead) -> Finding:
    """One line of advice: the release is the commit and does not have them, a build by hand would."""
    paths = tuple(dict.fromkeys(outermost(change.path) for change in left))
    named = ", ".join(paths[:NAMED])
    more = f" and {len(paths) - NAMED} more" if len(paths) > NAMED else ""
    verb = "is" if len(paths) == 1 else "are"
    message = (
        f"{named}{more} {verb} on this disk only and not part of the release; a docker build by hand would be sent "
        + ("it" if len(paths) == 1 else "them")
    )
    return Finding(Code.ONLY_ON_DISK, Severity.ADVICE, message, fix=_keep_out(paths, answer))


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


def _branch_problems(settings: GitCleanSettings, answer: CheckoutRead) -> list[Finding]:
    problems = []
    allowed = ", ".join(settings.branches)
    if settings.branches and not any(fnmatch(answer.branch or "", pattern) for pattern in settings.branches):
        where = f"branch {answer.branch}" if answer.branch else "a detached HEAD"
        problems.append(
            Finding(
                Code.WRONG_BRANCH,
                Severity.ERROR,
                f"{where} may not be released here; allowed: {allowed}",
                fix=f"git switch {settings.branches[0]}",
            )
        )
    if settings.upstream and answer.upstream is None:
        message = "the branch has no upstream to be in sync with"
        problems.append(Finding(Code.NO_UPSTREAM, Severity.ERROR, message, fix="git push --set-upstream origin HEAD"))
    if settings.upstream and answer.ahead:
        message = f"{counted(answer.ahead, 'commit')} not pushed to {answer.upstream}"
        problems.append(Finding(Code.NOT_PUSHED, Severity.ERROR, message, fix="git push"))
    if settings.upstream and answer.behind:
        message = f"{counted(answer.behind, 'commit')} behind {answer.upstream}"
        problems.append(Finding(Code.BEHIND_UPSTREAM, Severity.ERROR, message, fix="git pull --ff-only"))
    return problems


_SAYS = {
    FileState.MODIFIED: "has changes that are not committed",
    FileState.DELETED: "is deleted here but not in the commit",
    FileState.STAGED: "is staged but not committed",
    FileState.UNTRACKED: "is on disk but not in git",
    FileState.IGNORED: "is on disk but ignored by git",
}


def _finding(change: Change, answer: CheckoutRead) -> Finding:
    if change.imported:
        matters = ", and the service imports it"
    elif change.build:
        matters = ", and the build reads it"
    elif change.in_image:
        matters = ", and the image would hold it"
    elif change.copied:
        matters = ", and the build copies it"
    else:
        matters = ", and the build context would hold it"
    by = f" ({change.rule})" if change.rule else ""
    return Finding(
        code=Code(change.kind),
        severity=Severity.ERROR,
        message=f"{change.path} {_SAYS[change.kind]}{by}{matters}",
        file=change.path,
        rule=change.rule,
        fix=_fix(change, answer),
    )


def _fix(change: Change, answer: CheckoutRead) -> str:
    """Only source files are ever to be committed, and by force only those that the service imports."""
    path = shlex.quote(change.path)
    keep_out = _keep_out((change.path.rstrip("/"),), answer)
    if change.kind == FileState.DELETED:
        return f"git restore --staged --worktree -- {path}, or commit the deletion"
    if change.kind not in NOT_IN_GIT:
        return f"git add -- {path} && git commit"
    source = change.imported and kind_of(change.path) is not FileKind.SECRET
    if change.imported and (change.secret or not source):
        return f"keep the key in Secret Manager and give it with secrets: in the configuration; never commit {path}"
    if change.secret or change.path.endswith("/") or not (source or may_be_committed(_own_name(change))):
        return keep_out
    if change.kind == FileState.UNTRACKED:
        return f"git add -- {path} && git commit" + ("" if change.imported else f"; or keep it out: {keep_out}")
    if not change.imported:
        return f"{keep_out}; or name it in include: if the build makes use of it"
    return f"git add --force -- {path} && git commit; or name it in include: if it is generated before each build"


def _own_name(change: Change) -> str:
    return posixpath.basename(change.path) if change.among_code else change.path


def _keep_out(paths: Sequence[str], answer: CheckoutRead) -> str:
    """The command that adds lines to the ignore file; each begins with the end of the line before it."""
    prefix = f"{answer.context}/" if answer.context else ""
    lines = " ".join(shlex.quote(_escaped(path.removeprefix(prefix))) for path in paths)
    file = shlex.quote(answer.ignore_file)
    return f"printf '\\n%s' {lines} >> {file} && git add -- {file} && git commit"


def _escaped(path: str) -> str:
    """As a pattern that matches this path only (https://docs.docker.com/build/concepts/context/#syntax)."""
    return "".join(f"\\{letter}" if letter in "*?[\\" else letter for letter in path)


REFERENCE = """\
# The release is the commit: nothing on the disk may look as if it were part of it.
- git_clean:
    branches: [main]         # globs of branches that may be released (default: any)
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
)
