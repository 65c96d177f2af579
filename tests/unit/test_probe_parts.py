"""The probe's parts become one file that stands alone, whatever a part is changed to."""

from __future__ import annotations

import ast
import builtins
import dis
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import CodeType

from deploy_lib.in_image import probe
from deploy_lib.in_image.options import DEFAULTS, probe_source

JOINED = ast.parse(probe_source())
FILES = {path.stem: path for path in Path(probe.__path__[0]).glob("*.py") if path.stem != "__init__"}


def bound(node: ast.stmt) -> list[str]:
    """Names that a statement of the file defines, other than by an import."""
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [each.id for each in targets if isinstance(each, ast.Name)]


def classes() -> list[ast.ClassDef]:
    return [node for node in JOINED.body if isinstance(node, ast.ClassDef)]


def read_names(code: CodeType) -> Iterator[str]:
    for each in dis.get_instructions(code):
        if each.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            yield str(each.argval)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from read_names(constant)


def test_every_part_is_joined() -> None:
    assert sorted(probe.PARTS) == sorted(FILES)


def test_a_name_stands_for_one_thing_in_all_parts() -> None:
    times = Counter(name for node in JOINED.body for name in bound(node))
    assert len(times) > 100
    assert {name for name, count in times.items() if count > 1} == set()


def test_the_joined_file_imports_only_the_standard_library() -> None:
    found = [node for node in JOINED.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    futures = [node for node in found if isinstance(node, ast.ImportFrom) and node.module == "__future__"]
    assert futures == [JOINED.body[0]]
    assert {name for node in found for name in ast.unparse(node).split() if name.startswith("deploy_lib")} == set()


def test_nothing_is_read_that_the_joined_file_does_not_have() -> None:
    """A part that runs what it imports for its annotations alone would fail inside the image."""
    defined = {name for holder in (JOINED, *classes()) for node in holder.body for name in bound(node)}
    imports = [node for node in ast.walk(JOINED) if isinstance(node, (ast.Import, ast.ImportFrom))]
    imported = {each.asname or each.name for node in imports for each in node.names}
    given = {*dir(builtins), "__name__", "__module__", "__qualname__", "__annotations__"}
    assert set(read_names(compile(probe_source(), "joined", "exec"))) - defined - imported - given == set()


def test_a_part_needs_only_those_before_it() -> None:
    for number, name in enumerate(probe.PARTS):
        tree = ast.parse(FILES[name].read_text(encoding="utf-8"))
        sources = [node.module or "" for node in tree.body if isinstance(node, ast.ImportFrom)]
        needed = {each.removeprefix(f"{probe.__name__}.") for each in sources if each.startswith(f"{probe.__name__}.")}
        assert needed <= set(probe.PARTS[:number]), name


def test_the_same_parts_make_the_same_text() -> None:
    assert probe.join_parts(DEFAULTS).encode() == probe_source()
