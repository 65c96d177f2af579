"""Where a value of the configuration is from, and what it replaced. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, TypeGuard, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from deploy_lib.config.inherit import paths
from deploy_lib.config.job_target import OF_SERVICES, JobTargetSettings
from deploy_lib.config.lines import Document, Overridden, Path
from deploy_lib.config.load import Config
from deploy_lib.config.problems import unknown
from deploy_lib.config.service_settings import ServiceSettings
from deploy_lib.config.settings import FileSettings
from deploy_lib.redact import Redactor


@dataclass(frozen=True, slots=True)
class ValueOrigin:
    """`place` is file:line:column, empty for what no file names; `value` is masked where it holds a secret.

    `over` are the values that this one replaced, the nearest first.
    """

    key: str
    value: Any
    place: str
    over: tuple[Overridden, ...] = ()
    taken_away: bool = False
    default: bool = False
    about: str = ""  # what a setting means that has no value, where nothing is kept of the running service


_OURS = {
    "after",
    "build_args",
    "candidate_url",
    "entrypoint",
    "env_file",
    "guard",
    "include",
    "invoke_as",
    "pythonpath",
}
_OURS |= {"json", "remove", "status", "target", "text", "url"}
"""Settings of a service that the running one does not have, so that nothing of them is kept."""


_MODELS: dict[str, type[ServiceSettings]] = {"services": ServiceSettings, "jobs": JobTargetSettings}
_OFFERED, _ALIKE = 3, 0.8


class NoSuchKey(Exception):
    """Why there is nothing to explain, as a whole clause."""


def explained(config: Config, key: str, names: Sequence[str], section: str = "services") -> list[ValueOrigin]:
    """One for each value of that key; a key of a service may leave out `services.NAME.` of those, and one of a job the
    same of `jobs`. Raises NoSuchKey."""
    starts = [*_starts(section, names)]
    found = [origin for start in starts for origin in _origins(config.document, start, key)]
    if not found and (whole := _default(FileSettings, key, "")) is not None:
        found = [whole]
    if not found:
        found = [
            origin for name in names if (origin := _default(_MODELS[section], key, f"{section}.{name}")) is not None
        ]
    if not found:
        first = key.partition(".")[0]
        if first.startswith("x-"):
            raise NoSuchKey(f"{first} is not a setting; it is for anchors, and what refers to one can be explained")
        known = {*_MODELS[section].model_fields, *FileSettings.model_fields}
        meant = _meant(config.document, starts, key) if not get_close_matches(key, known, 1) else []
        if meant:
            raise NoSuchKey(f"unknown key {key!r}; did you mean {' or '.join(meant)}?")
        if first in known and first != key:
            raise NoSuchKey(f"nothing is named {key}, and {first} has no such key of its own")
        raise NoSuchKey(unknown("key", key, known))
    return found


def _starts(section: str, names: Sequence[str]) -> Iterator[Path]:
    yield ()
    yield (section,)
    yield from ((section, name) for name in names)


def _meant(document: Document, starts: Sequence[Path], key: str) -> list[str]:
    """Keys of the file that end like this one, or nearly so: env.FLAVOUR for FLAVOUR; a service's before the file's."""
    for start in reversed(starts):
        below = [each[len(start) :] for each in paths(_at(document.data, start), start)]
        words = [".".join(map(str, each)) for each in below if len(each) > 1]
        ends = {word.lower(): word for word in reversed(words)} | {
            word.lower().rpartition(".")[2]: word for word in reversed(words)
        }
        found = [word for word in words if word.lower().endswith(f".{key.lower()}")]
        found = found or [ends[each] for each in get_close_matches(key.lower(), ends, 1, _ALIKE)]
        if found:
            return [*dict.fromkeys(found)][:_OFFERED]
    return []


def _origins(document: Document, start: Path, key: str) -> Iterator[ValueOrigin]:
    path = _path(document, _at(document.data, start), start, key)
    if path is None:
        return
    value = _at(document.data, path)
    below = [each for each in document.overridden if each[: len(path)] == path and each != path]
    leaves = [each for each in paths(value, path) if not _has_more(document.data, each)]
    leaves += [each for each in below if each not in leaves and _at(document.data, each) is None]
    yield from (_origin(document, each) for each in leaves)


def _path(document: Document, value: Any, start: Path, key: str) -> Path | None:
    """The path below `start` that a dotted key names; names with dots in them are met as a whole."""
    if not key:
        return start
    if isinstance(value, list):
        first, _, rest = key.partition(".")
        index = int(first) if first.isdigit() else len(value)
        return _path(document, value[index], (*start, index), rest) if index < len(value) else None
    if isinstance(value, dict):
        taken_away = [str(path[-1]) for path in document.overridden if path[:-1] == start]
        for name in [*value, *taken_away]:
            if key == name or key.startswith(f"{name}."):
                found = _path(document, value.get(name), (*start, name), key[len(name) + 1 :])
                if found is not None:
                    return found
    return None


def _at(data: Any, path: Path) -> Any:
    """None where the path ends in nothing."""
    for part in path:
        if isinstance(data, dict):
            data = data.get(part)
        elif isinstance(data, list) and isinstance(part, int) and part < len(data):
            data = data[part]
        else:
            return None
    return data


def _has_more(data: Any, path: Path) -> bool:
    value = _at(data, path)
    return isinstance(value, dict | list) and bool(value)


def _origin(document: Document, path: Path) -> ValueOrigin:
    name, value = str(path[-1]), _at(document.data, path)
    over = tuple(Overridden(each.place, _shown(name, each.value)) for each in document.overridden.get(path, ()))
    key = ".".join(map(str, path))
    return ValueOrigin(key, _shown(name, value), document.place(path), over, taken_away=value is None and bool(over))


def _shown(name: str, value: Any) -> Any:
    return Redactor().value({name: value})[name]


def _default(model: type[FileSettings | ServiceSettings], key: str, entry: str) -> ValueOrigin | None:
    """What holds where no file says anything; None for what is no setting. `entry`: services.NAME, "" for the file."""
    field = _field(model, key.removeprefix(f"{entry}.") if entry else key)
    if field is None:
        return None
    default: Any = None if field.is_required() else field.get_default(call_default_factory=True)
    plain = default.model_dump(exclude_none=True) if hasattr(default, "model_dump") else default
    named = f"{entry}.{key.removeprefix(f'{entry}.')}" if entry else key
    kept = bool(entry) and key.rpartition(".")[2] not in _OURS
    about = (field.description or "") if not kept else ""
    return ValueOrigin(named, _plain(plain), "", default=True, about=about)


def _plain(value: Any) -> Any:
    """As YAML has it; None for what is empty."""
    return (list(value) if isinstance(value, tuple) else value) if value not in (None, {}, (), []) else None


def _field(model: type[BaseModel], key: str) -> FieldInfo | None:
    first, _, rest = key.partition(".")
    field = model.model_fields.get(first) if not (model is JobTargetSettings and first in OF_SERVICES) else None
    if field is None or not rest:
        return field
    inner = next((each for each in (field.annotation, *get_args(field.annotation)) if _is_model(each)), None)
    return _field(inner, rest) if inner is not None else None


def _is_model(annotation: Any) -> TypeGuard[type[BaseModel]]:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
