"""A file that extends others: its values over theirs, mapping by mapping; lists are replaced. Pure over documents.

Every value keeps the place it is from, so that a problem is told in the file that has it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from deploy_lib.config.lines import Document, Overridden, Path
from deploy_lib.config.problems import ConfigProblem


def merged(over: Document, base: Document) -> Document:
    """`over` with what only `base` has. null takes away what the base says.

    A mapping in one and something else in the other is a problem of the result, which goes on with the base's.
    """
    result = Document(over.file, problems=[*over.problems, *base.problems])
    result.overridden = {path: list(values) for path, values in base.overridden.items()}
    for path, values in over.overridden.items():
        result.overridden[path] = [*values, *result.overridden.get(path, [])]
    result.data = _merged(over.data, base.data, (), over, base, result)
    return result


def _merged(own: Any, theirs: Any, path: Path, over: Document, base: Document, result: Document) -> Any:
    if isinstance(own, dict) and isinstance(theirs, dict):
        result.places[path] = over.place(path) if path in over.places else base.place(path)
        found: dict[str, Any] = {}
        for key in [*theirs, *(key for key in own if key not in theirs)]:
            inner = (*path, key)
            if key not in own:
                found[key] = _taken(theirs[key], inner, base, result)
            elif key not in theirs:
                found[key] = _taken(own[key], inner, over, result)
            elif own[key] is None and theirs[key] is not None:
                _note(theirs[key], inner, base, result)
                result.places[inner] = over.place(inner)
            else:
                found[key] = _merged(own[key], theirs[key], inner, over, base, result)
        return found
    if (isinstance(own, dict) or isinstance(theirs, dict)) and theirs is not None:
        name, where = ".".join(map(str, path)), base.place(path)
        message = f"{name} is {_form(own)} here and {_form(theirs)} in {where}, which this file extends"
        result.problems.append(ConfigProblem(over.place(path), f"{message}; write it in one form"))
        return _taken(theirs, path, base, result)
    _note(theirs, path, base, result)
    return _taken(own, path, over, result)


def _taken(value: Any, path: Path, source: Document, result: Document) -> Any:
    for each in paths(value, path):
        if each in source.places:
            result.places[each] = source.places[each]
    return value


def _note(value: Any, path: Path, base: Document, result: Document) -> None:
    result.overridden.setdefault(path, []).insert(0, Overridden(base.place(path), value))


def paths(value: Any, path: Path = ()) -> Iterator[Path]:
    """The path of the value, and of each one inside of it."""
    stack: list[tuple[Any, Path]] = [(value, path)]
    while stack:
        found, at = stack.pop()
        yield at
        if isinstance(found, dict):
            stack.extend((inner, (*at, key)) for key, inner in reversed(found.items()))
        elif isinstance(found, list):
            stack.extend((inner, (*at, index)) for index, inner in reversed([*enumerate(found)]))


def _form(value: Any) -> str:
    if isinstance(value, dict):
        return "a mapping"
    return "a list" if isinstance(value, list) else "a single value"
