"""What a RUN step may do to files nobody can see beforehand, and which requirements it installs.

The aim is never to be wrong: a command whose effect on files is known leaves the rest of the image certain, and any
other makes its working directory unknown. What is unknown is marked so; it is never an error.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from deploy_lib.source.dockerfile.harmless import leaves_files_alone
from deploy_lib.source.dockerfile.installs import read_install
from deploy_lib.source.dockerfile.shell import Command, split_commands
from deploy_lib.source.dockerfile.touched import touched
from deploy_lib.source.entrypoint.wrappers import Wrapper, without_flags
from deploy_lib.source.makefiles import MAKEFILES, whole_recipe
from deploy_lib.source.model import ReadText

_XARGS = Wrapper(valued="-I -n -P -d -L -a -s -E")
_OF_NODE = "node_modules/"
_DEEPEST = 3  # makefiles that run make


@dataclass(frozen=True, slots=True)
class Effects:
    """`unknown` maps image paths to reasons. `projects` are image paths that are built and installed;
    `packed` those of them whose packages are copied into the environment."""

    unknown: Mapping[str, str] = field(default_factory=dict)
    directories: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()  # image paths, and file names in them
    packages: tuple[str, ...] = ()  # installed by name
    projects: tuple[str, ...] = ()
    roots: tuple[str, ...] = ()  # image directories that a .pth file puts on sys.path
    executable: tuple[str, ...] = ()  # image paths and patterns that become executable
    packed: tuple[str, ...] = ()
    copies: tuple[tuple[str, str], ...] = ()  # of one file each, from and to an image path or a directory
    wheels: tuple[str, ...] = ()  # projects of which a wheel is built
    from_wheels: bool = False  # it installs from wheels that lie in the image


class _Reading:
    def __init__(
        self, workdir: str, variables: Mapping[str, str], holds: Callable[[str], bool], read: ReadText
    ) -> None:
        self.cwd = workdir
        self.before: list[str] = []  # of pushd
        self.variables = variables
        self.holds = holds
        self.read = read
        self.depth = 0
        self.unknown: dict[str, str] = {}
        self.directories: list[str] = []
        self.requirements: list[str] = []
        self.packages: list[str] = []
        self.projects: list[str] = []
        self.roots: list[str] = []
        self.executable: list[str] = []
        self.packed: list[str] = []
        self.copies: list[tuple[str, str]] = []
        self.wheels: list[str] = []
        self.from_wheels = False

    def path(self, word: str) -> str:
        return "/" + posixpath.normpath(posixpath.join(self.cwd, word)).lstrip("/")

    def touch(self, word: str, command: str) -> None:
        """The file or directory of that name is unknown from here on."""
        self.unknown.setdefault(self.path(_certain(word)), f"RUN {command} may change it")

    def remove(self, word: str, command: str) -> None:
        """As `touch`; where the application has no file, removing makes no module appear and takes none away. A module
        that is named may have come from elsewhere."""
        if word.endswith(".py") or self.holds(self.path(_certain(word))):
            self.touch(word, command)


def _certain(word: str) -> str:
    """The part of a path before what only the shell can tell, as far as a directory."""
    certain = re.split(r"[$*?\[`{]", word, maxsplit=1)[0]
    if certain == word:
        return word
    return certain[: certain.rfind("/") + 1] or ("/" if word.startswith(("$", "`")) else ".")


def read_effects(
    texts: Iterable[str], workdir: str, variables: Mapping[str, str], holds: Callable[[str], bool], read: ReadText
) -> Effects:
    """`texts` are shell scripts: the RUN's own words, or its heredocs. `holds`: whether files of the context lie below
    an image path, or are it; `read` gives the text of one of those that no step may have changed."""
    reading = _Reading(workdir, variables, holds, read)
    for text in texts:
        _read(text, reading)
    return Effects(
        reading.unknown,
        tuple(reading.directories),
        tuple(reading.requirements),
        tuple(reading.packages),
        tuple(reading.projects),
        tuple(reading.roots),
        tuple(reading.executable),
        tuple(reading.packed),
        tuple(reading.copies),
        tuple(reading.wheels),
        reading.from_wheels,
    )


def _read(text: str, reading: _Reading) -> None:
    try:
        commands = list(split_commands(text, reading.variables))
    except ValueError:
        reading.touch(".", "with a script that cannot be read")
        return
    for command in commands:
        for path in command.writes:
            reading.touch(path, f"... > {path}")
            if path.endswith(".pth") and command.words[:1] == ("echo",):
                reading.roots += [word for word in command.words[1:] if word.startswith("/")]
        if command.words:
            _judge(command, reading)


def _judge(command: Command, reading: _Reading) -> None:
    name = posixpath.basename(command.words[0])
    args = command.words[1:]
    plain = [word for word in args if not word.startswith("-")]
    if name in ("cd", "pushd"):
        reading.before += [reading.cwd] if name == "pushd" else []
        reading.cwd = reading.path(plain[0]) if plain else reading.cwd
    elif name == "popd":
        reading.cwd = reading.before.pop() if reading.before else reading.cwd
    elif name == "mkdir":
        reading.directories += [reading.path(word) for word in plain if "$" not in word]
    elif (text := _shell_text(name, args)) is not None:
        _read(text, reading)
    elif install := read_install(name, args):
        reading.requirements += [reading.path(word) for word in install.requirements]
        reading.packages += install.packages
        reading.projects += [reading.path(word) for word in install.projects]
        reading.packed += [reading.path(word) for word in install.packed]
        reading.wheels += [reading.path(word) for word in install.wheels]
        reading.from_wheels |= install.from_wheels
        for word in install.directories:
            place = reading.variables.get("UV_PROJECT_ENVIRONMENT", word) if word == ".venv" else word
            reading.touch(place, name)
            reading.directories += [reading.path(place)] if "$" not in place else []
    elif name == "chmod":
        given = [reading.path(word) for word in plain[1:]] if not any("$" in word for word in plain[1:]) else ["/"]
        reading.executable += given or ["/"]
    elif name == "find" and "chmod" in args:
        reading.executable.append(reading.path(plain[0]) if plain else reading.cwd)
    elif name == "make" and (recipe := _recipe(args, reading)) is not None:
        here, reading.depth = reading.cwd, reading.depth + 1
        _read(recipe, reading)
        reading.cwd, reading.depth = here, reading.depth - 1
    elif name == "xargs":
        _judge(Command(without_flags(args, _XARGS) or ("true",)), reading)
    elif name in ("rm", "rmdir", "unlink", "shred"):
        # A name that nobody knows can only be one removed, which makes no module appear.
        for word in (each for each in plain if not each.startswith("$")):
            reading.remove(word, " ".join(command.words[:3]))
    elif name in ("cp", "mv", "install", "ln") and len(plain) == 2 and not any("$" in word for word in plain):
        reading.copies.append((reading.path(plain[0]), reading.path(plain[1])))
        for word in touched(name, args, plain):
            reading.touch(word, " ".join(command.words[:3]))
    elif _OF_NODE in command.words[0]:
        pass  # a program that npm installed, which writes scripts, styles and pages
    elif not leaves_files_alone(name, args, lambda word: reading.holds(reading.path(word)), fetched=command.fetched):
        for word in touched(name, args, plain):
            reading.touch(word, " ".join(command.words[:3]))


def _recipe(args: tuple[str, ...], reading: _Reading) -> str | None:
    """What make runs for its targets; None where that cannot be read, and with options that change what it is."""
    targets = [word for word in args if "=" not in word]
    if reading.depth > _DEEPEST or any(word.startswith("-") for word in targets):
        return None
    text = next((found for each in MAKEFILES if (found := reading.read(reading.path(each))) is not None), None)
    if text is None:
        return None
    return whole_recipe(text, targets, lambda word: reading.holds(reading.path(word)))


def _shell_text(name: str, args: tuple[str, ...]) -> str | None:
    """What `sh -c` and `su USER -c` are given to run."""
    if name not in ("sh", "bash", "dash", "ash", "zsh", "su"):
        return None
    at = next((at for at, word in enumerate(args) if re.fullmatch(r"-\w*c|--command", word)), None)
    return args[at + 1] if at is not None and at + 1 < len(args) else None
