"""What steps and the diagnosis found, as versions before 0.2 wrote it: flat mappings, in the shape of today.

tests/cases/journals holds journals of that time. A mapping of today is given back as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import get_args

from deploy_lib.model.cause_facts import CauseFacts, PlainFacts

Facts = Mapping[str, object]

_INSIDE = ("python", "distributions", "files", "workdir", "uid")
_SIDES = ("stable", "candidate", "real_stable", "real_candidate")


def upgraded(kind: str, facts: Facts) -> Facts:
    """`kind` is the step's, by the name that it had then."""
    return _CHANGES[kind](facts) if kind in _CHANGES else facts


def _image_contents(facts: Facts) -> Facts:
    if "source" in facts:
        return facts
    names = ("context_hash", "base", "python", "unknown")
    source = {name: facts[name] for name in names if name in facts}
    source["manifest"] = [
        {"path": each[0], "size": each[1], "blob": each[2]} for each in _rows(facts.get("manifest")) if len(each) == 3
    ]
    return {**facts, "source": source}


def _build(facts: Facts) -> Facts:
    if "contents" in facts:
        return facts
    contents = {name: facts.get(name) for name in ("base", "base_digest", "builder", "stand_in")}
    if "manifest" in facts:
        contents["manifest"] = {each[0]: each[-1] for each in _rows(facts["manifest"])}
    inside = {name: facts[name] for name in _INSIDE if name in facts}
    return {**facts, "contents": {**contents, "inside": inside, "size": facts.get("image_size")}}


def _import_check(facts: Facts) -> Facts:
    return facts if "inside" in facts else {**facts, "inside": facts.get("image")}


def _compare(facts: Facts) -> Facts:
    return {**facts, **{name: _figures(facts[name]) for name in _SIDES if name in facts}}


def _figures(side: object) -> object:
    if not isinstance(side, Mapping) or "quantiles" in side:
        return side
    quantiles = {name: value for name, value in side.items() if name[:1] == "p" and name[1:2].isdigit()}
    return {**{name: value for name, value in side.items() if name not in quantiles}, "quantiles": quantiles}


def upgraded_cause(cause: object) -> object:
    """Its facts were texts once, later one record for all causes; `type` tells the records of today apart."""
    now = _of_texts(cause) if isinstance(cause, Mapping) and "whereabouts" not in cause else cause
    facts = now.get("facts") if isinstance(now, Mapping) else None
    if not isinstance(now, Mapping) or not isinstance(facts, Mapping) or facts.get("type") in _RECORDS:
        return now
    return {**now, "facts": {**facts, "type": _record_of(facts)}}


def upgraded_release(entry: object) -> object:
    """Its service had `public` beside the rest, and `ingress` and `custom_audiences` among how it runs."""
    release = entry.get("release") if isinstance(entry, Mapping) else None
    service = release.get("service") if isinstance(release, Mapping) else None
    if not isinstance(entry, Mapping) or not isinstance(release, Mapping) or not isinstance(service, Mapping):
        return entry
    runtime = service.get("runtime") or {}
    if "exposure" in service or not isinstance(runtime, Mapping):
        return entry
    exposure: dict[str, object] = {name: runtime.get(name) for name in ("ingress", "custom_audiences")}
    exposure["public"] = True if service.get("public") else None
    return {**entry, "release": {**release, "service": {**service, "exposure": exposure}}}


def _record_of(facts: Facts) -> str:
    """The `type` of the record that has fields for most of the facts."""
    return max(_RECORDS, key=lambda name: len(_RECORDS[name] & facts.keys()))


_RECORDS: Mapping[str, set[str]] = {
    "plain": {field.name for field in fields(PlainFacts)},  # first: where the others have no more, it is this
    **{record().type: {field.name for field in fields(record)} for record in get_args(get_args(CauseFacts)[0])},
}


def _of_texts(cause: Facts) -> Facts:
    """Where the missing file is stood among its facts."""
    facts = cause.get("facts")
    if not isinstance(facts, Mapping):
        return cause
    where = {name: facts[old] for old, name in _WHERE.items() if old in facts}
    kept = {name: value for name, value in facts.items() if name not in (*_WHERE, "finding", "not_learned", "holds")}
    if isinstance(facts.get("variables"), str):
        kept["variables"] = facts["variables"].split(", ")
    if "quota" in facts:
        kept["quota"] = {
            "name": facts["quota"],
            "requested": facts.get("requested"),
            "allowed": kept.pop("allowed", None),
        }
    if not str(facts.get("status", "0")).isdigit():
        del kept["status"]  # how a build ended
    nulls = {"null_bytes": True} if "holds" in facts else {}
    return {**cause, "facts": {**kept, **nulls}, "whereabouts": where or None}


_WHERE = {name: name for name in ("on_disk", "in_commit", "in_context", "in_image", "why", "rule")} | {
    "missing_file": "file"
}


def _rows(value: object) -> list[list[object]]:
    return [each for each in value if isinstance(each, list) and each] if isinstance(value, list) else []


_CHANGES: Mapping[str, Callable[[Facts], Facts]] = {
    "image_contents": _image_contents,
    "build": _build,
    "import_check": _import_check,
    "compare": _compare,
}
