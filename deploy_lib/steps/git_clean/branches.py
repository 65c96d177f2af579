"""Whether a commit's branch may be released, and whether it is in sync with the remote one. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from deploy_lib.model.answers import BranchEvidence, CheckoutRead
from deploy_lib.model.codes import Code
from deploy_lib.model.counting import counted
from deploy_lib.model.findings import Finding, Severity
from deploy_lib.source.commit_branch import is_allowed

AFTER_THE_MERGE = "run this after the merge"


def branch_problems(allowed: Sequence[str], answer: CheckoutRead, upstream: bool) -> tuple[Finding, ...]:
    """`allowed` are globs, none for any branch; `upstream` asks for the branch to be in sync with its upstream."""
    return (*_not_allowed(allowed, answer), *(_out_of_sync(answer) if upstream else ()))


def _not_allowed(allowed: Sequence[str], answer: CheckoutRead) -> Iterator[Finding]:
    name, evidence = answer.branch, answer.evidence
    if is_allowed(name, allowed):
        return
    if name is None or evidence.tag:
        what = evidence.what
    else:
        what = f"branch {name} ({evidence.by})" if evidence.by else f"branch {name}"
    message = f"{what} may not be released here; allowed: {', '.join(allowed)}"
    if evidence.doubt:
        message += f"; {evidence.doubt}"
    if _knows_too_little(answer):
        message += "; in this shallow clone no allowed branch is seen to hold it"
    yield Finding(Code.WRONG_BRANCH, Severity.ERROR, message, fix=_allowed_fix(allowed[0], answer))


def _allowed_fix(first: str, answer: CheckoutRead) -> str:
    if answer.evidence.pull_request:
        return f"{AFTER_THE_MERGE}: for pushes to {first}"
    return _fetch(answer.evidence) if _knows_too_little(answer) else f"git switch {first}"


def _knows_too_little(answer: CheckoutRead) -> bool:
    """More of the history might show a branch that holds the commit."""
    evidence = answer.evidence
    return evidence.shallow and not evidence.pull_request and (answer.branch is None or evidence.upstream is not None)


def _out_of_sync(answer: CheckoutRead) -> Iterator[Finding]:
    if answer.upstream is None:
        message, fix = _no_upstream(answer.branch, answer.evidence)
        yield Finding(Code.NO_UPSTREAM, Severity.ERROR, message, fix=fix)
    if answer.ahead:
        message = f"{counted(answer.ahead, 'commit')} not pushed to {answer.upstream}"
        yield Finding(Code.NOT_PUSHED, Severity.ERROR, message, fix="git push")
    if answer.behind:
        message = f"{counted(answer.behind, 'commit')} behind {answer.upstream}"
        fix = f"release the newest commit of {answer.upstream}" if answer.evidence.by else "git pull --ff-only"
        yield Finding(Code.BEHIND_UPSTREAM, Severity.ERROR, message, fix=fix)


def _no_upstream(branch: str | None, evidence: BranchEvidence) -> tuple[str, str]:
    """The message and the fix."""
    if branch is None or evidence.tag:
        fix = AFTER_THE_MERGE if evidence.pull_request else _fetch(evidence)
        return f"{evidence.what} has no upstream to be in sync with", fix
    if evidence.by:
        there = f"{evidence.remote}/{branch}"
        return f"this clone does not have {there}, or too little of it to be in sync with", _fetch(evidence, branch)
    return "the branch has no upstream to be in sync with", "git push --set-upstream origin HEAD"


def _fetch(evidence: BranchEvidence, branch: str = "*") -> str:
    """The command that brings remote branches into a clone that has none, or too little of them."""
    what = shlex.quote(f"+refs/heads/{branch}:refs/remotes/{evidence.remote}/{branch}")
    return f"git fetch {'--unshallow ' if evidence.shallow else ''}{evidence.remote} {what}"
