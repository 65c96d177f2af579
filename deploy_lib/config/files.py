"""The files that a configuration is made of: the one that is named, those it extends, and those of env_file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from deploy_lib.config.dotenv import BadLine, read_variables
from deploy_lib.config.file_text import NotReadable, read_text
from deploy_lib.config.inherit import merged
from deploy_lib.config.lines import Document, parse
from deploy_lib.config.problems import ConfigError, ConfigProblem
from deploy_lib.redact import is_secret, named_secrets

MOST_FILES = 20
"""In one chain of `extends`."""


def read_files(path: Path, shown: str) -> Document:
    """The file as one document, with all that it extends and the variables of each env_file.

    The others must lie in the same repository, or in the first one's directory where that is in none. Raises
    ConfigError for a file that cannot be read at all.
    """
    root = _root(path)
    chain: list[tuple[Path, Document]] = []
    for found in _chain(path, shown, root):
        chain.append(found)
    directories = {document.file: each.parent for each, document in chain}
    whole = chain[-1][1]
    for _, document in reversed(chain[:-1]):
        whole = merged(document, whole)
    _add_variables(whole, directories, root)
    return whole


def _root(path: Path) -> Path:
    directory = Path(os.path.realpath(path)).parent
    return next((each for each in (directory, *directory.parents) if (each / ".git").exists()), directory)


def _chain(path: Path, shown: str, root: Path) -> Iterator[tuple[Path, Document]]:
    """The first file, the one it extends, and so on."""
    place, names, known = shown, [shown], {os.path.realpath(path)}
    while True:
        document = _document(path, names[-1], place)
        data = document.data
        wanted = data.get("extends")
        if len(names) > 1 and data.pop("extends", None) is not None and not (isinstance(wanted, str) and wanted):
            why = "extends is not the name of one file"
            document.problems.append(ConfigProblem(document.place(("extends",)), why))
        for key in [key for key in data if key.startswith("x-")]:
            del data[key]
        yield path, document
        if not isinstance(wanted, str) or not wanted:
            return  # what is not a text is a problem of the first file's form
        place = document.place(("extends",))
        path, name = _beside(wanted, path.parent, names[-1], root, f"{place}: extends")
        names.append(name)
        if os.path.realpath(path) in known:
            raise ConfigError([ConfigProblem(place, f"a circle: {' extends '.join(names)}")])
        if len(names) > MOST_FILES:
            raise ConfigError([ConfigProblem(place, f"more than {MOST_FILES} files extend each other")])
        known.add(os.path.realpath(path))


def _document(path: Path, shown: str, place: str) -> Document:
    try:
        document = parse(read_text(path), shown)
    except NotReadable as error:
        named = "" if place == shown else f"{shown}: "
        raise ConfigError([ConfigProblem(place, f"{named}{error}")]) from None
    if not isinstance(document.data, dict):
        message = "the file must be a mapping of keys; config/reference.yaml shows every key"
        raise ConfigError([ConfigProblem(shown, message)])
    return document


def _beside(wanted: str, directory: Path, shown: str, root: Path, what: str) -> tuple[Path, str]:
    """The file of that name beside the one that names it. Raises ConfigError for one outside of `root`."""
    path = directory / wanted
    if Path(wanted).is_absolute() or not Path(os.path.realpath(path)).is_relative_to(root):
        place, _, key = what.rpartition(": ")
        why = f"{key}: {wanted!r} leaves {root}; name a file in it, relative to the file that names it"
        raise ConfigError([ConfigProblem(place, why)])
    return path, os.path.normpath(Path(shown).parent / wanted)


def _add_variables(document: Document, directories: dict[str, Path], root: Path) -> None:
    """The variables of each service's env_file, where its env does not name them; of several files the last counts."""
    for section in ("services", "jobs"):
        _add_to_each(section, document, directories, root)


def _add_to_each(section: str, document: Document, directories: dict[str, Path], root: Path) -> None:
    services = document.data.get(section)
    for name, service in services.items() if isinstance(services, dict) else ():
        if not isinstance(service, dict) or not isinstance(service.get("env", {}), dict | None):
            continue
        given = service.get("env_file")
        files = [given] if isinstance(given, str) else given if isinstance(given, list) else []
        read: dict[str, tuple[str, str]] = {}
        for index, wanted in enumerate(files):
            place = document.place((section, name, "env_file", *((index,) if isinstance(given, list) else ())))
            if isinstance(wanted, str) and wanted:
                read |= _variables(wanted, place, directories, root, document.problems)
        own: dict[str, Any] = service.get("env") or {}
        for variable in read.keys() - own.keys():
            document.places[(section, name, "env", variable)] = read[variable][1]
        if read:
            service["env"] = {**{variable: value for variable, (value, _) in read.items()}, **own}


def _variables(
    wanted: str, place: str, directories: dict[str, Path], root: Path, problems: list[ConfigProblem]
) -> dict[str, tuple[str, str]]:
    """Each variable of the file with its value and place."""
    naming = place.rsplit(":", 2)[0]
    found: dict[str, tuple[str, str]] = {}
    try:
        path, shown = _beside(wanted, directories[naming], naming, root, f"{place}: env_file")
        text = read_text(path)
    except ConfigError as error:
        problems.extend(error.problems)
        return found
    except NotReadable as error:
        problems.append(ConfigProblem(place, f"env_file: {shown}: {error}"))
        return found
    for each in read_variables(text):
        where = f"{shown}:{each.line}:1"
        if isinstance(each, BadLine):
            problems.append(ConfigProblem(where, each.why))
        elif is_secret(each.name, each.value) or named_secrets({each.name: each.value}):
            why = f"{each.name} holds a secret; put it into Secret Manager, and name it under secrets: of the service"
            problems.append(ConfigProblem(where, why))
        else:
            found[each.name] = (each.value, where)
    return found
