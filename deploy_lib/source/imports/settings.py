"""Settings at module level whose strings a framework imports when it is set up: Django's, and Celery's."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from deploy_lib.source.imports.loading import classes_of
from deploy_lib.source.imports.names import dotted
from deploy_lib.source.imports.quick_search import QuickSearch

TASK_MODULES = "Celery's modules"
TASK_PACKAGES = "Celery's packages"

_ANY = QuickSearch.of(
    rb"_APPS\b|MIDDLEWARE|ROOT_URLCONF|WSGI_APPLICATION|LOGGING|CELERY_|Celery\(|autodiscover_tasks|config_from_object"
    rb"|conf\.(?:imports|include|update)",
    *(b"_APPS", b"MIDDLEWARE", b"ROOT_URLCONF", b"WSGI_APPLICATION", b"LOGGING", b"CELERY_", b"Celery("),
    *(b"autodiscover_tasks", b"config_from_object", b"conf."),
)


class Part(NamedTuple):
    """A string of a setting, from line 1; `name`: it is the name of another setting whose strings stand there.

    `joined`: it was written as several strings with nothing between them.
    """

    line: int
    text: str
    name: bool = False
    joined: bool = False


class Setting(NamedTuple):
    """What a statement does to a setting; `certain` where no condition decides whether it runs."""

    name: str
    how: Literal["set", "add", "remove"]
    parts: tuple[Part, ...]
    certain: bool


def settings_in(tree: ast.Module, source: bytes) -> tuple[Setting, ...]:
    """In the order of the module. Quick for the many modules that have none."""
    return tuple(_settings(tree.body, certain=True)) if _ANY.found_in(source) else ()


def _settings(statements: Sequence[ast.stmt], *, certain: bool) -> Iterator[Setting]:
    for node in statements:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if name.isupper():
                yield Setting(name, "set", tuple(_parts(value)), certain)
            case ast.AnnAssign(target=ast.Name(id=name), value=value) if value and name.isupper():
                yield Setting(name, "set", tuple(_parts(value)), certain)
            case ast.AugAssign(target=ast.Name(id=name), op=ast.Add(), value=value) if name.isupper():
                yield Setting(name, "add", tuple(_parts(value)), certain)
            case ast.Assign(targets=[ast.Attribute() as target], value=value):
                if dotted(target)[-2:] in (("conf", "imports"), ("conf", "include")):
                    yield Setting(TASK_MODULES, "add", tuple(_parts(value)), certain)
            case ast.Expr(value=ast.Call() as call) | ast.Assign(value=ast.Call() as call):
                yield from _called(call, certain)
            case ast.If(body=body, orelse=orelse) | ast.For(body=body, orelse=orelse):
                yield from _settings([*body, *orelse], certain=False)
            case ast.Try(body=body, orelse=orelse, finalbody=final, handlers=handlers):
                caught = [each for handler in handlers for each in handler.body]
                yield from _settings([*body, *caught, *orelse, *final], certain=False)


def _called(call: ast.Call, certain: bool) -> Iterator[Setting]:
    chain = dotted(call.func)
    match chain[-2:], call.args:
        case [str(name), "append" | "extend"], [value] if name.isupper():
            yield Setting(name, "add", tuple(_parts(value)), certain)
        case [str(name), "insert"], [_, value] if name.isupper():
            yield Setting(name, "add", tuple(_parts(value)), certain)
        case [str(name), "remove"], [value] if name.isupper():
            yield Setting(name, "remove", tuple(_parts(value)), certain)
        case [*_, "autodiscover_tasks"], [value, *_]:
            yield Setting(TASK_PACKAGES, "add", tuple(_parts(value)), certain)
        case [*_, "autodiscover_tasks"], []:
            yield Setting(TASK_PACKAGES, "add", (Part(call.lineno, "INSTALLED_APPS", name=True),), certain)
        case [*_, "config_from_object"], [ast.Constant(value=str(path)) as value] if ":" not in path:
            yield Setting(TASK_MODULES, "add", tuple(_parts(value)), certain)
        case (([*_, "Celery"] | ["conf", "update"]), _):
            for keyword in call.keywords:
                if keyword.arg in ("include", "imports"):
                    yield Setting(TASK_MODULES, "add", tuple(_parts(keyword.value)), certain)


def _parts(value: ast.expr) -> Iterator[Part]:
    match value:
        case ast.Constant(value=str(text)):
            yield Part(value.lineno, text, joined=(value.end_lineno or 0) > value.lineno and "\n" not in text)
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            for element in elements:
                yield from _parts(element)
        case ast.Starred(value=inner) | ast.Call(func=ast.Name(id="list" | "tuple"), args=[inner]):
            yield from _parts(inner)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            yield from _parts(left)
            yield from _parts(right)
        case ast.Name(id=name) if name.isupper():
            yield Part(value.lineno, name, name=True)
        case ast.Dict():
            yield from (Part(line, path) for line, path in classes_of(value))
