"""Why a COPY finds nothing, or a Dockerfile is not there: the rule that dropped it, or what happened to the file."""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Iterable
from dataclasses import replace
from difflib import get_close_matches

from deploy_lib.model.codes import Code
from deploy_lib.model.file_state import FileState
from deploy_lib.model.findings import Absence, Finding, Severity
from deploy_lib.source.explanations import Explanation, deleted_by, dropped, of_submodule, on_disk
from deploy_lib.source.model import SUBMODULE, Context, Listing, MissingFileContext

_NOWHERE = "it is not in the commit, on the disk or in the history"


def explain_source(
    path: str, dockerfile: str, line: int, context: Context, missing_file_context: MissingFileContext
) -> Finding:
    """`path` is the context path that a literal COPY or ADD source names."""
    whole = posixpath.join(context.root, path)
    submodule = _of_submodule(whole, missing_file_context.tracked)
    why = (
        submodule
        or _dropped(path, context)
        or _other_case(path, context)
        or _elsewhere(path, context, missing_file_context)
    )
    if why is None:
        near = get_close_matches(path, list(_with_directories(context.files)), 1, 0.8)
        hint = f"did you mean {near[0]}?" if near else f"correct the path in {dockerfile}:{line}, or add {whole}"
        why = Explanation(Absence.ABSENT_EVERYWHERE, _NOWHERE, hint)
    message = f"{dockerfile}:{line} copies {path}, which the build context does not hold: {why.sentence}"
    return Finding(
        Code.COPY_SOURCE_MISSING,
        Severity.ERROR,
        message,
        file=dockerfile,
        line=line,
        cause=why.cause,
        rule=why.rule,
        fix=why.fix,
    )


def explain_dockerfile(path: str, missing_file_context: MissingFileContext) -> Finding:
    """The finding for a Dockerfile that the commit does not have."""
    why = _on_disk(path, missing_file_context) or _in_history(path, missing_file_context)
    if why is None:
        named = [each for each in missing_file_context.tracked if "dockerfile" in posixpath.basename(each).lower()]
        near = get_close_matches(path, named, 1, 0.3) or named[:1]
        hint = f"did you mean {near[0]}?" if near else "write it, or correct dockerfile: in the configuration"
        why = Explanation(Absence.ABSENT_EVERYWHERE, _NOWHERE, hint)
    message = f"the Dockerfile {path} is not in the commit: {why.sentence}"
    return Finding(
        Code.DOCKERFILE_MISSING, Severity.ERROR, message, file=path, cause=why.cause, rule=why.rule, fix=why.fix
    )


def _of_submodule(path: str, tracked: Listing) -> Explanation | None:
    """The path is a submodule's, lies in one, or holds nothing but them."""
    for known, file in tracked.items():
        if file.mode == SUBMODULE and (f"{path}/".startswith(f"{known}/") or known.startswith(f"{path}/")):
            return of_submodule(known)
    return None


def _dropped(path: str, context: Context) -> Explanation | None:
    """The path itself, or all that lies in the directory of that name."""
    rule = context.dropped.get(path) or next(
        (rule for inside, rule in context.dropped.items() if inside.startswith(f"{path}/")), None
    )
    return dropped(posixpath.join(context.root, path), path, rule) if rule else None


def _other_case(path: str, context: Context) -> Explanation | None:
    wanted = path.casefold()
    for known in _with_directories(context.files):
        if known.casefold() == wanted:
            sentence = f"it is written {known}, and the builder's file system tells capital letters apart"
            return Explanation(Absence.CASE_MISMATCH, sentence, f"write {known} in the Dockerfile")
    return None


def _with_directories(paths: Iterable[str]) -> Iterable[str]:
    seen: set[str] = set()
    for path in paths:
        while path and path not in seen:
            seen.add(path)
            path = posixpath.dirname(path)
    return sorted(seen)


def _elsewhere(path: str, context: Context, missing_file_context: MissingFileContext) -> Explanation | None:
    whole = posixpath.join(context.root, path)
    known = _on_disk(whole, missing_file_context) or _in_history(whole, missing_file_context)
    if known:
        return known
    if path in missing_file_context.tracked or any(
        each.startswith(f"{path}/") for each in missing_file_context.tracked
    ):
        where = context.root or "the repository"
        sentence = f"{path} lies outside the context, which is {where}"
        fix = f"write the path as seen from {where}, or change context: in the configuration"
        return Explanation(Absence.NOT_IN_CONTEXT, sentence, fix, path)
    return None


def _on_disk(path: str, missing_file_context: MissingFileContext) -> Explanation | None:
    """A file the commit lacks although it is here, itself or as a directory of such files."""
    within = next((each for name, each in missing_file_context.disk.items() if name.startswith(f"{path}/")), None)
    file = missing_file_context.disk.get(path) or within
    if file is None or file.state == FileState.DELETED:
        return None
    return on_disk(replace(file, path=path), directory=within is not None)


def _in_history(path: str, missing_file_context: MissingFileContext) -> Explanation | None:
    past = missing_file_context.in_history(path)
    if past is None:
        return None
    short, quoted = past.commit[:7], shlex.quote(path)
    fix = f"git restore --source={short} -- {quoted} && git add -- {quoted} && git commit"
    if past.deleted:
        return Explanation(Absence.DELETED, f"it was deleted{deleted_by(past)}; {short} still had it", fix)
    return Explanation(Absence.IN_OTHER_COMMIT, f"it is in commit {short} ({past.subject}), not in this one", fix)
