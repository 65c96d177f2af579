"""Buckets and objects on disk, so that they survive a restart.

    DIR/<bucket>/bucket.json          the bucket
    DIR/<bucket>/objects/<key>.json   one object's record; the key is a hash, so no name can leave the directory
    DIR/<bucket>/data/<token>         one object's bytes

A record is replaced in one step after its bytes are whole. Bytes without a record are leftovers of a
process that died and are removed at the next start.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...files import write_whole
from .model import StoredBucket, StoredObject


def save_bucket(root: Path, bucket: StoredBucket) -> None:
    for name in ("objects", "data"):
        (root / bucket.name / name).mkdir(parents=True, exist_ok=True)
    write_whole(root / bucket.name / "bucket.json", json.dumps(dataclasses.asdict(bucket)))


def save_object(root: Path, item: StoredObject) -> None:
    write_whole(_record(root, item), json.dumps(dataclasses.asdict(item)))


def forget_bucket(root: Path, name: str) -> None:
    shutil.rmtree(root / name)


def forget_object(root: Path, item: StoredObject) -> None:
    _record(root, item).unlink(missing_ok=True)
    data_path(root, item).unlink(missing_ok=True)


def data_path(root: Path, item: StoredObject) -> Path:
    return root / item.bucket / "data" / item.data


def load(root: Path) -> Iterator[tuple[StoredBucket, list[StoredObject]]]:
    for record in sorted(root.glob("*/bucket.json")):
        bucket = StoredBucket(**_read(record))
        objects = [StoredObject(**_read(path)) for path in record.parent.glob("objects/*.json")]
        known = {item.data for item in objects}
        for path in record.parent.glob("data/*"):
            if path.name not in known:
                path.unlink()
        # An append may have been cut between the bytes and the record: the record decides.
        for item in objects:
            if data_path(root, item).stat().st_size > item.size:
                os.truncate(data_path(root, item), item.size)
        yield bucket, objects


def _record(root: Path, item: StoredObject) -> Path:
    key = hashlib.sha256(item.name.encode("utf-8", "surrogatepass")).hexdigest()
    return root / item.bucket / "objects" / f"{key}.json"


def _read(path: Path) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(path.read_text())
    return value
