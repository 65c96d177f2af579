"""What a module's statements do at import time, one statement after the other."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Sequence

from deploy_lib.source.imports.conditions import answer, is_main
from deploy_lib.source.imports.definitions import define_class, define_function
from deploy_lib.source.imports.events import Bind, Event, Handler, Main, Maybe, Program, Raise, Store, Try, Unbind
from deploy_lib.source.imports.expressions import evaluate, evaluate_annotation
from deploy_lib.source.imports.functions import import_event
from deploy_lib.source.imports.guards import caught_names, ignored_by
from deploy_lib.source.imports.loading import loaded_by, text_of
from deploy_lib.source.imports.names import bound_by, bound_by_pattern, dotted
from deploy_lib.source.imports.scope import Scope

_EXITS = {("sys", "exit"), ("exit",), ("quit",), ("os", "_exit")}


def run(statements: Sequence[ast.stmt], scope: Scope) -> Program:
    """The events of the statements. Names they bind are known in `scope` afterwards."""
    return tuple(event for statement in statements for event in _statement(statement, scope))


def _statement(node: ast.stmt, scope: Scope) -> Iterator[Event]:
    match node:
        case ast.Import() | ast.ImportFrom():
            yield from _import(node, scope)
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            yield from define_function(node, scope)
        case ast.ClassDef():
            yield from define_class(node, scope, run)
        case ast.Expr(value=ast.Call(func=func) as call) if dotted(func) in _EXITS:
            yield from evaluate(call, scope)
            yield Raise(node.lineno, "SystemExit")
        case ast.Expr(value=value):
            yield from evaluate(value, scope)
        case ast.Assign(targets=targets, value=value):
            yield from evaluate(value, scope)
            fresh = _fresh(targets, scope)
            for target in targets:
                yield from _assign(target, scope)
            text = text_of(value, scope.texts) if fresh else None
            if fresh and text is not None:
                scope.texts[fresh] = text
        case ast.AnnAssign(target=target, annotation=annotation, value=value):
            yield from evaluate(value, scope)
            yield from evaluate_annotation(annotation, scope)
            if value is not None:
                yield from _assign(target, scope)
        case ast.AugAssign(target=target, value=value):
            yield from evaluate(value, scope)
            yield from evaluate(_as_read(target), scope)
            yield from _assign(target, scope)
        case ast.If(test=test, body=body, orelse=orelse):
            yield from _if(test, body, orelse, scope)
        case ast.Try() | ast.TryStar():
            yield from _try(node, scope)
        case ast.With(items=items, body=body):
            yield from _with(items, body, scope)
        case ast.For(target=target, iter=source, body=body, orelse=orelse):
            yield from evaluate(source, scope)
            yield from _loaded_in_turn(target, source, body, scope)
            yield from _maybe((*_assign(target, scope), *run([*body, *orelse], scope)))
        case ast.While(test=test, body=body, orelse=orelse):
            yield from evaluate(test, scope)
            yield from _maybe(run([*body, *orelse], scope))
        case ast.Match(subject=subject, cases=cases):
            yield from evaluate(subject, scope)
            for case in cases:
                names = (*bound_by_pattern(case.pattern),)
                yield from _maybe((*_bind(names, scope), *evaluate(case.guard, scope), *run(case.body, scope)))
        case ast.Raise(exc=error):
            yield from evaluate(error, scope)
            raised = error.func if isinstance(error, ast.Call) else error
            yield Raise(node.lineno, (dotted(raised) or ("?",))[-1] if raised else "")
        case ast.Delete(targets=targets):
            for target in targets:
                yield from _delete(target, scope)
        case ast.Assert(test=test, msg=message):
            yield from evaluate(test, scope)
            yield from _maybe(tuple(evaluate(message, scope)))
        case ast.stmt() if hasattr(node, "name") and isinstance(node.name, ast.Name):
            # the `type` statement of Python 3.12
            yield from _bind((node.name.id,), scope)


def _fresh(targets: Sequence[ast.expr], scope: Scope) -> str | None:
    """The one name that an assignment binds, where the module has not bound it before."""
    match targets:
        case [ast.Name(id=name)] if scope.at_module_level and name not in scope.bound:
            return name
    return None


def _loaded_in_turn(target: ast.expr, source: ast.expr, body: Sequence[ast.stmt], scope: Scope) -> Iterator[Event]:
    """The modules that a loop over texts imports by name, as far as no branch decides which."""
    match target, source:
        case ast.Name(id=name), ast.List(elts=elements) | ast.Tuple(elts=elements) if scope.at_module_level:
            for element in elements:
                text = text_of(element, scope.texts)
                for statement in body if text is not None else ():
                    match statement:
                        case ast.Expr(value=ast.Call() as call) | ast.Assign(value=ast.Call() as call):
                            loaded = loaded_by(call, {**scope.texts, name: str(text)})
                            if loaded:
                                yield loaded
                        case ast.Expr() | ast.Assign():
                            pass
                        case ast.stmt():
                            break


def _import(node: ast.Import | ast.ImportFrom, scope: Scope) -> Iterator[Event]:
    yield from import_event(node, binds=scope.at_module_level)
    for each in node.names:
        if each.name != "*":
            source = node.module or "" if isinstance(node, ast.ImportFrom) else each.name
            standard = source.partition(".")[0] in sys.stdlib_module_names and not getattr(node, "level", 0)
            scope.bind([each.asname or each.name.partition(".")[0]], looked_into=not standard)
            if each.name == "include" and source in ("django.urls", "django.conf.urls"):
                scope.includes.add(each.asname or each.name)


def _bind(names: Sequence[str], scope: Scope) -> Iterator[Event]:
    scope.bind(names)
    if names and scope.at_module_level:
        yield Bind(tuple(names))


def _assign(target: ast.expr, scope: Scope) -> Iterator[Event]:
    yield from _bind(tuple(bound_by(target)), scope)
    chain = dotted(target)
    if len(chain) > 1:
        yield from evaluate(_root(target), scope)
        if chain[0] in scope.looked_into and not scope.is_local(chain[0]):
            yield Store(chain)
    elif not chain and isinstance(target, ast.Attribute | ast.Subscript):
        yield from evaluate(target, scope)


def _root(node: ast.expr) -> ast.expr:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node


def _as_read(target: ast.expr) -> ast.expr:
    """`x += 1` and `del x` need x first."""
    if isinstance(target, ast.Name):
        return ast.copy_location(ast.Name(target.id, ast.Load()), target)
    return target


def _delete(target: ast.expr, scope: Scope) -> Iterator[Event]:
    if isinstance(target, ast.Name):
        yield from evaluate(_as_read(target), scope)
        if scope.at_module_level:
            scope.bound.discard(target.id)
            yield Unbind(target.id)
    else:
        yield from evaluate(target, scope)


def _maybe(events: Program) -> Program:
    return (Maybe(events),) if events else ()


def _if(test: ast.expr, body: list[ast.stmt], orelse: list[ast.stmt], scope: Scope) -> Iterator[Event]:
    if is_main(test):
        yield Main(run(body, scope), run(orelse, scope))
        return
    known = answer(test, scope.python)
    if known is not None:
        yield from run(body if known else orelse, scope)
        return
    yield from evaluate(test, scope)
    yield from _maybe(run(body, scope))
    yield from _maybe(run(orelse, scope))


def _try(node: ast.Try | ast.TryStar, scope: Scope) -> Iterator[Event]:
    body = run(node.body, scope)
    handlers = []
    for each in node.handlers:
        had = each.name in scope.bound
        before = tuple(evaluate(each.type, scope))
        named = (each.name,) if each.name else ()
        inner = (*_bind(named, scope), *run(each.body, scope))
        if each.name and scope.at_module_level and not had:
            scope.bound.discard(each.name)
            inner = (*inner, Unbind(each.name))
        handlers.append(Handler(caught_names(each.type), (*before, *inner)))
    yield Try(body, tuple(handlers), run(node.orelse, scope), run(node.finalbody, scope))


def _with(items: list[ast.withitem], body: list[ast.stmt], scope: Scope) -> Iterator[Event]:
    for item in items:
        yield from evaluate(item.context_expr, scope)
        if item.optional_vars is not None:
            yield from _assign(item.optional_vars, scope)
    inner = run(body, scope)
    swallowed = tuple(name for item in items for name in ignored_by(item))
    yield from ((Try(inner, (Handler(swallowed, ()),), (), ()),) if swallowed and inner else inner)
