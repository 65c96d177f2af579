"""What Cloud Build refuses in a request, and what the local cloud has to refuse because it cannot do it. Pure."""

from __future__ import annotations

import datetime
import re

from google.cloud.devtools.cloudbuild_v1.types import Build, BuildOptions, BuildStep, Source

from ...registry.names import BadName, is_tag, parse_reference
from .order import prerequisites
from .refusal import invalid, not_here

_LONGEST = datetime.timedelta(hours=24)
_ENV = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=.*", re.DOTALL)
_ACCOUNT = re.compile(r"projects/[^/]+/serviceAccounts/[^/]+")
_POOL = re.compile(r"projects/[^/]+/locations/[^/]+/workerPools/[^/]+")
_SECRET = re.compile(r"projects/[^/]+/secrets/[^/]+/versions/[^/]+")


def check(build: Build) -> None:
    if not build.steps:
        raise invalid("invalid build: a build needs at least one step")
    if not datetime.timedelta(0) < build.timeout <= _LONGEST:
        raise invalid(f"invalid value for 'build.timeout': {build.timeout} is not between 0 and 24 hours")
    available = {name for secret in build.available_secrets.secret_manager for name in [secret.env] if name}
    for number, step in enumerate(build.steps):
        _check_step(number, step, build.timeout, available)
    prerequisites([step.id for step in build.steps], [step.wait_for for step in build.steps])
    for secret in build.available_secrets.secret_manager:
        if not _SECRET.fullmatch(secret.version_name) or not secret.env:
            raise invalid(f"invalid secret {secret.version_name!r}: want projects/P/secrets/S/versions/V and env")
    for name in build.images:
        try:
            parse_reference(name)
        except BadName as error:
            raise invalid(f'invalid image name "{name}": {error}') from None
    for tag in build.tags:
        if not is_tag(tag):
            raise invalid(f'invalid build tag "{tag}": must match format "^[\\w][\\w.-]{{0,127}}$"')
    if build.service_account and not _ACCOUNT.fullmatch(build.service_account):
        raise invalid(f"invalid service account {build.service_account!r}: want projects/P/serviceAccounts/E-MAIL")
    _check_pool(build.options)
    for pair in build.options.env:
        _check_env(pair)


def _check_step(number: int, step: BuildStep, limit: datetime.timedelta, available: set[str]) -> None:
    where = f"build step {number}"
    if not step.name:
        raise invalid(f"invalid .steps field: {where} has no name")
    try:
        parse_reference(step.name)
    except BadName as error:
        raise invalid(f'invalid .steps field: {where} "{step.name}": {error}') from None
    if step.script and (step.args or step.entrypoint):
        raise invalid(f"invalid .steps field: {where}: script cannot be used together with args or entrypoint")
    if step.timeout > limit:
        raise invalid(
            f"invalid value for 'build.steps[{number}].timeout': value must be less than or equal to "
            f"build timeout value of {int(limit.total_seconds())}s"
        )
    for pair in step.env:
        _check_env(pair)
    for name in step.secret_env:
        if name not in available:
            raise invalid(f"invalid secrets: {where} uses secretEnv {name!r}, which availableSecrets does not define")


def _check_env(pair: str) -> None:
    if not _ENV.fullmatch(pair):
        raise invalid(f"invalid environment variable {pair.partition('=')[0]!r}: want NAME=VALUE")


def _check_pool(options: BuildOptions) -> None:
    pool = options.pool.name or options.worker_pool
    if pool and not _POOL.fullmatch(pool):
        raise invalid(f"invalid worker pool {pool!r}: want projects/P/locations/L/workerPools/W")
    if pool and options.machine_type != BuildOptions.MachineType.UNSPECIFIED:
        raise invalid("invalid build options: machineType cannot be set together with a worker pool")
    if not 0 <= options.disk_size_gb <= 4000:
        raise invalid(f"invalid value for 'build.options.disk_size_gb': {options.disk_size_gb}")


def refuse_unknown_features(build: Build) -> None:
    source = Source.pb(build.source).WhichOneof("source")
    if source not in {None, "storage_source"}:
        raise not_here(f"the source kind {source}; upload an archive and use storage_source")
    for field in ("secrets", "git_config", "dependencies"):
        if getattr(build, field):
            raise not_here(f"build.{field}")
    if build.available_secrets.inline:
        raise not_here("build.available_secrets.inline; use secret_manager")
    for field in ("maven_artifacts", "go_modules", "python_packages", "npm_packages", "images"):
        if getattr(build.artifacts, field):
            raise not_here(f"build.artifacts.{field}")
