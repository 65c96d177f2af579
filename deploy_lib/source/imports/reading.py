"""Names and attributes that are evaluated while modules are imported, looked up in what those hold by then."""

from __future__ import annotations

from deploy_lib.source.imports.namespace import (
    OF_EVERY_MODULE,
    ClassRef,
    FunctionRef,
    ModuleRef,
    Reference,
    all_names,
    lacks_attribute,
)
from deploy_lib.source.imports.scope import ALWAYS
from deploy_lib.source.imports.state import Place, State

_NOTHING = object()


def use(name: str, line: int, place: Place, state: State) -> str | None:
    """A bare name that this module's own text does not bind: a star import may have."""
    space = state.spaces[place.module]
    if name in space.names or name in ALWAYS or space.hides:
        return None
    return state.report("undefined_name", "NameError", place.at(line), place.mode, place.module, name)


def read(chain: tuple[str, ...], line: int, place: Place, state: State) -> str | None:
    """a.b.c, as far as it is known what each part is."""
    value = state.spaces[place.module].names.get(chain[0])
    for name in chain[1:]:
        if isinstance(value, ClassRef) and lacks_attribute(value, name, state.spaces):
            owner = f"{value.module}.{value.name}"
            return state.report("missing_attribute", "AttributeError", place.at(line), place.mode, owner, name)
        if not isinstance(value, ModuleRef):
            return None
        found = attribute(value.module, name, state)
        if found is _NOTHING:
            return _lacking(value.module, name, line, place, state)
        value = found  # type: ignore[assignment]
    return None


def function(chain: tuple[str, ...], place: Place, state: State) -> FunctionRef | None:
    """The application's function that a dotted name stands for."""
    value = state.spaces[place.module].names.get(chain[0])
    for name in chain[1:]:
        found = attribute(value.module, name, state) if isinstance(value, ModuleRef) else None
        value = None if found is _NOTHING else found  # type: ignore[assignment]
    return value if isinstance(value, FunctionRef) else None


def store(chain: tuple[str, ...], place: Place, state: State) -> None:
    """`a.b.c = value`; ("a", "*") where a is handed to a function, which may do anything with it."""
    value = state.spaces[place.module].names.get(chain[0])
    for name in chain[1:-1]:
        found = attribute(value.module, name, state) if isinstance(value, ModuleRef) else None
        value = None if found is _NOTHING else found  # type: ignore[assignment]
    if isinstance(value, ClassRef) and value.module in state.spaces:
        state.spaces[value.module].opened.add(value.name)
    if isinstance(value, ModuleRef) and value.module in state.spaces:
        if chain[-1] == "*":
            state.spaces[value.module].open = True
        else:
            state.spaces[value.module].names.setdefault(chain[-1], None)


def attribute(module: str, name: str, state: State) -> Reference | object:
    """What a module's attribute stands for; _NOTHING when it certainly has none."""
    if module == "enum":
        return ClassRef("enum", name)
    space = state.spaces.get(module)
    if space is None:
        return None
    if name in space.names:
        return space.names[name]
    below = f"{module}.{name}"
    if below in state.loaded:
        return ModuleRef(below)
    return None if space.open or name in OF_EVERY_MODULE else _NOTHING


def _lacking(module: str, name: str, line: int, place: Place, state: State) -> str | None:
    below = f"{module}.{name}"
    if below in state.closure.facts or below in state.registered:
        return None  # something imports it, and when is not certain enough
    facts = state.closure.facts.get(module)
    if module in state.running and facts is not None and name in set(all_names(facts.program)):
        sure = not state.after_error and all(state.loaded.get(each) == place.mode for each in state.running)
        code = "import_cycle_at_import_time"
        return state.report(code, "AttributeError", place.at(line), place.mode, module, name, sure=sure)
    there = state.closure.layout.find(below) is not None
    sure = facts is not None and not (there and state.loads_unknown)
    error = state.report("missing_attribute", "AttributeError", place.at(line), place.mode, module, name, sure=sure)
    state.problems[-1].submodule = there
    return error
