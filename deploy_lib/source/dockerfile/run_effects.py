"""What a RUN step may do to files nobody can see beforehand, and which requirements it installs.

The aim is never to be wrong: a command whose effect on files is known leaves the rest of the image certain, and any
other makes its working directory unknown. What is unknown is marked so; it is never an error.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise, zip_longest

from deploy_lib.source.dockerfile.harmless import leaves_files_alone
from deploy_lib.source.dockerfile.installs import read_install
from deploy_lib.source.dockerfile.shell import Command, split_commands
from deploy_lib.source.entrypoint.wrappers import Wrapper, without_flags
from deploy_lib.source.option_values import value_of

_XARGS = Wrapper(valued="-I -n -P -d -L -a -s -E")
_NAMES_OUTPUT = re.compile(r"-o|-C|-d|--[\w-]*(out|output|dest|directory)([_-]?(dir|file|path))?")


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


class _Reading:
    def __init__(self, workdir: str, variables: Mapping[str, str], holds: Callable[[str], bool]) -> None:
        self.cwd = workdir
        self.variables = variables
        self.holds = holds
        self.unknown: dict[str, str] = {}
        self.directories: list[str] = []
        self.requirements: list[str] = []
        self.packages: list[str] = []
        self.projects: list[str] = []
        self.roots: list[str] = []
        self.executable: list[str] = []
        self.packed: list[str] = []

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
    texts: Iterable[str], workdir: str, variables: Mapping[str, str], holds: Callable[[str], bool]
) -> Effects:
    """`texts` are shell scripts: the RUN's own words, or its heredocs. `holds`: whether files of the context lie below
    an image path, or are it."""
    reading = _Reading(workdir, variables, holds)
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
    if name == "cd":
        reading.cwd = reading.path(plain[0]) if plain else reading.cwd
    elif name == "mkdir":
        reading.directories += [reading.path(word) for word in plain if "$" not in word]
    elif (text := _shell_text(name, args)) is not None:
        _read(text, reading)
    elif install := read_install(name, args):
        reading.requirements += [reading.path(word) for word in install.requirements]
        reading.packages += install.packages
        reading.projects += [reading.path(word) for word in install.projects]
        reading.packed += [reading.path(word) for word in install.packed]
        for word in install.directories:
            reading.touch(word, name)
    elif name == "chmod":
        given = [reading.path(word) for word in plain[1:]] if not any("$" in word for word in plain[1:]) else ["/"]
        reading.executable += given or ["/"]
    elif name == "find" and "chmod" in args:
        reading.executable.append(reading.path(plain[0]) if plain else reading.cwd)
    elif name == "xargs":
        _judge(Command(without_flags(args, _XARGS) or ("true",)), reading)
    elif name in ("rm", "rmdir", "unlink", "shred"):
        # A name that nobody knows can only be one removed, which makes no module appear.
        for word in (each for each in plain if not each.startswith("$")):
            reading.remove(word, " ".join(command.words[:3]))
    elif not leaves_files_alone(name, args, lambda word: reading.holds(reading.path(word)), fetched=command.fetched):
        for word in _touched(name, args, plain):
            reading.touch(word, " ".join(command.words[:3]))


def _shell_text(name: str, args: tuple[str, ...]) -> str | None:
    """What `sh -c` and `su USER -c` are given to run."""
    if name not in ("sh", "bash", "dash", "ash", "zsh", "su"):
        return None
    at = next((at for at, word in enumerate(args) if re.fullmatch(r"-\w*c|--command", word)), None)
    return args[at + 1] if at is not None and at + 1 < len(args) else None


def _touched(name: str, args: tuple[str, ...], plain: list[str]) -> Iterator[str]:
    """The words that name what the command may change."""
    if name in ("mv", "touch", "truncate", "tee"):
        yield from plain
    elif name in ("dos2unix", "gunzip", "patch"):
        yield from plain or (".",)
    elif name == "install" and "-d" in args:
        return
    elif name in ("cp", "ln", "install", "rsync"):
        yield value_of(args, "-t", "--target-directory") or (plain[-1] if plain else ".")
    elif name in ("tar", "bsdtar", "unzip"):
        yield value_of(args, "-C", "--directory", "-d") or "."
    elif name in ("curl", "wget"):
        yield from _download(args, plain)
    elif name == "git":
        yield from _git(args)
    elif name == "sed":
        yield from plain[1:] if any(word.startswith(("-i", "--in-place")) for word in args) else ()
    elif name == "find":
        yield from _find(args)
    else:
        yield "."
        yield from _outputs(args)


def _outputs(args: tuple[str, ...]) -> Iterator[str]:
    """What options such as --python_out=DIR, --output FILE or -C DIR name, besides the working directory.

    protoc takes settings of a plugin before the directory, "grpc:DIR" (https://protobuf.dev/reference/).
    """
    for word, following in zip_longest(args, args[1:], fillvalue=""):
        option, equals, value = word.partition("=")
        if _NAMES_OUTPUT.fullmatch(option):
            named = (value if equals else following).rpartition(":")[2]
            if named and not named.startswith("-"):
                yield named


def _download(args: tuple[str, ...], plain: list[str]) -> Iterator[str]:
    into = value_of(args, "-o", "--output", "-O", "--output-document")
    if into and not into.startswith("http"):
        yield into
    elif any(word in ("-O", "--remote-name") or (word.startswith("-") and "O" in word) for word in args) or not args:
        yield from (posixpath.basename(word) or "." for word in plain)


_GIT_OPTIONS = "-b --branch -c --config --depth -o --origin -j --jobs --filter -C"


def _git(args: tuple[str, ...]) -> Iterator[str]:
    valued = _GIT_OPTIONS.split()
    plain = [word for before, word in pairwise(("", *args)) if before not in valued and not word.startswith("-")]
    if plain[:1] == ["clone"] and len(plain) > 1:
        yield plain[2] if len(plain) > 2 else posixpath.basename(plain[1].rstrip("/")).removesuffix(".git")
    elif plain[:1] not in (["config"], []):
        yield "."


def _find(args: tuple[str, ...]) -> Iterator[str]:
    """Removing what bears some name, the usual clean-up, makes no module appear, so it leaves everything as it is."""
    acts = {"-delete", "-exec", "-execdir", "-ok"} & set(args)
    removes = "-delete" in acts or "rm" in args
    if not acts or (removes and {"-name", "-iname", "-path"} & set(args)):
        return
    first = next((position for position, word in enumerate(args) if word.startswith(("-", "(", "!"))), len(args))
    yield from args[:first] or (".",)
