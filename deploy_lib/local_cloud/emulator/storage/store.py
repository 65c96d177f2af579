"""Stores the buckets and objects of the local cloud, independent of the protocol.

Builds fetch their source here and write their logs and artifacts here; clients come in over the JSON API
(objects, uploads). Every method may be called from any thread. Generations only ever grow, as
clients use them to see that an object was replaced.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from . import disk
from .incoming import Expected, Incoming, extend_crc32c
from .model import (
    Conditions,
    Description,
    StorageRefusal,
    StoredBucket,
    StoredObject,
    check_bucket_name,
    check_object_name,
    condition_failure,
    condition_not_met,
    no_such_bucket,
    no_such_object,
)

_ANY = Conditions()


class Storage:
    """All buckets. `clock` gives seconds since the epoch. Methods raise StorageRefusal."""

    def __init__(self, root: Path, clock: Callable[[], float] = time.time) -> None:
        self._root = root
        self._clock = clock
        self._lock = threading.RLock()
        self._last_generation = 0
        self._buckets: dict[str, StoredBucket] = {}
        self._objects: dict[str, dict[str, StoredObject]] = {}
        root.mkdir(parents=True, exist_ok=True)
        for bucket, objects in disk.load(root):
            self._buckets[bucket.name] = bucket
            self._objects[bucket.name] = {item.name: item for item in objects}
            self._last_generation = max([self._last_generation, *(item.generation for item in objects)])

    # Buckets

    def create_bucket(
        self, name: str, project: str, location: str = "US", labels: Mapping[str, str] | None = None
    ) -> StoredBucket:
        check_bucket_name(name)
        with self._lock:
            if name in self._buckets:
                message = "Your previous request to create the named bucket succeeded and you already own it."
                raise StorageRefusal(409, "conflict", message)
            bucket = StoredBucket(name, project, location.upper(), self._clock(), labels=dict(labels or {}))
            disk.save_bucket(self._root, bucket)
            self._buckets[name], self._objects[name] = bucket, {}
            return bucket

    def ensure_bucket(self, name: str, project: str) -> StoredBucket:
        """For the buckets that Google's services make by themselves, such as Cloud Build's log bucket."""
        with self._lock:
            return self._buckets.get(name) or self.create_bucket(name, project)

    def bucket(self, name: str) -> StoredBucket:
        with self._lock:
            if name not in self._buckets:
                raise no_such_bucket()
            return self._buckets[name]

    def has_bucket(self, name: str) -> bool:
        """In whichever project."""
        with self._lock:
            return name in self._buckets

    def buckets(self, project: str) -> list[StoredBucket]:
        with self._lock:
            return sorted((b for b in self._buckets.values() if b.project == project), key=lambda b: b.name)

    def delete_bucket(self, name: str) -> None:
        with self._lock:
            self.bucket(name)
            if self._objects[name]:
                raise StorageRefusal(409, "conflict", "The bucket you tried to delete is not empty.")
            del self._buckets[name], self._objects[name]
            disk.forget_bucket(self._root, name)

    # Objects

    def begin(self, bucket: str) -> Incoming:
        """A private file in the bucket for bytes that are still arriving."""
        self.bucket(bucket)
        return Incoming(self._root / bucket / "data" / uuid.uuid4().hex)

    def check(self, bucket: str, name: str, conditions: Conditions) -> None:
        """Refuses early what `finish` would refuse, before the bytes are sent."""
        check_object_name(name)
        with self._lock:
            self.bucket(bucket)
            if condition_failure(conditions, self._objects[bucket].get(name)):
                raise condition_not_met()

    def finish(
        self,
        incoming: Incoming,
        bucket: str,
        name: str,
        about: Description,
        conditions: Conditions = _ANY,
        expected: Expected | None = None,
    ) -> StoredObject:
        """Names the received bytes. On a refusal they are discarded and nothing changed."""
        try:
            incoming.close(expected or Expected())
            with self._lock:
                self.check(bucket, name, conditions)
                old = self._objects[bucket].get(name)
                now = self._clock()
                item = StoredObject(
                    bucket=bucket,
                    name=name,
                    generation=self._next_generation(),
                    metageneration=1,
                    size=incoming.size,
                    crc32c=incoming.crc32c,
                    md5=incoming.md5,
                    data=incoming.path.name,
                    created=now,
                    updated=now,
                    content_type=about.content_type,
                    fields=dict(about.fields),
                    metadata=dict(about.metadata),
                )
                self._keep(item)
                if old is not None:
                    disk.data_path(self._root, old).unlink(missing_ok=True)
                return item
        except StorageRefusal:
            incoming.discard()
            raise

    def put(self, bucket: str, name: str, data: bytes, content_type: str = "text/plain") -> StoredObject:
        incoming = self.begin(bucket)
        incoming.write(data)
        return self.finish(incoming, bucket, name, Description(content_type))

    def append(self, bucket: str, name: str, chunk: bytes) -> StoredObject:
        """Lengthens a text object, making it when it is not there: a build's growing log."""
        with self._lock:
            old = self._objects[self.bucket(bucket).name].get(name)
            if old is None:
                return self.put(bucket, name, chunk)
            with disk.data_path(self._root, old).open("r+b") as file:
                file.seek(old.size)
                file.write(chunk)
            item = replace(
                old,
                generation=self._next_generation(),
                size=old.size + len(chunk),
                crc32c=extend_crc32c(old.crc32c, chunk),
                md5=None,
                updated=self._clock(),
            )
            self._keep(item)
            return item

    def get(self, bucket: str, name: str, generation: int | None = None, conditions: Conditions = _ANY) -> StoredObject:
        """The object; with `generation`, only while that one is the live one."""
        with self._lock:
            item = self._objects[self.bucket(bucket).name].get(name)
            if item is None or generation not in (None, item.generation):
                raise no_such_object(bucket, name)
            if conditions.generation_not_match == item.generation:
                raise StorageRefusal(304, "notModified", "The object was not modified.")
            if condition_failure(conditions, item):
                raise condition_not_met()
            return item

    def open(self, item: StoredObject) -> BinaryIO:
        """The object's bytes. A reader keeps them even when the object is replaced meanwhile.

        Read no further than `item.size`: an append may have lengthened the file since.
        """
        try:
            return disk.data_path(self._root, item).open("rb")
        except FileNotFoundError:
            raise no_such_object(item.bucket, item.name) from None

    def list(self, bucket: str, prefix: str = "") -> list[StoredObject]:
        """By name, in the order of their UTF-8 bytes, as the JSON API lists them."""
        with self._lock:
            found = self._objects[self.bucket(bucket).name]
            names = [name for name in found if name.startswith(prefix)]
            return [found[name] for name in sorted(names, key=lambda n: n.encode("utf-8", "surrogatepass"))]

    def patch(
        self,
        bucket: str,
        name: str,
        content_type: str | None = None,
        fields: Mapping[str, str | None] | None = None,
        metadata: Mapping[str, str | None] | None = None,
        conditions: Conditions = _ANY,
    ) -> StoredObject:
        """Changes what is named; None as a value removes a key. The bytes keep their generation."""
        with self._lock:
            old = self.get(bucket, name, conditions=conditions)
            item = replace(
                old,
                metageneration=old.metageneration + 1,
                updated=self._clock(),
                content_type=content_type or old.content_type,
                fields=_merge(old.fields, fields or {}),
                metadata=_merge(old.metadata, metadata or {}),
            )
            self._keep(item)
            return item

    def delete(self, bucket: str, name: str, generation: int | None = None, conditions: Conditions = _ANY) -> None:
        with self._lock:
            item = self.get(bucket, name, generation, conditions)
            del self._objects[bucket][name]
            disk.forget_object(self._root, item)

    def _keep(self, item: StoredObject) -> None:
        disk.save_object(self._root, item)
        self._objects[item.bucket][item.name] = item

    def _next_generation(self) -> int:
        self._last_generation = max(self._last_generation + 1, int(self._clock() * 1_000_000))
        return self._last_generation


def _merge(old: Mapping[str, str], changes: Mapping[str, str | None]) -> dict[str, str]:
    merged = {**old, **changes}
    return {key: value for key, value in merged.items() if value is not None}
