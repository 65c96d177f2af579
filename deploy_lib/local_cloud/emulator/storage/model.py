"""Buckets, objects and refusals as data.

Plain records, so that the store, the wire and the tests speak of the same things. The refusals carry the
status, reason and text the JSON API answers with
(https://cloud.google.com/storage/docs/json_api/v1/status-codes), because those are what clients branch on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

# https://cloud.google.com/storage/docs/buckets#naming: 3-63 characters, with dots up to 222 in all.
_BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]")
_NAME_BYTES = 1024


class StorageRefusal(Exception):
    """The request is refused: an HTTP status, Google's reason word and a message."""

    def __init__(self, code: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message


@dataclass(frozen=True, slots=True)
class StoredBucket:
    name: str
    project: str
    location: str
    created: float  # seconds since the epoch
    metageneration: int = 1
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One live object. `data` names its bytes inside the bucket's directory; an append keeps the file."""

    bucket: str
    name: str
    generation: int
    metageneration: int
    size: int
    crc32c: str  # base64, big endian
    md5: str | None  # base64; None for an appended object, as for a composed one in the real cloud
    data: str
    created: float  # seconds since the epoch
    updated: float
    content_type: str = "application/octet-stream"
    fields: Mapping[str, str] = field(default_factory=dict)  # contentEncoding, cacheControl, ...
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Description:
    """What a writer says about an object besides its bytes."""

    content_type: str = "application/octet-stream"
    fields: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Conditions:
    """The preconditions of one request. `generation_match=0` means: only if there is no such object."""

    generation_match: int | None = None
    generation_not_match: int | None = None
    metageneration_match: int | None = None
    metageneration_not_match: int | None = None


def condition_failure(conditions: Conditions, found: StoredObject | None) -> bool:
    """True when a precondition does not hold for the object as it is now (None: there is none)."""
    generation = found.generation if found else 0
    metageneration = found.metageneration if found else None
    wanted, unwanted = conditions.generation_match, conditions.generation_not_match
    return (
        (wanted is not None and generation != wanted)
        or (unwanted is not None and generation == unwanted)
        or (conditions.metageneration_match is not None and metageneration != conditions.metageneration_match)
        or (conditions.metageneration_not_match is not None and metageneration == conditions.metageneration_not_match)
    )


def check_bucket_name(name: str) -> None:
    """Raises StorageRefusal 400. A name that passes is also a safe directory name."""
    if not _BUCKET_NAME.fullmatch(name):
        raise StorageRefusal(400, "invalid", f"Invalid bucket name: '{name}'")


def check_object_name(name: str) -> None:
    """Raises StorageRefusal 400 (https://cloud.google.com/storage/docs/objects#naming)."""
    size = len(name.encode("utf-8", "surrogatepass"))
    if not 0 < size <= _NAME_BYTES or "\r" in name or "\n" in name or name in {".", ".."}:
        raise StorageRefusal(400, "invalid", f"Invalid object name: {name[:80]!r}")


def no_such_bucket() -> StorageRefusal:
    return StorageRefusal(404, "notFound", "The specified bucket does not exist.")


def no_such_object(bucket: str, name: str) -> StorageRefusal:
    return StorageRefusal(404, "notFound", f"No such object: {bucket}/{name}")


def condition_not_met() -> StorageRefusal:
    return StorageRefusal(412, "conditionNotMet", "At least one of the pre-conditions you specified did not hold.")
