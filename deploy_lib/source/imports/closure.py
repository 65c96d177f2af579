"""The modules an entrypoint can reach, and the facts of each: read in waves, so that every wave is one batch of blobs.

Nothing is parsed twice: facts are kept by blob id. What only a type checker imports is not followed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from deploy_lib.source.imports.added_paths import placed
from deploy_lib.source.imports.events import From, Import, Load, imports
from deploy_lib.source.imports.facts import Facts
from deploy_lib.source.imports.layout import Found, Layout, Sort
from deploy_lib.source.imports.names import is_module

MAIN = "__main__"

FactsOf = Callable[[Sequence[str]], Mapping[str, Facts]]
"""The facts of image paths, each once."""


@dataclass(frozen=True, slots=True)
class Closure:
    """`files` are the image paths of the modules that have source; `package` says where relative imports start."""

    layout: Layout
    facts: Mapping[str, Facts]
    files: Mapping[str, str]
    main_package: str = ""
    main_file: str | None = None
    importers: Mapping[str, list[str]] = field(default_factory=dict)

    def added_roots(self, workdir: str) -> tuple[str, ...]:
        """Directories of the image that its modules put on sys.path, without those that are there already."""
        found = [root for module, path in self.files.items() for root in placed(self.facts[module].adds, path, workdir)]
        known = {root.rstrip("/") for root in self.layout.roots}
        return tuple(dict.fromkeys(root for root in found if root not in known and self.layout.is_directory(root)))

    def package_of(self, module: str) -> str:
        if module == MAIN:
            return self.main_package
        found = self.layout.find(module)
        inside = found is not None and bool(found.directories)
        return module if inside else module.rpartition(".")[0]


def close(
    layout: Layout, starts: Iterable[str], facts_of: FactsOf, *, main_file: str | None = None, main_package: str = ""
) -> Closure:
    """`main_file` is the image path of what runs as __main__, whose relative imports start at `main_package`."""
    facts: dict[str, Facts] = {}
    files: dict[str, str] = {}
    importers: dict[str, list[str]] = {}
    closure = Closure(layout, facts, files, main_package, main_file, importers)
    starred: set[str] = set()
    wave: dict[str, str] = {MAIN: main_file} if main_file else {}
    for start in starts:
        wave.update(_with_parents(start, layout, files))
    while wave:
        files.update(wave)
        by_path = facts_of(list(dict.fromkeys(wave.values())))
        following: dict[str, str] = {}
        for module, path in wave.items():
            facts[module] = by_path[path]
        for module in wave:
            for name in (*mentioned(module, closure), *exported(module, closure, starred)):
                for each, path in _with_parents(name, layout, files).items():
                    following[each] = path
                if layout.find(name) is not None:
                    importers.setdefault(name, []).append(module)
        wave = following
    return closure


def mentioned(module: str, closure: Closure) -> Iterator[str]:
    """The modules that this one may import, wherever in it the import stands, or a framework by its settings."""
    facts = closure.facts[module]
    seen = set()
    for event in imports(facts.program):
        for name in _names(event, module, closure):
            if name not in seen:
                seen.add(name)
                yield name
    for setting in facts.settings:
        for text in (part.text for part in setting.parts if not part.name and is_module(part.text)):
            yield from (text, text.rpartition(".")[0] or text, f"{text}.apps", f"{text}.models", f"{text}.tasks")


def exported(module: str, closure: Closure, starred: set[str]) -> Iterator[str]:
    """Submodules that a star import brings because __all__ lists them. `starred` grows by what this module stars."""
    found = {name for event in imports(closure.facts[module].program) for name in _starred(event, module, closure)}
    for base in (found - starred) | ({module} & starred):
        if base in closure.facts:
            yield from (f"{base}.{name}" for name in closure.facts[base].exports or ())
    starred |= found


def _starred(event: Import | From | Load, module: str, closure: Closure) -> Iterator[str]:
    if isinstance(event, From) and event.names[0][0] == "*":
        yield from filter(None, [absolute(module, event.level, event.module, closure)])


def absolute(module: str, level: int, name: str, closure: Closure) -> str | None:
    """The full name of a relative import; None when it goes above the top package."""
    if not level:
        return name
    package = closure.package_of(module)
    for _ in range(level - 1):
        package = package.rpartition(".")[0]
    if not package:
        return None
    return f"{package}.{name}" if name else package


def _names(event: Import | From | Load, module: str, closure: Closure) -> Iterator[str]:
    match event:
        case Import(module=name):
            yield name
        case Load(level=level, module=name):
            yield from filter(None, [absolute(module, level, name, closure)])
        case From(level=level, module=name, names=names):
            base = absolute(module, level, name, closure)
            if base:
                yield base
                found = closure.layout.find(base)
                if found is not None and found.directories:
                    yield from (f"{base}.{each}" for each, _ in names if each != "*")


def _with_parents(module: str, layout: Layout, known: Mapping[str, str]) -> dict[str, str]:
    """The module and the packages above it that have source and are not known yet."""
    new: dict[str, str] = {}
    if module in known:
        return new
    name = module
    while name:
        found: Found | None = layout.find(name)
        if found is not None and found.sort in (Sort.MODULE, Sort.PACKAGE) and name not in known:
            new[name] = found.image
        name = name.rpartition(".")[0]
    return new
