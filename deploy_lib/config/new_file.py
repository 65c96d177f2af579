"""The configuration file of a service that runs already, with the steps of a usual plan. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from deploy_lib.model.image_names import repository_of
from deploy_lib.redact import MASK, Redactor
from deploy_lib.steps.catalogue import KINDS


def new_file(
    entry: Mapping[str, Any],
    image: str,
    service: str,
    project: str,
    region: str,
    *,
    local: bool = False,
    how: str = "",
    branch: str = "main",
) -> str:
    """The file's text. `entry` is the mapping below `services: NAME:`, `image` what serves now, `how` where it is from,
    `branch` the one that is released.

    A plain variable that looks like a secret is left out, and said so.
    """
    entry, hidden = dict(entry), []
    shown = Redactor()
    for name, value in (entry.get("env") or {}).items():
        if shown.value({name: value})[name] != value:
            hidden.append(name)
    if hidden:
        entry["env"] = {name: value for name, value in entry["env"].items() if name not in hidden}
    images = repository_of(image).rpartition("/")[0] or f"{region}-docker.pkg.dev/{project}/services"
    data = {
        "project": project,
        **({"local": True} if local else {}),
        "region": region,
        "images": images,
        "services": {service: _escaped(entry)},
        "on_failure": "restore",
        "on_inconclusive": "hold",
        "steps": _usual_steps(branch),
    }
    origin = how or "as it ran when this file was written"
    lines = [f"# The service {service}, {origin}. Every key: config/reference.yaml."]
    if hidden:
        names = ", ".join(hidden)
        lines.append(f"# Not written here, as they look like secrets ({MASK}), and kept as they are: {names}.")
        lines.append("# Better: put them into Secret Manager, and name them under `secrets:`.")
    text: str = yaml.safe_dump(data, sort_keys=False, default_flow_style=False, width=120)
    return "\n".join([*lines, text])


def _escaped(value: Any) -> Any:
    """A `${` of the running service is none of this file's variables."""
    if isinstance(value, Mapping):
        return {key: _escaped(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_escaped(inner) for inner in value]
    return value.replace("${", "$${") if isinstance(value, str) else value


def _usual_steps(branch: str) -> list[dict[str, Any]]:
    """The steps of a usual plan, as the YAML has them."""
    stands = [(usual.place, name, usual.settings) for name, kind in KINDS.items() for usual in kind.usual]
    stands.sort(key=lambda stand: stand[0])
    given = ((name, settings) for _, name, settings in stands if settings is not None)
    own = {"branches": [branch]}
    return [
        {name: {**settings, **own} if "branches" in settings else dict(settings) or None} for name, settings in given
    ]
