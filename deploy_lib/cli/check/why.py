"""--why: is this path or module in the image; the COPY that brings it and who imports it, or the rule that drops it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Any

from deploy_lib.cli.check.result import CheckResult
from deploy_lib.cli.program import shorter
from deploy_lib.model.findings import Absence
from deploy_lib.model.shell_commands import shown_fix
from deploy_lib.source.dependencies.declared import declared, installed
from deploy_lib.source.dependencies.names import may_be_brought_by
from deploy_lib.source.explain import Explainer
from deploy_lib.source.explanations import Explanation
from deploy_lib.source.imports.layout import Layout
from deploy_lib.source.model import MissingFileContext
from deploy_lib.source.repository_facts import reader

_INSTALLS_AT_START = re.compile(r"\b(?:uv|hatch) run\b")
"""Runners that install what the project declares before they start anything."""


def answer(asked: str, outcome: CheckResult, missing_file_context: MissingFileContext) -> dict[str, Any]:
    """Plain data. `asked` is a module, a path in the repository, or a path in the image."""
    contents, context = outcome.staged.contents, outcome.staged.context
    roots = outcome.analysis.roots or (contents.workdir,)
    explainer = Explainer(contents, context, missing_file_context, roots)
    images = _images(asked, outcome, roots)
    if images:
        return {"asked": asked, "service": outcome.service, "in_image": True, **_present(images[0], outcome)}
    brought = None if _is_path(asked) else _declared(asked, outcome)
    if brought:
        return {"asked": asked, "service": outcome.service, **brought}
    found = explainer.file(asked) if _is_path(asked) else explainer.module(asked)
    return {"asked": asked, "service": outcome.service, "in_image": False, **_absent(asked, found, outcome)}


def answer_lines(reply: dict[str, Any], root: str) -> Iterator[str]:
    """The answer as lines for a person; `root` is the repository's directory."""
    if "declared_by" in reply:
        if reply["in_image"]:
            yield f"{reply['asked']} is an installed package in the image of {reply['service']}"
        else:
            yield (
                f"{reply['asked']} is in the image of {reply['service']} only if something else installs it: "
                + reply["reason"]
            )
        yield f"  declared by: {reply['declared_by']}, as {reply['as']}"
        return
    if reply["in_image"]:
        yield f"{reply['asked']} is in the image of {reply['service']} as {reply['image_path']}"
        yield f"  from:        {reply['context_path']}"
        yield f"  brought by:  {reply['by']} {reply['instruction']}" if reply["by"] else "  brought by:  a RUN step"
        importers = reply["imported_by"]
        yield f"  imported by: {', '.join(importers) if importers else 'nothing that the entrypoint reaches'}"
        return
    yield f"{reply['asked']} is not in the image of {reply['service']}: {reply['reason']}"
    if reply["rule"]:
        yield f"  rule: {reply['rule']}"
    if reply["fix"]:
        yield f"  fix:  {shorter(shown_fix(reply['fix'], root))}"


def _declared(asked: str, outcome: CheckResult) -> dict[str, Any] | None:
    """The file that declares the distribution which brings the module, its name there, and whether it is installed."""
    staged, read = outcome.staged, reader(outcome.staged)
    wanted = sorted(may_be_brought_by(asked.partition(".")[0]))
    by_steps, at_all = installed(staged.contents, read), declared(staged.contents, read)
    at_start = _INSTALLS_AT_START.search(" ".join(staged.contents.command))
    for found in (by_steps, at_all):
        name = next((each for each in wanted if each in found.installed), None)
        if name is None:
            continue
        file = posixpath.join(staged.context.root, found.first_in.get(name, staged.dockerfile))
        if found is by_steps or at_start:
            return {"in_image": True, "declared_by": file, "as": name}
        reason = f"{file} declares it, and no RUN step is seen to install from that file"
        return {"in_image": False, "declared_by": file, "as": name, "reason": reason, "rule": None, "fix": None}
    return None


def _is_path(asked: str) -> bool:
    return "/" in asked or asked.endswith((".py", ".txt", ".json", ".toml", ".yaml", ".yml"))


def _images(asked: str, outcome: CheckResult, roots: tuple[str, ...]) -> list[str]:
    """Image paths that it stands for."""
    contents, context = outcome.staged.contents, outcome.staged.context
    if asked in contents.files:
        return [asked]
    wanted = {posixpath.relpath(asked, context.root or ".")} if not asked.startswith("/") else set()
    found = sorted(image for image, path in contents.files.items() if path in wanted)
    if found or _is_path(asked):
        return found
    module = Layout(contents.files, roots).find(asked)
    return [module.image] if module is not None else []


def _present(image: str, outcome: CheckResult) -> dict[str, Any]:
    contents, analysis = outcome.staged.contents, outcome.analysis
    path = contents.files.get(image)
    rule = contents.by.get(image)
    modules = [module for module, file in analysis.modules.items() if file == path]
    importers = sorted({each for module in modules for each in analysis.importers.get(module, ())})
    return {
        "image_path": image,
        "context_path": path,
        "by": str(rule) if rule else None,
        "instruction": rule.text if rule else None,
        "imported_by": importers,
    }


def _absent(asked: str, found: Explanation | None, outcome: CheckResult) -> dict[str, Any]:
    if found is None:
        return {
            "reason": "neither the commit nor the disk has it",
            "cause": Absence.ABSENT_EVERYWHERE,
            "rule": None,
            "fix": None,
        }
    return {"reason": found.sentence, "cause": found.cause, "rule": found.rule, "fix": found.fix}
