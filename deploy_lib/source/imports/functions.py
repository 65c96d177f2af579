"""Functions: what their bodies import whenever they run, and what every call of them does first.

Most imports inside functions run late or never. But `app = create_app()` at module level runs the body at import
time, and what stands in it before any branch or return is as certain as if it stood outside.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from inspect import CO_COROUTINE, CO_GENERATOR
from itertools import takewhile
from types import CodeType

from deploy_lib.source.imports.conditions import answer
from deploy_lib.source.imports.events import Call, Event, From, Handler, Import, Maybe, Program, Try, imports
from deploy_lib.source.imports.facts import Python
from deploy_lib.source.imports.guards import caught_names, ignored_by
from deploy_lib.source.imports.loading import loaded_by
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


def certain_start(node: ast.FunctionDef, code: CodeType, python: Python | None) -> Program:
    """What every call does before anything that may end it early; empty where a call does not run the body."""
    if code.co_flags & (CO_GENERATOR | CO_COROUTINE):
        return ()
    own = {*code.co_varnames, *code.co_cellvars}
    events: list[Event] = []
    for statement in node.body:
        match statement:
            case ast.Import() | ast.ImportFrom():
                events.extend(_statement(statement, python))
            case ast.Expr(value=value) | ast.Assign(value=value) | ast.AnnAssign(value=value):
                events.extend(_call(value, own))
            case ast.Return(value=value):
                events.extend(_call(value, own))
                break
            case ast.Raise():
                break
            case ast.With(items=items, body=body):
                sure = list(takewhile(lambda each: not _may_leave(each), body))
                events.extend(_with(items, sure, python))
                if len(sure) < len(body):
                    break
            case ast.Try():
                if _may_leave(statement):
                    break
                events.extend(_statement(statement, python))
            case ast.stmt():
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
            yield from _with(items, body, python)
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


def _with(items: Sequence[ast.withitem], body: Sequence[ast.stmt], python: Python | None) -> Program:
    inner = body_imports(body, python)
    names = tuple(name for item in items for name in ignored_by(item))
    return (Try(inner, (Handler(names, ()),), (), ()),) if names and inner else inner


def _maybe(inner: Program) -> Program:
    return (Maybe(inner),) if inner else ()


def _try(node: ast.Try | ast.TryStar, python: Python | None) -> Iterator[Event]:
    handlers = tuple(Handler(caught_names(each.type), body_imports(each.body, python)) for each in node.handlers)
    parts = [body_imports(part, python) for part in (node.body, node.orelse, node.finalbody)]
    found = Try(parts[0], handlers, parts[1], parts[2])
    if any(True for _ in imports((found,))):
        yield found


def _may_leave(node: ast.AST) -> bool:
    """Whether a statement inside it ends the function early; those of functions inside it do not count."""
    if isinstance(node, ast.Return | ast.Raise | ast.Break | ast.Continue):
        return True
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return False
    blocks = (getattr(node, part, ()) for part in ("body", "orelse", "finalbody", "handlers", "cases"))
    return any(_may_leave(inner) for block in blocks for inner in block)
