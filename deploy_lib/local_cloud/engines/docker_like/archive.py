"""Converts between the tar format of `docker save` and `docker load` and an OCI layout.

The tar's manifest.json names a config and the layers (https://github.com/moby/docker-image-spec, "Combined Image
JSON + Filesystem Changeset Format"). Layers leave it compressed, always in the same way, so an image saved twice
has one digest.
"""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

from ...registry.oci import (
    MANIFEST,
    Descriptor,
    blob_path,
    describe_manifest,
    digest_of,
)
from ..gzip_layer import compress
from ..model import EngineError


def to_layout(archive: Path, layout: Path, scratch: Path) -> str:
    """Adds the archive's one image to the layout; its digest."""
    blobs = layout / "blobs" / "sha256"
    blobs.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive) as tar:
        record = json.loads(_read(tar, "manifest.json"))[0]
        config = _read(tar, record["Config"])
        layers = []
        for number, name in enumerate(record["Layers"]):
            packed = scratch / f"layer-{number}"
            source = tar.extractfile(name)
            assert source is not None
            layer = compress(source, packed)
            packed.replace(blob_path(layout, layer.blob.digest))
            layers.append(layer)
    declared = json.loads(config)["rootfs"]["diff_ids"]
    if declared != [layer.diff_id for layer in layers]:
        raise EngineError("the saved image's layers are not those its config names")
    manifest = describe_manifest(config, tuple(layers))
    for content in (config, manifest):
        blob_path(layout, digest_of(content)).write_bytes(content)
    return digest_of(manifest)


def from_layout(layout: Path, digest: str, target: Path) -> str:
    """Write the image as an archive to load; the id it will have. EngineError when a blob is missing or wrong."""
    manifest = _read_json(layout, digest)
    if "manifests" in manifest:
        raise EngineError(f"{digest} is an index of several platforms; name one of its manifests")
    config = Descriptor.from_json(manifest["config"])
    _read_json(layout, config.digest)
    layers = [Descriptor.from_json(part) for part in manifest["layers"]]
    names = [f"{part.digest.removeprefix('sha256:')}.tar" for part in layers]
    config_name = f"{config.digest.removeprefix('sha256:')}.json"
    record = [{"Config": config_name, "RepoTags": None, "Layers": names}]
    with tarfile.open(target, "w") as tar:
        for name, part in zip(names, layers, strict=True):
            tar.add(_need(layout, part.digest), name)
        _put(tar, config_name, blob_path(layout, config.digest).read_bytes())
        _put(tar, "manifest.json", json.dumps(record).encode())
    return config.digest


def note_in_index(layout: Path, digest: str) -> None:
    """An OCI layout says what it holds."""
    (layout / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    index = layout / "index.json"
    record: dict[str, Any] = {"schemaVersion": 2, "manifests": []}
    if index.exists():
        record = json.loads(index.read_text())
    if all(entry["digest"] != digest for entry in record["manifests"]):
        size = blob_path(layout, digest).stat().st_size
        record["manifests"].append(Descriptor(MANIFEST, digest, size).to_json())
        index.write_text(json.dumps(record))


def _put(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    tar.addfile(info, io.BytesIO(content))


def _read(tar: tarfile.TarFile, name: str) -> bytes:
    file = tar.extractfile(name)
    assert file is not None
    return file.read()


def _need(layout: Path, digest: str) -> Path:
    path = blob_path(layout, digest)
    if not path.is_file():
        raise EngineError(f"the layout {layout} has no blob {digest}")
    return path


def _read_json(layout: Path, digest: str) -> dict[str, Any]:
    content = _need(layout, digest).read_bytes()
    if digest_of(content) != digest:
        raise EngineError(f"the blob {digest} of {layout} holds something else: {digest_of(content)}")
    record: dict[str, Any] = json.loads(content)
    return record
