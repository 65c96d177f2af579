"""What must exist before a revision's container can run: its image, its secrets, its VPC connector.

A connector exists when the file `connectors.txt` in Cloud Run's state directory names it on a line of its own,
in full: no connector is ever made here, so a rehearsal says which ones production has. Sentences are Cloud Run's
(deploy-cloudrun#465, terraform-docs-samples#168).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from google.cloud.run_v2.types import EnvVar, RevisionTemplate

from ...engines.model import Engine, ImageNotFound
from ...registry.names import BadName, parse_reference
from ..builds.environment import project_number
from ..registry.images import RegistryImages
from ..secrets.store import AccessDenied, SecretMissing, SecretRefusal, Secrets, VersionMissing
from . import conditions
from .conditions import ConditionFailure
from .names import ServiceName

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
    for number, variable in _secret_variables(template):
        where = f"spec.template.spec.containers[0].env[{number}].value_from.secret_key_ref.name"
        try:
            _read(secrets, variable, template, service)
        except SecretRefusal as error:
            problems.append(f"{where}: {_secret_problem(error, variable, template, service)}")
    return ConditionFailure(conditions.RESOURCES, conditions.SECRETS_REFUSED, "\n".join(problems)) if problems else None


def read_secrets(secrets: Secrets, template: RevisionTemplate, service: ServiceName) -> dict[str, str]:
    """The values for an instance that starts now. Raises SecretGone."""
    found = {}
    for _, variable in _secret_variables(template):
        try:
            found[variable.name] = _read(secrets, variable, template, service).decode()
        except SecretRefusal as error:
            raise SecretGone(f"{variable.name}: {_secret_problem(error, variable, template, service)}") from None
        except UnicodeDecodeError:
            raise SecretGone(f"{variable.name}: the secret's value is not UTF-8, so it fits no variable") from None
    return found


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


def _secret_variables(template: RevisionTemplate) -> Iterator[tuple[int, EnvVar]]:
    for number, variable in enumerate(template.containers[0].env):
        if "value_source" in variable:
            yield number, variable


def _read(secrets: Secrets, variable: EnvVar, template: RevisionTemplate, service: ServiceName) -> bytes:
    reference = variable.value_source.secret_key_ref
    return secrets.read(service.project, reference.secret, reference.version or "latest", template.service_account)


def _secret_problem(error: SecretRefusal, variable: EnvVar, template: RevisionTemplate, service: ServiceName) -> str:
    reference = variable.value_source.secret_key_ref
    full = reference.secret
    if "/" not in full:
        full = f"projects/{project_number(service.project)}/secrets/{full}"
    full = f"{full}/versions/{reference.version or 'latest'}"
    if isinstance(error, AccessDenied):
        return (
            f"Permission denied on secret: {full} for Revision service account {template.service_account}. The "
            "service account used must be granted the 'Secret Manager Secret Accessor' role "
            "(roles/secretmanager.secretAccessor) at the secret, project or higher level."
        )
    if isinstance(error, (SecretMissing, VersionMissing)):
        return f"Secret {full} was not found"
    return f"Secret {full} could not be read: {error.message}"
