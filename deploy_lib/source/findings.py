"""Problems of the run as findings a person can act on: where, why, the way from the entrypoint, what to type."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from deploy_lib.model.codes import Code
from deploy_lib.model.findings import Absence, Finding, Severity
from deploy_lib.source.explain import Explainer
from deploy_lib.source.explanations import Explanation
from deploy_lib.source.imports.closure import Closure
from deploy_lib.source.imports.facts import DOUBTFUL
from deploy_lib.source.imports.problems import Mode, Problem, Trail
from deploy_lib.source.model import Context, ImageContents, Unknown


class Describer:
    """`named_by` is where the entrypoint is written. The explainer is asked for only when something is missing."""

    def __init__(
        self,
        closure: Closure,
        contents: ImageContents,
        context: Context,
        explainer: Callable[[], Explainer],
        named_by: str,
    ) -> None:
        self._closure = closure
        self._contents = contents
        self._context = context
        self._explainer = explainer
        self._named_by = named_by
        self.missing: dict[str, str] = {}

    def findings(self, problems: Sequence[Problem], named_by: str = "") -> tuple[Finding, ...]:
        """One per thing that is wrong, however many import it; what stops the import first. `named_by` is where what
        was imported is written, if not where the entrypoint is.
        """
        named_by = named_by or self._named_by
        grouped: dict[tuple[str, str, str | None], list[Problem]] = {}
        for problem in problems:
            grouped.setdefault((problem.code, problem.module, problem.name), []).append(problem)
        lost = [module for code, module, _ in grouped if code == "missing_module"]
        lost += [f"{module}.{name}" for code, module, name in grouped if code == "missing_name" and _may_be_file(name)]
        if lost:
            self._explainer().expect(lost)
        found = [self._finding(max(group, key=_weight), group, named_by) for group in grouped.values()]
        order = list(Severity)
        return tuple(sorted((each for each in found if each), key=lambda finding: order.index(finding.severity)))

    def file_of(self, module: str) -> str | None:
        """Repository path of a module of the closure."""
        image = self._closure.files.get(module)
        return posixpath.join(self._context.root, self._contents.files[image]) if image else None

    def _finding(self, problem: Problem, group: Iterable[Problem], named_by: str) -> Finding | None:
        if problem.code == Code.RAISES_AT_IMPORT and not problem.stops:
            return None
        code, explanation = problem.code, None
        module = problem.module
        if problem.code == Code.MISSING_MODULE:
            explanation = self._explainer().module(module)
        elif problem.code == Code.MISSING_NAME:
            explanation = self._submodule(f"{module}.{problem.name}", str(problem.name))
            if explanation:
                code, module = "missing_module", f"{module}.{problem.name}"
        if explanation is None and problem.code in (Code.MISSING_NAME, Code.MISSING_ATTRIBUTE):
            explanation = self._uncommitted(module)
        if explanation and explanation.path and code == "missing_module":
            self.missing[module] = explanation.path
        return Finding(
            code=Code(code),
            severity=self._severity(problem),
            message=self._message(problem, code, module, explanation, list(group)),
            file=self.file_of(problem.at.module),
            line=problem.at.line or None,
            module=module,
            importer=problem.at.module or None,
            chain=tuple(self._chain(problem.at, named_by)),
            cause=explanation.cause if explanation else None,
            rule=explanation.rule if explanation else None,
            fix=explanation.fix if explanation else _fix(problem),
            lazy=problem.mode is Mode.LAZY,
            guarded=problem.guarded,
            missing=explanation.path if explanation and code == "missing_module" else None,
        )

    def _submodule(self, module: str, name: str) -> Explanation | None:
        """The file that the name would come from. `Order` is a class beside order.py, and no module in a wrong case."""
        found = self._explainer().evidence(module)
        if found is None and _may_be_file(name):
            return self._explainer().past(module)
        return None if found and found.cause == Absence.CASE_MISMATCH and name != name.lower() else found

    def _uncommitted(self, module: str) -> Explanation | None:
        path = self.file_of(module)
        return self._explainer().changed(path) if path else None

    @staticmethod
    def _severity(problem: Problem) -> Severity:
        if problem.code in (Code.UNKNOWN_MODULE, Code.VARIABLE_MISSING, *DOUBTFUL):
            return Severity.ADVICE
        return Severity.ERROR if problem.stops else Severity.WARNING

    def _message(
        self, problem: Problem, code: str, module: str, explanation: Explanation | None, group: list[Problem]
    ) -> str:
        text = _message(problem, code, module, self._closure)
        if code == "unknown_module":
            text += f", and whether the image holds it cannot be known: {self._unknown(module)}"
        if explanation:
            text += f": {explanation.sentence}"
        others = len({(each.at.module, each.at.line) for each in group}) - 1
        if others:
            text += f" ({others} more {'import' if others == 1 else 'imports'} of it)"
        return f"{text}{_when(problem)}"

    def _unknown(self, module: str) -> str:
        below = "/".join(module.split("."))
        for root in self._closure.layout.roots:
            for unknown in self._contents.unknown:
                if unknown.covers(posixpath.join(root, below)):
                    return _why(unknown)
        return "a RUN step may bring it"

    def _chain(self, at: Trail, named_by: str) -> Iterator[str]:
        for link in at.from_the_start():
            if link.module:
                yield f"{link.module} ({self.file_of(link.module)}:{link.line})"
            elif len(at.from_the_start()) == 1:
                yield f"the server ({named_by})"


def _may_be_file(name: str | None) -> bool:
    return name is not None and name == name.lower()


def _why(unknown: Unknown) -> str:
    return f"{unknown.reason} (line {unknown.line})"


def _weight(problem: Problem) -> tuple[bool, Mode, bool]:
    return problem.stops, problem.mode, not problem.guarded


def _message(problem: Problem, code: str, module: str, closure: Closure) -> str:
    where = problem.at.module or "the server"
    match code:
        case "missing_module":
            return f"{where} imports {module}, which is not in the image"
        case "unknown_module":
            return f"{where} imports {module}"
        case "missing_name":
            return f"{where} imports {problem.name} from {module}, which binds no such name"
        case "missing_attribute":
            return f"{where} reads {module}.{problem.name} while it is imported, and there is no such attribute"
        case "variable_missing":
            return (
                f"{where} reads the environment variable {problem.name} while it is imported, and neither the "
                "Dockerfile nor the configuration sets it"
            )
        case "undefined_name":
            return f"{where} evaluates {problem.name} while it is imported, and nothing binds that name"
        case "import_cycle_at_import_time":
            return (
                f"{where} needs {problem.name} of {module} while {module} is still being imported and has not bound it"
            )
        case "bad_relative_import":
            return f"{where} imports {module}, which goes above its top package"
        case "raises_at_import":
            return f"{module} raises {problem.name} whenever it is imported"
        case "too_large":
            return f"{module} is too large to be followed ({problem.name}), so what it imports is not known"
        case "unknown_syntax":
            return f"{module} cannot be parsed by this tool's Python, and the image's may be newer: {problem.name}"
    return f"{module} cannot be imported: {problem.name}"


def _when(problem: Problem) -> str:
    if problem.mode is Mode.LAZY:
        return "; it fails when the function is called"
    if problem.guarded:
        return "; the error is caught"
    if problem.mode is Mode.MAYBE:
        return "; only under a condition that cannot be known here"
    return "; an installed package may bring it" if problem.uncertain and problem.code == Code.MISSING_MODULE else ""


def _fix(problem: Problem) -> str | None:
    match problem.code:
        case "missing_name":
            return f"bind {problem.name} in {problem.module}, or correct the import"
        case "missing_attribute" if problem.submodule:
            return f"import {problem.module}.{problem.name} first"
        case "missing_attribute":
            return f"add {problem.name} to {problem.module}, or correct the name"
        case "variable_missing":
            return f"give the service {problem.name} with env: or secrets:, or read it with os.environ.get"
        case "undefined_name":
            return f"import or define {problem.name} before line {problem.at.line}"
        case "syntax_error":
            return f"correct the syntax at line {problem.at.line}"
        case "null_bytes":
            return "save the file again as text, without null bytes"
        case "wrong_encoding":
            return "save the file as UTF-8, or name its encoding in the first line"
        case "import_cycle_at_import_time":
            return f"move the import into the function of {problem.at.module} that needs it, or bind the name earlier"
        case "bad_relative_import":
            return "write the full name of the module"
        case "raises_at_import":
            return f"remove the raise at line {problem.at.line}, or do not import the module"
    return None


def doubted(finding: Finding, doubt: str) -> Finding:
    """What is not proven stops no release: an error as advice, with why; as it is where there is no doubt."""
    if not doubt or finding.severity is not Severity.ERROR:
        return finding
    return replace(finding, severity=Severity.ADVICE, message=f"{finding.message}; not proven, as {doubt}")
