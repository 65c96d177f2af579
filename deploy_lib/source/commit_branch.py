"""Which branch a commit is released from, told by what. Pure.

A branch that is checked out is git's own word. CI systems check out a commit alone; there the system's variable says
it, unless git knows better, or else a remote branch that holds the commit. A pull request is never a branch, not even
where its own branch is checked out: in a fork that may be called as it likes.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

from deploy_lib.model.answers import BranchEvidence
from deploy_lib.model.ci_ref import CiRef, RefKind


class Relation(enum.StrEnum):
    """Of a branch to the commit: it holds it, it surely does not, or the clone has too little of it to say."""

    HOLDS = "holds"
    LACKS = "lacks"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class RemoteBranch:
    remote: str
    name: str
    default: bool = False  # the one that its remote names as HEAD

    def __str__(self) -> str:
        return f"{self.remote}/{self.name}"


@dataclass(frozen=True, slots=True)
class CommitRefs:
    """What git and the CI system say of a commit.

    `named` are this clone's branches or tags of the name that `ci` gives, as git shortens them: "origin/main", "main".
    """

    commit: str
    head: str
    checked_out: str | None = None
    in_head: bool = True  # it is HEAD, or HEAD came from it
    ci: CiRef | None = None
    named: dict[str, Relation] = field(default_factory=dict)
    holding: tuple[RemoteBranch, ...] = ()  # remote branches that hold it
    remote: str = "origin"  # the one to fetch from
    shallow: bool = False


def is_allowed(name: str | None, patterns: Collection[str]) -> bool:
    """Globs over names of branches; a tag's name is whole, refs/tags/v1."""
    return not patterns or any(fnmatchcase(name or "", pattern) for pattern in patterns)


def branch_of(refs: CommitRefs, patterns: Sequence[str]) -> tuple[str | None, BranchEvidence]:
    """Its name, or None, and what that rests on. Of several remote branches, one that `patterns` allow."""
    plain = BranchEvidence(remote=refs.remote, shallow=refs.shallow)
    ci = refs.ci
    if ci is not None and ci.kind is RefKind.PULL_REQUEST:
        return None, replace(plain, what=f"{ci} ({ci.variable})", pull_request=True)
    if refs.checked_out is not None:
        if refs.in_head:
            return refs.checked_out, plain
        plain = replace(plain, what=f"{refs.commit[:7]}, which is not on {refs.checked_out},")
    if ci is not None and (doubt := _contradiction(refs, ci)):
        plain = replace(plain, doubt=doubt)
    elif ci is not None and ci.kind is RefKind.BRANCH:
        return ci.name, replace(plain, by=f"by {ci.variable}")
    elif ci is not None:
        plain = replace(plain, what=f"{ci} ({ci.variable})", tag=True)
    held = _chosen(refs.holding, patterns)
    found = replace(plain, upstream=str(held) if held else None)
    if plain.tag and ci is not None and patterns and is_allowed(whole := f"refs/tags/{ci.name}", patterns):
        return whole, replace(found, by=f"by {ci.variable}")
    if held is None:
        return None, plain
    return held.name, replace(found, by=f"{held} holds it")


def _chosen(holding: Sequence[RemoteBranch], patterns: Sequence[str]) -> RemoteBranch | None:
    """One that is allowed, if there is one; the remote's main branch before others."""
    ordered = sorted(holding, key=lambda each: (not is_allowed(each.name, patterns), not each.default, str(each)))
    return next(iter(ordered), None)


def _contradiction(refs: CommitRefs, ci: CiRef) -> str:
    """Why the CI system is not believed; empty when nothing speaks against it."""
    says = f"{ci.variable} says {ci}"
    of_commit = ci.commit in ("", refs.commit) or (ci.commit == refs.head and refs.in_head)
    if not of_commit:
        return f"{says}, but of commit {ci.commit[:7]}"
    if Relation.HOLDS in refs.named.values() or Relation.UNKNOWN in refs.named.values():
        return ""
    lacks = ", ".join(refs.named)
    if ci.kind is RefKind.TAG:
        return f"{says}, but {lacks} is another commit" if lacks else ""
    return f"{says}, but {lacks} does not hold this commit" if lacks else ""
