"""Why a file is not in the image, in words, and what to type: one function for each kind of evidence."""

from __future__ import annotations

import posixpath
import shlex
from dataclasses import dataclass

from deploy_lib.model.file_state import FileState
from deploy_lib.model.findings import Absence
from deploy_lib.source.file_kinds import FileKind, kind_of, may_be_committed
from deploy_lib.source.model import DiskFile, PastFile, Rule


@dataclass(frozen=True, slots=True)
class Explanation:
    """`sentence` follows "X is not in the image: "; `path` is the repository path that would have to be there."""

    cause: Absence
    sentence: str
    fix: str
    path: str = ""
    rule: str | None = None


def deleted_by(past: PastFile) -> str:
    """ " in 1234567 (Tidy up)", as far as it is known."""
    by = f" in {past.by[:7]}" if past.by else ""
    return f"{by} ({past.subject})" if past.subject else by


def dropped(repository: str, path: str, rule: Rule) -> Explanation:
    """An ignore rule keeps it from the builder."""
    by = ".dockerignore" if rule.kind == Absence.DOCKERIGNORED else ".gcloudignore"
    sentence = f"{repository} is in the commit, but the rule {rule.text!r} of {rule} keeps it from the builder"
    if rule.kind == Absence.DOCKERIGNORED:
        fix = f"echo {shlex.quote(f'!{path}')} >> {shlex.quote(rule.file)}"
    else:
        again = f", or add !/{path} to {by} below its include of {posixpath.basename(rule.file)}"
        fix = f"change {rule} so that it does not match {path}" + ("" if rule.file.endswith(by) else again)
    return Explanation(rule.kind or Absence.UNKNOWN, sentence, fix, repository, str(rule))


def of_submodule(submodule: str) -> Explanation:
    """git keeps the files elsewhere."""
    sentence = f"{submodule} is a submodule, and the commit names a version of it but holds none of its files"
    return Explanation(Absence.SUBMODULE, sentence, take_in(submodule), submodule)


def take_in(submodule: str) -> str:
    """What makes the files of a submodule part of the commit."""
    return (
        f"install it as a dependency, or make it part of the repository: git rm --cached {submodule} && "
        f"rm {submodule}/.git && git add -- {submodule} && git commit"
    )


def on_disk(file: DiskFile, *, directory: bool = False) -> Explanation:
    """git does not have it, or not as the disk does. `directory`: the path is one whose files git does not have."""
    path = shlex.quote(file.path)
    fix = _add(file, directory=directory)
    if file.state == FileState.IGNORED:
        rule = file.rule
        by = f"the rule {rule.text!r} of {rule} makes git ignore it" if rule else "git ignores it"
        return Explanation(
            Absence.GITIGNORED, f"{file.path} is on disk only: {by}", fix, file.path, str(rule) if rule else None
        )
    if file.state == FileState.UNTRACKED:
        return Explanation(Absence.UNTRACKED, f"{file.path} is on disk only: it was never added to git", fix, file.path)
    if file.state == FileState.DELETED:
        return Explanation(Absence.DELETED, f"{file.path} is deleted on disk", f"git restore -- {path}", file.path)
    sentence = f"{file.path} is on disk and not committed ({file.state})"
    return Explanation(Absence.UNCOMMITTED, sentence, f"git add -- {path} && git commit", file.path)


def _add(file: DiskFile, *, directory: bool) -> str:
    """How a file that is on the disk only gets into the image. What may hold a secret is never to be committed."""
    path = shlex.quote(file.path)
    kind = kind_of(f"{file.path}/" if directory else file.path)
    if file.secret or kind is FileKind.SECRET:
        return f"give what {file.path} holds with env: or secrets: in the configuration, and never commit it"
    generated = f"name {file.path}{'/**' if directory else ''} in include: if it is made before each build"
    python = file.path.endswith(".py")
    if not directory and (python or (file.state == FileState.UNTRACKED and may_be_committed(file.path))):
        return f"git add {'--force ' if file.state == FileState.IGNORED else ''}-- {path} && git commit"
    if directory and file.state == FileState.UNTRACKED and kind is FileKind.OTHER:
        return f"git add -- {path} && git commit; or {generated}"
    return f"{generated}, or let a RUN step make it"
