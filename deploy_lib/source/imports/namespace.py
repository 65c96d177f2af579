"""The global names of a module while it is imported, and what those stand for that can be looked into."""

from __future__ import annotations

import builtins
import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from deploy_lib.source.imports.events import Bind, Class, From, Function, Import, Main, Maybe, Program, Try


class ModuleRef(NamedTuple):
    module: str


class ClassRef(NamedTuple):
    module: str
    name: str


class FunctionRef(NamedTuple):
    module: str
    name: str


Reference = ModuleRef | ClassRef | FunctionRef | None
"""None: a value nobody looks into."""

_MODULE_ATTRIBUTES = """
__annotations__ __builtins__ __cached__ __class__ __dict__ __dir__ __doc__ __file__ __loader__ __name__ __package__
__path__ __spec__ __getattribute__ __setattr__ __delattr__ __hash__ __eq__ __repr__ __str__
"""
OF_EVERY_MODULE = frozenset(_MODULE_ATTRIBUTES.split())


@dataclass(slots=True)
class Namespace:
    """`open`: others may find attributes that the text does not show; `hides`: so may its own code, as globals."""

    open: bool = False
    hides: bool = False
    names: dict[str, Reference] = field(default_factory=dict)
    classes: dict[str, Class] = field(default_factory=dict)
    functions: dict[str, Program] = field(default_factory=dict)
    opened: set[str] = field(default_factory=set)  # classes that got attributes from outside

    def bind(self, name: str, value: Reference, *, certain: bool) -> None:
        """What only may be bound must not hide what was there."""
        if not name:
            return
        if not certain and name in self.names and self.names[name] != value:
            value = None
        self.names[name] = value


Spaces = Mapping[str, Namespace]


def all_names(program: Program) -> Iterator[str]:
    """Every global name a module binds, sooner or later."""
    for event in program:
        match event:
            case Bind(names=names):
                yield from names
            case Import(bound=bound) if bound:
                yield bound
            case From(names=pairs):
                yield from (bound for _, bound in pairs if bound)
            case Class(name=name) | Function(name=name):
                yield name
            case Maybe(body=body):
                yield from all_names(body)
            case Main(body=body, orelse=orelse):
                yield from all_names((*body, *orelse))
            case Try(body=body, handlers=handlers, orelse=orelse, final=final):
                for part in (body, *(each.body for each in handlers), orelse, final):
                    yield from all_names(part)


def lacks_attribute(reference: ClassRef, name: str, spaces: Spaces) -> bool:
    """True only when every class it inherits from is known to the end, and none has the attribute."""
    return not name.startswith("_") and not _may_have(reference, name, spaces, frozenset())


def _may_have(reference: ClassRef, name: str, spaces: Spaces, seen: frozenset[ClassRef]) -> bool:
    if reference.module == "enum":
        known = getattr(enum, reference.name, None)
        return not isinstance(known, type) or hasattr(known, name) or hasattr(type(known), name)
    space = spaces.get(reference.module)
    made = space.classes.get(reference.name) if space else None
    if space is None or space.open or made is None or made.open or reference.name in space.opened or reference in seen:
        return True
    if name in made.members or hasattr(type, name):
        return True
    if {"__init_subclass__", "__getattr__", "__class_getitem__"} & set(made.members):
        return True
    return any(_base_may_have(base, name, space, spaces, seen | {reference}) for base in made.bases)


def _base_may_have(base: str, name: str, space: Namespace, spaces: Spaces, seen: frozenset[ClassRef]) -> bool:
    first, *rest = base.split(".")
    value = space.names.get(first)
    if first not in space.names:
        built_in = getattr(builtins, base, None)
        return not isinstance(built_in, type) or hasattr(built_in, name)
    if isinstance(value, ModuleRef) and len(rest) == 1:
        value = ClassRef(value.module, rest[0])
    elif rest:
        return True
    return not isinstance(value, ClassRef) or _may_have(value, name, spaces, seen)
