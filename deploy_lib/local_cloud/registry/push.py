"""Pushes an image of an OCI layout: first the blobs that the registry lacks, last the manifest.

So no tag is ever half there.
"""

from __future__ import annotations

import json
from pathlib import Path

from ..errors import EngineError
from .access import Pushed, RegistryAccess
from .client import RegistryClient
from .names import locate
from .oci import MANIFEST, blob_path


def push(layout: Path, digest: str, name: str, access: RegistryAccess) -> Pushed:
    """EngineError when the registry refuses or is not there; a tag is then what it was."""
    wanted = locate(name)
    content = blob_path(layout, digest).read_bytes()
    manifest = json.loads(content)
    with RegistryClient(wanted, access, "pull,push") as registry:
        for part in (*manifest["layers"], manifest["config"]):
            blob = str(part["digest"])
            source = blob_path(layout, blob)
            if not source.is_file():
                raise EngineError(f"the image {digest} lacks its blob {blob}; build it again")
            if not registry.has_blob(blob):
                registry.write_blob(blob, source)
        registry.write_manifest(wanted.tag or digest, content, manifest.get("mediaType", MANIFEST))
    return Pushed(f"{wanted.written}@{digest}")
