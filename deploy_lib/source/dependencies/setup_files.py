"""The requirements that setup.py and setup.cfg write out (https://setuptools.pypa.io/en/latest/references/keywords.html)."""

from __future__ import annotations

import ast
import configparser
from collections.abc import Sequence
from typing import Any

from deploy_lib.source.imports.syntax import tree_of

_KEYWORDS = ("install_requires", "extras_require")


def of_setup_py(content: bytes) -> Sequence[str] | None:
    """What setup() is given as a list, there or under a name of the module; None where only running it can tell."""
    try:
        tree = tree_of(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # the last two of what is nested too deep
        return None
    named: dict[str, ast.expr] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign):
            named |= {each.id: node.value for each in node.targets if isinstance(each, ast.Name)}
    found: list[str] = []
    for keyword in ast.walk(tree):
        if isinstance(keyword, ast.keyword) and keyword.arg in _KEYWORDS:
            given = keyword.value
            try:
                found += _texts(ast.literal_eval(named.get(given.id, given) if isinstance(given, ast.Name) else given))
            except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
                return None
    return found


def of_setup_cfg(content: bytes) -> Sequence[str]:
    """Nothing of a file that cannot be read."""
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(content.decode("utf-8", "replace"))
    except configparser.Error:
        return ()
    extras = parser.items("options.extras_require") if parser.has_section("options.extras_require") else []
    groups = [parser.get("options", "install_requires", fallback=""), *(value for _, value in extras)]
    return [line.strip() for group in groups for line in group.splitlines() if line.strip()]


def _texts(value: Any) -> list[str]:
    groups = value.values() if isinstance(value, dict) else [value]
    return [each for group in groups if isinstance(group, list | tuple) for each in group if isinstance(each, str)]
