"""Stores every image that was pushed, content-addressed, on disk.

    DIR/blobs/sha256/<hex>               manifests, configs and layers, shared by all repositories
    DIR/refs/<repository>/_tags/<tag>    the digest a tag names
    DIR/refs/<repository>/_digests/<hex> the manifests this repository holds, with their media type
    DIR/views/<hex>/                     an OCI layout of one image, its blobs a link to the shared ones

The local cloud's Cloud Run takes its images from here, as the real one takes them from Artifact Registry:
what was not pushed cannot be deployed. Methods may be called from any thread.
"""

from __future__ import annotations

import json
import shutil
import threading
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from ...files import write_whole
from ...registry.names import is_digest, is_tag, parse_reference
from ...registry.oci import MANIFEST, digest_of


class RegistryRefusal(Exception):
    """The registry says no. `status` and `code` are the distribution specification's."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


class SavesImages(Protocol):
    """The part of an engine that is needed to push from it."""

    def save(self, reference: str, layout: Path) -> str: ...


@dataclass(frozen=True, slots=True)
class Manifest:
    digest: str
    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class HeldImage:
    """An image of a repository; `size` in bytes, `pushed` in seconds since the epoch."""

    name: str
    digest: str
    tags: list[str]
    media_type: str
    size: int
    pushed: float


class RegistryImages:
    """All names are taken with or without their host, which is not looked at.

    With `immutable_tags`, a tag keeps the image that it was first given:
    https://cloud.google.com/artifact-registry/docs/docker/names#tag-immutability
    """

    def __init__(self, root: Path, *, immutable_tags: bool = False) -> None:
        self._root = root
        self._immutable_tags = immutable_tags
        self._lock = threading.Lock()
        (root / "blobs" / "sha256").mkdir(parents=True, exist_ok=True)
        shutil.rmtree(root / "arriving", ignore_errors=True)  # uploads a dead process left
        (root / "arriving").mkdir()

    def has(self, name: str, digest: str) -> bool:
        return self.resolve(name, digest) is not None

    def resolve(self, name: str, reference: str) -> str | None:
        """The digest that a tag or a digest names in the repository, None when there is none."""
        home = self._home(name)
        if is_digest(reference):
            return reference if _record(home, reference).is_file() else None
        if not is_tag(reference):
            return None
        try:
            return (home / "_tags" / reference).read_text()
        except FileNotFoundError:
            return None

    def tags(self, name: str) -> list[str] | None:
        """None when there is no such repository."""
        home = self._home(name)
        if not (home / "_digests").is_dir():
            return None
        return sorted(path.name for path in (home / "_tags").glob("*") if is_tag(path.name))

    def held(self, repository: str) -> list[HeldImage]:
        """Of "project/repository", by name and digest."""
        root, found = self._home(repository), []
        for record in sorted(root.rglob("_digests/*")):
            home, digest = record.parent.parent, f"sha256:{record.name}"
            tags = [tag.name for tag in sorted((home / "_tags").glob("*")) if tag.read_text() == digest]
            data = self.blob(digest).read_bytes()
            size = len(data) + sum(self.blob(part).stat().st_size for part in _parts(data))
            pushed = record.stat().st_mtime
            found.append(HeldImage(str(home.relative_to(root)), digest, tags, record.read_text(), size, pushed))
        return found

    def manifest(self, name: str, reference: str) -> Manifest:
        digest = self.resolve(name, reference)
        if digest is None:
            raise RegistryRefusal(404, "MANIFEST_UNKNOWN", f"manifest unknown: {name} has no {reference}")
        media_type = _record(self._home(name), digest).read_text()
        return Manifest(digest, media_type, self.blob(digest).read_bytes())

    def put_manifest(self, name: str, reference: str, data: bytes, media_type: str) -> str:
        """Takes a manifest whose blobs are all here; its digest. Raises RegistryRefusal."""
        digest = digest_of(data)
        if is_digest(reference) and reference != digest:
            raise RegistryRefusal(400, "DIGEST_INVALID", f"the manifest's digest is {digest}, not {reference}")
        if not is_digest(reference) and not is_tag(reference):
            raise RegistryRefusal(400, "MANIFEST_INVALID", f"{reference!r} is neither a tag nor a digest")
        for needed in _parts(data):
            if not self.has_blob(needed):
                raise RegistryRefusal(
                    400, "MANIFEST_BLOB_UNKNOWN", f"the manifest names {needed}, which was not pushed"
                )
        home = self._home(name)
        with self._lock:
            if self._immutable_tags and self.resolve(name, reference) not in (None, digest):
                sentence = f"cannot update tag {reference}. The repository has enabled tag immutability"
                raise RegistryRefusal(400, "MANIFEST_INVALID", f"manifest invalid: {sentence}")
            write_whole(self._blob(digest), data)
            _keep(_record(home, digest), media_type)
            if is_tag(reference):
                _keep(home / "_tags" / reference, digest)
        return digest

    def delete(self, name: str, reference: str) -> None:
        """Removes a tag, or a manifest with every tag on it. Blobs stay, other images may share them."""
        found = self.manifest(name, reference)
        home = self._home(name)
        with self._lock:
            if not is_digest(reference):
                (home / "_tags" / reference).unlink(missing_ok=True)
                return
            _record(home, found.digest).unlink(missing_ok=True)
            for tag in (home / "_tags").glob("*"):
                if tag.read_text() == found.digest:
                    tag.unlink()

    def layout(self, name: str, digest: str) -> Path:
        """An OCI layout directory holding this one image, for an engine to load. Raises RegistryRefusal."""
        found = self.manifest(name, digest)
        view = self._root / "views" / found.digest.removeprefix("sha256:")
        entry = {"mediaType": found.media_type, "digest": found.digest, "size": len(found.data)}
        with self._lock:
            self._make_view(view, [entry])
        return view

    def put_from_engine(self, engine: SavesImages, reference: str, name: str) -> str:
        """Pushes an image of the engine's store under `name` (with a tag, else latest); its digest."""
        wanted = parse_reference(name)
        view = self._root / "arriving" / uuid.uuid4().hex
        try:
            self._make_view(view, [])
            digest = engine.save(reference, view)
            data = self.blob(digest).read_bytes()
        finally:
            shutil.rmtree(view, ignore_errors=True)
        media_type = json.loads(data).get("mediaType", MANIFEST)
        return self.put_manifest(name, wanted.tag or "latest", data, media_type)

    def has_blob(self, digest: str) -> bool:
        return is_digest(digest) and self._blob(digest).is_file()

    def blob(self, digest: str) -> Path:
        if not self.has_blob(digest):
            raise RegistryRefusal(404, "BLOB_UNKNOWN", f"blob unknown to registry: {digest}")
        return self._blob(digest)

    def arriving(self) -> Path:
        """A private file for a blob that is being sent; give it to `adopt` or unlink it."""
        return self._root / "arriving" / uuid.uuid4().hex

    def adopt(self, path: Path, digest: str) -> None:
        """Makes a received and verified file a blob."""
        path.replace(self._blob(digest))

    def _blob(self, digest: str) -> Path:
        return self._root / "blobs" / "sha256" / digest.removeprefix("sha256:")

    def _home(self, name: str) -> Path:
        return self._root / "refs" / parse_reference(name).repository

    def _make_view(self, view: Path, entries: list[dict[str, Any]]) -> None:
        view.mkdir(parents=True, exist_ok=True)
        if not (view / "blobs").is_symlink():
            (view / "blobs").symlink_to(self._root.resolve() / "blobs", target_is_directory=True)
        (view / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
        (view / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": entries}))


def _record(home: Path, digest: str) -> Path:
    return home / "_digests" / digest.removeprefix("sha256:")


def _parts(data: bytes) -> list[str]:
    """The digests a manifest or an index refers to."""
    try:
        value = json.loads(data)
        found = [value["config"], *value["layers"]] if "config" in value else value["manifests"]
        # A foreign layer has its own addresses and is never pushed.
        return [str(part["digest"]) for part in found if not part.get("urls")]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise RegistryRefusal(400, "MANIFEST_INVALID", "the manifest is not an OCI or Docker v2 manifest") from None


def _keep(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, text)
