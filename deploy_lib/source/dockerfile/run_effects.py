"""What a RUN step may do to files nobody can see beforehand, and which requirements it installs.

The aim is never to be wrong: a command whose effect on files is known leaves the rest of the image certain, and any
other makes its working directory unknown. Unknown is said as such; it is never an error.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import zip_longest

from deploy_lib.source.dockerfile.installs import read_install
from deploy_lib.source.dockerfile.shell import Command, split_commands
from deploy_lib.source.option_values import value_of

_LEAVES_FILES_ALONE = """
    : [ [[ add-apt-repository addgroup adduser alias apk apt apt-get apt-key apt-mark awk base64 basename break case
    cat chgrp chmod chown clear command continue cut date debconf-set-selections df dirname dnf dpkg du echo esac
    exit export false file for getent gpg grep groupadd groupmod hash head id in ldconfig local locale-gen ls
    microdnf mkdir nproc passwd printf pwd read readlink realpath return seq service set sha256sum sleep sort stat
    tail test tr trap true type ulimit umask uname uniq unset update-alternatives update-ca-certificates useradd
    usermod wc which whoami yum zypper
"""
_HARMLESS = frozenset(_LEAVES_FILES_ALONE.split())
_MODULES = frozenset({"compileall", "ensurepip", "nltk.downloader", "pip", "playwright", "site", "spacy", "venv"})
_NAMES_OUTPUT = re.compile(r"-o|-C|-d|--[\w-]*(out|output|dest|directory)([_-]?(dir|file|path))?")
_ONLY_ASKS = re.compile(r"\s*(import|from)\s[\w\s.,;()'\"%:{}\[\]=+-]*")


@dataclass(frozen=True, slots=True)
class Effects:
    """`unknown` maps image paths to reasons. `projects` are image paths that are built and installed."""

    unknown: Mapping[str, str] = field(default_factory=dict)
    directories: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()  # image paths, and file names in them
    packages: tuple[str, ...] = ()  # installed by name
    projects: tuple[str, ...] = ()


class _Reading:
    def __init__(self, workdir: str, variables: Mapping[str, str]) -> None:
        self.cwd = workdir
        self.variables = variables
        self.unknown: dict[str, str] = {}
        self.directories: list[str] = []
        self.requirements: list[str] = []
        self.packages: list[str] = []
        self.projects: list[str] = []

    def path(self, word: str) -> str:
        return "/" + posixpath.normpath(posixpath.join(self.cwd, word)).lstrip("/")

    def touch(self, word: str, command: str) -> None:
        """The file or directory of that name is unknown from here on."""
        certain = re.split(r"[$*?\[`{]", word, maxsplit=1)[0]
        if certain != word:
            certain = certain[: certain.rfind("/") + 1] or ("/" if word.startswith(("$", "`")) else ".")
        self.unknown.setdefault(self.path(certain), f"RUN {command} may change it")


def read_effects(texts: Iterable[str], workdir: str, variables: Mapping[str, str]) -> Effects:
    """`texts` are shell scripts: the RUN's own words, or its heredocs."""
    reading = _Reading(workdir, variables)
    for text in texts:
        _read(text, reading)
    return Effects(
        reading.unknown,
        tuple(reading.directories),
        tuple(reading.requirements),
        tuple(reading.packages),
        tuple(reading.projects),
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
    elif name in ("sh", "bash", "dash", "ash") and "-c" in "".join(args[:1]) and len(plain) >= 1:
        _read(plain[0], reading)
    elif install := read_install(name, args):
        reading.requirements += [reading.path(word) for word in install.requirements]
        reading.packages += install.packages
        reading.projects += [reading.path(word) for word in install.projects]
        for word in install.directories:
            reading.touch(word, name)
    elif not _is_harmless(name, args):
        for word in _touched(name, args, plain):
            reading.touch(word, " ".join(command.words[:3]))


def _is_harmless(name: str, args: tuple[str, ...]) -> bool:
    if name in _HARMLESS:
        return True
    if re.fullmatch(r"(python|pypy)[\d.]*", name):
        if args and args[0].startswith("-m"):
            module = args[0][2:] or "".join(args[1:2])
            return module in _MODULES
        if args[:1] == ("-c",):
            return len(args) > 1 and _ONLY_ASKS.fullmatch(args[1]) is not None
        return args in (("--version",), ("-V",))
    return name in ("npm", "yarn", "pnpm") and args[:1] in (("ci",), ("install",), ("i",))


def _touched(name: str, args: tuple[str, ...], plain: list[str]) -> Iterator[str]:
    """The words that name what the command may change."""
    if name in ("mv", "rm", "rmdir", "unlink", "touch", "truncate", "tee", "shred"):
        # A name that nobody knows can only be one removed, which makes no module appear.
        yield from (word for word in plain if name != "rm" or not word.startswith("$"))
    elif name in ("cp", "ln", "install", "rsync"):
        yield value_of(args, "-t", "--target-directory") or (plain[-1] if plain else ".")
    elif name in ("tar", "bsdtar", "unzip"):
        yield value_of(args, "-C", "--directory", "-d") or "."
    elif name in ("curl", "wget"):
        yield from _download(args, plain)
    elif name == "git":
        yield from _git(plain)
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


def _git(plain: list[str]) -> Iterator[str]:
    if plain[:1] == ["clone"] and len(plain) > 1:
        yield plain[2] if len(plain) > 2 else posixpath.basename(plain[1].rstrip("/")).removesuffix(".git")
    elif plain[:1] not in (["config"], ["--version"], []):
        yield "."


def _find(args: tuple[str, ...]) -> Iterator[str]:
    """Removing what bears some name, the usual clean-up, makes no module appear, so it leaves everything as it is."""
    acts = {"-delete", "-exec", "-execdir", "-ok"} & set(args)
    removes = "-delete" in acts or "rm" in args
    if not acts or (removes and {"-name", "-iname", "-path"} & set(args)):
        return
    first = next((position for position, word in enumerate(args) if word.startswith(("-", "(", "!"))), len(args))
    yield from args[:first] or (".",)
