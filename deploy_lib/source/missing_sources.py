"""Why a COPY finds nothing, or a Dockerfile is not there: the rule that dropped it, or what happened to the file."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from difflib import get_close_matches

from deploy_lib.model.findings import Finding, Severity
from deploy_lib.source.model import Context, Rule, Surroundings

Explanation = tuple[str, str, Rule | None, str]
"""Cause, in words, the rule, and the remedy."""


def explain(path: str, dockerfile: str, line: int, text: str, context: Context, surroundings: Surroundings) -> Finding:
    """`path` is the context path that a literal COPY or ADD source names."""
    cause, words, rule, fix = (
        _dropped(path, context)
        or _other_case(path, context)
        or _elsewhere(path, dockerfile, line, context, surroundings)
    )
    return Finding(
        "copy_source_missing",
        Severity.ERROR,
        f"{dockerfile}:{line} copies {path}, which the build context does not hold: {words}",
        file=dockerfile,
        line=line,
        cause=cause,
        rule=str(rule) if rule else None,
        fix=fix,
    )


def explain_dockerfile(path: str, surroundings: Surroundings) -> Finding:
    """The finding for a Dockerfile that the commit does not have."""
    known = _on_disk(path, surroundings) or _in_history(path, surroundings)
    if known is None:
        named = [each for each in surroundings.tracked if "dockerfile" in posixpath.basename(each).lower()]
        near = get_close_matches(path, named, 1, 0.3) or named[:1]
        hint = f"did you mean {near[0]}?" if near else "write it, or correct dockerfile: in the configuration"
        known = "absent_everywhere", "it is not in the commit, on the disk or in the history", None, hint
    cause, words, rule, fix = known
    return Finding(
        "dockerfile_missing",
        Severity.ERROR,
        f"the Dockerfile {path} is not in the commit: {words}",
        file=path,
        cause=cause,
        rule=str(rule) if rule else None,
        fix=fix,
    )


def _dropped(path: str, context: Context) -> Explanation | None:
    rule = context.dropped.get(path) or next(
        (rule for dropped, rule in context.dropped.items() if dropped.startswith(f"{path}/")), None
    )
    if rule is None:
        return None
    fix = f"remove or narrow {rule} ({rule.text}), or add below it: !{path}"
    return rule.kind, f"{rule} ({rule.text}) keeps it out", rule, fix


def _other_case(path: str, context: Context) -> Explanation | None:
    wanted = path.lower()
    for known in _with_directories(context.files):
        if known.lower() == wanted:
            return "case_mismatch", f"it is written {known}", None, f"write {known} in the Dockerfile"
    return None


def _with_directories(paths: Iterable[str]) -> Iterable[str]:
    seen: set[str] = set()
    for path in paths:
        while path and path not in seen:
            seen.add(path)
            path = posixpath.dirname(path)
    return sorted(seen)


def _elsewhere(path: str, dockerfile: str, line: int, context: Context, surroundings: Surroundings) -> Explanation:
    repository_path = posixpath.join(context.root, path)
    known = _on_disk(repository_path, surroundings) or _in_history(repository_path, surroundings)
    if known:
        return known
    if path in surroundings.tracked or any(each.startswith(f"{path}/") for each in surroundings.tracked):
        where = context.root or "the repository"
        return (
            "not_in_context",
            f"{path} lies outside the context, which is {where}",
            None,
            f"write the path as seen from {where}, or change context: in the configuration",
        )
    near = get_close_matches(path, list(_with_directories(context.files)), 1, 0.8)
    hint = f"did you mean {near[0]}?" if near else f"correct the path in {dockerfile}:{line}, or add {repository_path}"
    return "absent_everywhere", "it is not in the commit, on the disk or in the history", None, hint


def _on_disk(path: str, surroundings: Surroundings) -> Explanation | None:
    """A file the commit lacks although it is here, itself or as a directory of such files."""
    below = f"{path}/"
    file = surroundings.disk.get(path) or next(
        (each for name, each in surroundings.disk.items() if name.startswith(below) or below.startswith(name)), None
    )
    if file is None or file.state == "deleted":
        return None
    if file.state == "ignored":
        by = f" by {file.rule} ({file.rule.text})" if file.rule else ""
        return "gitignored", f"it is on the disk, but ignored{by}", file.rule, f"git add --force -- {path}; git commit"
    if file.state == "untracked":
        return "untracked", "it is on the disk, but was never added to git", None, f"git add -- {path}; git commit"
    return "uncommitted", "it is staged, but not committed", None, "git commit"


def _in_history(path: str, surroundings: Surroundings) -> Explanation | None:
    past = surroundings.in_history(path)
    if past is None:
        return None
    restore = f"git checkout {past.commit[:12]} -- {path}; git commit"
    if past.deleted:
        return "deleted", f'it was deleted by "{past.subject}"', None, restore
    return "in_other_commit", f'it is in commit {past.commit[:12]} ("{past.subject}"), not in this one', None, restore
