"""git_clean: the release is the commit, so nothing on the disk may look as if it were part of it.

A file that the build context would hold, or that the service's code imports, must be committed as it is: otherwise
the developer tests one thing and releases another. Files elsewhere only warn.
"""

from __future__ import annotations

from fnmatch import fnmatch
from typing import Literal

from pydantic import Field

from deploy_lib.model.answers import Change, CheckoutRead
from deploy_lib.model.findings import Finding, Severity
from deploy_lib.model.release import Release, Status
from deploy_lib.model.requests import ReadCheckout
from deploy_lib.steps.kind import Kind, Settings, Verdict, counted

NAMED = 5  # files outside the context that are named; the report's facts have them all


class GitCleanSettings(Settings):
    branches: tuple[str, ...] = Field((), description="branches that may be released, as globs; empty: any")
    upstream: bool = Field(False, description="refuse when the branch is not in sync with its upstream")
    ignored: Literal["context", "imported", "allow"] = Field(
        "context",
        description="which git-ignored files stop a release: those the build context would hold, "
        "only those the code imports, or none",
    )


def ask(settings: GitCleanSettings, release: Release) -> ReadCheckout:
    return ReadCheckout(release, upstream=settings.upstream)


def judge(settings: GitCleanSettings, release: Release, answer: CheckoutRead) -> Verdict:
    if answer.head != answer.commit:
        reason = f"releasing {answer.commit[:7]}, which is not checked out; the disk has no part in it"
        return _verdict(release, tuple(_branch_problems(settings, answer)), (), reason)
    stopping = tuple(change for change in answer.changes if _stops(settings, change))
    others = tuple(change for change in answer.changes if change not in stopping and not _idle(change))
    problems = (*_branch_problems(settings, answer), *(_finding(change) for change in stopping))
    where = f"on {answer.branch}" if answer.branch else "on a detached HEAD"
    reason = f"{answer.commit[:7]} {where}, nothing in the build context differs from it"
    return _verdict(release, problems, others, reason)


def _verdict(release: Release, problems: tuple[Finding, ...], others: tuple[Change, ...], good: str) -> Verdict:
    facts: dict[str, object] = {"outside": [change.path for change in others]}
    warnings = (_harmless(others),) if others else ()
    if problems:
        more = f" (and {counted(len(problems) - 1, 'more problem')})" if len(problems) > 1 else ""
        return Verdict(Status.FAILED, problems[0].message + more, release, (*problems, *warnings), facts)
    if others:
        good += f"; {counted(len(others), 'changed file')} outside it"
    return Verdict(Status.PASSED, good, release, warnings, facts)


def _harmless(others: tuple[Change, ...]) -> Finding:
    """One warning for all of them: they cannot change the image."""
    named = ", ".join(change.path for change in others[:NAMED])
    more = f" and {len(others) - NAMED} more" if len(others) > NAMED else ""
    verb = "differs" if len(others) == 1 else "differ"
    message = f"{counted(len(others), 'file')} outside the service's context {verb} from the commit: {named}{more}"
    return Finding("outside_context", Severity.WARNING, message)


def _stops(settings: GitCleanSettings, change: Change) -> bool:
    if change.kind != "ignored":
        return change.in_context or change.imported
    if settings.ignored == "allow":
        return False
    return change.imported or (settings.ignored == "context" and change.in_context)


def _idle(change: Change) -> bool:
    """Caches and environments that git ignores and no build would see: every working copy has them."""
    return change.kind == "ignored" and not (change.in_context or change.imported)


def _branch_problems(settings: GitCleanSettings, answer: CheckoutRead) -> list[Finding]:
    problems = []
    allowed = ", ".join(settings.branches)
    if settings.branches and not any(fnmatch(answer.branch or "", pattern) for pattern in settings.branches):
        where = f"branch {answer.branch}" if answer.branch else "a detached HEAD"
        problems.append(
            Finding(
                "wrong_branch",
                Severity.ERROR,
                f"{where} may not be released here; allowed: {allowed}",
                fix=f"git switch {settings.branches[0]}",
            )
        )
    if settings.upstream and answer.upstream is None:
        message = "the branch has no upstream to be in sync with"
        problems.append(Finding("no_upstream", Severity.ERROR, message, fix="git push --set-upstream origin HEAD"))
    if settings.upstream and answer.ahead:
        message = f"{counted(answer.ahead, 'commit')} not pushed to {answer.upstream}"
        problems.append(Finding("not_pushed", Severity.ERROR, message, fix="git push"))
    if settings.upstream and answer.behind:
        message = f"{counted(answer.behind, 'commit')} behind {answer.upstream}"
        problems.append(Finding("behind_upstream", Severity.ERROR, message, fix="git pull --ff-only"))
    return problems


_SAYS = {
    "modified": "has changes that are not committed",
    "deleted": "is deleted on disk but not in the commit",
    "staged": "is staged but not committed",
    "untracked": "is on disk but not in git",
    "ignored": "is on disk but ignored by git",
}


def _finding(change: Change) -> Finding:
    if change.imported:
        matters = ", and the service imports it"
    elif change.in_image:
        matters = ", and the image would hold it"
    else:
        matters = ", and the build context would hold it"
    by = f" ({change.rule})" if change.rule else ""
    return Finding(
        code=change.kind,
        severity=Severity.ERROR,
        message=f"{change.path} {_SAYS[change.kind]}{by}{matters}",
        file=change.path,
        rule=change.rule,
        fix=_fix(change),
    )


def _fix(change: Change) -> str:
    if change.kind == "ignored":
        keep_out = f"or keep it out of the build: echo '{change.path}' >> .dockerignore"
        return f"git add --force -- {change.path}; git commit" + ("" if change.imported else f"; {keep_out}")
    if change.kind == "deleted":
        return f"git restore -- {change.path}, or commit the deletion"
    return f"git add -- {change.path}; git commit"


KIND = Kind("git_clean", GitCleanSettings, ask, judge, CheckoutRead, cloud=False)
