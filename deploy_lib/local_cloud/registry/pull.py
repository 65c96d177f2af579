"""Pulls an image into an OCI layout; of several platforms, that of this machine."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

from ..errors import EngineError
from .access import RegistryAccess
from .client import RegistryClient, check_digest
from .names import RemoteImage, locate
from .oci import INDEXES, blob_path, digest_of, host_architecture
from .reach import remembered


def pull(name: str, layout: Path) -> str:
    """The digest of the manifest now in the layout. RegistryUnreachable, or EngineError when it is refused."""
    wanted = locate(name)
    with remembered(wanted):
        return _pull(wanted, name, layout)


def _pull(wanted: RemoteImage, name: str, layout: Path) -> str:
    with RegistryClient(wanted, RegistryAccess(), "pull") as registry:
        content, media_type = registry.read_manifest(wanted.wanted)
        if wanted.digest:
            check_digest(content, wanted.digest, wanted.host)
        record = _read(content, name)
        if media_type in INDEXES or "manifests" in record:
            digest = choose_platform(record, name)
            content, _ = registry.read_manifest(digest)
            check_digest(content, digest, wanted.host)
            record = _read(content, name)
        for part in (*record["layers"], record["config"]):
            place = blob_path(layout, str(part["digest"]))
            if not place.exists():
                place.parent.mkdir(parents=True, exist_ok=True)
                fresh = place.with_name(f".{place.name}.{uuid.uuid4().hex}")
                try:
                    registry.read_blob(str(part["digest"]), fresh)
                    fresh.replace(place)
                finally:
                    fresh.unlink(missing_ok=True)
    digest = digest_of(content)
    blob_path(layout, digest).write_bytes(content)
    return digest


def choose_platform(index: dict[str, Any], name: str) -> str:
    """The digest of the manifest for Linux on this machine's processor. EngineError when there is none. Pure."""
    machine, offered = host_architecture(), []
    for entry in index.get("manifests", ()):
        platform = entry.get("platform") or {}
        if platform.get("os") == "linux" and platform.get("architecture") == machine:
            return str(entry["digest"])
        offered.append(f"{platform.get('os', '?')}/{platform.get('architecture', '?')}")
    raise EngineError(f"{name} is not made for linux/{machine}; it is for {', '.join(offered) or 'nothing'}")


def _read(content: bytes, name: str) -> dict[str, Any]:
    try:
        record = json.loads(content)
    except ValueError:
        record = None
    if not isinstance(record, dict) or not ("manifests" in record or {"layers", "config"} <= set(record)):
        raise EngineError(f"what the registry has as {name} is not an image that can be used here")
    return record
