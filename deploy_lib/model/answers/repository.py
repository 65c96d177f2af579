"""What was read before anything is built: the working copy, the source, the configuration's contract."""

from __future__ import annotations

from dataclasses import dataclass

from deploy_lib.model.file_state import FileState
from deploy_lib.model.findings import Finding
from deploy_lib.model.image import SourceSummary


@dataclass(frozen=True, slots=True)
class Change:
    """A file whose disk state is not in the commit.

    `in_image` says that the build would put it into the image were it committed, `copied` that a COPY of any stage
    would take it; `imported` that the service's code imports it; `rule` the ignore rule. `among_code` says that
    committed code lies in its directory or above it, `build` that the build itself reads it (a Dockerfile, a
    requirements file), `secret` that it holds a key. `made_by` is the line of the Dockerfile that makes the file in the
    image, so that the one on the disk is not needed.
    """

    path: str
    kind: FileState
    in_context: bool = False
    in_image: bool = False
    imported: bool = False
    rule: str | None = None
    copied: bool = False
    among_code: bool = False
    build: bool = False
    secret: bool = False
    made_by: str | None = None


@dataclass(frozen=True, slots=True)
class BranchEvidence:
    """What the name of a commit's branch rests on: `by`, empty where the branch is simply checked out.

    Where there is no name, `what` says what the commit is instead; `doubt` is why something that gave a name was not
    believed.
    """

    by: str = ""
    what: str = "a detached HEAD"
    doubt: str = ""
    upstream: str | None = None  # the remote branch that holds the commit, where that is what the name rests on
    remote: str = "origin"  # to fetch from
    shallow: bool = False
    tag: bool = False
    pull_request: bool = False


@dataclass(frozen=True, slots=True)
class CheckoutRead:
    """`context` and `ignore_file` are repository paths: the build context, and the file of its ignore rules.

    `upstream` is the branch's own, else the remote branch of its name; None where this clone has none.
    """

    commit: str
    head: str
    branch: str | None  # of the commit; a tag by its whole name, refs/tags/v1; None when that is not known
    changes: tuple[Change, ...] = ()
    upstream: str | None = None
    ahead: int = 0
    behind: int = 0
    context: str = ""
    ignore_file: str = ".dockerignore"
    findings: tuple[Finding, ...] = ()  # of the configuration's include: patterns
    evidence: BranchEvidence = BranchEvidence()
    by_ci: bool = False  # a CI system runs this, and nobody builds by hand in its working copy


@dataclass(frozen=True, slots=True)
class SourceRead:
    findings: tuple[Finding, ...] = ()
    entrypoint: str | None = None
    image_files: int = 0
    closure_modules: int = 0
    summary: SourceSummary = SourceSummary()


@dataclass(frozen=True, slots=True)
class ContractRead:
    findings: tuple[Finding, ...] = ()
    checked: tuple[str, ...] = ()  # what was looked at, one clause each
    unknown: tuple[str, ...] = ()  # what could not be found out
