"""What the import check found, as findings: what is wrong, where, why it is so and what to type next. Pure.

The check knows the image; source truth knows the commit. A missing module of the application is joined with the
reason why its file is not in the image, a missing dependency with the file that should have named it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from deploy_lib.drivers.builds.check import CheckPlan
from deploy_lib.in_image.result import CheckVerdict, Failure, Frame, ProbeResult
from deploy_lib.model.codes import Code
from deploy_lib.model.findings import Absence, Finding, Severity
from deploy_lib.source.dependencies.adding import adding
from deploy_lib.source.model import Staged
from deploy_lib.source.repository_facts import reader

# Kinds that may not happen in the real environment; what they mean is for `on_other_errors` to say. The others mean
# that the image lacks or breaks something. The probe cannot be imported to ask it: it is a program, not a module.
OFFLINE = frozenset({"network", "credentials"})
CIRCUMSTANTIAL = OFFLINE | frozenset(
    "environment_variable exit hang killed memory permission read_only_disk other".split()  # noqa: SIM905
)
Explain = Callable[[str], Finding | None]
"""Why a module of the application is not in the image, as source truth sees it."""


@dataclass(frozen=True, slots=True)
class ResultContext:
    """What a result is read with. `service` is where it stands in the YAML: services.NAME or jobs.NAME."""

    plan: CheckPlan
    service: str
    staged: Staged | None = None
    explain: Explain = lambda module: None


def findings_of(result: ProbeResult, context: ResultContext) -> tuple[Finding, ...]:
    """The failures, then what was not tried, then slow imports where a budget is set."""
    found = [_failure(failure, context) for failure in result.failures]
    left = result.not_run_total or len(result.not_run)
    if left:
        found.append(_unfinished(result, left))
    if result.error:
        found.append(_unlisted(result, result.error))
    if result.truncated or result.failures_total > len(result.failures):
        more = result.failures_total - len(result.failures)
        if more > 0:
            message = f"{more} more problems at import are in the full result, which could not be read"
            found.append(Finding(Code.MORE_FAILURES, Severity.WARNING, message))
    found += [_slow(row.module, row.own_ms, context) for row in result.slow] if context.plan.budgeted else []
    found += _memory(result, context)
    return tuple(found)


def _failure(failure: Failure, context: ResultContext) -> Finding:
    describe = _DESCRIBE.get(failure.kind, _as_reported)
    message, fix = describe(failure, context)
    soft = failure.kind in {"auto": OFFLINE, "warn": CIRCUMSTANTIAL}.get(context.plan.options.on_other_errors, ())
    last = _place(failure, context.staged)
    others = (failure.targets_total or len(failure.targets)) - 1
    stopped = f" (it stops {others + 1} modules)" if others > 0 else ""
    finding = Finding(
        code=Code(failure.kind),
        severity=Severity.WARNING if soft else Severity.ERROR,
        message=message + stopped,
        file=_repository_path(last.file, context.staged) if last and last.file else None,
        line=last.line or None if last else None,
        module=failure.module or (failure.targets[0].partition(":")[0] if failure.targets else None),
        importer=last.module if last else None,
        chain=tuple(_link(frame, context.staged) for frame in failure.chain if not _is_python_itself(frame)),
        fix=fix or None,
    )
    if failure.kind != Code.MISSING_MODULE or not failure.module:
        return finding
    known = context.explain(failure.module)
    if known is None or (failure.near and known.cause == Absence.ABSENT_EVERYWHERE):  # what is misspelt is nowhere
        return finding
    why = known.message if known.module == failure.module else ""
    return replace(
        finding, message=why or finding.message, cause=known.cause, rule=known.rule, fix=known.fix or finding.fix
    )


def _is_python_itself(frame: Frame) -> bool:
    """A line of a module that Python holds frozen, as os: there is no file to look at."""
    return frame.file.startswith("<frozen ")


def _missing_module(failure: Failure, context: ResultContext) -> tuple[str, str]:
    if failure.near and context.plan.options.entrypoint.startswith(failure.targets[:1]):
        near = failure.near[0]
        message = f"the image has no module {failure.module}; the nearest name it has is {near}"
        return message, f"write {context.service}.entrypoint: {near}"
    message = f"the image has no module {failure.module}{_imported_at(failure, context)}"
    return message, "commit its file, and let the Dockerfile copy it"


def _missing_dependency(failure: Failure, context: ResultContext) -> tuple[str, str]:
    module = failure.module or failure.name or "a module"
    wanted = failure.distribution or module.partition(".")[0]
    message = f"{module} is not installed in the image{_imported_at(failure, context)}"
    if failure.party == "standard":
        return f"Python itself has no module {module} in this version{_imported_at(failure, context)}", ""
    staged = context.staged
    if staged is None:
        return message, f"let the Dockerfile install {wanted}"
    found = adding(module, staged.contents, staged.context.root, reader(staged), failure.distribution)
    return f"{message}: {found.why}" if found.why else message, found.fix


def _missing_name(failure: Failure, context: ResultContext) -> tuple[str, str]:
    holder = failure.module or failure.file or "the module"
    near = f"; it has {', '.join(failure.near)}" if failure.near else ""
    version = f" ({failure.distribution} is installed)" if failure.distribution else ""
    message = f"{holder} has no {failure.name}{version}{near}{_imported_at(failure, context)}"
    if failure.distribution:
        return message, f"pin a version of {failure.distribution.partition('==')[0]} that has {failure.name}"
    return message, ""


def _circular(failure: Failure, context: ResultContext) -> tuple[str, str]:
    cycle = " -> ".join(failure.cycle)
    message = f"modules import each other in a circle: {cycle}" if cycle else _python_message(failure)
    return message, "move the import that closes the circle into the function that needs it"


def _shared_library(failure: Failure, context: ResultContext) -> tuple[str, str]:
    message = f"the image lacks the shared library {failure.library}{_imported_at(failure, context)}"
    return message, "install the system package that brings it, in the Dockerfile"


def _offline(failure: Failure, context: ResultContext) -> tuple[str, str]:
    """What Cloud Run has and the check has not: no fault of the image, as far as the check can know."""
    lacking = "network" if failure.kind == Code.NETWORK else "credentials"
    asks = "connects to something" if failure.kind == Code.NETWORK else "asks for credentials"
    message = (
        f"importing it {asks}{_imported_at(failure, context)}, and the check has no {lacking}: "
        f"{_python_message(failure)}; what would be imported after that was not tried"
    )
    setting = context.plan.options.on_other_errors
    if setting == "fail":
        return message, "connect when the first request needs it, or set on_other_errors of import_check to auto"
    return message, "nothing, if it succeeds on Cloud Run; on_other_errors: fail of import_check lets it stop a release"


def _variable(failure: Failure, context: ResultContext) -> tuple[str, str]:
    names = ", ".join(failure.variables or failure.unset)
    message = f"{names or 'an environment variable'} must be set before the import{_imported_at(failure, context)}"
    return message, f"set it under {context.service}.env or secrets" if names else ""


def _as_reported(failure: Failure, context: ResultContext) -> tuple[str, str]:
    fix = "if only the check meets it: on_other_errors: warn of import_check" if failure.kind in CIRCUMSTANTIAL else ""
    unset = f"; it reads {', '.join(failure.unset)}, which is not set" if failure.unset else ""
    target = failure.targets[0] if failure.targets else "the application"
    ends = {
        "exit": f"importing {target} ends the process with exit code {failure.exit_code}",
        "hang": f"importing {target} did not end in time",
        "killed": f"importing {target} killed the process with signal {failure.signal}",
        "memory": f"importing {target} used up the memory",
    }
    message = ends.get(failure.kind)
    if message is None:
        return f"{_python_message(failure)}{_imported_at(failure, context)}{unset}", fix
    return f"{message}{_imported_at(failure, context)}{unset}", fix


_DESCRIBE = {
    "missing_module": _missing_module,
    "missing_dependency": _missing_dependency,
    "missing_name": _missing_name,
    "circular_import": _circular,
    "missing_shared_library": _shared_library,
    "environment_variable": _variable,
    "network": _offline,
    "credentials": _offline,
}


def _python_message(failure: Failure) -> str:
    """In Python's words."""
    words = " ".join(failure.message.split())
    return (
        f"{failure.exception}: {words}" if failure.exception and words else words or failure.exception or failure.kind
    )


def _place(failure: Failure, staged: Staged | None) -> Frame | None:
    """Where it failed; of what may be no fault of the image, where the repository's code led to it."""
    last = failure.chain[-1] if failure.chain else None
    if failure.kind not in CIRCUMSTANTIAL or staged is None:
        return last
    return next((frame for frame in reversed(failure.chain) if frame.file in staged.contents.files), last)


def _imported_at(failure: Failure, context: ResultContext) -> str:
    last = _place(failure, context.staged)
    if last is None or not last.file:
        return ""
    return f" ({_repository_path(last.file, context.staged)}:{last.line})"


def _link(frame: Frame, staged: Staged | None) -> str:
    place = f"{_repository_path(frame.file, staged)}:{frame.line}" if frame.file else ""
    return f"{frame.module or frame.function} ({place})" if place else frame.module or frame.function


def _repository_path(path: str, staged: Staged | None) -> str:
    """Where the developer has the file, when source truth knows it; else its path in the image."""
    source = staged.contents.files.get(path) if staged else None
    if source is None or staged is None:
        return path
    return f"{staged.context.root}/{source}" if staged.context.root else source


def _unlisted(result: ProbeResult, why: str) -> Finding:
    severity, message = Severity.WARNING, f"{why}, and so not compared with what was foreseen"
    if result.verdict == CheckVerdict.INCOMPLETE:
        severity = Severity.ERROR
        message = f"{why}: not every module was imported, and nothing was compared with what was foreseen"
    fix = "leave directories of data out of the image (.dockerignore), or keep them out of the application's directory"
    return Finding(Code.IMPORT_CHECK_UNFINISHED, severity, message, fix=fix)


def _unfinished(result: ProbeResult, left: int) -> Finding:
    message = f"the import check ran out of time: {left} of {result.tried + left} modules were not imported"
    return Finding(
        Code.IMPORT_CHECK_UNFINISHED, Severity.ERROR, message, fix="import fewer modules, or name them in also"
    )


def _slow(module: str, own_ms: float, context: ResultContext) -> Finding:
    message = f"importing {module} takes {own_ms / 1000:.2g} s by itself, more than its budget"
    return Finding(Code.SLOW_IMPORT, Severity.ADVICE, message, module=module)


def _memory(result: ProbeResult, context: ResultContext) -> list[Finding]:
    limit = context.plan.service_memory
    entry = result.targets[0] if result.targets else None
    if limit is None or entry is None or entry.peak_kb * 1024 <= limit:
        return []
    message = (
        f"importing {entry.name} alone takes {entry.peak_kb // 1024} MiB, and the service may use {limit >> 20} MiB"
    )
    return [Finding(Code.MEMORY_AT_IMPORT, Severity.WARNING, message, fix=f"raise {context.service}.memory")]
