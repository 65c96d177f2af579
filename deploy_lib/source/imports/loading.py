"""Calls that import what a string names: importlib's, uvicorn's, werkzeug's and Django's, logging's."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping

from deploy_lib.source.imports.events import From, Load
from deploy_lib.source.imports.names import dotted, is_module

_OBJECT = re.compile(r"([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)[.:]([A-Za-z_]\w*)")

Texts = Mapping[str, str]
"""What names stand for that hold one text, as far as is known."""


def loaded_by(node: ast.Call, texts: Texts | None = None) -> Load | From | None:
    """What the call imports, when it is written out: `importlib.import_module("a")`, `__import__("a")`,
    `uvicorn.run("a:app")`, `import_string("a.b")` and Flask's `from_object("a.b")`."""
    chain = dotted(node.func)
    texts = texts or {}
    match chain[-1:]:
        case ("run",) if chain == ("uvicorn", "run") or (len(chain) == 1 and _is_of_a_server(node)):
            return _served_by(node)
        case ("import_module",):
            return _module(node, texts)
        case ("__import__",) if len(chain) == 1:
            return _module(node, texts)
        case ("import_string",) | ("from_object",) if len(node.args) == 1 and not node.keywords:
            return object_at(text_of(node.args[0], texts) or "", node.lineno)
    return None


def object_at(path: str, line: int) -> Load | From | None:
    """The import of "a.b.c" or "a.b:c": c of a.b, or the module of that name; None for what is not such a path
    (https://werkzeug.palletsprojects.com/en/stable/utils/#werkzeug.utils.import_string)."""
    found = _OBJECT.fullmatch(path)
    if found:
        return From(line, 0, found[1], ((found[2], ""),))
    return Load(line, 0, path) if is_module(path) else None


def text_of(node: ast.expr, texts: Texts) -> str | None:
    """The text that an expression is sure to give: a literal, a name of `texts`, and what puts such together."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.Name(id=name):
            return texts.get(name)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            parts = [text_of(left, texts), text_of(right, texts)]
        case ast.JoinedStr(values=values):
            parts = [text_of(value, texts) for value in values]
        case ast.FormattedValue(value=value, conversion=-1, format_spec=None):
            return text_of(value, texts)
        case ast.expr():
            return None
    return "".join(part for part in parts if part is not None) if None not in parts else None


def classes_of(configuration: ast.expr) -> Iterator[tuple[int, str]]:
    """Line and path of each class that a logging configuration names
    (https://docs.python.org/3/library/logging.config.html#configuration-dictionary-schema)."""
    for node in ast.walk(configuration):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                match key, value:
                    case ast.Constant(value="class" | "()"), ast.Constant(value=str(path), lineno=line):
                        yield line, path


def _module(node: ast.Call, texts: Texts) -> Load | None:
    anchor = node.keywords[0].value if node.keywords and node.keywords[0].arg == "package" else None
    match [*node.args, anchor] if anchor else node.args:
        case [expression] if (name := text_of(expression, texts)) and is_module(name):
            return Load(node.lineno, 0, name)
        case [ast.Constant(value=str(name)), ast.Name(id="__package__")] if dotted(node.func) != ("__import__",):
            stem = name.lstrip(".")
            return Load(node.lineno, len(name) - len(stem), stem)
    return None


def _is_of_a_server(node: ast.Call) -> bool:
    """Whether a function called run takes what uvicorn's takes."""
    return bool({"host", "port", "reload", "workers", "factory"} & {keyword.arg for keyword in node.keywords})


def _served_by(node: ast.Call) -> Load | None:
    """uvicorn imports "module:app" from where the program itself is imported, unless app_dir says another place."""
    named = {keyword.arg: keyword.value for keyword in node.keywords}
    match [*node.args, named.get("app")]:
        case [ast.Constant(value=str(text)), *_] if "app_dir" not in named and None not in named:
            module, colon, _ = text.partition(":")
            return Load(node.lineno, 0, module) if colon and is_module(module) else None
    return None
