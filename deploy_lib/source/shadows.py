"""Modules of the application that are named like one of the standard library or of a declared package.

Which of the two an import finds depends on sys.path and on what was imported before, so this is never an error; a
plain directory hides nothing, since a real module anywhere on sys.path comes first.
"""

from __future__ import annotations

import posixpath
import sys
from collections.abc import Callable, Iterator

from deploy_lib.model.codes import Code
from deploy_lib.model.findings import Finding, Severity
from deploy_lib.source.dependencies.declared import Declared
from deploy_lib.source.dependencies.names import names_of
from deploy_lib.source.imports.layout import Layout
from deploy_lib.source.model import SITE_PACKAGES, Context, ImageContents

_HARMLESS = frozenset({"__main__", "antigravity", "idlelib", "lib2to3", "test", "this", "turtledemo", "pydoc_data"})


def shadowed_modules(
    layout: Layout, contents: ImageContents, context: Context, installed: Callable[[], Declared]
) -> Iterator[Finding]:
    """One warning per top-level module of the image. `installed` is what RUN steps install."""
    for name, image in _top_level(layout):
        if name in sys.stdlib_module_names and name not in _HARMLESS:
            whose, fix = "the standard library's module", f"rename {name}"
        elif names_of(name) & installed().installed:
            whose, fix = "a package that the requirements declare", f"rename {name}"
        else:
            continue
        yield Finding(
            Code.SHADOWED_MODULE,
            Severity.WARNING,
            f"{image} has the name of {whose} {name}; which of them is imported depends on the order",
            file=posixpath.join(context.root, contents.files[image]),
            line=1,
            module=name,
            fix=fix,
        )


def _top_level(layout: Layout) -> Iterator[tuple[str, str]]:
    roots = {root.rstrip("/") for root in layout.roots} - {SITE_PACKAGES}  # looked into after all others
    for image in layout.files:
        directory, _, file = image.rpartition("/")
        if directory in roots and file.endswith(".py") and file != "__init__.py":
            yield file.removesuffix(".py"), image
        elif file == "__init__.py" and posixpath.dirname(directory) in roots:
            yield posixpath.basename(directory), image
