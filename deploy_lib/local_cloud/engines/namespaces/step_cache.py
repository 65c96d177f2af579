"""Remembers which layer a step made: one small file per step, named by everything the step depends on.

A record whose layer is gone counts as absent, so the cache can be deleted at any time.
"""

from __future__ import annotations

import json
from typing import Any

from ...registry.oci import Layer, digest_of, encode
from .store import ImageStore, write_whole


def key_of(kind: str, layers: tuple[Layer, ...], inputs: dict[str, Any]) -> str:
    """Layers are named by content, so the same files reached by another road share the cache."""
    parents = [layer.diff_id for layer in layers]
    return digest_of(encode({"kind": kind, "parents": parents, **inputs})).removeprefix("sha256:")


def recall(store: ImageStore, key: str) -> tuple[bool, Layer | None]:
    """Whether the step is known, and its layer; None when it changed nothing."""
    try:
        record = json.loads((store.cache / key).read_text())
    except (FileNotFoundError, ValueError):
        return False, None
    if record["layer"] is None:
        return True, None
    layer = store.find_layer(record["layer"])
    return layer is not None, layer


def remember(store: ImageStore, key: str, layer: Layer | None) -> None:
    record = {"layer": None if layer is None else layer.diff_id}
    write_whole(store.cache / key, json.dumps(record).encode())
