"""Small packages made at random, with every form of import and every way to fail that source truth claims to judge.

Modules are drawn from a few names in a few packages, so cycles, missing modules and names bound late all happen by
themselves. `Program.files` are what the image holds; `absent` exist in the repository and are kept out of it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

ENTRY = "entry"
NAMES = ("alpha", "beta", "gamma")
_UNKNOWABLE = ("UNSET_HERE", "globals", "sys.modules", "__getattr__", "for ", "__import__", "nullcontext")
UNKNOWN = "__import__('os').environ.get('UNSET_HERE')"


@dataclass(frozen=True, slots=True)
class Program:
    files: dict[str, str] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        shown = [f"--- {path}\n{text}" for path, text in self.files.items()]
        return "\n".join([*shown, *(f"--- absent: {path}" for path in self.absent)])


def program(chance: random.Random, *, knowable: bool = False) -> Program:
    """`knowable`: without what only running can tell, so that what is predicted must be exactly what happens."""
    paths = list(_paths(chance))
    modules = [_module(path) for path in paths]
    files: dict[str, str] = {f"{ENTRY}.py": _source(ENTRY, modules, chance, knowable, most=5)}
    absent: dict[str, str] = {}
    for path, module in zip(paths, modules, strict=True):
        kept_out = chance.random() < 0.12
        source = (
            ""
            if chance.random() < 0.1
            else _source(module, modules, chance, knowable, is_package=path.endswith("__init__.py"))
        )
        (absent if kept_out else files)[path] = source
    return Program(files, absent)


def _paths(chance: random.Random) -> Iterator[str]:
    """Some top-level modules, some packages, some of which have no __init__."""
    for name in NAMES:
        kind = chance.choice(["module", "package", "package", "namespace"])
        if kind == "module":
            yield f"{name}.py"
            continue
        if kind == "package":
            yield f"{name}/__init__.py"
        for below in chance.sample(("one", "two", "deep"), chance.randint(1, 3)):
            if below == "deep":
                yield f"{name}/deep/__init__.py"
                yield f"{name}/deep/leaf.py"
            else:
                yield f"{name}/{below}.py"


def _module(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _source(
    module: str, modules: list[str], chance: random.Random, knowable: bool, most: int = 4, is_package: bool = False
) -> str:
    writer = _Writer(module, modules, chance, knowable, is_package)
    if chance.random() < 0.15:
        writer.lines.append("from __future__ import annotations")
    for _ in range(chance.randint(0, most)):
        writer.statement()
    return "\n".join(writer.lines) + "\n"


@dataclass(slots=True)
class _Writer:
    module: str
    modules: list[str]
    chance: random.Random
    knowable: bool
    is_package: bool
    lines: list[str] = field(default_factory=list)
    depth: int = 0
    made: int = 0

    def one_of(self, texts: list[str]) -> str:
        known = [text for text in texts if not (self.knowable and any(each in text for each in _UNKNOWABLE))]
        return self.chance.choice(known)

    def add(self, text: str) -> None:
        self.lines.append("    " * self.depth + text)

    def statement(self) -> None:
        plain = [self.imports] * 8 + [self.binds] * 4 + [self.reads] * 3 + [self.odd]
        if self.depth < 2:
            plain += [self.tries, self.tries, self.tests, self.functions, self.functions, self.classes, self.withs]
        self.chance.choice(plain)()

    def block(self) -> None:
        self.depth += 1
        for _ in range(self.chance.randint(1, 2)):
            self.statement()
        self.depth -= 1

    def imports(self) -> None:
        target = self.chance.choice(self.modules)
        parent, _, last = target.rpartition(".")
        name = self.chance.choice(("value", "other", "Kind", "make", "late", "one", "deep"))
        forms = [
            f"import {target}",
            f"import {target} as alias",
            f"from {target} import {name}",
            f"from {target} import {name} as mine",
            f"import {target}.ghost" if self.chance.random() < 0.2 else f"import {target}",
            f"import importlib; importlib.import_module('{target}')",
            "import json, os.path",
            "from collections import OrderedDict",
        ]
        if parent:
            forms += [f"from {parent} import {last}"] * 3
        if self.depth == 0:
            forms.append(f"from {target} import *")
        package = self.module if self.is_package else self.module.rpartition(".")[0]
        if package:
            forms += [f"from . import {self.chance.choice(('one', 'two', 'deep', 'value'))}"] * 2
            forms += [f"from .{self.chance.choice(('one', 'two', 'deep', 'deep.leaf'))} import {name}"] * 2
            forms += [f"from .. import {name}"] if self.chance.random() < 0.3 else []
        self.add(self.one_of(forms))

    def binds(self) -> None:
        self.made += 1
        self.add(
            self.one_of(
                [
                    "value = 1",
                    "other = [n for n in range(3)]",
                    "late: int = 2",
                    "late: int",
                    "value, other = 1, 2",
                    "__all__ = ['value', 'one']",
                    "__all__ = ['value']",
                    "for late in (1, 2): pass",
                    "if (other := 3): pass",
                ]
            )
        )

    def reads(self) -> None:
        top = self.chance.choice(self.modules).partition(".")[0]
        self.add(
            self.one_of(
                [
                    "taken = value",
                    f"taken = {self.chance.choice(self.modules)}.value",
                    f"taken = {top}.one",
                    "taken = Kind.RED",
                    "taken = Kind.BLUE",
                    "taken = make()",
                    "make()",
                    f"taken = {top}.make()",
                    "taken = alias.value",
                    "taken = alias.Kind.BLUE",
                    "taken = [late for n in (1,)]",
                    "taken = lambda: nowhere",
                    "taken = other if value else late",
                    "def annotated(x: late = 1) -> None: ...",
                ]
            )
        )

    def odd(self) -> None:
        self.add(
            self.one_of(
                [
                    "raise ImportError('no')",
                    "del value",
                    "def __getattr__(name): return 1" if self.depth == 0 else "pass",
                    "globals()['late'] = 5",
                    "import sys; sys.modules['alpha.ghost'] = sys",
                    "import alpha; alpha.late = 7",
                    "assert True, nowhere",
                ]
            )
        )

    def tries(self) -> None:
        caught = self.chance.choice(
            [
                "ImportError",
                "ModuleNotFoundError",
                "Exception",
                "(ImportError, AttributeError)",
                "ValueError",
                "NameError",
            ]
        )
        self.add("try:")
        self.block()
        self.add(f"except {caught} as error:")
        if self.chance.random() < 0.3:
            self.depth += 1
            self.add(self.chance.choice(["raise", "raise RuntimeError('needed') from error", "raise ImportError('x')"]))
            self.depth -= 1
        else:
            self.block()
        if self.chance.random() < 0.2:
            self.add("else:")
            self.block()
        if self.chance.random() < 0.2:
            self.add("finally:")
            self.block()

    def tests(self) -> None:
        self.add(
            self.one_of(
                [
                    "import sys, typing\n" + "    " * self.depth + "if typing.TYPE_CHECKING:",
                    "import sys\n" + "    " * self.depth + "if sys.version_info >= (3, 8):",
                    "import sys\n" + "    " * self.depth + "if sys.version_info < (3, 8):",
                    "import sys\n" + "    " * self.depth + "if sys.platform == 'win32':",
                    "if __name__ == '__main__':",
                    f"if {UNKNOWN}:",
                    f"if not {UNKNOWN}:",
                    "for _ in (1, 2):",
                    "for _ in ():",
                ]
            )
        )
        self.block()
        if self.chance.random() < 0.3 and not self.lines[-1].startswith("for"):
            self.add("else:")
            self.block()

    def functions(self) -> None:
        header = self.chance.choice(["def make():"] * 4 + ["async def make():", "def make(value=late):"])
        self.add(header)
        self.depth += 1
        if self.chance.random() < 0.2:
            self.add(f"if {UNKNOWN}: return 1")
        if self.chance.random() < 0.1:
            self.add("yield 1")
        self.depth -= 1
        depth, self.depth = self.depth, max(self.depth, 1)
        self.depth = depth
        self.block()

    def classes(self) -> None:
        base = self.chance.choice(["", "", "(object)", "(__import__('enum').Enum)", "(Kind)", "(Missing)"])
        self.add(f"class Kind{base}:")
        self.depth += 1
        self.add(self.chance.choice(["RED = 1", "RED: int", "RED = value", "def RED(self): return nowhere"]))
        self.depth -= 1

    def withs(self) -> None:
        self.add("import contextlib")
        self.add(
            f"with contextlib.{self.chance.choice(['suppress(ImportError)', 'nullcontext()', 'suppress(KeyError)'])}:"
        )
        self.block()
