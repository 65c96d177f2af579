"""Compares a recorded answer with the local cloud's, field by field.

What no two runs share (ids, times, hosts, the suffix of a generated revision) is bound: the first time a recorded value
is met, ours of the same place stands for it, and from then on the one must come wherever the other does. So it is
seen when a time is not kept or an id changes.
"""

from __future__ import annotations

import base64
import binascii
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp  # type: ignore[attr-defined]

_ABSENT = "(absent)"
_KINDS = {
    "time": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z"),
    "id": re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    "suffix": re.compile(r"(?<=-\d{5}-)[a-z0-9]{3}\b"),
    "number": re.compile(r"(?<=projects/)\d+(?=/)|\d+(?=-compute@)|(?<=project=)\d+$|(?<=gs://)\d+(?=\.cloudbuild)"),
    "address": re.compile(r"(?<=http://127\.0\.0\.1)(?::\d+)?$"),
    "version": re.compile(r'"[0-9a-f]{14,}"'),
    "account": re.compile(r"[\w.-]+@[\w.-]+(?<!developer\.gserviceaccount\.com)$"),
}
_SECONDS = re.compile(r"\b\d+\.\d\ds\b")
_ETAG = re.compile(r'"([\w-]+)/([\w-]+)"')


@dataclass(frozen=True, slots=True)
class Field:
    """One field at one moment; `path` has no indexes."""

    path: str
    recorded: object
    ours: object
    equal: bool


@dataclass
class Bindings:
    """What stands for what, both ways, by kind."""

    ours: dict[tuple[str, str], str] = field(default_factory=dict)
    recorded: dict[tuple[str, str], str] = field(default_factory=dict)

    def bind(self, kind: str, recorded: str, ours: str) -> bool:
        """Whether the two stand, or from now on may stand, for each other."""
        known = self.ours.setdefault((kind, recorded), ours)
        back = self.recorded.setdefault((kind, ours), recorded)
        return known == ours and back == recorded

    def as_ours(self, value: Any) -> Any:
        """A recorded request, as JSON or text, with our values for the recorded ones."""
        if isinstance(value, dict):
            return {key: self.as_ours(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.as_ours(item) for item in value]
        if isinstance(value, str):
            for (kind, recorded), ours in self.ours.items():
                if kind in {"id", "suffix", "version", "number"}:
                    value = value.replace(recorded, ours)
        return value


def unordered(answers: list[tuple[Any, Any]]) -> list[str]:
    """Times of one resource whose order is another than the recorded one; recorded and our answers in pairs."""
    pairs = sorted({pair for recorded, ours in answers for pair in zip(_times(recorded), _times(ours), strict=False)})
    return [
        f"recorded {before} < {after}, ours {ours_before} > {ours_after}"
        for (before, ours_before), (after, ours_after) in itertools.pairwise(pairs)
        if ours_before > ours_after
    ]


def _times(answer: Any) -> list[str]:
    if isinstance(answer, dict):
        return [time for key in sorted(answer) for time in _times(answer[key])]
    if isinstance(answer, list):
        return [time for item in answer for time in _times(item)]
    return _KINDS["time"].findall(answer) if isinstance(answer, str) else []


def compare(recorded: Any, ours: Any, bindings: Bindings, path: str = "", *, partial: bool = False) -> Iterator[Field]:
    """Every leaf of either side once; when the recorded one is `partial`, of that side."""
    if isinstance(recorded, dict) and isinstance(ours, dict):
        if not recorded and not ours:
            yield Field(path, recorded, ours, True)
        for key in sorted(recorded if partial else {*recorded, *ours}):
            inner = f"{path}.{key}".lstrip(".")
            left, right = recorded.get(key, _ABSENT), ours.get(key, _ABSENT)
            yield from compare(left, right, bindings, inner, partial=partial)
    elif isinstance(recorded, list) and isinstance(ours, list):
        for number in range(max(len(recorded), len(ours))):
            left = recorded[number] if number < len(recorded) else _ABSENT
            right = ours[number] if number < len(ours) else _ABSENT
            yield from compare(left, right, bindings, path, partial=partial)
    elif isinstance(recorded, str) and isinstance(ours, str):
        yield Field(path, recorded, ours, _same(recorded, ours, bindings))
    else:
        yield Field(path, recorded, ours, recorded == ours)


def _same(recorded: str, ours: str, bindings: Bindings) -> bool:
    left, right = _ETAG.fullmatch(recorded), _ETAG.fullmatch(ours)
    if left and right:
        return _decoded(left, 2) == _decoded(right, 2) and bindings.bind("etag", _time(left), _time(right))
    equal, ours = True, _SECONDS.sub("seconds", ours) if "seconds" in recorded else ours
    for kind, pattern in _KINDS.items():
        theirs, own = pattern.findall(recorded), pattern.findall(ours)
        if len(theirs) != len(own):
            return False
        for one, other in zip(theirs, own, strict=True):
            equal &= bindings.bind(kind, one, other)
        recorded, ours = pattern.sub(kind, recorded), pattern.sub(kind, ours)
    return equal and recorded == ours


def _decoded(etag: re.Match[str], group: int) -> bytes:
    try:
        return base64.urlsafe_b64decode(etag[group] + "==")
    except binascii.Error:
        return etag[group].encode()


def _time(etag: re.Match[str]) -> str:
    return str(Timestamp.FromString(_decoded(etag, 1)).ToJsonString())
