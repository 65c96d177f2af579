"""One module's source to its facts."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from deploy_lib.source.imports.added_paths import added_paths
from deploy_lib.source.imports.events import VariableRead
from deploy_lib.source.imports.facts import Broken, Facts, Python
from deploy_lib.source.imports.quick_search import ImportingLines, QuickSearch
from deploy_lib.source.imports.scope import ALWAYS, Scope, functions_in
from deploy_lib.source.imports.settings import settings_in
from deploy_lib.source.imports.statements import run
from deploy_lib.source.imports.syntax import parse, tree_of
from deploy_lib.source.imports.undefined import confirm

# Text that may bind names, move paths or make modules in ways no statement shows. Finding it where it does no such
# thing only means that less is claimed.
_HIDES = QuickSearch.of(
    rb"globals\(|locals\(|vars\(|\bexec\(|\beval\(|__dict__",
    *(b"globals(", b"locals(", b"vars(", b"exec(", b"eval(", b"__dict__"),
)
_OPEN = QuickSearch.of(rb"sys\.modules|setattr\(\s*(?!self\b|cls\b)\w+,", b"sys.modules", b"setattr(")
_MOVES = QuickSearch.of(
    rb"sys\.path\b(?!_|\s*\))|__path__|addsitedir|meta_path|path_hooks|extend_path|chdir\(",
    *(b"sys.path", b"__path__", b"addsitedir", b"meta_path", b"path_hooks", b"extend_path", b"chdir("),
)
_EXTENDS = QuickSearch.of(
    rb"__path__|meta_path|path_hooks|extend_path|declare_namespace",
    *(b"__path__", b"meta_path", b"path_hooks", b"extend_path", b"declare_namespace"),
)
_LOADS = QuickSearch.of(
    rb"import_module\(|__import__\(|iter_modules|walk_packages|find_modules|load_module|exec_module"
)
_REGISTERS = QuickSearch.of(
    rb"sys\.modules(?:\[\s*([^\]]*?)\s*\]\s*=[^=]|\.(?:setdefault|update)\(\s*([^,)]*))", b"sys.modules"
)
_SETS = QuickSearch.of(
    rb"environ(?:\[\s*[\"'](\w+)[\"']\s*\]\s*=[^=]|\.setdefault\(\s*[\"'](\w+)[\"'])",
    b"environ[",
    b"environ.setdefault",
)
_SETS_ANY = QuickSearch.of(
    rb"dotenv|environ\.update|environ\[[^\"']|putenv|read_env|\bEnv\(|environ\s*\|=|environs?\.Env", b"env", b"Env("
)
_LITERAL = re.compile(r"""["']([\w.]+)["']""")
_ANNOTATIONS_LATER = (3, 14)  # PEP 649: evaluated only when somebody asks


def facts_of(source: bytes, python: Python | None) -> Facts:
    """Never raises: what cannot be parsed is `broken`."""
    parsed = parse(source, python)
    if isinstance(parsed, Broken):
        return Facts(broken=parsed, open=True, hides=True)
    tree = parsed.tree
    annotations = python is not None and python < _ANNOTATIONS_LATER and not _postpones(tree)
    codes = functions_in(parsed.code)
    known = {*ALWAYS, *parsed.bound}
    importing = ImportingLines.of(parsed.source)
    scope = Scope(python, annotations, codes, importing, bound=set(known))
    program = run(tree.body, scope)
    if scope.suspects:
        confirmed = confirm(tree_of(parsed.source), scope.suspects, python)
        if confirmed:
            program = run(tree.body, Scope(python, annotations, codes, importing, confirmed, set(known)))
    hides = _HIDES.found_in(source)
    return Facts(
        (*_variables(source), *program),
        open=hides or _OPEN.found_in(source) or "__getattr__" in scope.bound,
        hides=hides,
        moves_path=_MOVES.found_in(source),
        extends_path=_EXTENDS.found_in(source),
        loads_unknown=_LOADS.found_in(source),
        registers=_registered(source),
        exports=_exports(tree),
        settings=settings_in(tree, source),
        adds=added_paths(tree) if b"sys.path" in source or b"addsitedir" in source else (),
    )


def _postpones(tree: ast.Module) -> bool:
    return any(
        isinstance(node, ast.ImportFrom)
        and node.module == "__future__"
        and any(each.name == "annotations" for each in node.names)
        for node in tree.body
    )


def _variables(source: bytes) -> Iterator[VariableRead]:
    """The environment variables that the module may set, wherever in it."""
    if b"environ" in source or b"env" in source:
        names = {(match[1] or match[2]).decode() for match in _SETS.all_in(source)}
        for name in sorted({"*"} if _SETS_ANY.found_in(source) else names):
            yield VariableRead(0, name, True)


def _registered(source: bytes) -> tuple[str, ...]:
    names = set()
    for match in _REGISTERS.all_in(source):
        key = (match[1] or match[2] or b"").decode("utf-8", "replace")
        literal = _LITERAL.fullmatch(key)
        if key != "__name__":
            names.add(literal[1] if literal else "*")
    return tuple(sorted(names))


def _exports(tree: ast.Module) -> tuple[str, ...] | None:
    """A literal __all__ that is assigned once; None for any other, and for none."""
    found: list[ast.expr | None] = []
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id="__all__")], value=value):
                found.append(value)
            case ast.AnnAssign(target=ast.Name(id="__all__"), value=value) if value is not None:
                found.append(value)
            case ast.AugAssign(target=ast.Name(id="__all__")):
                found.append(None)
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id="__all__")))):
                found.append(None)
    if len(found) != 1 or not isinstance(found[0], ast.List | ast.Tuple):
        return None
    names = [each.value for each in found[0].elts if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    return tuple(names) if len(names) == len(found[0].elts) else None
