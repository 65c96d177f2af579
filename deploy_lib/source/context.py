"""The build context: the commit's files below one directory, and generated ones, less what ignore rules drop.

What is decided here is what the builder is given, so the check and the build cannot differ. A submodule, which git
lists but whose files it does not hold, is pointed out.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable

from deploy_lib.model.codes import Code
from deploy_lib.model.findings import Finding, Severity
from deploy_lib.source.explanations import take_in
from deploy_lib.source.ignore_rules import IgnoreRules
from deploy_lib.source.model import SUBMODULE, Context, Listing, Rule, TreeFile


def clean_root(path: str) -> str:
    """A directory of the repository as this room writes it: "" for the top. ValueError when it lies outside."""
    cleaned = posixpath.normpath(path.replace("\\", "/") or ".")
    if cleaned.startswith(("/", "../")) or cleaned == "..":
        raise ValueError(f"{path} lies outside the repository")
    return "" if cleaned == "." else cleaned


def make_context(root: str, tracked: Listing, generated: Listing, rules: IgnoreRules) -> Context:
    """`tracked` and `generated` are by repository path; the context's files are by context path."""
    files: dict[str, TreeFile] = {}
    dropped: dict[str, Rule] = {}
    findings = list(rules.findings)
    for path, file in _below(root, tracked):
        rule = rules.dropping(path)
        if rule is not None:
            dropped[path] = rule
        elif file.mode == SUBMODULE:
            findings.append(_submodule(file))
        else:
            files[path] = file
    for path, file in _below(root, generated):
        if path not in files and rules.dropping(path, generated=True) is None:
            files[path] = file
            dropped.pop(path, None)
    return Context(root, files, dropped, tuple(findings))


def _below(root: str, listing: Listing) -> Iterable[tuple[str, TreeFile]]:
    if not root:
        return listing.items()
    prefix = f"{root}/"
    return ((path.removeprefix(prefix), file) for path, file in listing.items() if path.startswith(prefix))


def _submodule(file: TreeFile) -> Finding:
    return Finding(
        Code.SUBMODULE,
        Severity.WARNING,
        f"{file.path} is a submodule: the commit names a version of it but holds none of its files, "
        "so the image will not have them",
        file=file.path,
        fix=take_in(file.path),
    )
