"""Imports that no requirements file declares: they work only as long as another package brings them along."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from deploy_lib.model.codes import Code
from deploy_lib.model.findings import Finding, Severity
from deploy_lib.source.dependencies.declared import Declared
from deploy_lib.source.dependencies.names import DISTRIBUTIONS, may_be_brought_by
from deploy_lib.source.imports.closure import Closure
from deploy_lib.source.imports.events import From, Import, imports


def undeclared_dependencies(
    closure: Closure, declared: Declared, file_of: Callable[[str], str | None]
) -> Iterator[Finding]:
    """One advice per package. None where the files that declare are not known whole."""
    if not declared.files or not declared.whole:
        return
    seen: set[str] = set()
    for module, facts in closure.facts.items():
        for event in imports(facts.program):
            if not isinstance(event, Import | From) or (isinstance(event, From) and event.level):
                continue
            top = event.module.partition(".")[0]
            brought_by = DISTRIBUTIONS.get(top)
            if not brought_by or top in seen or may_be_brought_by(top) & declared.installed:
                continue
            if closure.layout.find(top) is not None:
                continue
            seen.add(top)
            name = min(brought_by, key=len)
            yield Finding(
                Code.UNDECLARED_DEPENDENCY,
                Severity.ADVICE,
                f"{module} imports {top}, which {_say(declared.files)}",
                file=file_of(module),
                line=event.line,
                module=top,
                importer=module,
                fix=f"add {name} to {declared.files[0]}",
            )


def _say(files: Sequence[str]) -> str:
    match files:
        case [one]:
            return f"{one} does not declare"
        case [one, other]:
            return f"neither {one} nor {other} declares"
    return "the requirements files do not declare"
