"""Images between the store and an OCI layout directory, such as a registry's.

Blobs are linked where both lie on one file system, and copied where they do not. What comes in is untrusted: every
byte is held against the digest that names it before any name points at it.
"""

from __future__ import annotations

import json
import os
import shutil
import uuid
from pathlib import Path
from typing import Any

from ...registry.oci import INDEX, INDEXES, MANIFEST, Descriptor, Layer, blob_path, digest_of
from ..model import EngineError, Image
from .sandbox import maps_many_ids
from .store import ImageStore, write_whole
from .unpack import unpack_layer


def save(store: ImageStore, digest: str, layout: Path) -> str:
    """Adds the image to the layout; its digest."""
    manifest = json.loads(store.read_blob(digest))
    (layout / "blobs" / "sha256").mkdir(parents=True, exist_ok=True)
    for part in (*manifest["layers"], manifest["config"]):
        _give_blob(store.root, layout, str(part["digest"]))
    _give_blob(store.root, layout, digest)
    write_whole(layout / "oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
    index = _read_index(layout)
    if not any(entry["digest"] == digest for entry in index["manifests"]):
        index["manifests"].append(Descriptor(MANIFEST, digest, len(store.read_blob(digest))).to_json())
        write_whole(layout / "index.json", json.dumps(index).encode())
    return digest


def load(store: ImageStore, layout: Path, digest: str, name: str) -> Image:
    """Takes the image of that digest over and gives it `name`. EngineError when a blob is missing or is not what
    its digest says; then the store is as it was."""
    manifest = _read_json(layout, digest)
    if manifest.get("mediaType") in INDEXES or "manifests" in manifest:
        raise EngineError(f"{digest} is an index of several platforms; name one of its manifests")
    config_digest = str(manifest["config"]["digest"])
    config = _read_json(layout, config_digest)
    for diff_id, part in zip(config["rootfs"]["diff_ids"], manifest["layers"], strict=True):
        _take_layer(store, layout, Layer(str(diff_id), Descriptor.from_json(part)))
    return store.add_image(_read_blob(layout, config_digest), _read_blob(layout, digest), [name])


def _take_layer(store: ImageStore, layout: Path, layer: Layer) -> None:
    if store.find_layer(layer.diff_id) is not None:
        _give_blob(layout, store.root, layer.blob.digest)
        return
    with store.workspace() as workspace:
        packed, tree = workspace / "layer", workspace / "tree"
        tree.mkdir(mode=0o755)
        _link_or_copy(_need(layout, layer.blob.digest), packed)
        with packed.open("rb") as file:
            found = unpack_layer(file, tree, maps_many_ids())
        if found != layer.diff_id:
            raise EngineError(f"the layer {layer.blob.digest} holds {found}, not {layer.diff_id} as its image says")
        store.place_layer(layer, tree, packed)


def _give_blob(source: Path, target: Path, digest: str) -> None:
    """Content-addressed on both sides: one that is there already is the same."""
    place = blob_path(target, digest)
    if place.exists():
        return
    fresh = place.with_name(f".{place.name}.{uuid.uuid4().hex}")
    try:
        _link_or_copy(_need(source, digest), fresh)
        fresh.replace(place)
    finally:
        fresh.unlink(missing_ok=True)


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _need(layout: Path, digest: str) -> Path:
    path = blob_path(layout, digest)
    if not path.is_file():
        raise EngineError(f"the layout {layout} has no blob {digest}")
    return path


def _read_blob(layout: Path, digest: str) -> bytes:
    content = _need(layout, digest).read_bytes()
    if digest_of(content) != digest:
        raise EngineError(f"the blob {digest} of {layout} holds something else: {digest_of(content)}")
    return content


def _read_json(layout: Path, digest: str) -> dict[str, Any]:
    try:
        value = json.loads(_read_blob(layout, digest))
    except ValueError:
        raise EngineError(f"the blob {digest} is not JSON") from None
    if not isinstance(value, dict):
        raise EngineError(f"the blob {digest} is not a JSON object")
    return value


def _read_index(layout: Path) -> dict[str, Any]:
    try:
        index: dict[str, Any] = json.loads((layout / "index.json").read_text())
    except FileNotFoundError:
        return {"schemaVersion": 2, "mediaType": INDEX, "manifests": []}
    return index
