"""Names in a syntax tree: dotted ones, and those that a statement binds."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator


def is_module(text: str) -> bool:
    """Whether it can be the full name of a module: a, a.b."""
    return all(part.isidentifier() for part in text.split("."))


def dotted(node: ast.AST) -> tuple[str, ...]:
    """("a", "b", "c") for a.b.c; empty for what is not a dotted name."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ()
    parts.append(node.id)
    return tuple(reversed(parts))


def bound_by(target: ast.AST) -> Iterator[str]:
    """The names an assignment's target binds."""
    match target:
        case ast.Name(id=name):
            yield name
        case ast.Tuple(elts=elements) | ast.List(elts=elements):
            for element in elements:
                yield from bound_by(element)
        case ast.Starred(value=value):
            yield from bound_by(value)


def bound_by_pattern(pattern: ast.AST) -> Iterator[str]:
    """The names a `case` binds."""
    for node in ast.walk(pattern):
        match node:
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
                yield name


def bound_by_walrus(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """Names bound by := anywhere in the nodes; a comprehension's too, since they land outside it."""
    for node in nodes:
        for inner in ast.walk(node):
            if isinstance(inner, ast.NamedExpr):
                yield from bound_by(inner.target)
