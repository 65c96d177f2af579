"""Which files a command of a RUN step may write, by what its words name: copies, downloads, archives, generators."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from itertools import pairwise, zip_longest

from deploy_lib.source.option_values import value_of

_NAMES_OUTPUT = re.compile(r"-o|-C|-d|--[\w-]*(out|output|dest|directory)([_-]?(dir|file|path))?")


def touched(name: str, args: tuple[str, ...], plain: list[str]) -> Iterator[str]:
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
        yield from () if into == "-" else (into,)
    elif any(word in ("-O", "--remote-name") or (word.startswith("-") and "O" in word) for word in args) or not args:
        yield from (posixpath.basename(word) or "." for word in plain)


_GIT_TELLS_TEXT = "config describe diff log ls-files ls-remote rev-list rev-parse show status version"
_GIT_ONLY_TELLS = frozenset(_GIT_TELLS_TEXT.split())
_GIT_OPTIONS = "-b --branch -c --config --depth -o --origin -j --jobs --filter -C"


def _git(args: tuple[str, ...]) -> Iterator[str]:
    valued = _GIT_OPTIONS.split()
    plain = [word for before, word in pairwise(("", *args)) if before not in valued and not word.startswith("-")]
    if plain[:1] == ["clone"] and len(plain) > 1:
        yield plain[2] if len(plain) > 2 else posixpath.basename(plain[1].rstrip("/")).removesuffix(".git")
    elif plain and plain[0] not in _GIT_ONLY_TELLS:
        yield "."


def _find(args: tuple[str, ...]) -> Iterator[str]:
    """Removing what bears some name, the usual clean-up, makes no module appear, so it leaves everything as it is."""
    acts = {"-delete", "-exec", "-execdir", "-ok"} & set(args)
    removes = "-delete" in acts or "rm" in args
    if not acts or (removes and {"-name", "-iname", "-path"} & set(args)):
        return
    first = next((position for position, word in enumerate(args) if word.startswith(("-", "(", "!"))), len(args))
    yield from args[:first] or (".",)
