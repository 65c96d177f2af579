"""The directories that a module puts on sys.path, where its text says which: relative to its own file, or written out.

Nothing is run. What is computed of anything else (a variable of the environment, a name that is bound more than once)
is left out, so that only less is found than there is.
"""

from __future__ import annotations

import ast
import posixpath
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

OWN_FILE = "{file}"
"""Stands for the module's own file in what `added_paths` gives; the directory of a path is the path and "/.."."""
_SAME = frozenset({"abspath", "realpath", "normpath", "fspath", "str", "resolve", "absolute", "as_posix"})
_JOINING = frozenset({"join", "joinpath", "Path", "PurePath", "PosixPath"})
_MODULES = frozenset({"os", "os.path", "path", "pathlib"})
_WORDS = {"pardir": "..", "curdir": "."}
_DEEPEST = 20  # names and calls within each other
_LONGEST = 4096  # characters: Linux's PATH_MAX


def added_paths(tree: ast.Module) -> tuple[str, ...]:
    """In the order of the text, each once."""
    nodes = list(ast.walk(tree))
    names = _Names.of(nodes)
    found = (names.path(each, _DEEPEST) for node in nodes for each in _asked(node))
    return tuple(dict.fromkeys(each for each in found if each is not None))


def placed(paths: Sequence[str], file: str, workdir: str) -> Iterator[str]:
    """The directories in the image, of a module whose file is `file`, in a process that runs in `workdir`."""
    for path in paths:
        yield posixpath.normpath(posixpath.join(workdir, path.replace(OWN_FILE, file)))


def _asked(node: ast.AST) -> Sequence[ast.expr]:
    """What a statement or a call puts on sys.path."""
    match node:
        case ast.Call(func=ast.Attribute(value=path, attr="insert"), args=[_, value]) if _is_path(path):
            return [value]
        case ast.Call(func=ast.Attribute(value=path, attr="append"), args=[value]) if _is_path(path):
            return [value]
        case ast.Call(func=ast.Attribute(value=path, attr="extend"), args=[ast.List() | ast.Tuple() as values]):
            return values.elts if _is_path(path) else []
        case ast.AugAssign(target=path, value=ast.List() | ast.Tuple() as values):
            return values.elts if _is_path(path) else []
        case ast.Call(func=ast.Attribute(attr="addsitedir") | ast.Name(id="addsitedir"), args=[value]):
            return [value]
    return []


def _is_path(node: ast.expr) -> bool:
    return ast.unparse(node) == "sys.path" if isinstance(node, ast.Attribute) else False


@dataclass(frozen=True, slots=True)
class _Names:
    """The value of each name that is bound once in the module, wherever; each is worked out once."""

    values: Mapping[str, ast.expr]
    known: dict[str, str | None] = field(default_factory=dict)

    @classmethod
    def of(cls, nodes: Iterable[ast.AST]) -> _Names:
        values: dict[str, ast.expr] = {}
        times: Counter[str] = Counter()
        for node in nodes:
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    values[name] = value
                case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                    values[name] = value
                case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                    times[name] += 1
        return cls({name: value for name, value in values.items() if times[name] == 1})

    def path(self, node: ast.expr, depth: int) -> str | None:
        """None for what the text alone does not tell, and for what is nested deeper than `depth`."""
        if depth == 0:
            return None

        def of(inner: ast.expr) -> str | None:
            return self.path(inner, depth - 1)

        match node:
            case ast.Constant(value=str(text)):
                return text
            case ast.Name(id="__file__"):
                return OWN_FILE
            case ast.Name(id=name):
                if name not in self.known:
                    self.known[name] = None  # of one that is made of itself
                    self.known[name] = of(self.values[name]) if name in self.values else None
                return self.known[name]
            case ast.Attribute(attr=word) if word in _WORDS:
                return _WORDS[word]
            case ast.Attribute(value=inner, attr="parent"):
                return _joined([of(inner), ".."])
            case ast.Subscript(value=ast.Attribute(value=inner, attr="parents"), slice=ast.Constant(value=int(up))):
                return _joined([of(inner), *[".."] * (up + 1)]) if 0 <= up < _DEEPEST else None
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                return _joined([of(left), of(right)])
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return _concatenated([of(left), of(right)])
            case ast.JoinedStr(values=parts):
                return _concatenated([of(part) for part in parts])
            case ast.FormattedValue(value=inner, conversion=-1, format_spec=None):
                return of(inner)
            case ast.Call(func=function, args=arguments):
                return _called(function, [of(each) for each in arguments], of)
        return None


def _called(function: ast.expr, arguments: Sequence[str | None], of: Callable[[ast.expr], str | None]) -> str | None:
    name, given = "", arguments
    if isinstance(function, ast.Name):
        name = function.id
    elif isinstance(function, ast.Attribute):
        name = function.attr
        if ast.unparse(function.value) not in _MODULES:
            given = [of(function.value), *arguments]
    if name in ("getcwd", "cwd"):
        return "."
    if name == "dirname" and given:
        return _joined([given[0], ".."])
    if name in _JOINING and given:
        return _joined(given)
    return given[0] if name in _SAME and given else None


def _joined(parts: Sequence[str | None]) -> str | None:
    known = [part for part in parts if part is not None]
    return _short(posixpath.join(*known)) if len(known) == len(parts) else None


def _concatenated(parts: Sequence[str | None]) -> str | None:
    known = [part for part in parts if part is not None]
    return _short("".join(known)) if len(known) == len(parts) else None


def _short(path: str) -> str | None:
    return path if len(path) <= _LONGEST else None
