"""Where the namespaces engine keeps images: an OCI image layout, with every layer also unpacked.

Everything is written under `tmp` and renamed into place when whole, so a build that is killed leaves no half
image; what it left under `tmp` is removed when the next engine opens the store. Several processes may use one
store at a time: the index is changed under a lock, all else is named by its content.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from ... import files
from ...registry.oci import (
    INDEX,
    MANIFEST,
    REF_NAME,
    STAND_IN_LABEL,
    Descriptor,
    ImageConfig,
    Layer,
    blob_path,
    digest_of,
    normalize_name,
)
from ..model import EngineError, Image, ImageNotFound
from .layers import Owners, settle_times, write_layer
from .sandbox import maps_many_ids

_SHORT = 24  # hex digits in a layer's directory name: mount(2) takes one page for all of them


class ImageStore:
    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.layers = self.root / "layers"
        self.scratch = self.root / "mnt"
        self.cache = self.root / "cache"
        self.kept = self.root / "kept"  # what RUN --mount=type=cache keeps between builds
        self._tmp = self.root / "tmp"
        for directory in (
            self.layers,
            self.scratch,
            self.cache,
            self.kept,
            self._tmp,
            self.root / "blobs" / "sha256",
        ):
            directory.mkdir(parents=True, exist_ok=True)
        marker = self.root / "oci-layout"
        if not marker.exists():
            marker.write_text('{"imageLayoutVersion":"1.0.0"}')
        self._sweep()

    def _sweep(self) -> None:
        """Remove what killed builds left; a living one holds the lock of its directory."""
        with self._no_other_workspace():
            for directory in self._tmp.iterdir():
                with (
                    suppress(FileNotFoundError, BlockingIOError),  # its owner removes it just now, or works in it
                    open(directory / "lock", "a") if directory.is_dir() else open(os.devnull) as lock,
                ):
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    remove_tree(directory)

    @contextmanager
    def _no_other_workspace(self) -> Iterator[None]:
        """Between making a directory and locking it, nobody may take it for a dead build's."""
        with open(self.root / "tmp.lock", "a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    @contextmanager
    def workspace(self) -> Iterator[Path]:
        """A directory for one piece of work, removed at its end whatever happens."""
        with ExitStack() as stack:
            with self._no_other_workspace():
                path = Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=self._tmp))
                path.chmod(0o755)  # a step may run as another user
                lock = stack.enter_context(open(path / "lock", "w"))
                fcntl.flock(lock, fcntl.LOCK_EX)
            try:
                yield path
            finally:
                remove_tree(path)

    # Layers

    def layer_path(self, layer: Layer) -> Path:
        return self.layers / layer.diff_id.removeprefix("sha256:")[:_SHORT]

    def find_layer(self, diff_id: str) -> Layer | None:
        record = self.layers / (diff_id.removeprefix("sha256:")[:_SHORT] + ".json")
        try:
            return Layer(diff_id, Descriptor.from_json(json.loads(record.read_text())))
        except FileNotFoundError:
            return None

    def add_layer(self, tree: Path, workspace: Path, owners: Owners, maker: tuple[int, int] = (0, 0)) -> Layer:
        """Take over a directory as a layer. `maker` is who the image is to say made it, where the disk cannot tell."""
        settle_times(tree)
        packed = workspace / "layer.tar.gz"
        layer = write_layer(tree, packed, owners, None if maps_many_ids() else maker)
        self.place_layer(layer, tree, packed)
        return layer

    def place_layer(self, layer: Layer, tree: Path, packed: Path) -> None:
        """Move an unpacked layer and its blob into the store; the record comes last and says both are there."""
        packed.replace(blob_path(self.root, layer.blob.digest))
        target = self.layer_path(layer)
        if not target.exists():
            try:
                tree.rename(target)
            except OSError:
                if not target.exists():
                    raise
        if tree.exists():
            remove_tree(tree)
        write_whole(target.with_name(target.name + ".json"), json.dumps(layer.blob.to_json()).encode())

    # Blobs and images

    def add_blob(self, content: bytes) -> str:
        digest = digest_of(content)
        path = blob_path(self.root, digest)
        if not path.exists():
            write_whole(path, content)
        return digest

    def read_blob(self, digest: str) -> bytes:
        return blob_path(self.root, digest).read_bytes()

    def add_image(self, config: bytes, manifest: bytes, names: Sequence[str]) -> Image:
        self.add_blob(config)
        digest = self.add_blob(manifest)
        self.name_image(digest, names)
        return self.read_image(digest)

    def name_image(self, digest: str, names: Sequence[str]) -> None:
        descriptor = Descriptor(MANIFEST, digest, len(self.read_blob(digest))).to_json()
        wanted = [normalize_name(name) for name in names]
        with self._index() as entries:
            kept = [entry for entry in entries if _name_of(entry) not in wanted]
            if not wanted and not any(entry["digest"] == digest for entry in kept):
                kept.append(descriptor)
            kept += [{**descriptor, "annotations": {REF_NAME: name}} for name in wanted]
            entries[:] = kept

    def find_digest(self, reference: str) -> str:
        """The manifest a tag, a digest, or name@digest means. ImageNotFound."""
        name, _, digest = reference.rpartition("@")
        if reference.startswith("sha256:"):
            name, digest = "", reference
        entries = self._read_index()
        for entry in entries:
            if (
                entry["digest"] == digest
                if name or reference.startswith("sha256:")
                else (_name_of(entry) == normalize_name(reference))
            ):
                return str(entry["digest"])
        raise ImageNotFound(f"no image {reference} in the store {self.root}")

    def read_manifest(self, digest: str) -> tuple[dict[str, Any], dict[str, Any]]:
        manifest = json.loads(self.read_blob(digest))
        return manifest, json.loads(self.read_blob(manifest["config"]["digest"]))

    def read_image(self, digest: str) -> Image:
        manifest, config = self.read_manifest(digest)
        settings = ImageConfig.from_json(config.get("config") or {})
        return Image(
            digest=digest,
            size=sum(int(layer["size"]) for layer in manifest["layers"]),
            env=settings.env,
            entrypoint=settings.entrypoint,
            cmd=settings.cmd,
            workdir=settings.workdir or "/",
            user=settings.user,
            ports=settings.ports,
            labels=settings.labels,
            stand_in=settings.labels.get(STAND_IN_LABEL),
        )

    def read_layers(self, digest: str) -> tuple[Layer, ...]:
        """Bottom first."""
        manifest, config = self.read_manifest(digest)
        blobs = map(Descriptor.from_json, manifest["layers"])
        return tuple(map(Layer, config["rootfs"]["diff_ids"], blobs))

    def remove_name(self, reference: str) -> None:
        """Forget a name; a digest forgets the image and all its names."""
        digest = self.find_digest(reference)
        with self._index() as entries:
            if "sha256:" in reference:
                entries[:] = [entry for entry in entries if entry["digest"] != digest]
            else:
                entries[:] = [entry for entry in entries if _name_of(entry) != normalize_name(reference)]

    def _read_index(self) -> list[dict[str, Any]]:
        try:
            entries: list[dict[str, Any]] = json.loads((self.root / "index.json").read_text())["manifests"]
        except FileNotFoundError:
            return []
        return entries

    @contextmanager
    def _index(self) -> Iterator[list[dict[str, Any]]]:
        with open(self.root / "index.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            entries = self._read_index()
            yield entries
            index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}
            write_whole(self.root / "index.json", json.dumps(index, indent=1).encode())


def _name_of(entry: dict[str, Any]) -> str | None:
    name = entry.get("annotations", {}).get(REF_NAME)
    return None if name is None else str(name)


def write_whole(path: Path, content: bytes) -> None:
    """See files.write_whole. Raises EngineError."""
    try:
        files.write_whole(path, content)
    except OSError as error:
        raise EngineError(f"cannot write {path}: {error.strerror}") from error


def remove_tree(path: Path) -> None:
    """Also what overlayfs or a build made unreadable for its own owner."""
    if not path.is_dir() or path.is_symlink():
        path.unlink(missing_ok=True)
        return
    for directory, names, _ in os.walk(path):
        for name in names:
            inner = Path(directory, name)
            if not inner.is_symlink():
                with suppress(FileNotFoundError):
                    inner.chmod(0o700)
    shutil.rmtree(path, ignore_errors=True)
