"""The import check of one image: what is imported, in which environment, under which limits.

The same plan is carried out by a step of Cloud Build and by an engine of this machine, and its identity says
whether an earlier result still holds. Limits and variables are Cloud Run's, so that the image is imported as it
would be started (https://cloud.google.com/run/docs/container-contract#env-vars): by the server's interpreter, in
its directory, on a disk that can be written. A metadata server that knows no real token answers inside it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from types import MappingProxyType

from deploy_lib.drivers.interface import DriverError
from deploy_lib.in_image.options import Metadata, ProbeOptions, probe_arguments, probe_source
from deploy_lib.model.memory import memory_bytes
from deploy_lib.model.requests import ImportCheck
from deploy_lib.model.service import DEFAULT_PORT, Service
from deploy_lib.redact import MASK, SHAPES, Redactor, named_secrets
from deploy_lib.source.entrypoint import Entrypoint, Launch

PLACEHOLDER = "placeholder"
_ON_PATH = ("python", "python3")
"""Tried in this order: images of a distribution's Python have only the second."""
_ENVIRONMENTS = ("/opt/venv", "/venv", "/app/.venv")
_HARMLESS = re.compile(r"\d{1,6}|true|false|yes|no|on|off|none", re.IGNORECASE)  # MAX_TOKEN: 100
_GIB = 2**30
_DEFAULT_ACCOUNT = "0-compute@developer.gserviceaccount.com"


@dataclass(frozen=True, slots=True)
class CheckPlan:
    """No secret's value is in here: `secrets` maps a variable to "name:version", when real ones are wanted."""

    options: ProbeOptions
    launch: Launch | None = None  # how the server would be started
    env: Mapping[str, str] = field(default_factory=dict)
    given: Mapping[str, str] = field(default_factory=dict)  # the YAML's, which no argument of a build step may show
    secrets: Mapping[str, str] = field(default_factory=dict)
    memory: int = 2 * _GIB  # bytes the whole check may use
    service_memory: int | None = None  # bytes the service may use, when the YAML names it
    budgeted: bool = False  # slow imports are reported

    @property
    def interpreters(self) -> tuple[str, ...]:
        """Pythons that may be in the image, the likeliest first: any of them finds the one that the server has."""
        found: list[str] = []
        if self.launch is not None:
            directory, _, name = self.launch.program.rpartition("/")
            if directory and "$" not in directory:
                beside = [f"{directory}/{each}" for each in _ON_PATH]
                found += [self.launch.program, *beside] if name.startswith(("python", "pypy")) else beside
            if self.launch.runner:
                found.append(f"{self.launch.directory}/.venv/bin/python")
        return tuple(dict.fromkeys((*found, *_ON_PATH, *(f"{each}/bin/python" for each in _ENVIRONMENTS))))

    @property
    def arguments(self) -> tuple[str, ...]:
        """For the interpreter, which is given the probe on its standard input."""
        return probe_arguments(self.options, asdict(self.launch) if self.launch else None)

    @property
    def identity(self) -> str:
        """32 hexadecimal digits, the same for two checks that would find the same."""
        plain = replace(self, options=replace(self.options, nonce="")).arguments
        seen = hashlib.sha256(probe_source())
        seen.update(
            json.dumps([plain, {**self.env, **self.given}, dict(self.secrets), self.memory], sort_keys=True).encode()
        )
        return seen.hexdigest()[:32]


def plan_check(
    check: ImportCheck,
    service: Service,
    entry: Entrypoint | None,
    workdir: str,
    nonce: str,
    kept: Mapping[str, str | None] = MappingProxyType({}),
) -> CheckPlan:
    """`workdir` is the image's, which is on sys.path unless `entry` says otherwise. `kept` are variables that the YAML
    does not name and the service keeps, None for the value of a secret. DriverError: nothing to import."""
    if not (entry or check.also or check.all):
        named = check.entrypoint or service.entrypoint
        why = f"{named!r} is not a module" if named else "the Dockerfile's command names none"
        raise DriverError(
            f"the module that {service.name} imports first is not known: {why}",
            f"set {service.place}.entrypoint, for example app.main",
        )
    launch = entry.launch if entry is not None else None
    directory = (launch.directory if launch else "") or workdir
    moved = entry is not None and not entry.script and entry.roots and entry.roots[0] != directory
    options = ProbeOptions(
        nonce=nonce,
        entrypoint=str(entry) if entry else "",
        main=entry.main if entry else False,
        also=check.also,
        all=check.all,
        first_party=(entry.module.partition(".")[0],) if entry and not entry.script and entry.module else (),
        import_path=entry.roots if entry and (moved or service.pythonpath) else None,
        timeout=check.timeout,
        total_timeout=max(300.0, 2 * check.timeout),
        on_other_errors=check.on_other_errors,  # type: ignore[arg-type]  # validated with the YAML
        secrets=tuple(sorted(service.secrets)) if check.real_secrets else (),
        shapes=SHAPES,
        metadata=Metadata(service.project, service.region, service.service_account or _DEFAULT_ACCOUNT),
    )
    if check.budget is not None:
        options = replace(options, budget_ms=1000 * check.budget)
    placeholders = {} if check.real_secrets else dict.fromkeys(service.secrets, PLACEHOLDER)
    kept = {name: value for name, value in kept.items() if name not in service.secrets}
    plain = {name: PLACEHOLDER if value is None else value for name, value in kept.items()}
    needed = memory_bytes(service.memory)
    return CheckPlan(
        options,
        launch,
        env={**_platform(service), **placeholders},
        given=without_secrets({**plain, **service.env}),
        secrets=dict(service.secrets) if check.real_secrets else {},
        memory=max(2 * _GIB, 2 * (needed or 0)),  # imports run side by side; each one's use is reported
        service_memory=needed,
        budgeted=check.budget is not None,
    )


def without_secrets(env: Mapping[str, str]) -> dict[str, str]:
    """The variables, with a placeholder for what looks like a secret by its name or its shape."""
    secret = {value for value in named_secrets(env) if not _HARMLESS.fullmatch(value)}
    redactor = Redactor(secret)
    return {
        name: PLACEHOLDER if value in secret else redactor.text(value).replace(MASK, PLACEHOLDER)
        for name, value in env.items()
    }


def _platform(service: Service) -> dict[str, str]:
    names = {"K_SERVICE": service.cloud_run, "K_CONFIGURATION": service.cloud_run, "K_REVISION": "import-check"}
    return {"PORT": str(service.port or DEFAULT_PORT), **names}
