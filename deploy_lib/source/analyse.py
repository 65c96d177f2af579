"""Follow the entrypoint's imports through the predicted image and say which will fail, why, and what to type.

Nothing is read that is not needed: only modules of the closure are parsed, each blob once for ever when the cache
keeps its facts, and the context of missing files is read only when something is missing.
"""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache as remember
from typing import Protocol

from deploy_lib.model.codes import Code
from deploy_lib.model.findings import Absence, Finding, Severity
from deploy_lib.source.dependencies.adding import adding
from deploy_lib.source.dependencies.advice import undeclared_dependencies
from deploy_lib.source.dependencies.declared import declared
from deploy_lib.source.entrypoint import Entrypoint, read_entrypoint
from deploy_lib.source.entrypoint.misspelt import misspelt_command, undeclared_server
from deploy_lib.source.entrypoint.script_problems import script_problems
from deploy_lib.source.entrypoint.unknown_start import unknown_start
from deploy_lib.source.environment import variables_of
from deploy_lib.source.explain import Explainer
from deploy_lib.source.findings import Describer
from deploy_lib.source.imports.closure import Closure, close
from deploy_lib.source.imports.facts import Facts, decode, encode, key
from deploy_lib.source.imports.layout import Layout
from deploy_lib.source.imports.parse import facts_of
from deploy_lib.source.imports.run import run_imports
from deploy_lib.source.last_image import Known
from deploy_lib.source.model import SITE_PACKAGES, SYMLINK, Context, ImageContents, MissingFileContext, Unknown
from deploy_lib.source.ownership import Ownership
from deploy_lib.source.set_up import DJANGO_SETTINGS, django_settings, done_later, with_commas
from deploy_lib.source.shadows import shadowed_modules

ReadMany = Callable[[Iterable[str]], Iterator[tuple[str, bytes]]]


class FactCache(Protocol):
    """Keeps small values by key. Losing any of them costs time and nothing else."""

    def get(self, keys: Sequence[str]) -> Mapping[str, bytes]: ...
    def put(self, values: Mapping[str, bytes]) -> None: ...


@dataclass(frozen=True, slots=True)
class Analysis:
    """`modules` are those the entrypoint can reach, with their context paths; `importers` say which import each.

    `missing` are the repository paths of modules that are not in the image and that something explains. `roots` are
    the image directories of sys.path that hold the application.
    """

    findings: tuple[Finding, ...] = ()
    entrypoint: str | None = None
    modules: Mapping[str, str] = field(default_factory=dict)
    importers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    roots: tuple[str, ...] = ()


def analyse(
    contents: ImageContents,
    context: Context,
    read_many: ReadMany,
    missing_file_context: Callable[[], MissingFileContext],
    entrypoint: str | None,
    cache: FactCache | None,
    undeclared: bool = True,
    env: Mapping[str, str] | None = None,
    known: Known | None = None,
) -> Analysis:
    """`entrypoint` is the YAML's, module or module:app; None: the image's command tells. `env` are the variables that
    the service is given, above those of the image. `known` is what the last good image taught.

    The findings are those of imports and of the command; context and contents have their own. Without an entrypoint
    no import is followed.
    """
    read = _reader(context, read_many)
    contents = replace(contents, env={**contents.env, **(env or {})})
    dependencies = remember(lambda: declared(contents, read))
    wrong = misspelt_command(contents, lambda image: _text(contents, image, read), dependencies().installed)
    wrong = wrong or undeclared_server(contents, lambda image: _text(contents, image, read), dependencies())
    refused = script_problems(
        contents, context.root, lambda image: _text(contents, image, read), lambda path: context.files[path].mode
    )
    commands = [*([wrong] if wrong else ()), *refused]
    projects = [posixpath.normpath(posixpath.join(contents.workdir, each)) for each in dependencies().directories]
    entry = _entrypoint(contents, entrypoint, known, lambda image: _text(contents, image, read), projects)
    if entry is None:
        stopped = any(each.severity is Severity.ERROR for each in commands)
        unknown = None if stopped else unknown_start(contents)
        return Analysis((*commands, *([unknown] if unknown else ())))
    if entry.installs:
        runner = " ".join(entry.launch.runner[:2]) if entry.launch else ""
        brought = Unknown(SITE_PACKAGES, f"{runner} installs the project when it starts", 0)
        contents = replace(contents, unknown=(*contents.unknown, brought))
        known = replace(known, installed=None) if known else None
    changed = {each.prefix for each in contents.unknown}
    layout = Layout(contents.files, entry.roots, _links(contents, context), changed)
    started = layout.find(entry.module) if entry.script is None else None
    text = _text(contents, entry.script or (started.image if started else ""), read) or ""
    facts_of_paths = _facts_of(contents, context, read_many, cache)
    closure = _close(entry, layout, contents, facts_of_paths)
    django = "django" in dependencies().installed and django_settings(entry, contents, env or {}, text)
    if django:
        closure = _close(entry, layout, contents, facts_of_paths, django.module)
    explainer = remember(lambda: Explainer(contents, context, missing_file_context(), entry.roots))
    module = f"{entry.module}.__main__" if entry.main and _is_package(layout, entry.module) else entry.module
    ownership = Ownership(layout, contents, dependencies, explainer, module, known.installed if known else None)
    describer = Describer(closure, contents, context, explainer, entry.named_by)
    later, settings = done_later(entry, module, django.module if django else None, closure)
    first = () if django else later
    variables = variables_of(entry, contents)
    problems = run_imports(
        closure, ownership.judge, module, entry.attribute, called=entry.called, then=first, variables=variables
    )
    found = [_doubted(each, entry.doubt) for each in describer.findings(problems)]
    if django:
        named = Describer(closure, contents, context, explainer, DJANGO_SETTINGS)
        problems = run_imports(
            replace(closure, main_file=None), ownership.judge, django.module, then=later, variables=variables
        )
        unsure = entry.doubt or django.doubt(closure)
        reported = {(each.code, each.module, each.line) for each in found}
        for each in with_commas(named.findings(problems), settings):
            if (each.code, each.module, each.line) not in reported:
                found.append(_doubted(each, unsure))
    if known is not None and known.installed is not None:
        found = [_not_installed(each, known, layout, contents, context, read) for each in found]
    findings = [*commands, *found, *shadowed_modules(layout, contents, context, dependencies)]
    if undeclared:
        missing = {each.module for each in found if each.severity is Severity.ERROR}
        advice = undeclared_dependencies(closure, dependencies(), describer.file_of)
        findings += [each for each in advice if each.module not in missing]
    return Analysis(
        findings=tuple(findings),
        entrypoint=str(entry),
        modules={name: contents.files[image] for name, image in closure.files.items()},
        importers=closure.importers,
        missing=describer.missing,
        roots=entry.roots,
    )


def _entrypoint(
    contents: ImageContents,
    given: str | None,
    known: Known | None,
    read: Callable[[str], str | None],
    projects: Sequence[str],
) -> Entrypoint | None:
    """The one of the last good image where nothing else tells it; Python looks where it looked then."""
    entry = read_entrypoint(contents, given, read, projects)
    if known is None:
        return entry
    if entry is None and known.entrypoint:
        entry = read_entrypoint(contents, known.entrypoint, read, projects)
    return replace(entry, roots=tuple(dict.fromkeys((*entry.roots, *known.roots)))) if entry else None


def _not_installed(
    finding: Finding,
    known: Known,
    layout: Layout,
    contents: ImageContents,
    context: Context,
    read: Callable[[str], bytes | None],
) -> Finding:
    """Of a package that nothing brings: the last good image had none, and how it gets there."""
    module = finding.module or ""
    if finding.code is not Code.MISSING_MODULE or finding.cause != Absence.ABSENT_EVERYWHERE or layout.find(module):
        return finding
    if layout.find(module.partition(".")[0]) is not None:
        return finding
    message = f"{finding.message}; no package that is installed in {known.name} brings it"
    return replace(finding, message=message, fix=adding(module, contents, context.root, read).fix)


def _doubted(finding: Finding, doubt: str) -> Finding:
    """What is only so if the process starts as supposed stops no release."""
    if not doubt or finding.severity is not Severity.ERROR:
        return finding
    return replace(finding, severity=Severity.ADVICE, message=f"{finding.message}; not proven, as {doubt}")


def _close(
    entry: Entrypoint,
    layout: Layout,
    contents: ImageContents,
    facts_of_paths: FactsOfPaths,
    settings: str | None = None,
) -> Closure:
    more = (settings,) if settings else ()
    if entry.script is not None:
        script = entry.script if entry.script in contents.files else None
        return close(layout, (*more, *(() if script else ("__main__",))), facts_of_paths, main_file=script)
    if not entry.main:
        return close(layout, (entry.module, *more), facts_of_paths)
    package = _is_package(layout, entry.module)
    found = layout.find(f"{entry.module}.__main__" if package else entry.module)
    parent = entry.module if package else entry.module.rpartition(".")[0]
    file = found.image if found is not None and found.image in contents.files else None
    return close(layout, (parent or entry.module, *more), facts_of_paths, main_file=file, main_package=parent)


def _is_package(layout: Layout, module: str) -> bool:
    found = layout.find(module)
    return found is not None and bool(found.directories)


FactsOfPaths = Callable[[Sequence[str]], Mapping[str, Facts]]


def _facts_of(contents: ImageContents, context: Context, read_many: ReadMany, cache: FactCache | None) -> FactsOfPaths:
    """Facts by image path: from the cache by blob id, else parsed and put there."""

    def facts(images: Sequence[str]) -> Mapping[str, Facts]:
        paths = {image: contents.files[image] for image in images}
        keys = {path: key(blob, contents.python) for path in paths.values() if (blob := context.files[path].blob)}
        stored = cache.get(list(keys.values())) if cache else {}
        by_path = {path: found for path, name in keys.items() if name in stored and (found := decode(stored[name]))}
        fresh: dict[str, bytes] = {}
        for path, source in read_many([path for path in dict.fromkeys(paths.values()) if path not in by_path]):
            name = keys.get(path) or key(hashlib.sha256(source).hexdigest(), contents.python)
            by_path[path] = facts_of(source, contents.python)
            fresh[name] = encode(by_path[path])
        if fresh and cache:
            cache.put(fresh)
        return {image: by_path[path] for image, path in paths.items()}

    return facts


def _reader(context: Context, read_many: ReadMany) -> Callable[[str], bytes | None]:
    def read(path: str) -> bytes | None:
        if path not in context.files:
            return None
        return next((content for _, content in read_many([path])), None)

    return read


def _text(contents: ImageContents, image: str, read: Callable[[str], bytes | None]) -> str | None:
    path = contents.files.get(image)
    content = read(path) if path else None
    return content.decode("utf-8", "replace") if content is not None else None


def _links(contents: ImageContents, context: Context) -> list[str]:
    linked = {path for path, file in context.files.items() if file.mode == SYMLINK}
    return [image for image, path in contents.files.items() if path in linked] if linked else []
