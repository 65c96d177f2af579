"""Variables, secrets and accounts as the YAML writes them, of a service and of a step that starts containers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

VARIABLE = r"^[A-Za-z_][A-Za-z0-9_]*$"
ACCOUNT = r"^[A-Za-z0-9._-]+@[A-Za-z0-9.-]+$"
_SECRET = re.compile(
    r"[\w-]{1,255}(:(latest|\d+))?|projects/[\w-]+/secrets/[\w-]{1,255}((:|/versions/)(latest|\d+))?", re.ASCII
)


def _text(value: Any) -> Any:
    """Whole numbers are taken as they are written; true, 1.10 and null would change on the way to the service."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if value is None:
        raise ValueError("YAML reads this as null; write '' for an empty value, or leave it out")
    if isinstance(value, bool | float):
        raise ValueError(f"YAML reads this as {value!r}; write it in quotes")
    return value


def _named(value: dict[str, str]) -> dict[str, str]:
    for name in value:
        if not re.fullmatch(VARIABLE, name):
            raise ValueError(f"{name!r} is not a valid name for a variable")
    return value


def _with_versions(secrets: dict[str, str]) -> dict[str, str]:
    for name, secret in secrets.items():
        if not _SECRET.fullmatch(secret):
            raise ValueError(f"{name}: {secret!r} is not a secret reference; write name:latest or name:3")
    return {name: _with_version(secret) for name, secret in secrets.items()}


def _reference(secret: str) -> str:
    if not _SECRET.fullmatch(secret):
        raise ValueError(f"{secret!r} is not a secret reference; write name:latest or name:3")
    return _with_version(secret)


def _with_version(secret: str) -> str:
    """name:version, for all the ways a secret may be written; a full name as Google writes it included."""
    name, _, version = secret.partition("/versions/")
    return f"{name}:{version}" if version else secret if ":" in secret else f"{secret}:latest"


Text = Annotated[str, BeforeValidator(_text)]
Variables = Annotated[dict[str, Text], AfterValidator(_named)]
SecretReference = Annotated[str, AfterValidator(_reference)]
SecretReferences = Annotated[dict[str, str], AfterValidator(_named), AfterValidator(_with_versions)]


@dataclass(frozen=True, slots=True)
class RunsContainer:
    """What a step that starts containers of its own offers to the others: what they are given besides the service's,
    and as whom they run; `account` None: as the service does."""

    step: str
    env: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    account: str | None = None
