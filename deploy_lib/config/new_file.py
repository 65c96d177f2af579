"""The configuration file of a service that runs already, with the steps of a usual plan. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from deploy_lib.model.image_names import repository_of
from deploy_lib.redact import MASK, Redactor
from deploy_lib.steps.catalogue import KINDS
from deploy_lib.steps.kind import Usual


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
    health: str = "",
) -> str:
    """The file's text. `entry` is the mapping below `services: NAME:`, `image` what serves now, `how` where it is from,
    `branch` the one that is released, `health` the path that is asked.

    A plain variable that looks like a secret is left out, and said so.
    """
    entry, hidden = dict(entry), []
    shown = Redactor()
    for name, value in (entry.get("env") or {}).items():
        if shown.value({name: value})[name] != value:
            hidden.append(name)
    if hidden:
        entry["env"] = {name: value for name, value in entry["env"].items() if name not in hidden}
    if health:
        entry["health"] = {"path": health}
    images = repository_of(image).rpartition("/")[0] or f"{region}-docker.pkg.dev/{project}/services"
    data = {
        "project": project,
        **({"local": True} if local else {}),
        "region": region,
        "images": images,
        "services": {service: _escaped(entry)},
        "on_failure": "restore",
        "on_inconclusive": "hold",
        "steps": _usual_steps(branch, local=local),
    }
    origin = how or "as it ran when this file was written"
    lines = [f"# The service {service}, {origin}. Every key: config/reference.yaml."]
    if local:
        lines += _shorter_steps()
    if hidden:
        names = ", ".join(hidden)
        lines.append(f"# Not written here, as they look like secrets ({MASK}), and kept as they are: {names}.")
        lines.append("# Better: put them into Secret Manager, and name them under `secrets:`.")
    text: str = yaml.dump(data, Dumper=_Dumper, sort_keys=False, default_flow_style=False, width=120)
    return "\n".join([*lines, text])


def _escaped(value: Any) -> Any:
    """A `${` of the running service is none of this file's variables."""
    if isinstance(value, Mapping):
        return {key: _escaped(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_escaped(inner) for inner in value]
    return value.replace("${", "$${") if isinstance(value, str) else value


class _Dumper(yaml.SafeDumper):
    """Writes a step without settings as people do: its name and a colon."""


_Dumper.add_representer(type(None), lambda dumper, value: dumper.represent_scalar("tag:yaml.org,2002:null", ""))


def _usual_steps(branch: str, *, local: bool) -> list[dict[str, Any]]:
    """The steps of a usual plan, as the YAML has them."""
    own = {"branches": [branch]}
    made = []
    for name, usual in _stands():
        settings = {**(usual.settings or {}), **(usual.local if local else {})}
        made.append({name: (settings | own if "branches" in settings else settings) or None})
    return made


def _shorter_steps() -> Iterator[str]:
    """What stands in the file of the local cloud and not in one of a project, and why."""
    yield "# Its steps are short: on this machine all requests are the tool's own, and a release takes seconds."
    for name, usual in _stands():
        real = {key: (usual.settings or {}).get(key) for key in usual.local}
        told = ", ".join(f"{key}: {value}" for key, value in real.items() if value is not None)
        if told:
            yield f"# The file of a project, where users are at risk, has `{name}: {{{told}}}`."


def _stands() -> list[tuple[str, Usual]]:
    stands = [(usual.place, name, usual) for name, kind in KINDS.items() for usual in kind.usual]
    return [
        (name, usual) for _, name, usual in sorted(stands, key=lambda stand: stand[0]) if usual.settings is not None
    ]
