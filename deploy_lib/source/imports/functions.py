"""Functions: what their bodies import whenever they run, and what every call of them does first.

Most imports inside functions run late or never. But `app = create_app()` at module level runs the body at import
time, and what stands in it before any branch or return is as certain as if it stood outside.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from deploy_lib.source.imports.conditions import answer
from deploy_lib.source.imports.events import Call, Event, From, Handler, Import, Maybe, Program, Try, imports
from deploy_lib.source.imports.expressions import loaded_by
from deploy_lib.source.imports.facts import Python
from deploy_lib.source.imports.guards import caught_names, ignored_by
from deploy_lib.source.imports.names import dotted

AnyFunction = ast.FunctionDef | ast.AsyncFunctionDef


def body_imports(statements: Sequence[ast.stmt], python: Python | None) -> Program:
    """The imports among the statements, with the conditions and guards around them. They bind no global."""
    return tuple(event for statement in statements for event in _statement(statement, python))


def import_event(node: ast.Import | ast.ImportFrom, *, binds: bool) -> Iterator[Import | From]:
    """`binds` is False inside functions and classes, whose names are not the module's."""
    if isinstance(node, ast.ImportFrom):
        pairs = tuple((each.name, (each.asname or each.name) if binds else "") for each in node.names)
        if pairs[0][0] == "*":
            pairs = (("*", ""),)
        yield From(node.lineno, node.level, node.module or "", pairs)
        return
    for each in node.names:
        bound = each.asname or each.name.partition(".")[0]
        yield Import(node.lineno, each.name, bound if binds else "", each.asname is None)


def certain_start(node: AnyFunction, python: Python | None) -> Program:
    """What every call does before anything that may end it early; empty where a call does not run the body."""
    if isinstance(node, ast.AsyncFunctionDef) or node.decorator_list or _yields(node.body):
        return ()
    own = _local_names(node)
    events: list[Event] = []
    for statement in node.body:
        match statement:
            case ast.Import() | ast.ImportFrom() | ast.Try() | ast.With():
                if _may_leave(statement):
                    break
                events.extend(_statement(statement, python))
            case ast.Expr(value=value) | ast.Assign(value=value) | ast.AnnAssign(value=value) | ast.Return(value=value):
                events.extend(_call(value, own))
                if isinstance(statement, ast.Return):
                    break
            case ast.Raise():
                break
            case _:
                if _may_leave(statement):
                    break
    return tuple(events)


def _call(value: ast.expr | None, own: set[str]) -> Iterator[Event]:
    if isinstance(value, ast.Call):
        loaded = loaded_by(value)
        chain = dotted(value.func)
        if loaded:
            yield loaded
        elif chain and chain[0] not in own:
            yield Call(value.lineno, chain)


def _statement(node: ast.stmt, python: Python | None) -> Iterator[Event]:
    match node:
        case ast.Import() | ast.ImportFrom():
            yield from import_event(node, binds=False)
        case ast.If(test=test, body=body, orelse=orelse):
            known = answer(test, python)
            chosen = [*body, *orelse] if known is None else body if known else orelse
            inner = body_imports(chosen, python)
            yield from (inner if known is not None else _maybe(inner))
        case ast.Try() | ast.TryStar():
            yield from _try(node, python)
        case ast.With(items=items, body=body) | ast.AsyncWith(items=items, body=body):
            inner = body_imports(body, python)
            names = tuple(name for item in items for name in ignored_by(item))
            yield from ((Try(inner, (Handler(names, ()),), (), ()),) if names and inner else inner)
        case (
            ast.For(body=body, orelse=orelse)
            | ast.AsyncFor(body=body, orelse=orelse)
            | ast.While(body=body, orelse=orelse)
        ):
            yield from _maybe(body_imports([*body, *orelse], python))
        case ast.Match(cases=cases):
            yield from _maybe(body_imports([each for case in cases for each in case.body], python))
        case ast.FunctionDef(body=body) | ast.AsyncFunctionDef(body=body):
            yield from _maybe(body_imports(body, python))
        case ast.ClassDef(body=body):
            yield from body_imports(body, python)
        case (
            ast.Expr(value=ast.Call() as call)
            | ast.Assign(value=ast.Call() as call)
            | ast.Return(value=ast.Call() as call)
        ):
            loaded = loaded_by(call)
            if loaded:
                yield loaded


def _maybe(inner: Program) -> Program:
    return (Maybe(inner),) if inner else ()


def _try(node: ast.Try | ast.TryStar, python: Python | None) -> Iterator[Event]:
    handlers = tuple(Handler(caught_names(each.type), body_imports(each.body, python)) for each in node.handlers)
    parts = [body_imports(part, python) for part in (node.body, node.orelse, node.finalbody)]
    found = Try(parts[0], handlers, parts[1], parts[2])
    if any(True for _ in imports((found,))):
        yield found


def _may_leave(node: ast.stmt) -> bool:
    return any(isinstance(inner, ast.Return | ast.Raise | ast.Break | ast.Continue) for inner in ast.walk(node))


def _yields(body: Sequence[ast.stmt]) -> bool:
    """A nested generator counts too: then nothing is claimed, which is never wrong."""
    return any(isinstance(inner, ast.Yield | ast.YieldFrom) for statement in body for inner in ast.walk(statement))


def _local_names(node: AnyFunction) -> set[str]:
    given = node.args
    arguments = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
    names = {argument.arg for argument in arguments if argument}
    for inner in ast.walk(node):
        match inner:
            case ast.Name(id=name, ctx=ast.Store()):
                names.add(name)
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                names.update(each.asname or each.name.partition(".")[0] for each in aliases)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                if inner is not node:
                    names.add(name)
    return names
