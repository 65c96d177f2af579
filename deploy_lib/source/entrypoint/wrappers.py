"""Programs that run another one: the command without them, and what they set on the way."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass

_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
_VARIABLE = re.compile(r"\$\{(\w+)(?::?[-=]([^{}]*))?\}|\$(\w+)")


@dataclass(frozen=True, slots=True)
class Wrapper:
    """A program that runs another one: `before` the command stand so many arguments, and flags of which `valued` take
    a value ("*": all). One that `chooses` decides which environment's programs are found."""

    before: int = 0
    valued: str = ""
    chooses: bool = False

    def takes_value(self, flag: str) -> bool:
        return "=" not in flag and flag != "--" and (self.valued == "*" or flag in self.valued.split())


_UV = (
    "-p --python --project --directory --extra --group --only-group --no-group --with --with-editable --package "
    "--with-requirements --env-file --index --default-index --index-url -i --extra-index-url --cache-dir --config-file"
)
_CONDA = Wrapper(valued="-n --name -p --prefix --cwd", chooses=True)
_WRAPPERS: Mapping[tuple[str, ...], Wrapper] = {
    ("exec",): Wrapper(valued="-a"),
    ("env",): Wrapper(valued="-u --unset -C --chdir"),
    ("tini",): Wrapper(valued="-p -e"),
    ("dumb-init",): Wrapper(valued="--rewrite -r"),
    ("catatonit",): Wrapper(),
    ("nohup",): Wrapper(),
    ("nice",): Wrapper(valued="-n"),
    ("sudo",): Wrapper(valued="-u --user -g --group -h --host -p --prompt"),
    ("chpst",): Wrapper(valued="-u -U -e -n"),
    ("with-contenv",): Wrapper(),
    ("gosu",): Wrapper(1),
    ("su-exec",): Wrapper(1),
    ("setpriv",): Wrapper(valued="--reuid --regid --groups"),
    ("timeout",): Wrapper(1, valued="-k --kill-after -s --signal"),
    ("ddtrace-run",): Wrapper(),
    ("opentelemetry-instrument",): Wrapper(valued="*"),
    ("newrelic-admin", "run-program"): Wrapper(),
    ("elasticapm-run",): Wrapper(),
    ("splunk-py-trace",): Wrapper(valued="*"),
    ("pyroscope", "exec"): Wrapper(valued="*"),
    ("dotenv", "run"): Wrapper(valued="-f --file"),
    ("dockerize",): Wrapper(valued="-wait -timeout -template -stdout -stderr -wait-retry-interval"),
    ("doppler", "run"): Wrapper(valued="-p --project -c --config -t --token --scope --mount --name-transformer"),
    ("infisical", "run"): Wrapper(valued="--env --path --projectId --token --tags"),
    ("op", "run"): Wrapper(valued="--env-file --account"),
    ("chamber", "exec"): Wrapper(1),
    ("runuser",): Wrapper(valued="-u --user -g --group"),
    ("s6-setuidgid",): Wrapper(1),
    ("setsid",): Wrapper(),
    ("stdbuf",): Wrapper(valued="-i -o -e"),
    ("ionice",): Wrapper(valued="-c -n --class --classdata"),
    ("xvfb-run",): Wrapper(valued="-n -s --server-num --server-args -e -f"),
    ("debugpy",): Wrapper(valued="--listen --connect --log-to"),
    ("rye", "run"): Wrapper(chooses=True, valued="--pyproject"),
    ("pixi", "run"): Wrapper(chooses=True, valued="-e --environment --manifest-path"),
    ("poetry", "run"): Wrapper(chooses=True, valued="-C --directory -P --project"),
    ("hatch", "run"): Wrapper(chooses=True),
    ("pipenv", "run"): Wrapper(chooses=True),
    ("pdm", "run"): Wrapper(chooses=True, valued="-p --project"),
    ("uv", "run"): Wrapper(chooses=True, valued=_UV),
    ("conda", "run"): _CONDA,
    ("mamba", "run"): _CONDA,
    ("micromamba", "run"): _CONDA,
}


@dataclass(frozen=True, slots=True)
class Bare:
    """A command without what was wrapped around it."""

    words: tuple[str, ...]
    runner: tuple[str, ...] = ()
    assigned: tuple[tuple[str, str], ...] = ()


def expanded(word: str, env: Mapping[str, str]) -> str:
    """$NAME, ${NAME} and ${NAME:-default}; an unknown name is empty, as in a shell."""
    return _VARIABLE.sub(lambda found: env.get(found[1] or found[3]) or found[2] or "", word)


def unwrapped(words: tuple[str, ...], env: dict[str, str]) -> Bare:
    """Assignments before the command go into `env`, too."""
    runner: tuple[str, ...] = ()
    assigned: list[tuple[str, str]] = []
    while words:
        assignment = _ASSIGNMENT.fullmatch(words[0])
        if assignment:
            env[assignment[1]] = expanded(assignment[2], env)
            assigned.append((assignment[1], assignment[2]))
            words = words[1:]
            continue
        if words[1:] and _VARIABLE.fullmatch(words[0]) and not expanded(words[0], env):
            words = words[1:]  # a prefix that is set nowhere
            continue
        name = posixpath.basename(words[0])
        if name.startswith("wait") and "--" in words:  # wait-for-it.sh db:5432 -- and its kin
            words = words[words.index("--") + 1 :]
            continue
        known = next((each for each in _WRAPPERS if (name, *words[1 : len(each)]) == each), None)
        if known is None:
            break
        wrapper, whole = _WRAPPERS[known], words
        words = without_flags(words[len(known) :], wrapper)[wrapper.before :]
        if wrapper.chooses:
            runner = whole[: len(whole) - len(words)]
            words = _run_by(runner, words)
    return Bare(words, runner, tuple(assigned))


def _run_by(runner: tuple[str, ...], words: tuple[str, ...]) -> tuple[str, ...]:
    """`uv run` takes a module or a script as Python itself does."""
    if "-m" in runner or "--module" in runner:
        return ("python", "-m", *words)
    return ("python", *words) if words and words[0].endswith(".py") else words


def without_flags(words: tuple[str, ...], wrapper: Wrapper) -> tuple[str, ...]:
    while words and words[0].startswith("-"):
        words = words[2:] if wrapper.takes_value(words[0]) else words[1:]
    return words
