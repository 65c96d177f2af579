"""Functions and classes as the module is imported: what their headers evaluate, and what they are afterwards."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence

from deploy_lib.source.imports.events import Bind, Class, Event, Function, Lazy, Program
from deploy_lib.source.imports.expressions import evaluate, evaluate_annotation
from deploy_lib.source.imports.functions import AnyFunction, body_imports, certain_start
from deploy_lib.source.imports.names import bound_by, dotted
from deploy_lib.source.imports.scope import Scope

Run = Callable[[Sequence[ast.stmt], Scope], Program]


def define_function(node: AnyFunction, scope: Scope) -> Iterator[Event]:
    for decorator in node.decorator_list:
        yield from evaluate(decorator, scope)
    given = node.args
    for default in (*given.defaults, *given.kw_defaults):
        yield from evaluate(default, scope)
    if not getattr(node, "type_params", None):  # their names are known inside the header only
        arguments = (*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg)
        for annotation in (*(argument.annotation for argument in arguments if argument), node.returns):
            yield from evaluate_annotation(annotation, scope)
    may_import = scope.importing.any_in(node.lineno, node.end_lineno or node.lineno)
    later = body_imports(node.body, scope.python) if may_import else ()
    if scope.at_module_level:
        start = _start(node, scope)
        yield Function(node.name, start) if start else Bind((node.name,))
        scope.bind((node.name,), looked_into=bool(start))
    else:
        scope.bind((node.name,))
    if later:
        yield Lazy(later)


def _start(node: AnyFunction, scope: Scope) -> Program:
    """Nothing is known of what a decorator made of it."""
    code = scope.functions.get((node.name, node.lineno))
    if code is None or node.decorator_list or isinstance(node, ast.AsyncFunctionDef):
        return ()
    return certain_start(node, code, scope.python)


def define_class(node: ast.ClassDef, scope: Scope, run: Run) -> Iterator[Event]:
    for decorator in node.decorator_list:
        yield from evaluate(decorator, scope)
    generic = bool(getattr(node, "type_params", None))
    if not generic:
        for base in (*node.bases, *(keyword.value for keyword in node.keywords)):
            yield from evaluate(base, scope)
    scope.inside.append(set())
    body = run(node.body, scope)
    scope.inside.pop()
    yield from body
    if not scope.at_module_level:
        scope.bind((node.name,))
        return
    bases = tuple(".".join(dotted(base)) for base in node.bases)
    is_open = bool(node.decorator_list or node.keywords or generic or "" in bases)
    yield Class(node.name, bases, () if is_open else tuple(sorted(set(_members(node.body)))), is_open)
    scope.bind((node.name,), looked_into=True)


def _members(statements: Sequence[ast.stmt]) -> Iterator[str]:
    """The attributes a class body binds, in whatever branch."""
    for node in statements:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Assign(targets=targets):
                for target in targets:
                    yield from bound_by(target)
            case ast.AnnAssign(target=target, value=value) if value is not None:
                yield from bound_by(target)
            case ast.AugAssign(target=target):
                yield from bound_by(target)
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                yield from (each.asname or each.name.partition(".")[0] for each in names)
            case ast.For(target=target, body=body, orelse=orelse):
                yield from bound_by(target)
                yield from _members([*body, *orelse])
            case ast.If(body=body, orelse=orelse) | ast.While(body=body, orelse=orelse):
                yield from _members([*body, *orelse])
            case ast.With(items=items, body=body):
                for item in items:
                    yield from bound_by(item.optional_vars) if item.optional_vars else ()
                yield from _members(body)
            case ast.Try(body=body, handlers=handlers, orelse=orelse, finalbody=final):
                yield from _members([*body, *(inner for each in handlers for inner in each.body), *orelse, *final])
