"""Which ignore files decide about a build context, and what they say together.

.dockerignore is read from beside the Dockerfile first (NAME.dockerignore), else from the context's top, as BuildKit
does. .gcloudignore counts only when the build goes to Cloud Build, and only when the team wrote one: gcloud's
unwritten default, the top .gitignore, would drop files that were committed by force on purpose.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

from deploy_lib.model.codes import Code
from deploy_lib.model.findings import Finding, Severity
from deploy_lib.source.dockerignore import Dockerignore, InvalidPattern
from deploy_lib.source.gcloudignore import NAME, Gcloudignore
from deploy_lib.source.model import ReadText, Rule


@dataclass(frozen=True, slots=True)
class IgnoreRules:
    """What keeps a path of the context out of the build. `uploaded` are .gcloudignore's rules."""

    docker: Dockerignore | None = None
    uploaded: Gcloudignore | None = None
    findings: tuple[Finding, ...] = ()

    def dropping(self, path: str, *, generated: bool = False) -> Rule | None:
        """The rule that drops a context path. A `generated` file is sent whatever .gcloudignore says."""
        rule = self.docker.dropping(path) if self.docker else None
        if rule is None and self.uploaded and not generated:
            rule = self.uploaded.dropping(path)
        return rule


def read_ignore_rules(root: str, dockerfile: str, read: ReadText, *, cloud_build: bool) -> IgnoreRules:
    """`root` and `dockerfile` are repository paths."""
    findings: list[Finding] = []
    docker = None
    for file in (f"{dockerfile}.dockerignore", posixpath.join(root, ".dockerignore")):
        text = read(file)
        if text is not None:
            try:
                docker = Dockerignore(text, file)
            except InvalidPattern as problem:
                findings.append(_invalid(file, problem, "the builder refuses the whole build for it"))
            break
    uploaded = None
    text = read(posixpath.join(root, NAME)) if cloud_build else None
    if text is not None:
        try:
            uploaded = Gcloudignore(text, root, lambda name: read(posixpath.join(root, name)))
        except InvalidPattern as problem:
            findings.append(_invalid(posixpath.join(root, NAME), problem, "gcloud refuses it"))
    return IgnoreRules(docker, uploaded, tuple(findings))


def names_of_ignore_files(root: str, dockerfile: str) -> Iterator[str]:
    """Repository paths whose content decides about the context, besides what a .gcloudignore includes."""
    yield f"{dockerfile}.dockerignore"
    yield posixpath.join(root, ".dockerignore")
    yield posixpath.join(root, NAME)


def _invalid(file: str, problem: InvalidPattern, consequence: str) -> Finding:
    return Finding(
        Code.IGNORE_RULE_INVALID,
        Severity.ERROR,
        f"{file}:{problem.line} is not a valid rule: {problem.reason}; {consequence}",
        file=file,
        line=problem.line,
        fix=f"correct line {problem.line} of {file}",
    )
