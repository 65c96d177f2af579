"""What a module imports where Python itself runs it, as python -m or as a script."""

from __future__ import annotations

import sys
from typing import Any, Iterator

from deploy_lib.in_image.probe import Document


def import_as_main(name: str, module: Any) -> Document | None:
    """What the module imports where it is __main__; of a package, all that its __main__ imports before it starts."""
    if hasattr(module, "__path__"):
        bootstrap: Any = sys.modules["_frozen_importlib"]
        spec = bootstrap._find_spec(name + ".__main__", module.__path__)
        if spec is None:
            message = "%s is a package without a __main__, which python -m cannot run" % name
            return {"kind": "missing_module", "module": name + ".__main__", "party": "first", "message": message}
        space, file = {"__name__": "__main__", "__package__": name, "__file__": spec.origin}, spec.origin
    else:
        space, file = module.__dict__, module.__file__
    if not file or not file.endswith(".py"):
        return None
    with open(file, "rb") as opened:
        tree: Any = compile(opened.read(), file, "exec", 0x400, True)  # PyCF_ONLY_AST, without the module ast
    body = tree.body if space is not module.__dict__ else [each for each in tree.body if is_main_guard(each)]
    tree.body = imports_of(body, {each.name: each for each in tree.body if is_function(each)})
    exec(compile(tree, file, "exec", 0, True), space)
    return None


def imports_of(body: list[Any], functions: dict[str, Any]) -> list[Any]:
    """The imports among statements that run, also behind `if __name__ == "__main__"` and of functions called there."""
    kept: list[Any] = []
    for each in body:
        kind = type(each).__name__
        if kind in ("Import", "ImportFrom") or changes_path(each):
            kept.append(each)
        elif kind == "Try" and all(is_plain(inner) for inner in each.body):
            if all(is_plain(inner) for handler in each.handlers for inner in handler.body):
                kept.append(each)
        elif is_main_guard(each):
            kept += imports_of(each.body, functions)
        elif kind == "Expr":
            for called in calls_in(each.value):
                if called in functions:  # once: a function may call itself
                    kept += imports_of(functions.pop(called).body, functions)
    return kept


def is_function(node: Any) -> bool:
    return type(node).__name__ in ("FunctionDef", "AsyncFunctionDef")


def is_plain(node: Any) -> bool:
    """Imports, and what stands beside them where one of them is missing: pass, name = None."""
    kind = type(node).__name__
    return kind in ("Import", "ImportFrom", "Pass") or (kind == "Assign" and not calls_in(node.value))


def is_main_guard(node: Any) -> bool:
    """if __name__ == "__main__":"""
    test: Any = getattr(node, "test", None) if type(node).__name__ == "If" else None
    if type(test).__name__ != "Compare" or type(test.ops[0]).__name__ != "Eq":
        return False
    sides = [test.left, test.comparators[0]]
    names = [getattr(side, "id", "") for side in sides]
    return "__name__" in names and "__main__" in [getattr(side, "value", getattr(side, "s", "")) for side in sides]


def changes_path(node: Any) -> bool:
    """sys.path.insert(0, ...), and what is worked out from __file__ for it."""
    kind = type(node).__name__
    if kind == "Assign":
        return "__file__" in names_in(node.value)
    called = getattr(node.value, "func", None) if kind == "Expr" else None
    place: Any = getattr(called, "value", None)
    return getattr(place, "attr", "") == "path" and getattr(place.value, "id", "") == "sys"


def walk(node: Any) -> Iterator[Any]:
    """The node and all below it; of functions and lambdas only their names, since they do not run."""
    yield node
    for field in () if is_function(node) or type(node).__name__ == "Lambda" else node._fields:
        value = getattr(node, field, None)
        for each in value if isinstance(value, list) else [value]:
            if hasattr(each, "_fields"):
                yield from walk(each)


def names_in(node: Any) -> list[str]:
    return [each.id for each in walk(node) if type(each).__name__ == "Name"]


def calls_in(node: Any) -> list[str]:
    """Names of the functions that are called: main() of sys.exit(main()); "" for any other."""
    return [getattr(each.func, "id", "") for each in walk(node) if type(each).__name__ == "Call"]
