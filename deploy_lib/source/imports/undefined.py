"""A second opinion on names that seem to be bound nowhere: pyflakes, which knows scopes better than one reading can.

Only a name that both call undefined is reported. pyflakes is loaded when there is a suspicion, which is rare.
"""

from __future__ import annotations

import ast
from typing import Any

from deploy_lib.source.imports.conditions import answer
from deploy_lib.source.imports.facts import Python
from deploy_lib.source.imports.scope import Place


def confirm(tree: ast.Module, suspects: set[Place], python: Python | None) -> frozenset[Place]:
    """Those of the suspects that pyflakes calls undefined too. Changes the tree: branches that never run go."""
    from pyflakes import checker, messages

    reported: list[Any] = checker.Checker(_Pruned(python).visit(tree)).messages  # type: ignore[no-untyped-call]
    undefined = [each for each in reported if isinstance(each, messages.UndefinedName | messages.ImportStarUsage)]
    return frozenset(suspects & {(str(_name(each)), each.lineno) for each in undefined})


def _name(message: Any) -> object:
    return message.message_args[0]


class _Pruned(ast.NodeTransformer):
    """pyflakes counts what a type checker's branch imports as bound, which it is not at run time."""

    def __init__(self, python: Python | None) -> None:
        self._python = python

    def visit_If(self, node: ast.If) -> ast.AST | list[ast.stmt]:
        self.generic_visit(node)
        known = answer(node.test, self._python)
        if known is None:
            return node
        return (node.body if known else node.orelse) or [ast.copy_location(ast.Pass(), node)]
