"""Source of newer Pythons, written again so that this one can parse it: the same lines, the same names."""

from __future__ import annotations

import ast

import pytest

from deploy_lib.source.imports.facts import Broken
from deploy_lib.source.imports.newer import in_older_grammar
from deploy_lib.source.imports.syntax import Parsed, parse

NEWER = [
    ("type Ids[T] = list[int]\n", "Ids = None\n", {"Ids"}),
    ("type Long = (\n    int\n    | str\n)\nx = 1\n", "Long = None\n\n\n\nx = 1\n", {"Long", "x"}),
    ("def f[T: (int, str) = int, *Ts, **P](a: T) -> T: pass\n", "def f(a: T) -> T: pass\n", {"f"}),
    ("class A[T](B):\n    pass\n", "class A(B):\n    pass\n", {"A"}),
    ("class A[\n    T,\n]:\n    pass\n", "class A\\\n\\\n:\n    pass\n", {"A"}),
    ("try: pass\nexcept A, B: pass\n", "try: pass\nexcept (A, B): pass\n", set()),
    ("try: pass\nexcept* A, B: pass\n", "try: pass\nexcept* (A, B): pass\n", set()),
    ("try: pass\nexcept (A, B): pass\n", "try: pass\nexcept (A, B): pass\n", set()),
    ('x = f"{a[\'b\']} {f"{c!r:>{d}}"} {{"\n', "x = ''\n", {"x"}),
    ("x = f\"{a:'>10} {\n  b  # it's\n}\"\ny = 1\n", "x = ''\\\n\\\n\ny = 1\n", {"x", "y"}),
    ('x = call(t"{1}", rf"\\d{n}")\n', "x = call('', '')\n", {"x"}),
    ("x = [*a for a in b]\n", "x = [a for a in b]\n", {"x"}),
    ("x = [*a, *b]\n", "x = [*a, *b]\n", {"x"}),
    ("lazy import json\n", "if __lazily__: import json\n", set()),
    ("type = 1\nlazy = type\n", "type = 1\nlazy = type\n", {"type", "lazy"}),
    ("match = type(x)\nprint(type)\n", "match = type(x)\nprint(type)\n", {"match"}),
]


@pytest.mark.parametrize(("source", "older", "bound"), NEWER, ids=[each[0].splitlines()[0] for each in NEWER])
def test_what_is_newer_is_written_again(source: str, older: str, bound: set[str]) -> None:
    found = in_older_grammar(source)
    assert found is not None and found.text == older
    assert found.text.count("\n") == source.count("\n")
    tree = ast.parse(found.text)
    names = {each.id for each in ast.walk(tree) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)}
    defined = {each.name for each in ast.walk(tree) if isinstance(each, ast.FunctionDef | ast.ClassDef)}
    assert bound <= names | defined


def test_type_parameters_are_bound_where_they_stand() -> None:
    found = in_older_grammar("def f[T, *Ts](a: T): pass\nclass A[K: str = int]: pass\n")
    assert found is not None and found.names == {"T", "Ts", "K"}


@pytest.mark.parametrize(
    ("source", "python", "code"),
    [
        (b"type A = int\ndef broken(:\n    pass\n", (3, 14), "syntax_error"),
        (b"type A = int\ndef broken(:\n    pass\n", (3, 40), "unknown_syntax"),
        (b"type A = int\ndef broken(:\n    pass\n", None, "unknown_syntax"),
        (b"type A = int\n", (3, 11), "syntax_error"),  # newer than the image's own Python
        (b"x = f'{'\n", (3, 14), "unknown_syntax"),
    ],
)
def test_what_no_version_accepts_is_an_error(source: bytes, python: tuple[int, int] | None, code: str) -> None:
    broken = parse(source, python)
    assert isinstance(broken, Broken) and broken.code == code
    assert isinstance(parse(b"type A = int\n", (3, 14)), Parsed)
