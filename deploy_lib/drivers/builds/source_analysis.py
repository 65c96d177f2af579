"""What source truth adds to a check made inside an image: what the server imports, and why a module is not there."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from deploy_lib.drivers.builds.findings import Explain
from deploy_lib.model.codes import Code
from deploy_lib.model.findings import Finding, Severity
from deploy_lib.source.dependencies.declared import declared
from deploy_lib.source.entrypoint import Entrypoint, GivenStart, read_entrypoint, with_environment, with_pythonpath
from deploy_lib.source.entrypoint.misspelt import misspelt_command
from deploy_lib.source.entrypoint.scripts import started
from deploy_lib.source.explain import explain
from deploy_lib.source.model import MissingFileContext, ReadText, Staged
from deploy_lib.source.repository_facts import reader


def entrypoint_of(staged: Staged, start: GivenStart) -> Entrypoint | None:
    """The YAML's first, with the directories the image's command puts on sys.path; else the command's own."""
    given = start.entrypoints[0] if start.entrypoints else None
    entry = read_entrypoint(with_environment(staged.contents, start), given, _text_of(staged))
    return with_pythonpath(entry, start, staged.contents.workdir) if entry else None


def unstartable(staged: Staged) -> Finding | None:
    """What is wrong with a start command that no image of this commit can have; None where it may have it."""
    brought = declared(staged.contents, reader(staged)).installed
    return misspelt_command(started(staged.contents, _text_of(staged)).programs, staged.contents, brought)


def _text_of(staged: Staged) -> ReadText:
    def read(path: str) -> str | None:
        source = staged.contents.files.get(path)
        if source is None:
            return None
        return next(content.decode("utf-8", "replace") for _, content in staged.read_many([source]))

    return read


def explainer(
    staged: Staged, entry: Entrypoint | None, missing_file_context: Callable[[], MissingFileContext] | None
) -> Explain:
    """Asks git and the disk only once something is missing, and says nothing when it may not ask them."""
    if missing_file_context is None:
        return lambda module: None
    around = cache(missing_file_context)
    roots = entry.roots if entry else ()

    def why(module: str) -> Finding | None:
        found = explain(module, staged.contents, staged.context, around(), roots)
        message = f"the image has no module {module}: {found.sentence}"
        return Finding(
            Code.MISSING_MODULE,
            Severity.ERROR,
            message,
            module=module,
            cause=found.cause,
            rule=found.rule,
            fix=found.fix,
        )

    return why
