"""What the commit says where a remedy must be right: whose a module is, where a file comes from, what installs it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass

from deploy_lib.model.codes import Code
from deploy_lib.model.findings import Finding, Severity
from deploy_lib.source.dependencies.adding import Adding, adding
from deploy_lib.source.explain import Explainer
from deploy_lib.source.explanations import Explanation
from deploy_lib.source.model import MissingFileContext, Staged
from deploy_lib.source.origins import Origins

_COMMAND = re.compile(r"^\s*(?:CMD|ENTRYPOINT)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RepositoryFacts:
    """`roots` are the image's directories of sys.path. `missing_file_context` is read once something is missing."""

    staged: Staged
    roots: tuple[str, ...]
    missing_file_context: Callable[[], MissingFileContext]

    def adding(self, module: str) -> Adding:
        """How the package that brings the module gets into the image."""
        return adding(module, self.staged.contents, self.staged.context.root, reader(self.staged))

    def own(self, module: str) -> Finding | None:
        """Why the image lacks a module that is the repository's own; None for anybody else's."""
        found = self._explainer().evidence(module)
        return _finding(module, f"module {module} is not in the image", found) if found else None

    def file(self, image_path: str) -> Finding | None:
        """Why the image lacks a file that the repository has; None when nothing is known of it."""
        for path in (*Origins(self.staged.contents.files).of(image_path), image_path.lstrip("/")):
            found = self._explainer().file(posixpath.join(self.staged.context.root, path))
            if found:
                return _finding(image_path, f"the file {image_path} is not in the image", found)
        return None

    def origin(self, image_path: str) -> str | None:
        """The repository's path of a file of the image."""
        path = self.staged.contents.files.get(image_path)
        return posixpath.join(self.staged.context.root, path) if path else None

    def null_bytes(self) -> str | None:
        """file:line of the first source file of the image that holds a null byte."""
        sources = [path for image, path in self.staged.contents.files.items() if image.endswith(".py")]
        for path, content in self.staged.read_many(sources):
            at = content.find(b"\0")
            if at >= 0:
                line = content.count(b"\n", 0, at) + 1
                return f"{posixpath.join(self.staged.context.root, path)}:{line}"
        return None

    def command_line(self) -> int | None:
        """The line of the Dockerfile that starts the server."""
        lines = (reader(self.staged)(self.staged.dockerfile) or b"").decode("utf-8", "replace").splitlines()
        return next((number for number in range(len(lines), 0, -1) if _COMMAND.match(lines[number - 1])), None)

    def requirement(self, name: str) -> str | None:
        """file:line of the requirement of that name."""
        wanted = re.split(r"[<>=!~\[; ]", name)[0].lower()
        for path in self.staged.contents.installs:
            for number, line in enumerate(
                (reader(self.staged)(path) or b"").decode("utf-8", "replace").splitlines(), 1
            ):
                if re.split(r"[<>=!~\[; ]", line.strip())[0].lower() == wanted:
                    return f"{posixpath.join(self.staged.context.root, path)}:{number}"
        return None

    def _explainer(self) -> Explainer:
        return Explainer(self.staged.contents, self.staged.context, self.missing_file_context(), self.roots)


def reader(staged: Staged) -> Callable[[str], bytes | None]:
    """Content of a context path; None when the context has none there."""

    def read(path: str) -> bytes | None:
        if path not in staged.context.files:
            return None
        return next((content for _, content in staged.read_many([path])), None)

    return read


def _finding(name: str, message: str, found: Explanation) -> Finding:
    return Finding(
        Code.MISSING_MODULE,
        Severity.ERROR,
        f"{message}: {found.sentence}",
        module=name,
        cause=found.cause,
        rule=found.rule,
        fix=found.fix,
        missing=found.path or None,
    )
