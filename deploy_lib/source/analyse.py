"""Follow the entrypoint's imports through the predicted image and say which will fail, why, and what to type.

Nothing is read that is not needed: only modules of the closure are parsed, each blob once for ever when the cache
keeps its facts, and the context of missing files is read only when something is missing.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache as remember

from deploy_lib.model.findings import Finding, Severity
from deploy_lib.source.absent_packages import AbsentPackages
from deploy_lib.source.dependencies.advice import undeclared_dependencies
from deploy_lib.source.dependencies.declared import Declared, declared, installed
from deploy_lib.source.entry_closure import closure_of, is_package
from deploy_lib.source.entrypoint import Entrypoint, GivenStart, read_entrypoint, with_environment, with_pythonpath
from deploy_lib.source.entrypoint.misspelt import misspelt_command, undeclared_server
from deploy_lib.source.entrypoint.script_problems import script_problems
from deploy_lib.source.entrypoint.scripts import StartedPrograms, started
from deploy_lib.source.entrypoint.unknown_start import unknown_start
from deploy_lib.source.environment import variables_of
from deploy_lib.source.explain import Explainer
from deploy_lib.source.findings import Describer, doubted
from deploy_lib.source.imports.closure import Closure
from deploy_lib.source.imports.layout import Layout
from deploy_lib.source.imports.run import run_imports
from deploy_lib.source.last_image import Known
from deploy_lib.source.model import SITE_PACKAGES, SYMLINK, Context, ImageContents, MissingFileContext, Unknown
from deploy_lib.source.ownership import Ownership
from deploy_lib.source.packed_projects import packed_modules
from deploy_lib.source.set_up import DJANGO_SETTINGS, DjangoSettings, django_settings, done_later, with_commas
from deploy_lib.source.shadows import shadowed_modules
from deploy_lib.source.stored_facts import FactCache, FactsOfPaths, ParseMany, ReadMany, in_turn, stored_facts


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
    start: GivenStart,
    cache: FactCache | None,
    undeclared: bool = True,
    known: Known | None = None,
    parse_many: ParseMany = in_turn,
) -> Analysis:
    """`known` is what the last good image taught.

    The findings are those of imports and of the command; context and contents have their own. Without an entrypoint
    no import is followed.
    """
    contents = with_environment(contents, start)
    read = _reader(context, read_many)
    packed = packed_modules(contents, read)
    contents = replace(contents, files={**packed, **contents.files}) if packed else contents
    files = _Files(contents, context, read)
    dependencies = remember(lambda: declared(contents, files.read))
    start_up = started(contents, files.text)
    commands = _of_the_command(files, dependencies, start_up)
    facts_of_paths = stored_facts(contents, context, read_many, cache, parse_many)
    around = remember(missing_file_context)
    analysis = _Analysis(files, start_up, dependencies, facts_of_paths, around, start, undeclared, known)
    found = [each for given in start.entrypoints or (None,) if (each := analysis.of(given)) is not None]
    if not found:
        stopped = any(each.severity is Severity.ERROR for each in commands)
        unknown = None if stopped else unknown_start(contents)
        return Analysis((*commands, *([unknown] if unknown else ())))
    return _joined(found, commands)


def _joined(found: Sequence[Analysis], commands: Sequence[Finding]) -> Analysis:
    """Of all processes: what two of them import is told once."""
    if len(found) == 1:
        return replace(found[0], findings=(*commands, *found[0].findings))
    importers: dict[str, list[str]] = {}
    for each in found:
        for module, those in each.importers.items():
            importers[module] = list(dict.fromkeys((*importers.get(module, ()), *those)))
    return Analysis(
        findings=tuple(dict.fromkeys((*commands, *(finding for each in found for finding in each.findings)))),
        entrypoint=", ".join(each.entrypoint for each in found if each.entrypoint),
        modules={module: path for each in found for module, path in each.modules.items()},
        importers=importers,
        missing={module: path for each in found for module, path in each.missing.items()},
        roots=tuple(dict.fromkeys(root for each in found for root in each.roots)),
    )


@dataclass(frozen=True, slots=True)
class _Analysis:
    """What the processes of one image have in common; each file is read once for all of them."""

    files: _Files
    started: StartedPrograms
    dependencies: Callable[[], Declared]
    facts_of_paths: FactsOfPaths
    missing_file_context: Callable[[], MissingFileContext]
    start: GivenStart
    undeclared: bool
    known: Known | None

    def of(self, given: str | None) -> Analysis | None:
        """Of the process with that entrypoint, without the findings of the command; None where none is known."""
        contents, context, files, known = self.files.contents, self.files.context, self.files, self.known
        dependencies = self.dependencies
        projects = [posixpath.normpath(posixpath.join(contents.workdir, each)) for each in dependencies().directories]
        entry = self._entrypoint(given, projects)
        if entry is None:
            return None
        if entry.installs:
            runner = " ".join(entry.launch.runner[:2]) if entry.launch else ""
            brought = Unknown(SITE_PACKAGES, f"{runner} installs the project when it starts", 0)
            contents = replace(contents, unknown=(*contents.unknown, brought))
            known = replace(known, installed=None) if known else None
        unknown = {each.prefix for each in contents.unknown}
        layout = Layout(contents.files, entry.roots, _links(contents, context), unknown)
        started = layout.find(entry.module) if entry.script is None else None
        closure = closure_of(entry, layout, contents, self.facts_of_paths)
        django = None
        if "django" in dependencies().installed:
            text = files.text(entry.script or (started.image if started else "")) or ""
            django = django_settings(entry, contents, text, closure)
        if django:
            closure = closure_of(entry, closure.layout, contents, self.facts_of_paths, django.module)
        before, layout = layout, closure.layout
        explainer = remember(lambda: Explainer(contents, context, self.missing_file_context(), layout.roots))
        module = f"{entry.module}.__main__" if entry.main and is_package(layout, entry.module) else entry.module
        ownership = Ownership(layout, contents, dependencies, explainer, module, known.installed if known else None)
        describer = Describer(closure, contents, context, explainer, entry.named_by)
        found = _of_imports(entry, module, closure, ownership, describer, django, variables_of(entry, contents))
        found = [each for each in found if not (each.guarded and ownership.is_foreign(each.module or ""))]
        good_image = known.name if known is not None and known.installed is not None else ""
        packages = AbsentPackages(ownership, layout, contents, context.root, files.read, good_image)
        found = [packages.told(each) for each in found]
        steps = remember(lambda: installed(contents, files.read)) if contents.installs else dependencies
        findings = [*found, *shadowed_modules(before, contents, context, steps)]
        if self.undeclared:
            missing = {each.module for each in found}
            advice = undeclared_dependencies(closure, dependencies(), describer.file_of)
            findings += [each for each in advice if each.module not in missing]
        return Analysis(
            findings=tuple(findings),
            entrypoint=str(entry),
            modules={name: contents.files[image] for name, image in closure.files.items()},
            importers=closure.importers,
            missing=describer.missing,
            roots=layout.roots,
        )

    def _entrypoint(self, given: str | None, projects: Sequence[str]) -> Entrypoint | None:
        """The one of the last good image where nothing else tells it; Python looks where it looked then."""
        known, contents, read, ran = self.known, self.files.contents, self.files.text, self.started.programs
        entry = read_entrypoint(contents, given, read, projects, ran)
        if entry is None and known is not None and known.entrypoint:
            entry = read_entrypoint(contents, known.entrypoint, read, projects, ran)
        if entry is None:
            return None
        entry = with_pythonpath(entry, self.start, contents.workdir)
        return replace(entry, roots=tuple(dict.fromkeys((*entry.roots, *known.roots)))) if known else entry


def _of_the_command(files: _Files, dependencies: Callable[[], Declared], found: StartedPrograms) -> list[Finding]:
    """What keeps the image's command from being run at all."""
    contents, context = files.contents, files.context
    wrong = misspelt_command(found.programs, contents, dependencies().installed)
    wrong = wrong or undeclared_server(found.programs, contents, dependencies())
    refused = script_problems(found.scripts, contents, context.root, lambda path: context.files[path].mode)
    return [*([wrong] if wrong else ()), *refused]


def _of_imports(
    entry: Entrypoint,
    module: str,
    closure: Closure,
    ownership: Ownership,
    describer: Describer,
    django: DjangoSettings | None,
    variables: set[str],
) -> list[Finding]:
    """Of the module that is started, then of what the frameworks import by name. `module` is how Python calls it."""
    later, settings = done_later(entry, module, django.module if django else None, closure)
    first = () if django else later
    problems = run_imports(
        closure, ownership.judge, module, entry.attribute, called=entry.called, then=first, variables=variables
    )
    found = [doubted(each, entry.doubt) for each in describer.findings(problems)]
    if django:
        by_itself = replace(closure, main_file=None)
        problems = run_imports(by_itself, ownership.judge, django.module, then=later, variables=variables)
        doubt = entry.doubt or django.doubt(closure)
        reported = {(each.code, each.module, each.line) for each in found}
        for each in with_commas(describer.findings(problems, DJANGO_SETTINGS), settings):
            if (each.code, each.module, each.line) not in reported:
                found.append(doubted(each, doubt))
    return found


@dataclass(frozen=True, slots=True)
class _Files:
    """What the commit's files hold; `read` takes a context path, and reads each once."""

    contents: ImageContents
    context: Context
    read: Callable[[str], bytes | None]

    def text(self, image: str) -> str | None:
        """Of a path in the image; None where no COPY brings a file there."""
        path = self.contents.files.get(image)
        content = self.read(path) if path else None
        return content.decode("utf-8", "replace") if content is not None else None


def _reader(context: Context, read_many: ReadMany) -> Callable[[str], bytes | None]:
    @remember
    def read(path: str) -> bytes | None:
        if path not in context.files:
            return None
        return next((content for _, content in read_many([path])), None)

    return read


def _links(contents: ImageContents, context: Context) -> list[str]:
    linked = {path for path, file in context.files.items() if file.mode == SYMLINK}
    return [image for image, path in contents.files.items() if path in linked] if linked else []
