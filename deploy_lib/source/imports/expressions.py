"""What evaluating an expression at import time touches: names, attributes of modules, calls, imports by function.

Function bodies, lambdas and generators are not evaluated; what depends on a value (the second half of `and`, the
element of a comprehension) may not be, and stands in Maybe.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from deploy_lib.source.imports.events import Bind, Call, Doubt, Event, Load, Maybe, Read, Store, Use, VariableRead
from deploy_lib.source.imports.loading import classes_of, loaded_by, object_at
from deploy_lib.source.imports.names import bound_by, bound_by_walrus, dotted, is_module
from deploy_lib.source.imports.scope import Scope


def evaluate(node: ast.expr | None, scope: Scope) -> list[Event]:
    """The events of one expression, in order."""
    events: list[Event] = []
    if node is not None:
        _evaluate(node, scope, events)
    return events


def evaluate_annotation(node: ast.expr | None, scope: Scope) -> list[Event]:
    return evaluate(node, scope) if scope.annotations else []


def _evaluate(node: ast.AST, scope: Scope, events: list[Event]) -> None:
    kind = type(node)
    if kind is ast.Constant:
        return
    if kind is ast.Name:
        _use(node, scope, events)  # type: ignore[arg-type]
        return
    match node:
        case ast.Attribute(value=value):
            _attribute(node, value, scope, events)
        case ast.Subscript(value=value, slice=ast.Constant(value=str(name)), ctx=ast.Load()):
            _evaluate(value, scope, events)
            if dotted(value) in (("os", "environ"), ("environ",)):
                events.append(VariableRead(node.lineno, name, False))
        case ast.Call():
            _call(node, scope, events)
        case ast.Lambda(args=arguments):
            _all((*arguments.defaults, *(default for default in arguments.kw_defaults if default)), scope, events)
        case ast.BoolOp(values=[first, *others]):
            _evaluate(first, scope, events)
            _maybe(others, scope, events)
        case ast.Compare(left=left, comparators=[first, *others]):
            _all((left, first), scope, events)
            _maybe(others, scope, events)
        case ast.IfExp(test=test, body=body, orelse=orelse):
            _evaluate(test, scope, events)
            _maybe((body, orelse), scope, events)
        case ast.GeneratorExp(generators=[first, *_]):
            _evaluate(first.iter, scope, events)
        case ast.ListComp() | ast.SetComp() | ast.DictComp():
            _comprehension(node, scope, events)
        case ast.NamedExpr(target=target, value=value):
            _evaluate(value, scope, events)
            names = tuple(bound_by(target))
            scope.bind(names)
            if scope.at_module_level:
                events.append(Bind(names))
        case ast.AST():
            _all(ast.iter_child_nodes(node), scope, events)


def _all(nodes: Iterable[ast.AST], scope: Scope, events: list[Event]) -> None:
    for node in nodes:
        _evaluate(node, scope, events)


def _maybe(nodes: Iterable[ast.AST], scope: Scope, events: list[Event]) -> None:
    inner: list[Event] = []
    _all(nodes, scope, inner)
    if inner:
        events.append(Maybe(tuple(inner)))


def _use(node: ast.Name, scope: Scope, events: list[Event]) -> None:
    name = node.id
    if name in scope.bound or scope.is_local(name) or not isinstance(node.ctx, ast.Load):
        return
    scope.suspects.add((name, node.lineno))
    events.append(Use(node.lineno, name) if (name, node.lineno) in scope.confirmed else Doubt())


def _attribute(node: ast.Attribute, value: ast.expr, scope: Scope, events: list[Event]) -> None:
    chain = dotted(node)
    _evaluate(value if not chain else _root(value), scope, events)
    if chain and _looks_into(chain[0], scope) and isinstance(node.ctx, ast.Load):
        events.append(Read(node.lineno, chain))


def _root(node: ast.expr) -> ast.expr:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node


def _looks_into(name: str, scope: Scope) -> bool:
    return name in scope.looked_into and not scope.is_local(name)


def _call(node: ast.Call, scope: Scope, events: list[Event]) -> None:
    _evaluate(node.func, scope, events)
    _all(node.args, scope, events)
    _all((keyword.value for keyword in node.keywords), scope, events)
    for given in (*node.args, *(keyword.value for keyword in node.keywords)):
        if isinstance(given, ast.Name) and _looks_into(given.id, scope):
            events.append(Store((given.id, "*")))
    loaded = loaded_by(node, scope.texts)
    if loaded:
        events.append(loaded)
        return
    chain = dotted(node.func)
    if node.args and chain[-1:] == ("dictConfig",):
        events.extend(filter(None, (object_at(path, line) for line, path in classes_of(node.args[0]))))
    if node.args and chain[:1] and chain[0] in scope.includes:
        events.extend(_included(node.args[0], node.lineno))
    if chain and _looks_into(chain[0], scope):
        events.append(Call(node.lineno, chain))


def _included(given: ast.expr, line: int) -> Iterator[Load]:
    """Django's include("a.urls"), or include(("a.urls", "name"))
    (https://docs.djangoproject.com/en/stable/ref/urls/#include)."""
    match given:
        case ast.Constant(value=str(path)) | ast.Tuple(elts=[ast.Constant(value=str(path)), *_]):
            if is_module(path):
                yield Load(line, 0, path)


def _comprehension(node: ast.ListComp | ast.SetComp | ast.DictComp, scope: Scope, events: list[Event]) -> None:
    first, *others = node.generators
    _evaluate(first.iter, scope, events)
    kept = tuple(bound_by_walrus([node]))
    if kept:
        scope.bind(kept)
        events.append(Bind(kept))
    scope.inside.append({name for part in node.generators for name in bound_by(part.target)})
    parts = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
    _maybe((*first.ifs, *(inner for other in others for inner in (other.iter, *other.ifs)), *parts), scope, events)
    scope.inside.pop()
