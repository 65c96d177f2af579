"""The commands of `docker` about images that already exist: push, pull, tag, rmi, inspect, create, cp, rm."""

from __future__ import annotations

import json
import posixpath
import re
import uuid
from collections.abc import Sequence
from typing import Any

from .flags import Flags, parse_flags
from .shim_server import CommandFailed, ShimCall
from .step_context import StepContext

_NOTHING = Flags(values=frozenset(), switches=frozenset())
_QUIET = Flags(frozenset({"platform"}), frozenset({"quiet"}), {"q": "quiet"})
_FORCE = Flags(frozenset(), frozenset({"force", "no-prune"}), {"f": "force"})
_FORMAT = Flags(frozenset({"format", "type"}), frozenset({"size"}), {"f": "format", "s": "size"})
_CREATE = Flags(frozenset({"name", "platform"}), frozenset(), options_first=True)
# {{.Id}}, {{json .Config.Env}}, {{index .RepoDigests 0}}
_FIELD = re.compile(r"\{\{\s*(json\s+)?(?:index\s+)?((?:\.\w+)+|\.)(?:\s+(\d+))?\s*\}\}")


def push(step: StepContext, call: ShimCall, args: Sequence[str]) -> int:
    pushed = step.built.push(_one("push", args, _QUIET))
    call.say(f"The push refers to repository [{pushed.name.rpartition(':')[0]}]")
    call.say(f"{pushed.name.rpartition(':')[2]}: digest: {pushed.digest}")
    return 0


def pull(step: StepContext, call: ShimCall, args: Sequence[str]) -> int:
    name = _one("pull", args, _QUIET)
    call.say(f"Pulled {name}: {step.built.pull(name)}")
    return 0


def tag(step: StepContext, call: ShimCall, args: Sequence[str]) -> int:
    words = parse_flags("docker tag", args, _NOTHING).words
    if len(words) != 2:
        raise CommandFailed('"docker tag" requires exactly 2 arguments')
    found = step.built.find(words[0])
    if found is None:
        raise CommandFailed(f"Error response from daemon: No such image: {words[0]}")
    step.built.put(words[1], found)
    step.engine.tag(found, words[1])
    return 0


def remove(step: StepContext, call: ShimCall, args: Sequence[str]) -> int:
    for name in parse_flags("docker rmi", args, _FORCE).words:
        if not step.built.drop(name):
            raise CommandFailed(f"Error response from daemon: No such image: {name}")
        call.say(f"Untagged: {name}")
    return 0


def inspect(step: StepContext, call: ShimCall, args: Sequence[str]) -> int:
    given = parse_flags("docker inspect", args, _FORMAT)
    shown = []
    for name in given.words:
        found = step.built.find(name)
        if found is None:
            raise CommandFailed(f"Error: No such object: {name}")
        shown.append(_described(step, found))
    template = given.last("format")
    if template is None:
        call.say(json.dumps(shown, indent=4))
    else:
        for value in shown:
            call.say(_format(template, value))
    return 0


def create(step: StepContext, call: ShimCall, args: Sequence[str]) -> int:
    given = parse_flags("docker create", args, _CREATE)
    if not given.words:
        raise CommandFailed('"docker create" requires at least 1 argument, the image')
    name = given.last("name") or uuid.uuid4().hex
    step.built.created[name] = step.built.require(given.words[0], call.note)
    call.say(name)
    return 0


def copy(step: StepContext, call: ShimCall, args: Sequence[str]) -> int:
    """One file out of a created container."""
    words = parse_flags("docker cp", args, _NOTHING).words
    container, colon, inside = words[0].partition(":") if len(words) == 2 else ("", "", "")
    if not colon:
        raise CommandFailed("docker cp: the local cloud copies CONTAINER:FILE to a path, and nothing else")
    if container not in step.built.created:
        raise CommandFailed(f"Error response from daemon: No such container: {container}")
    target = step.path(call, words[1])
    if target.is_dir():
        target = target / posixpath.basename(inside)
    target.write_bytes(step.engine.read(step.built.created[container], inside))
    return 0


def forget(step: StepContext, call: ShimCall, args: Sequence[str]) -> int:
    for name in parse_flags("docker rm", args, _FORCE).words:
        if step.built.created.pop(name, None) is None:
            raise CommandFailed(f"Error response from daemon: No such container: {name}")
        call.say(name)
    return 0


def _one(command: str, args: Sequence[str], flags: Flags) -> str:
    words = parse_flags(f"docker {command}", args, flags).words
    if len(words) != 1:
        raise CommandFailed(f'"docker {command}" requires exactly 1 argument')
    return words[0]


def _described(step: StepContext, found: str) -> dict[str, Any]:
    image = step.engine.inspect(found)
    tags, digests = step.built.names_of(found)
    return {
        "Id": image.digest,
        "RepoTags": tags,
        "RepoDigests": digests,
        "Size": image.size,
        "Os": "linux",
        "Architecture": "amd64",
        "Config": {
            "Env": [f"{key}={value}" for key, value in image.env.items()],
            "Entrypoint": list(image.entrypoint),
            "Cmd": list(image.cmd),
            "WorkingDir": image.workdir,
            "User": image.user,
            "Labels": dict(image.labels),
            "ExposedPorts": {port: {} for port in image.ports},
        },
    }


def _format(template: str, value: dict[str, Any]) -> str:
    """The few templates that build scripts use; anything else is refused by name."""

    def field(match: re.Match[str]) -> str:
        as_json, path, number = match.groups()
        found: Any = value
        try:
            for key in path.split(".")[1:]:
                found = found[key] if key else found
            if number is not None:
                found = found[int(number)]
        except (KeyError, IndexError, TypeError):
            raise CommandFailed(f"template parsing error: {match.group(0)} names nothing in this image") from None
        return found if isinstance(found, str) and not as_json else json.dumps(found)

    shown = _FIELD.sub(field, template)
    if "{{" in shown:
        raise CommandFailed(f"docker inspect: the local cloud does not know the template {template!r}")
    return shown
