"""Findings about files that differ from the commit, and how each gets into it or out of the way."""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Sequence

from deploy_lib.model.answers import Change, CheckoutRead
from deploy_lib.model.codes import Code
from deploy_lib.model.counting import counted
from deploy_lib.model.file_state import NOT_IN_GIT, FileState
from deploy_lib.model.findings import Finding, Severity
from deploy_lib.source.file_kinds import FileKind, kind_of, may_be_committed, outermost

NAMED = 5  # files that do not stop a release and are named in its one line; the report has them all
_SAYS = {
    FileState.MODIFIED: "has changes that are not committed",
    FileState.DELETED: "is deleted here but not in the commit",
    FileState.STAGED: "is staged but not committed",
    FileState.UNTRACKED: "is on disk but not in git",
    FileState.IGNORED: "is on disk but ignored by git",
}


def harmless(changed: tuple[Change, ...]) -> Finding:
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


def leftovers(left: tuple[Change, ...], answer: CheckoutRead) -> Finding:
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


def finding(change: Change, answer: CheckoutRead) -> Finding:
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
