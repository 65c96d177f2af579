"""An entry as a line of JSON, and back. What a step found is of the type that its kind records.

On a line it is called `facts`, as it has been since before it had types.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import from_json, to_json

from deploy_lib.journal.upgrade import upgraded, upgraded_cause, upgraded_release
from deploy_lib.model.cause_facts import NOTHING_ELSE
from deploy_lib.model.details import Details, Foreign
from deploy_lib.model.journal import Diagnosed, Entry, Judged
from deploy_lib.steps.catalogue import KINDS


@cache
def _entries() -> TypeAdapter[Entry]:
    return TypeAdapter(Annotated[Entry, Field(discriminator="type")])


_ADAPTERS: dict[type[Details], TypeAdapter[Details]] = {}


def _details_of(kind: type[Details]) -> TypeAdapter[Details]:
    """Made when it is first needed: each takes a millisecond."""
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


def encode(entry: Entry) -> bytes:
    """One line, without its newline."""
    if isinstance(entry, Diagnosed):
        plain = _entries().dump_python(entry, mode="json")
        facts = plain["cause"]["facts"].items()
        known = {name: value for name, value in facts if value not in (None, []) and value is not False}
        plain["cause"]["facts"] = {} if known == {"type": NOTHING_ELSE.type} else known
        return to_json(plain, inf_nan_mode="null")
    if not isinstance(entry, Judged):
        return _entries().dump_json(entry)
    plain = _entries().dump_python(replace(entry, details=None), mode="json")
    named = {("facts" if name == "details" else name): value for name, value in plain.items()}
    return to_json({**named, "facts": _facts(entry.details)}, inf_nan_mode="null")


def decode(line: bytes) -> Entry:
    """Raises ValueError for anything that is not an entry."""
    try:
        plain = from_json(line)
        if isinstance(plain, dict) and plain.get("type") == "diagnosed":
            return _entries().validate_python({**plain, "cause": upgraded_cause(plain.get("cause"))})
        if not (isinstance(plain, dict) and plain.get("type") == "judged"):
            now = upgraded_release(plain)
            return _entries().validate_json(line) if now is plain else _entries().validate_python(now)
        facts = plain.pop("facts", None)
        entry = _entries().validate_python(upgraded_release(plain))
    except ValidationError as problem:
        raise ValueError(f"not a journal entry: {problem.errors()[0]['msg']}") from None
    except ValueError as problem:
        raise ValueError(f"not a journal entry: {problem}") from None
    assert isinstance(entry, Judged)
    return replace(entry, details=_details(entry.kind, facts))


def _facts(details: Details | None) -> Any:
    if details is None:
        return {}
    if isinstance(details, Foreign):
        return details.values
    return _details_of(type(details)).dump_python(details, mode="json")


def _details(kind: str, facts: object) -> Details | None:
    """None for a step that found nothing, and what cannot be understood as it stands."""
    if not isinstance(facts, Mapping) or not facts:
        return None
    if kind not in KINDS:
        return Foreign(facts)
    try:
        return _details_of(KINDS[kind].details).validate_python(upgraded(kind, facts))
    except ValidationError:
        return Foreign(facts)
