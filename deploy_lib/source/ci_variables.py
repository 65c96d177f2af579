"""Which branch, tag or pull request a CI system runs for, by the variables that it documents. Pure.

A pull request is one whatever else the system says: its variables name the target branch too, and a fork's branch may
have any name. A tag is not a branch of its name. What names only the last part of a branch (BUILD_SOURCEBRANCHNAME:
"main" of "evil/main") is not read.

Sources, read as of 2026: docs.github.com "Variables reference"; docs.gitlab.com "Predefined CI/CD variables reference";
cloud.google.com/build/docs/configuring-builds/substitute-variable-values, which are variables where the build's
`options.env` or `automapSubstitutions` make them so; jenkins.io "Multibranch" and plugins.jenkins.io/git;
support.atlassian.com "Variables and secrets"; circleci.com/docs/variables; learn.microsoft.com "Use predefined
variables".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from deploy_lib.model.ci_ref import CiRef, RefKind


@dataclass(frozen=True, slots=True)
class _System:
    """`pull_request` are variables and what their value is in one, with its number as a group where it has it.

    In one that was `merged` all of these match, and the system runs for the branch that it was merged into.
    `refs` hold whole names ("refs/heads/main"), `tags` and `branches` names alone.
    """

    name: str
    commit: tuple[str, ...]
    pull_request: Mapping[str, str]
    refs: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    branches: tuple[str, ...] = ()
    merged: Mapping[str, str] = field(default_factory=dict)
    marks: tuple[str, ...] = ()  # one is needed, where the variables might be another system's


_NUMBER = r"(\d+)"
_PULL_REF = r"refs/pull/(\d+)/"
_SYSTEMS = (
    _System(
        "GitHub Actions",
        ("GITHUB_SHA",),
        {"GITHUB_REF": _PULL_REF, "GITHUB_EVENT_NAME": r"pull_request", "GITHUB_HEAD_REF": r"."},
        refs=("GITHUB_REF",),
        merged={"GITHUB_EVENT_NAME": r"pull_request$", "GITHUB_REF": r"refs/heads/"},
    ),
    _System(
        "GitLab CI",
        ("CI_COMMIT_SHA",),
        {
            "CI_MERGE_REQUEST_IID": _NUMBER,
            "CI_EXTERNAL_PULL_REQUEST_IID": _NUMBER,
            "CI_PIPELINE_SOURCE": r"merge_request_event|external_pull_request_event",
        },
        tags=("CI_COMMIT_TAG",),
        branches=("CI_COMMIT_BRANCH",),
    ),
    _System(
        "Bitbucket Pipelines",
        ("BITBUCKET_COMMIT",),
        {"BITBUCKET_PR_ID": _NUMBER},
        tags=("BITBUCKET_TAG",),
        branches=("BITBUCKET_BRANCH",),
    ),
    _System(
        "CircleCI",
        ("CIRCLE_SHA1",),
        {"CIRCLE_PR_NUMBER": _NUMBER, "CIRCLE_BRANCH": r"pull/(\d+)$"},
        tags=("CIRCLE_TAG",),
        branches=("CIRCLE_BRANCH",),
    ),
    _System(
        "Azure Pipelines",
        ("BUILD_SOURCEVERSION",),
        {
            "SYSTEM_PULLREQUEST_PULLREQUESTNUMBER": _NUMBER,
            "SYSTEM_PULLREQUEST_PULLREQUESTID": _NUMBER,
            "BUILD_SOURCEBRANCH": _PULL_REF,
            "BUILD_REASON": r"PullRequest",
        },
        refs=("BUILD_SOURCEBRANCH",),
    ),
    _System(
        "Jenkins",
        ("GIT_COMMIT",),
        {"CHANGE_ID": r"(.+)", "ghprbPullId": _NUMBER, "gitlabMergeRequestIid": _NUMBER},
        tags=("TAG_NAME",),
        branches=("BRANCH_NAME", "GIT_LOCAL_BRANCH", "GIT_BRANCH"),
        marks=("JENKINS_URL", "JENKINS_HOME", "HUDSON_URL"),  # the first only where an administrator has set it
    ),
    _System(
        "Cloud Build",
        ("COMMIT_SHA", "REVISION_ID"),
        {"_PR_NUMBER": _NUMBER},
        tags=("TAG_NAME",),
        branches=("BRANCH_NAME",),
    ),
)
_PREFIXED = "GIT_BRANCH"
_FIRST_PARTS = ("refs/heads/", "refs/remotes/origin/", "origin/")
"""What Jenkins may put before the name of a branch in that variable; every other one has the name as it is."""


def ci_ref(environment: Mapping[str, str]) -> CiRef | None:
    """What the first system that says anything says; None where no variable does."""
    given = _with_whole_ref({name: value.strip() for name, value in environment.items() if value.strip()})
    return next((found for system in _SYSTEMS for found in _read(system, given)), None)


def _with_whole_ref(given: dict[str, str]) -> dict[str, str]:
    """GitHub's two variables as its one, where that is not passed on to a container."""
    name = given.get("GITHUB_REF_NAME")
    if not name or "GITHUB_REF" in given:
        return given
    return {**given, "GITHUB_REF": f"refs/{'tags' if given.get('GITHUB_REF_TYPE') == 'tag' else 'heads'}/{name}"}


def _read(system: _System, given: Mapping[str, str]) -> Iterator[CiRef]:
    """At most one; the first that applies."""
    if system.marks and given.keys().isdisjoint(system.marks):
        return
    commit = next((given[name] for name in system.commit if name in given), "")
    merged = bool(system.merged) and all(re.match(how, given.get(name, "")) for name, how in system.merged.items())
    if not merged:
        for name, how in system.pull_request.items():
            if match := re.match(how, given.get(name, "")):
                number = match[1] if match.re.groups else ""
                yield CiRef(system.name, RefKind.PULL_REQUEST, number, name, commit)
    for name in system.refs:
        _, _, rest = given.get(name, "").partition("refs/")
        sort, _, short = rest.partition("/")
        if sort in ("heads", "tags") and short:
            yield CiRef(system.name, RefKind.BRANCH if sort == "heads" else RefKind.TAG, short, name, commit)
    for name in system.tags:
        if name in given:
            yield CiRef(system.name, RefKind.TAG, given[name], name, commit)
    for name in system.branches:
        if name in given and given[name] != "detached":
            yield CiRef(
                system.name, RefKind.BRANCH, _short(given[name]) if name == _PREFIXED else given[name], name, commit
            )


def _short(branch: str) -> str:
    first = next((each for each in _FIRST_PARTS if branch.startswith(each)), "")
    return branch[len(first) :]
