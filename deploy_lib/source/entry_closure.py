"""The modules that a process can reach from how it is started: as a module, as `python -m`, or as a script."""

from __future__ import annotations

from deploy_lib.source.entrypoint import Entrypoint
from deploy_lib.source.imports.closure import Closure, close
from deploy_lib.source.imports.layout import Layout
from deploy_lib.source.model import ImageContents
from deploy_lib.source.stored_facts import FactsOfPaths


def closure_of(
    entry: Entrypoint,
    layout: Layout,
    contents: ImageContents,
    facts_of_paths: FactsOfPaths,
    settings: str | None = None,
) -> Closure:
    """`settings` is a module that is imported besides, by its name in a variable.

    What its modules put on sys.path counts, wherever they do; the closure's layout has it.
    """
    while True:
        closure = _within(entry, layout, contents, facts_of_paths, (settings,) if settings else ())
        more = closure.added_roots(contents.workdir)
        if not more:
            return closure
        layout = layout.with_roots(more)


def _within(
    entry: Entrypoint, layout: Layout, contents: ImageContents, facts_of_paths: FactsOfPaths, more: tuple[str, ...]
) -> Closure:
    if entry.script is not None:
        script = entry.script if entry.script in contents.files else None
        return close(layout, (*more, *(() if script else ("__main__",))), facts_of_paths, main_file=script)
    if not entry.main:
        return close(layout, (entry.module, *more), facts_of_paths)
    package = is_package(layout, entry.module)
    found = layout.find(f"{entry.module}.__main__" if package else entry.module)
    parent = entry.module if package else entry.module.rpartition(".")[0]
    file = found.image if found is not None and found.image in contents.files else None
    return close(layout, (parent or entry.module, *more), facts_of_paths, main_file=file, main_package=parent)


def is_package(layout: Layout, module: str) -> bool:
    """Whether the image has directories of it."""
    found = layout.find(module)
    return found is not None and bool(found.directories)
