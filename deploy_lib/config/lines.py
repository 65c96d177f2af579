"""YAML with the place of every value: plain data, and where each part of it stands.

Built on PyYAML's safe node graph; a key given twice, which YAML readers silently let win, is a problem here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from deploy_lib.config.problems import ConfigError, ConfigProblem

Path = tuple[str | int, ...]

MOST_VALUES = 20_000
"""Keys and values of a file, with every alias written out. A hundred services in full are a sixth of it."""

_UNUSABLE = re.compile("[\x00\ud800-\udfff]")
"""No file name, variable, address or request can hold these, and "\\0" or "\\ud800" in quotes makes them."""


class _Loader(yaml.SafeLoader):
    """Leaves a date as the text that it is: what expects one says what is wrong with it, at its key."""

    def as_text(self, node: yaml.ScalarNode) -> str:
        return str(self.construct_scalar(node))


_Loader.add_constructor("tag:yaml.org,2002:timestamp", _Loader.as_text)


@dataclass(frozen=True, slots=True)
class Overridden:
    """A value that a file further up the chain replaced, or took away."""

    place: str
    value: Any


@dataclass(slots=True)
class Document:
    """`data` as yaml.safe_load gives it, but dates as text.

    `places` maps a path such as ("steps", 3, "canary") to file:line:column.

    Of one that extends others, `places` tells which file each value is from, and `overridden` what others said of it.
    """

    file: str
    data: Any = None
    places: dict[Path, str] = field(default_factory=dict)
    problems: list[ConfigProblem] = field(default_factory=list)
    overridden: dict[Path, list[Overridden]] = field(default_factory=dict)

    def place(self, path: Path) -> str:
        """file:line:column of the path, or of the nearest part above it that is in the file."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.places:
                return self.places[path[:length]]
        return self.file


def parse(text: str, file: str) -> Document:
    """Raises ConfigError when the text is not YAML, or stands for more than a configuration can need."""
    document = Document(file)
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is not None:
            _bounded(node, file)
            document.data = _value(loader, node, (), document)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{file}:{mark.line + 1}:{mark.column + 1}" if mark else file
        raise ConfigError([ConfigProblem(place, f"not valid YAML: {error.problem or error.context}")]) from None
    except RecursionError:
        raise ConfigError([ConfigProblem(file, "not valid YAML: nested too deeply")]) from None
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigError([ConfigProblem(file, f"not valid YAML: {str(error).splitlines()[0]}")]) from None
    return document


def _bounded(root: yaml.Node, file: str) -> None:
    """Raises ConfigError for a value that contains itself, and for more than MOST_VALUES, aliases written out.

    Each node is visited once, however often aliases name it.
    """
    sizes: dict[int, int] = {}
    open_nodes: set[int] = set()
    aliased = False
    stack = [(root, False)]
    while stack:
        node, counted = stack.pop()
        inner = _inner(node)
        if counted:
            open_nodes.discard(id(node))
            sizes[id(node)] = 1 + sum(sizes[id(each)] for each in inner)
        elif id(node) in sizes:
            aliased = True
        elif id(node) in open_nodes:
            place = _place(file, node)
            raise ConfigError([ConfigProblem(place, "a value contains itself")])
        elif inner:
            open_nodes.add(id(node))
            stack.append((node, True))
            stack.extend((each, False) for each in inner)
        else:
            sizes[id(node)] = 1
    if sizes[id(root)] > MOST_VALUES:
        whose = "its aliases stand for" if aliased and len(sizes) <= MOST_VALUES else "it holds"
        raise ConfigError([ConfigProblem(file, f"{whose} more than {MOST_VALUES} values; is it the right file?")])


def _place(file: str, node: yaml.Node) -> str:
    return f"{file}:{node.start_mark.line + 1}:{node.start_mark.column + 1}"


def _inner(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [each for pair in node.value for each in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _value(loader: yaml.SafeLoader, node: yaml.Node, path: Path, document: Document) -> Any:
    document.places.setdefault(path, _place(document.file, node))
    if isinstance(node, yaml.MappingNode):
        return _mapping(loader, node, path, document)
    if isinstance(node, yaml.SequenceNode):
        return [_value(loader, item, (*path, index), document) for index, item in enumerate(node.value)]
    try:
        return _usable(loader.construct_object(node, deep=True), node, document)
    except ValueError as error:
        place = _place(document.file, node)
        raise ConfigError([ConfigProblem(place, f"not valid YAML: {error}")]) from None


def _usable(value: Any, node: yaml.Node, document: Document) -> Any:
    """The value; a text with characters that nothing can hold is a problem, and goes on without them."""
    odd = _UNUSABLE.search(value) if isinstance(value, str) else None
    if odd is None:
        return value
    place = _place(document.file, node)
    document.problems.append(ConfigProblem(place, f"a text cannot hold the character U+{ord(odd[0]):04X}"))
    return _UNUSABLE.sub("", value)


def _mapping(loader: yaml.SafeLoader, node: yaml.MappingNode, path: Path, document: Document) -> dict[str, Any]:
    own = {key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)}
    seen: set[str] = set()
    for key, _ in node.value:
        name = str(key.value)
        if isinstance(key, yaml.ScalarNode) and name in seen and name != "<<":
            place = _place(document.file, key)
            document.problems.append(ConfigProblem(place, f"{name!r} is given twice"))
        seen.add(name)
    loader.flatten_mapping(node)
    result: dict[str, Any] = {}
    for key, value in node.value:
        name = str(_usable(loader.construct_object(key, deep=True), key, document))
        if isinstance(key, yaml.ScalarNode) and key.value not in own and name in result:
            continue
        inner = (*path, name)
        document.places[inner] = _place(document.file, key)
        result[name] = _value(loader, value, inner, document)
    return result
