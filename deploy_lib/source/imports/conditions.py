"""Tests in the source whose answer is known for the image before anything runs.

The image runs Linux; its Python version is known when FROM tells it. A type checker's branches never run.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable
from typing import Any

from deploy_lib.source.imports.facts import Python
from deploy_lib.source.imports.names import dotted

_VALUES = {
    ("sys", "platform"): "linux",
    ("os", "name"): "posix",
    ("six", "PY2"): False,
    ("six", "PY3"): True,
    ("__debug__",): True,
}


def _is(left: Any, right: Any) -> bool:
    """`TYPE_CHECKING is True`; of texts and numbers two that are equal may be one, as Python keeps many once."""
    return left is right if isinstance(right, bool) or right is None else bool(left == right)


_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda left, right: left in right,
    ast.NotIn: lambda left, right: left not in right,
    ast.Is: _is,
    ast.IsNot: lambda left, right: not _is(left, right),
}
_STARTS = ("sys", "platform", "startswith")
_UNKNOWN = object()


def answer(test: ast.expr, python: Python | None) -> bool | None:
    """None when only running it can tell."""
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            known = answer(operand, python)
            return None if known is None else not known
        case ast.BoolOp(op=op, values=values):
            decides = isinstance(op, ast.Or)
            answers = [answer(value, python) for value in values]
            if decides in answers:
                return decides
            return None if None in answers else not decides
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return _compared(left, op, right, python)
    value = _value(test, python)
    return None if value is _UNKNOWN else bool(value)


def is_main(test: ast.expr) -> bool:
    """`__name__ == "__main__"`."""
    match test:
        case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]):
            sides = {_side(left), _side(right)}
            return sides == {"__name__", "__main__"}
    return False


def _side(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _compared(left: ast.expr, op: ast.cmpop, right: ast.expr, python: Python | None) -> bool | None:
    compare = _COMPARISONS.get(type(op))
    values = [_value(left, python), _value(right, python)]
    if compare is None or _UNKNOWN in values:
        return None
    if any(isinstance(value, _Version) and not value.decides(other) for value, other in (values, values[::-1])):
        return None
    try:
        return bool(compare(*values))
    except TypeError:
        return None


def _value(node: ast.expr, python: Python | None) -> Any:
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Tuple(elts=elements):
            values = tuple(_value(element, python) for element in elements)
            return _UNKNOWN if _UNKNOWN in values else values
        case ast.Subscript(value=ast.Attribute(value=ast.Name(id="sys"), attr="version_info"), slice=part):
            return _part(part, python)
        case ast.Attribute(value=ast.Attribute(value=ast.Name(id="sys"), attr="version_info"), attr=attr):
            return dict(zip(("major", "minor"), python, strict=True)).get(attr, _UNKNOWN) if python else _UNKNOWN
        case ast.Call(func=func, args=[], keywords=[]) if dotted(func) == ("platform", "system"):
            return "Linux"
        case ast.Call(func=func, args=[ast.Constant(value=str(start))], keywords=[]) if dotted(func) == _STARTS:
            return "linux".startswith(start)
        case ast.Name() | ast.Attribute():
            chain = dotted(node)
            if chain == ("sys", "version_info"):
                return _Version((*python, math.inf)) if python else _UNKNOWN
            return False if chain[-1:] == ("TYPE_CHECKING",) else _VALUES.get(chain, _UNKNOWN)
    return _UNKNOWN


def _part(part: ast.expr, python: Python | None) -> Any:
    if python is None:
        return _UNKNOWN
    match part:
        case ast.Constant(value=int(index)) if 0 <= index < 2:
            return python[index]
        case ast.Slice(lower=None, upper=ast.Constant(value=int(end)), step=None) if 0 < end <= 2:
            return python[:end]
    return _UNKNOWN


class _Version(tuple[float, ...]):
    """sys.version_info of which two numbers are known. A third makes it longer than any pair, as the real one is."""

    __slots__ = ()

    def decides(self, other: object) -> bool:
        return not isinstance(other, tuple) or len(other) < 3 or other[:2] != self[:2]
