"""The import statements, as docs.python.org's "The import system" describes them."""

from __future__ import annotations

import sys
from dataclasses import replace

from deploy_lib.source.imports.closure import absolute
from deploy_lib.source.imports.events import From, Import, Load
from deploy_lib.source.imports.layout import Sort
from deploy_lib.source.imports.namespace import OF_EVERY_MODULE, ClassRef, ModuleRef, all_names
from deploy_lib.source.imports.problems import Mode
from deploy_lib.source.imports.state import MissingKind, Place, State, Steps


def import_whole(event: Import, place: Place, state: State) -> Steps:
    """`import a.b.c` and `import a.b.c as d`."""
    error = yield from _import(event.module, place, event.line, state)
    target = event.module.partition(".")[0] if event.top else event.module
    if error is None and target in state.spaces:
        error = yield from _ensure(target, place, event.line, state)
    known = target in state.spaces or target == "enum"
    state.bind(event.bound, ModuleRef(target) if known else None, place)
    return error


def load(event: Load, place: Place, state: State) -> Steps:
    name = absolute(place.module, event.level, event.module, state.closure)
    return (yield from _import(name, place, event.line, state)) if name else None


def import_from(event: From, place: Place, state: State) -> Steps:
    """`from a import b, c` and `from a import *`."""
    base = absolute(place.module, event.level, event.module, state.closure)
    if base is None:
        written = "." * event.level + event.module
        error = state.report("bad_relative_import", "ImportError", place.at(event.line), place.mode, written)
    else:
        error = yield from _import(base, place, event.line, state)
    if base is None or error or base not in state.spaces:
        for name, bound in event.names:
            _bind_unknown(name, bound, place, state)
            if base == "enum":
                state.bind(bound, ClassRef("enum", name), place)
        return error
    first = None
    for name, bound in event.names:
        if name == "*":
            error = yield from _star(base, place, event.line, state)
        else:
            error = yield from _from_one(base, name, place, event.line, state)
            state.bind(bound, state.spaces[base].names.get(name), place)
        first = first or error
    return first


def _bind_unknown(name: str, bound: str, place: Place, state: State) -> None:
    if name == "*":
        state.spaces[place.module].open = state.spaces[place.module].hides = True
    else:
        state.bind(bound, None, place)


def _import(name: str, place: Place, line: int, state: State) -> Steps:
    """The packages above it first, but none above one that is loaded: that is not asked again whether its own are."""
    first: str | None = None
    before = state.after_error
    parts = name.split(".")
    names = [".".join(parts[:count]) for count in range(1, len(parts) + 1)]
    loaded = [number for number, each in enumerate(names) if state.loaded.get(each, 0) >= place.mode]
    for module in names[loaded[-1] if loaded else 0 :]:
        if module in state.registered:
            state.doubts += 1
            continue
        if state.closure.layout.find(module) is None:
            first = first or _missing(module, name, place, line, state)
            break
        error = yield from _ensure(module, place, line, state)
        if error and first is None:
            first = error
            state.after_error += 1
    state.after_error = before
    return first


def _ensure(module: str, place: Place, line: int, state: State) -> Steps:
    if state.loaded.get(module, 0) >= place.mode:
        return None
    error = yield module, place.mode, place.at(line)
    parent, _, name = module.rpartition(".")
    if parent in state.spaces:
        state.spaces[parent].bind(name, ModuleRef(module), certain=True)
    return error


def _missing(module: str, whole: str, place: Place, line: int, state: State) -> str | None:
    """`module` is the part of `whole` that is not there."""
    parent = module.rpartition(".")[0]
    above = state.closure.layout.find(parent) if parent else None
    state.doubts += module not in sys.stdlib_module_names
    if above is not None and above.sort is Sort.OPAQUE:
        return None
    facts = state.closure.facts.get(parent)
    if facts is not None and facts.extends_path:
        return None
    absence = state.judge(whole if above is None else module)
    if absence == MissingKind.ELSEWHERE:
        return None
    if absence == MissingKind.UNKNOWN:
        state.report("unknown_module", "", place.at(line), place.mode, module, sure=False)
        return None
    movable = (above is None or above.sort is Sort.NAMESPACE) and state.paths_moved
    sure = absence == MissingKind.MISSING and not movable and "*" not in state.registered
    return state.report("missing_module", "ModuleNotFoundError", place.at(line), place.mode, module, sure=sure)


def _from_one(base: str, name: str, place: Place, line: int, state: State) -> Steps:
    """`from base import name`: a global of base, else its submodule."""
    space = state.spaces[base]
    below = f"{base}.{name}"
    if name in space.names and space.names[name] != ModuleRef(below):
        return None
    if below in state.registered:
        state.doubts += 1
        return None
    if state.closure.layout.find(below) is not None:
        # An open package may have the name already, and then its submodule is not imported.
        unsure = replace(place, mode=min(place.mode, Mode.MAYBE)) if space.open else place
        return (yield from _ensure(below, unsure, line, state))
    if space.open or name in OF_EVERY_MODULE:
        state.doubts += space.open
        return None
    found = state.closure.layout.find(base)
    facts = state.closure.facts.get(base)
    if found is not None and found.directories:
        if facts is not None and facts.extends_path:
            return None
        absence = state.judge(below)
        if absence == MissingKind.UNKNOWN or found.sort is Sort.NAMESPACE:
            return _missing(below, below, place, line, state)
    itself = base == place.module  # whose names include those that this very statement is to bind
    if base in state.running and facts is not None and list(all_names(facts.program)).count(name) > itself:
        return _too_early(base, name, "ImportError", place, line, state)
    return state.report("missing_name", "ImportError", place.at(line), place.mode, base, name)


def _too_early(base: str, name: str, error: str, place: Place, line: int, state: State) -> str | None:
    """A cycle: the module is still being imported and has not bound the name yet.

    What ran only maybe, or after an error, may have changed the order; then nothing is certain.
    """
    sure = not state.after_error and all(state.loaded.get(module) == place.mode for module in state.running)
    code = "import_cycle_at_import_time"
    return state.report(code, error, place.at(line), place.mode, base, name, sure=sure)


def _star(base: str, place: Place, line: int, state: State) -> Steps:
    space, mine = state.spaces[base], state.spaces[place.module]
    facts = state.closure.facts.get(base)
    exports = facts.exports if facts else None
    unknown = (space.hides if exports is None else space.open) or (exports is None and "__all__" in space.names)
    mine.open |= unknown
    mine.hides |= unknown
    if base in state.running and facts is not None:
        for name in all_names(facts.program):
            mine.names.setdefault(name, None)
        return None
    first = None
    for name in [name for name in space.names if not name.startswith("_")] if exports is None else exports:
        if exports is not None:  # what __all__ lists must be there, as a global or as a submodule
            error = yield from _from_one(base, name, place, line, state)
            first = first or error
        mine.bind(name, space.names.get(name), certain=place.mode is Mode.CERTAIN)
    return first
