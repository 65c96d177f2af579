"""The instructions that change no file (ENV, CMD, LABEL ...), as pure functions from BuildState to BuildState.

`apply` knows them all; whatever is wrong is a BuildFailed that names the line.
"""

from __future__ import annotations

import posixpath
import re
import signal
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ..dockerfile import Instruction, expand_word, expand_words
from .state import BuildState

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)")
_NANOSECONDS = {"ns": 1, "us": 10**3, "µs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
_PORT = re.compile(r"(\d+)(?:-(\d+))?(?:/(tcp|udp|sctp))?", re.IGNORECASE)
DEFAULT_SHELL = ("/bin/sh", "-c")
# Build arguments every build has without an ARG (docs.docker.com/reference/dockerfile, "predefined ARGs").
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY")
PREDEFINED_ARGS = frozenset(_PROXIES) | frozenset(map(str.lower, _PROXIES))


def is_setting(name: str) -> bool:
    return name in _APPLY


def apply(state: BuildState, instruction: Instruction, escape: str) -> BuildState:
    try:
        return _APPLY[instruction.name](state, instruction, escape)
    except ValueError as error:
        raise instruction.failure(str(error)) from None


def command_of(state: BuildState, instruction: Instruction) -> tuple[str, ...]:
    """An exec form as it is, a shell form wrapped in the stage's shell."""
    if instruction.exec_form or not instruction.args:
        return instruction.args
    return (*(state.config.shell or DEFAULT_SHELL), instruction.args[-1])


def _set_env(state: BuildState, instruction: Instruction, escape: str) -> BuildState:
    # All values of one ENV see the environment from before it.
    before = state.variables
    env = dict(state.config.env)
    for name, value in _pairs(instruction, before, escape):
        if not name:
            raise ValueError("a name is empty")
        env[name] = value
    return state.with_config(instruction.text, replace(state.config, env=env))


def _set_labels(state: BuildState, instruction: Instruction, escape: str) -> BuildState:
    labels = {**state.config.labels, **dict(_pairs(instruction, state.variables, escape))}
    return state.with_config(instruction.text, replace(state.config, labels=labels))


def _pairs(instruction: Instruction, env: Mapping[str, str], escape: str) -> list[tuple[str, str]]:
    args = instruction.args
    return [
        (expand_word(args[at], env, escape), expand_word(args[at + 1], env, escape)) for at in range(0, len(args), 3)
    ]


def _set_command(state: BuildState, instruction: Instruction, escape: str) -> BuildState:
    config = replace(state.config, cmd=command_of(state, instruction))
    return replace(state.with_config(instruction.text, config), own_cmd=True)


def _set_entrypoint(state: BuildState, instruction: Instruction, escape: str) -> BuildState:
    # A CMD inherited from the base belongs to the base's entrypoint and goes with it; one set in this stage stays.
    cmd = state.config.cmd if state.own_cmd else ()
    config = replace(state.config, entrypoint=command_of(state, instruction), cmd=cmd)
    return state.with_config(instruction.text, config)


def _set_user(state: BuildState, instruction: Instruction, escape: str) -> BuildState:
    user = expand_word(instruction.args[0], state.variables, escape)
    if not user:
        raise ValueError("the user is empty")
    return state.with_config(instruction.text, replace(state.config, user=user))


def _add_ports(state: BuildState, instruction: Instruction, escape: str) -> BuildState:
    ports = dict.fromkeys(state.config.ports)
    for word in _words(state, instruction, escape):
        match = _PORT.fullmatch(word)
        if match is None or not 0 < int(match[1]) <= int(match[2] or match[1]) <= 65535:
            raise ValueError(f"{word!r} is not a valid port; write 8080 or 8080/tcp")
        for port in range(int(match[1]), int(match[2] or match[1]) + 1):
            ports[f"{port}/{(match[3] or 'tcp').lower()}"] = None
    return state.with_config(instruction.text, replace(state.config, ports=tuple(ports)))


def _add_volumes(state: BuildState, instruction: Instruction, escape: str) -> BuildState:
    paths = _words(state, instruction, escape)
    if not all(paths):
        raise ValueError("a path is empty")
    volumes = tuple(dict.fromkeys((*state.config.volumes, *paths)))
    return state.with_config(instruction.text, replace(state.config, volumes=volumes))


def _words(state: BuildState, instruction: Instruction, escape: str) -> list[str]:
    return [word for arg in instruction.args for word in expand_words(arg, state.variables, escape)]


def _set_shell(state: BuildState, instruction: Instruction, escape: str) -> BuildState:
    if not instruction.exec_form or not instruction.args:
        raise ValueError('takes a JSON array, such as ["/bin/bash", "-c"]')
    return state.with_config(instruction.text, replace(state.config, shell=instruction.args))


def _set_stop_signal(state: BuildState, instruction: Instruction, escape: str) -> BuildState:
    name = expand_word(instruction.args[0], state.variables, escape)
    parse_signal(name)
    return state.with_config(instruction.text, replace(state.config, stop_signal=name))


def parse_signal(name: str) -> int:
    """SIGTERM, TERM or 15. ValueError for anything else."""
    if name.isdigit() and 0 < int(name) < signal.NSIG:
        return int(name)
    wanted = "SIG" + name.upper().removeprefix("SIG")
    if wanted not in signal.Signals.__members__:
        raise ValueError(f"{name!r} is not a valid signal")
    return int(signal.Signals[wanted])


def _set_author(state: BuildState, instruction: Instruction, escape: str) -> BuildState:
    return state.with_config(instruction.text, replace(state.config, author=instruction.args[0]))


def _set_health(state: BuildState, instruction: Instruction, escape: str) -> BuildState:
    kind = instruction.args[0].upper()
    health: dict[str, Any]
    if kind == "NONE":
        if len(instruction.args) > 1 or instruction.flags:
            raise ValueError("NONE takes no arguments")
        health = {"Test": ["NONE"]}
    elif kind == "CMD" and len(instruction.args) > 1:
        form = "CMD" if instruction.exec_form else "CMD-SHELL"
        health = {"Test": [form, *instruction.args[1:]]}
        for flag, value in instruction.flags:
            key = "".join(part.capitalize() for part in flag.split("-"))
            health[key] = _count(value) if flag == "retries" else _nanoseconds(value)
    else:
        raise ValueError("expected HEALTHCHECK NONE or HEALTHCHECK CMD command")
    return state.with_config(instruction.text, replace(state.config, health=health))


def _count(text: str) -> int:
    if not text.isdigit():
        raise ValueError(f"--retries={text} is not a whole number")
    return int(text)


def _nanoseconds(text: str) -> int:
    parts = _DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"{text!r} is not a valid duration; write 30s or 1m30s")
    return int(sum(float(number) * _NANOSECONDS[unit] for number, unit in parts))


def set_workdir(state: BuildState, instruction: Instruction, escape: str) -> BuildState:
    """Only the setting; whoever builds also makes the directory."""
    path = expand_word(instruction.args[0], state.variables, escape)
    if not path:
        raise instruction.failure("the path is empty")
    config = replace(state.config, workdir=posixpath.normpath(posixpath.join("/", state.workdir, path)))
    return replace(state, config=config)


def declare_args(
    state: BuildState, instruction: Instruction, escape: str, given: Mapping[str, str], above: Mapping[str, str]
) -> BuildState:
    """ARG: the caller's value, else the default, else that of an ARG before the first FROM."""
    args = dict(state.args)
    for word in instruction.args:
        name, assigned, default = word.partition("=")
        if name in given:
            args[name] = given[name]
        elif assigned:
            args[name] = expand_word(default, {**args, **state.config.env}, escape)
        elif name in above:
            args[name] = above[name]
    return replace(state, args=args, history=state.with_config(instruction.text, state.config).history)


_APPLY: Mapping[str, Callable[[BuildState, Instruction, str], BuildState]] = {
    "ENV": _set_env,
    "LABEL": _set_labels,
    "CMD": _set_command,
    "ENTRYPOINT": _set_entrypoint,
    "USER": _set_user,
    "EXPOSE": _add_ports,
    "VOLUME": _add_volumes,
    "SHELL": _set_shell,
    "STOPSIGNAL": _set_stop_signal,
    "MAINTAINER": _set_author,
    "HEALTHCHECK": _set_health,
}
