"""Variables of the YAML beside those that run: reserved, missing, misspelt, of another kind. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Mapping

from deploy_lib.model.codes import Code
from deploy_lib.model.findings import Finding, Severity
from deploy_lib.model.service import Service

RESERVED = ("PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION")
"""Set by Cloud Run itself (https://cloud.google.com/run/docs/container-contract#env-vars)."""
RESERVED_IN_JOBS = (
    "CLOUD_RUN_JOB",
    "CLOUD_RUN_EXECUTION",
    "CLOUD_RUN_TASK_INDEX",
    "CLOUD_RUN_TASK_ATTEMPT",
    "CLOUD_RUN_TASK_COUNT",
)
"""The same in a job (https://cloud.google.com/run/docs/container-contract#jobs-env-vars)."""

_ALIKE = 0.88


def check(service: Service, required: Collection[str], running: Mapping[str, str]) -> tuple[Finding, ...]:
    """`running` maps the running service's variables to "plain" or "secret"; empty when there is none."""
    return (
        *_reserved(service),
        *_twice(service),
        *_missing(service, required, running),
        *_misspelt(service, running),
        *_other_kind(service, running),
        *_unnamed(service, running),
    )


def _reserved(service: Service) -> Iterable[Finding]:
    reserved = RESERVED if service.job is None else RESERVED_IN_JOBS
    for name in [*service.env, *service.secrets]:
        if name in reserved:
            fix = "write port: instead" if name == "PORT" else f"take {name} out of the YAML"
            message = f"{name} is set by Cloud Run itself and may not be given"
            yield Finding(Code.RESERVED_VARIABLE, Severity.ERROR, message, fix=fix)


def _twice(service: Service) -> Iterable[Finding]:
    for name in service.env:
        if name in service.secrets:
            message = f"{name} is given twice, as a plain value and from a secret"
            yield Finding(Code.VARIABLE_TWICE, Severity.ERROR, message, fix=f"take {name} out of env: or of secrets:")


def _missing(service: Service, required: Collection[str], running: Mapping[str, str]) -> Iterable[Finding]:
    given = {*service.env, *service.secrets, *running}
    for name in required:
        if name in given:
            continue
        near = alike(name, given)
        hint = f"; {near} is given: is that the one?" if near else ""
        fix = f"add {name} under env: or secrets: of {service.name}"
        yield Finding(Code.VARIABLE_MISSING, Severity.ERROR, f"{name} is required and not given{hint}", fix=fix)


def _misspelt(service: Service, running: Mapping[str, str]) -> Iterable[Finding]:
    named = {*service.env, *service.secrets}
    for name in sorted(named - set(running)):
        near = alike(name, set(running) - named)
        if near:
            message = f"{name} is new, and the running {service.kind} has {near}, which the YAML does not name"
            fix = f"if {near} is meant, write {near} in the YAML"
            yield Finding(Code.VARIABLE_MISSPELT, Severity.WARNING, message, fix=fix)


def _other_kind(service: Service, running: Mapping[str, str]) -> Iterable[Finding]:
    for name in service.env:
        if running.get(name) == "secret":
            message = f"{name} comes from a secret in the running {service.kind} and becomes a plain value"
            fix = f"if that is not meant, give it under secrets: of {service.name}"
            yield Finding(Code.VARIABLE_KIND, Severity.WARNING, message, fix=fix)
    for name in service.secrets:
        if running.get(name) == "plain":
            message = f"{name} is a plain value in the running {service.kind} and will come from a secret"
            yield Finding(Code.VARIABLE_KIND, Severity.ADVICE, message)


def _unnamed(service: Service, running: Mapping[str, str]) -> Iterable[Finding]:
    names = sorted(set(running) - set(service.env) - set(service.secrets))
    if names:
        message = f"the running {service.kind} has variables that the YAML does not name; they stay: {', '.join(names)}"
        fix = f"name them in the YAML, so that a {service.kind} made anew has them too"
        yield Finding(Code.VARIABLE_UNNAMED, Severity.ADVICE, message, fix=fix)


def alike(name: str, others: Iterable[str]) -> str | None:
    """The name that is most likely meant: equal but for case and underscores, or a letter apart."""
    found = sorted(others)
    plain = {re.sub(r"_", "", other).upper(): other for other in found}
    same = plain.get(re.sub(r"_", "", name).upper())
    if same is not None:
        return same if same != name else None
    return next((near for near in difflib.get_close_matches(name, found, 1, _ALIKE) if near != name), None)
