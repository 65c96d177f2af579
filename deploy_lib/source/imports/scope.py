"""What is known while one module's text is read from top to bottom: the names it has bound so far.

A name that was not bound before it is evaluated is only a suspicion: `suspects` collects them, and they become
events when `confirmed` names them, after a second reading by other means.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import CodeType

from deploy_lib.source.imports.facts import Python
from deploy_lib.source.imports.quick_search import ImportingLines

Place = tuple[str, int]
"""A name and the line that evaluates it."""

_NEVER_MISSING = """
__annotations__ __builtins__ __cached__ __conditional_annotations__ __dict__ __doc__ __file__ __loader__ __module__
__name__ __package__ __path__ __qualname__ __spec__ WindowsError aiter anext EncodingWarning BaseExceptionGroup
ExceptionGroup PythonFinalizationError
"""
ALWAYS = frozenset((*dir(builtins), *_NEVER_MISSING.split()))


@dataclass(slots=True)
class Scope:
    """`annotations`: whether they are evaluated when the module is imported. `functions` are those at module level."""

    python: Python | None
    annotations: bool
    functions: Mapping[Place, CodeType]
    importing: ImportingLines
    confirmed: frozenset[Place] = frozenset()
    bound: set[str] = field(default_factory=lambda: set(ALWAYS))
    looked_into: set[str] = field(default_factory=set)  # bound by an import, a class or a function
    inside: list[set[str]] = field(default_factory=list)  # names of the class bodies and comprehensions around
    suspects: set[Place] = field(default_factory=set)
    texts: dict[str, str] = field(default_factory=dict)  # names bound once so far, to a text
    includes: set[str] = field(default_factory=set)  # names of Django's include()

    @property
    def at_module_level(self) -> bool:
        return not self.inside

    def bind(self, names: Iterable[str], *, looked_into: bool = False) -> None:
        if self.inside:
            self.inside[-1].update(names)
            return
        for name in names:
            self.bound.add(name)
            self.texts.pop(name, None)
            if looked_into:
                self.looked_into.add(name)

    def is_local(self, name: str) -> bool:
        return any(name in names for names in self.inside)


def functions_in(module: CodeType) -> dict[Place, CodeType]:
    """The code of each function at module level, by its name and its first line."""
    return {(each.co_name, each.co_firstlineno): each for each in module.co_consts if isinstance(each, CodeType)}
