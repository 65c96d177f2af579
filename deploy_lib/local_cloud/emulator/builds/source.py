"""Fetches a build's source archive and unpacks it into /workspace."""

from __future__ import annotations

import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path

from google.cloud.devtools.cloudbuild_v1.types import StorageSource

from ...engines.model import EngineError
from ...engines.namespaces.unpack import unpack_members
from ..storage.model import StorageRefusal, StoredObject
from ..storage.store import Storage


class SourceUnusable(Exception):
    """The archive cannot be fetched or is none; the message says why."""


def fetch_source(storage: Storage, source: StorageSource, workspace: Path, say: Callable[[str], None]) -> StoredObject:
    """The object that was fetched. Nothing is ever written outside `workspace`, whatever the archive names."""
    bucket, name = source.bucket, source.object_
    try:
        item = storage.get(bucket, name, source.generation or None)
        address = f"gs://{bucket}/{name}#{item.generation}"
        say(f"Fetching storage object: {address}")
        with storage.open(item) as file, tarfile.open(fileobj=file, mode="r:gz") as archive:
            unpack_members(archive, workspace, many_ids=False)  # owners are of no meaning here
    except StorageRefusal as refusal:
        raise SourceUnusable(f"fetching gs://{bucket}/{name}: {refusal.message}") from None
    except (EngineError, tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise SourceUnusable(f"gs://{bucket}/{name} could not be unpacked as a .tar.gz archive: {error}") from None
    say("Operation completed over 1 objects.")
    return item
