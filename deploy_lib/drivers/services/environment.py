"""Variables of a container, plain and from Secret Manager. Pure over Google's messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from google.cloud import run_v2


def secret_parts(secret: str) -> tuple[str, str]:
    """("name", "version") of "name:version"."""
    name, _, version = secret.rpartition(":")
    return (name, version) if name else (version, "latest")


def set_env(container: run_v2.Container, env: Mapping[str, str], secrets: Mapping[str, str]) -> None:
    """These variables over the ones there are, each in its place; new ones at the end."""
    from google.cloud import run_v2

    new = {name: run_v2.EnvVar(name=name, value=value) for name, value in env.items()}
    for name, secret in secrets.items():
        which, version = secret_parts(secret)
        selector = run_v2.SecretKeySelector(secret=which, version=version)
        new[name] = run_v2.EnvVar(name=name, value_source=run_v2.EnvVarSource(secret_key_ref=selector))
    kept: list[Any] = [new.pop(each.name, each) for each in container.env]
    container.env = _once([*kept, *new.values()])


def _once(variables: Iterable[Any]) -> list[Any]:
    """The last of each name counts, as in a process."""
    return list({each.name: each for each in variables}.values())
