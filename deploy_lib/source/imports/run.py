"""Runs the facts of a closure as Python runs the modules: in the same order, each once, with the same errors.

After an error it goes on as if there had been none, so that all problems are found at once; what ran after it counts
as imported only if nothing catches the error. Conditions nobody can answer run as Maybe. Function bodies run last.
Nothing here recurses from module to module: a generator asks for the import it needs, and `_serve` runs that first.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import assert_never

from deploy_lib.source.imports import events
from deploy_lib.source.imports.closure import MAIN, Closure
from deploy_lib.source.imports.events import Handler, Program
from deploy_lib.source.imports.facts import DOUBTFUL
from deploy_lib.source.imports.frameworks import Done
from deploy_lib.source.imports.guards import catches
from deploy_lib.source.imports.importing import import_from, import_whole, load
from deploy_lib.source.imports.layout import Sort
from deploy_lib.source.imports.namespace import ClassRef, FunctionRef, Namespace
from deploy_lib.source.imports.problems import Mode, Problem, Trail
from deploy_lib.source.imports.reading import function, read, store, use
from deploy_lib.source.imports.state import Judge, Place, State, Steps

_DEEPEST_CALL = 8


def run_imports(
    closure: Closure,
    judge: Judge,
    module: str,
    attribute: str | None = None,
    *,
    called: bool = False,
    then: Iterable[Done] = (),
    variables: Iterable[str] = ("*",),
) -> list[Problem]:
    """Import `module`, take `attribute` from it and, when `called`, call that, as a server does. `then` is what a
    framework does afterwards; `variables` are those of the environment, "*" for any.

    The first problem's trail has no module but "": it is the server's own import.
    """
    state = State(closure, judge, variables=set(variables))
    start = Place("", Mode.CERTAIN)
    state.spaces[""] = Namespace(open=True, hides=True)
    if closure.main_file is not None:
        parent = closure.main_package
        program: Program = (events.Import(0, parent, "", True),) if parent else ()
        _serve(_block(program, start, state), state)
        _serve(_execute(MAIN, Mode.CERTAIN, None, state), state)
    else:
        names = ((attribute, "app"),) if attribute else ()
        steps: Program = (events.Import(0, module, "", True), events.From(0, 0, module, names))
        _serve(_block((*steps, events.Call(0, ("app",))) if called else steps, start, state), state)
    for each, program in then:
        if each in state.spaces:
            _serve(_block(program, Place(each, Mode.CERTAIN), state), state)
    position = 0
    while position < len(state.lazy):
        program, place = state.lazy[position]
        _serve(_block(program, place, state), state)
        position += 1
    return state.problems


def _serve(steps: Steps, state: State) -> None:
    stack = [steps]
    error: str | None = None
    while stack:
        try:
            wanted = stack[-1].send(error)
        except StopIteration as done:
            stack.pop()
            error = done.value
        else:
            stack.append(_execute(*wanted, state))
            error = None


def _execute(module: str, mode: Mode, up: Trail | None, state: State) -> Steps:
    """The body of a module."""
    state.started(module, mode)
    facts = state.closure.facts.get(module)
    if facts is None:
        found = state.closure.layout.find(module)
        unseen = found is None or found.sort is not Sort.NAMESPACE
        state.spaces.setdefault(module, Namespace(open=unseen, hides=unseen))
        return None
    state.registered.update(facts.registers)
    state.paths_moved |= facts.moves_path
    state.loads_unknown |= facts.loads_unknown
    changed = state.closure.files.get(module) in state.closure.layout.changed
    state.spaces.setdefault(module, Namespace(facts.open or changed, facts.hides or changed))
    if facts.broken:
        state.failed(module)
        sure = facts.broken.code not in DOUBTFUL and not changed
        at = Trail(module, facts.broken.line, up)
        return state.report(facts.broken.code, "SyntaxError", at, mode, module, facts.broken.message, sure=sure)
    state.running.append(module)
    error = yield from _block(facts.program, Place(module, mode, up), state)
    state.running.pop()
    if error:
        state.failed(module)
    return error


def _block(program: Program, place: Place, state: State, handlers: tuple[Handler, ...] = ()) -> Steps:
    """The first error. A raise ends the block, and so does an error that a handler is certain to catch.

    After something that nobody can foretell, and whose error a handler would catch, the rest runs only maybe.
    """
    first: str | None = None
    before, doubts = state.after_error, state.doubts
    catching = any(
        catches(each.catches, error) is not False for each in handlers for error in ("ModuleNotFoundError", "NameError")
    )
    doubtful = False
    for event in program:
        mark = state.mark()
        error = yield from _event(event, place, state)
        if error is not None and first is None and not doubtful:
            if any(catches(each.catches, error) for each in handlers):
                return error
            if catching and state.doubts > doubts:
                state.guard(mark)  # an error before this one would have been caught
            else:
                first = error
                state.after_error += 1
        if catching and not doubtful and state.doubts > doubts:
            doubtful, place = True, replace(place, mode=min(place.mode, Mode.MAYBE))
        if error is not None and isinstance(event, events.Raise):
            break
    state.after_error = before
    return first


def _event(event: events.Event, place: Place, state: State) -> Steps:
    match event:
        case events.Import():
            return (yield from import_whole(event, place, state))
        case events.From():
            return (yield from import_from(event, place, state))
        case events.Load():
            return (yield from load(event, place, state))
        case events.Try():
            return (yield from _try(event, place, state))
        case events.Maybe(body=body):
            yield from _block(body, replace(place, mode=min(place.mode, Mode.MAYBE)), state)
        case events.Main(body=body, orelse=orelse):
            return (yield from _block(body if place.module == MAIN else orelse, place, state))
        case events.Call(line=line, chain=chain):
            return (yield from _call(chain, line, place, state))
        case events.Read(line=line, chain=chain):
            return read(chain, line, place, state)
        case events.Use(line=line, name=name):
            return use(name, line, place, state)
        case events.Raise():
            return _raise(event, place, state)
        case (
            events.Bind()
            | events.Class()
            | events.Function()
            | events.Unbind()
            | events.Doubt()
            | events.VariableRead()
            | events.Store()
            | events.Lazy()
        ):
            _note(event, place, state)
        case _:
            assert_never(event)
    return None


def _note(event: events.Event, place: Place, state: State) -> None:
    """What cannot fail."""
    space = state.spaces[place.module]
    match event:
        case events.Bind(names=names):
            for name in names:
                state.bind(name, None, place)
        case events.Class(name=name):
            again = name in space.classes and space.classes[name] is not event
            state.bind(name, None if again else ClassRef(place.module, name), place)
            space.classes[name] = event
        case events.Function(name=name, body=body):
            again = name in space.functions and space.functions[name] is not body
            state.bind(name, None if again else FunctionRef(place.module, name), place)
            space.functions[name] = body
        case events.Unbind(name=name):
            if place.mode is Mode.CERTAIN:
                space.names.pop(name, None)
        case events.Store(chain=chain):
            store(chain, place, state)
        case events.Lazy(body=body):
            state.queue(body, place)
        case events.Doubt():
            state.doubts += 1
        case events.VariableRead():
            _variable(event, place, state)


def _variable(event: events.VariableRead, place: Place, state: State) -> None:
    """Said only where it is certain to be evaluated; what the service is given in the end nobody knows here."""
    if event.sets:
        state.variables.add(event.name)
    elif place.mode is Mode.CERTAIN and not place.handling and not {"*", event.name} & state.variables:
        at = place.at(event.line)
        state.report("variable_missing", "KeyError", at, place.mode, place.module, event.name, sure=False)


def _without_variables(program: Program) -> Program:
    return tuple(each for each in program if not isinstance(each, events.VariableRead))


def _try(event: events.Try, place: Place, state: State) -> Steps:
    mark, doubts = state.mark(), state.doubts
    cared_for = any(catches(each.catches, "KeyError") is not False for each in event.handlers)
    body = _without_variables(event.body) if cared_for else event.body
    error = yield from _block(body, place, state, event.handlers)
    handling = replace(place, handling=True)
    unsure = replace(handling, mode=min(place.mode, Mode.MAYBE))
    if error is None:
        mark = state.mark()
        for each in event.handlers:
            yield from _block(each.body, unsure, state)
        state.guard(mark)
        other = replace(place, mode=unsure.mode) if event.handlers and state.doubts > doubts else place
        error = yield from _block(event.orelse, other, state)
    else:
        caught = [(each, catches(each.catches, error)) for each in event.handlers]
        handler, sure = next(((each, answer) for each, answer in caught if answer is not False), (None, None))
        if handler is not None:
            state.forget(mark)
            raised = yield from _block(handler.body, handling if sure else unsure, state)
            if raised is None or not sure:
                state.guard(mark)
                error = None
            else:
                error = raised or error
    last = yield from _block(event.final, place, state)
    return error or last


def _call(chain: tuple[str, ...], line: int, place: Place, state: State) -> Steps:
    """What the application's own function does first, when that is what is called."""
    found = function(chain, place, state)
    if found is None or found in state.calls or len(state.calls) >= _DEEPEST_CALL:
        return None
    space = state.spaces[found.module]
    state.calls.append(found)
    error = yield from _block(space.functions[found.name], Place(found.module, place.mode, place.at(line)), state)
    state.calls.pop()
    return error


def _raise(event: events.Raise, place: Place, state: State) -> str:
    if place.mode is Mode.CERTAIN and not place.handling and event.error != "SystemExit":
        state.report("raises_at_import", event.error, place.at(event.line), place.mode, place.module, event.error)
    return event.error
