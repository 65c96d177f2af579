"""What must exist before a revision's container can run: its image, its secrets, its VPC connector.

A connector exists when the file `connectors.txt` in Cloud Run's state directory names it on a line of its own,
in full: no connector is ever made here, so a rehearsal says which ones production has. Sentences are Cloud Run's
(deploy-cloudrun#465, terraform-docs-samples#168).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from google.cloud.run_v2.types import RevisionTemplate

from ...engines.model import Engine, ImageNotFound
from ...registry.names import BadName, parse_reference
from ..builds.environment import project_number
from ..registry.images import RegistryImages
from ..secrets.store import AccessDenied, SecretMissing, SecretRefusal, Secrets, VersionMissing
from . import conditions
from .conditions import ConditionFailure
from .names import ServiceName
from .volumes import ReadSecret, secret_files

CONNECTORS = "connectors.txt"


class SecretGone(OSError):
    """A secret that was there when the revision was made is not now. Never holds a value."""


def find_image(images: RegistryImages, name: str) -> str | None:
    """The digest the name means now; None when it was never pushed."""
    try:
        return images.resolve(name, parse_reference(name).wanted)
    except BadName:
        return None


def load_image(engine: Engine, images: RegistryImages, name: str, digest: str) -> str:
    """What the engine knows the image by. Raises EngineError, RegistryRefusal."""
    try:
        return engine.inspect(digest).digest
    except ImageNotFound:
        return engine.load(images.layout(name, digest), digest, name).digest


def image_missing(name: str) -> ConditionFailure:
    return ConditionFailure(conditions.IMAGE, conditions.CONTAINER_MISSING, f"Image '{name}' not found.")


def check_secrets(secrets: Secrets, template: RevisionTemplate, service: ServiceName) -> ConditionFailure | None:
    problems = []
    for reference in _references(template):
        try:
            _read(secrets, reference, template, service)
        except SecretRefusal as error:
            problems.append(f"{reference.where}: {_secret_problem(error, reference, template, service)}")
    return ConditionFailure(conditions.RESOURCES, conditions.SECRETS_REFUSED, "\n".join(problems)) if problems else None


def read_secrets(secrets: Secrets, template: RevisionTemplate, service: ServiceName, number: int) -> dict[str, str]:
    """The variables of the container of that number that starts now. Raises SecretGone."""
    found = {}
    for reference in _of_variables(template, number):
        try:
            found[reference.variable] = _read(secrets, reference, template, service).decode()
        except SecretRefusal as error:
            problem = _secret_problem(error, reference, template, service)
            raise SecretGone(f"{reference.variable}: {problem}") from None
        except UnicodeDecodeError:
            raise SecretGone(f"{reference.variable}: the secret's value is not UTF-8, so it fits no variable") from None
    return found


def secret_reader(secrets: Secrets, template: RevisionTemplate, service: ServiceName) -> ReadSecret:
    """Reads for the volumes of an instance that starts now."""

    def read(secret: str, version: str) -> bytes:
        reference = _Reference("", secret, version)
        try:
            return _read(secrets, reference, template, service)
        except SecretRefusal as error:
            raise SecretGone(_secret_problem(error, reference, template, service)) from None

    return read


def check_network(template: RevisionTemplate, service: ServiceName, root: Path) -> ConditionFailure | None:
    connector = template.vpc_access.connector if "vpc_access" in template else ""
    if not connector:
        return None
    full = connector if "/" in connector else f"{service.parent}/connectors/{connector}"
    declared = root / CONNECTORS
    if declared.is_file() and full in declared.read_text().split():
        return None
    message = f"VPC connector {full} does not exist, or Cloud Run does not have permission to use it."
    return ConditionFailure(conditions.RESOURCES, conditions.NETWORK_MISSING, message)


@dataclass(frozen=True, slots=True)
class _Reference:
    """A secret that a template names, and where."""

    where: str
    secret: str
    version: str
    variable: str = ""


def _references(template: RevisionTemplate) -> Iterator[_Reference]:
    for number in range(len(template.containers)):
        yield from _of_variables(template, number)
    for number, volume in enumerate(template.volumes):
        if "secret" in volume:
            for _, version, _ in secret_files(volume):
                yield _Reference(
                    f"spec.template.spec.volumes[{number}].secret.secretName", volume.secret.secret, version
                )


def _of_variables(template: RevisionTemplate, number: int) -> Iterator[_Reference]:
    for at, variable in enumerate(template.containers[number].env):
        if "value_source" in variable:
            where = f"spec.template.spec.containers[{number}].env[{at}].value_from.secret_key_ref.name"
            named = variable.value_source.secret_key_ref
            yield _Reference(where, named.secret, named.version or "latest", variable.name)


def _read(secrets: Secrets, reference: _Reference, template: RevisionTemplate, service: ServiceName) -> bytes:
    return secrets.read(service.project, reference.secret, reference.version, template.service_account)


def _secret_problem(
    error: SecretRefusal, reference: _Reference, template: RevisionTemplate, service: ServiceName
) -> str:
    full = reference.secret
    if "/" not in full:
        full = f"projects/{project_number(service.project)}/secrets/{full}"
    full = f"{full}/versions/{reference.version}"
    if isinstance(error, AccessDenied):
        return (
            f"Permission denied on secret: {full} for Revision service account {template.service_account}. The "
            "service account used must be granted the 'Secret Manager Secret Accessor' role "
            "(roles/secretmanager.secretAccessor) at the secret, project or higher level."
        )
    if isinstance(error, (SecretMissing, VersionMissing)):
        return f"Secret {full} was not found"
    return f"Secret {full} could not be read: {error.message}"
