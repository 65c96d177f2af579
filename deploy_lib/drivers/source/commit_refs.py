"""What a clone knows of a commit's branches: which hold it, and what of the branch that a CI system names.

Of several remotes the one called origin counts alone, else all. Nothing is fetched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from deploy_lib.drivers.source.git import Git
from deploy_lib.drivers.source.status import WorktreeStatus
from deploy_lib.model.answers import BranchEvidence
from deploy_lib.model.ci_ref import CiRef, RefKind
from deploy_lib.source.ci_variables import ci_ref
from deploy_lib.source.commit_branch import CommitRefs, Relation, RemoteBranch, branch_of
from deploy_lib.steps.git_clean import GitCleanSettings

_REMOTES = "refs/remotes/"


@dataclass(frozen=True, slots=True)
class Upstream:
    """How the commit stands to a remote branch as last fetched; `name` is None where this clone cannot say."""

    name: str | None = None
    ahead: int = 0
    behind: int = 0


@dataclass(frozen=True, slots=True)
class FoundBranch:
    name: str | None
    evidence: BranchEvidence
    upstream: Upstream
    by_ci: bool  # a CI system runs this


def find_branch(
    git: Git, commit: str, status: WorktreeStatus, settings: GitCleanSettings, environment: Mapping[str, str]
) -> FoundBranch:
    """Of a commit, and how it stands to its upstream where the settings ask. Raises DriverError."""
    ci = ci_ref(environment)
    name, evidence = branch_of(_read_refs(git, commit, status, ci), settings.branches)
    upstream = _upstream_of(git, commit, status, name, evidence) if settings.upstream else Upstream()
    return FoundBranch(name, evidence, upstream, ci is not None)


def _read_refs(git: Git, commit: str, status: WorktreeStatus, ci: CiRef | None) -> CommitRefs:
    in_head = commit == status.head or _is_ancestor(git, commit, status.head)
    own = CommitRefs(commit, status.head, status.branch, in_head, ci)
    if (status.branch is not None and in_head) or (ci is not None and ci.kind is RefKind.PULL_REQUEST):
        return own  # nothing else is asked about them
    remotes = _remotes(git)
    shallow = _is_shallow(git)
    named = dict(_named(git, commit, ci, remotes, shallow)) if ci is not None else {}
    holding = tuple(_holding(git, commit, remotes))
    return CommitRefs(commit, status.head, status.branch, in_head, ci, named, holding, remotes[0], shallow)


def _upstream_of(
    git: Git, commit: str, status: WorktreeStatus, branch: str | None, evidence: BranchEvidence
) -> Upstream:
    """The branch's own where it is checked out and has one, else the remote branch that holds the commit or has its
    name. A tag stays where it is while its branch goes on, so it is never behind."""
    if branch == status.branch and status.upstream is not None:
        return Upstream(status.upstream, status.ahead, status.behind)
    name = evidence.upstream or (f"{evidence.remote}/{branch}" if branch else None)
    tip = _commit_of(git, f"{_REMOTES}{name}") if name else ""
    if not tip or (not _text(git, "merge-base", tip, commit, fine=(0, 1)) and _is_shallow(git)):
        return Upstream()
    counts = _text(git, "rev-list", "--count", "--left-right", f"{commit}...{tip}", "--")
    ahead, behind = (int(count) for count in counts.split())
    return Upstream(name, ahead, 0 if evidence.tag else behind)


def _remotes(git: Git) -> Sequence[str]:
    names = _text(git, "remote").split()
    return ["origin"] if "origin" in names or not names else names


def _holding(git: Git, commit: str, remotes: Sequence[str]) -> Iterator[RemoteBranch]:
    form = "--format=%(refname)%00%(symref)"
    places = [f"{_REMOTES}{remote}/" for remote in remotes]
    listed = [line.split("\0") for line in _text(git, "for-each-ref", form, *places).splitlines()]
    defaults = {target for _, target in listed if target}
    held = _text(git, "for-each-ref", "--format=%(refname)", f"--contains={commit}", *places).splitlines()
    for name, target in listed:
        remote = next((each for each in remotes if name.startswith(f"{_REMOTES}{each}/")), None)
        if remote is not None and not target and name in held:
            yield RemoteBranch(remote, name.removeprefix(f"{_REMOTES}{remote}/"), name in defaults)


def _named(git: Git, commit: str, ci: CiRef, remotes: Sequence[str], shallow: bool) -> Iterator[tuple[str, Relation]]:
    """Remote branches of that name; without one the local branch, which may be old."""
    if ci.kind is RefKind.TAG:
        if found := _commit_of(git, f"refs/tags/{ci.name}"):
            yield f"tag {ci.name}", Relation.HOLDS if found == commit else Relation.LACKS
        return
    places = {f"{remote}/{ci.name}": f"{_REMOTES}{remote}/{ci.name}" for remote in remotes}
    tips = {short: tip for short, whole in places.items() if (tip := _commit_of(git, whole))}
    if not tips and (tip := _commit_of(git, f"refs/heads/{ci.name}")):
        tips = {ci.name: tip}
    for short, tip in tips.items():
        if _is_ancestor(git, commit, tip):
            yield short, Relation.HOLDS
        else:  # in a shallow clone only a common ancestor shows that the two went different ways
            common = _text(git, "merge-base", tip, commit, fine=(0, 1))
            yield short, Relation.LACKS if common or not shallow else Relation.UNKNOWN


def _commit_of(git: Git, ref: str) -> str:
    """Its commit, of an annotated tag too; empty where there is no such ref. `ref` is a whole name."""
    if not git.run("show-ref", "--verify", "--hash", "--", ref, fine=(0, 1, 128)):
        return ""
    return _text(git, "rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}", fine=(0, 1, 128))


def _is_ancestor(git: Git, commit: str, of: str) -> bool:
    """Or the same, as far as the clone goes. `of` is empty on a branch without a commit."""
    return bool(of) and _text(git, "merge-base", commit, of, fine=(0, 1)) == commit


def _is_shallow(git: Git) -> bool:
    return _text(git, "rev-parse", "--is-shallow-repository") == "true"


def _text(git: Git, *words: str, fine: tuple[int, ...] = (0,)) -> str:
    return git.run(*words, fine=fine).decode(errors="surrogateescape").strip()
