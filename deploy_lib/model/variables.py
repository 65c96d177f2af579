"""What a release puts into the texts of a service: ${COMMIT}, ${PROJECT}, ${SERVICE}, ${RELEASE}, ${REGION}. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from deploy_lib.model.service import Service

VARIABLES = {
    "COMMIT": "the whole hash of the commit",
    "PROJECT": "the project's id",
    "SERVICE": "the name used with --service",
    "RELEASE": "the release's id",
    "REGION": "where it runs, of each region of a service its own",
}
WHERE = "env, args and labels of a service and in env, args and rollback_command of a job"
_USE = re.compile(r"\$\$\{|\$\{(?P<name>[^}]*)(?P<end>\}?)")


def unknown_in(text: str) -> list[str]:
    """The uses in the text that no release has a value for, as they are written."""
    return [found[0] for found in uses(text) if not found["end"] or found["name"] not in VARIABLES]


def uses(text: str) -> list[re.Match[str]]:
    """Every ${...} of the text that is not escaped as $${...}."""
    return [found for found in _USE.finditer(text) if found[0] != "$${"]


def without_escapes(text: str) -> str:
    """$${ is ${."""
    return text.replace("$${", "${")


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with the values in place of their names."""
    return _USE.sub(lambda found: "${" if found[0] == "$${" else values.get(found["name"], found[0]), text)


def as_label(text: str) -> str:
    """A value of a label: lower-case letters, digits, - and _, 63 at most
    (https://cloud.google.com/run/docs/configuring/services/labels)."""
    return re.sub(r"[^a-z0-9_-]", "-", text.lower())[:63]


def values_of(service: Service, commit: str, release_id: str) -> dict[str, str]:
    """What each of VARIABLES is in that release."""
    return {
        "COMMIT": commit,
        "PROJECT": service.project,
        "SERVICE": service.name,
        "RELEASE": release_id,
        "REGION": service.region,
    }


def for_release(service: Service, commit: str, release_id: str) -> Service:
    """The service with what this release puts into its texts."""
    values = values_of(service, commit, release_id)

    def each(texts: Mapping[str, str]) -> dict[str, str]:
        return {name: filled(text, values) for name, text in texts.items()}

    def every(texts: tuple[str, ...] | None) -> tuple[str, ...] | None:
        return None if texts is None else tuple(filled(text, values) for text in texts)

    containers = {
        name: replace(sidecar, env=each(sidecar.env), args=every(sidecar.args))
        for name, sidecar in service.runtime.containers.items()
    }
    labels = {name: as_label(filled(text, values)) for name, text in service.runtime.labels.items()}
    runtime = replace(service.runtime, args=every(service.runtime.args), labels=labels, containers=containers)
    return replace(service, env=each(service.env), runtime=runtime)
