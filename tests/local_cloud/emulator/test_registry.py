"""The registry, spoken to as the distribution specification says, and its store, as the local cloud uses it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy_lib.local_cloud.emulator.registry.images import RegistryImages, RegistryRefusal
from deploy_lib.local_cloud.emulator.registry.routes import registry_routes
from deploy_lib.local_cloud.registry.names import BadName, check_repository, parse_reference
from deploy_lib.local_cloud.registry.oci import MANIFEST
from tests.local_cloud.emulator.http_app import serving

NAME = "us-central1-docker.pkg.dev/p/services/api"


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def manifest_for(config: bytes, *layers: bytes) -> bytes:
    def part(data: bytes) -> dict[str, Any]:
        return {"mediaType": "application/octet-stream", "digest": digest_of(data), "size": len(data)}

    value = {"schemaVersion": 2, "mediaType": MANIFEST, "config": part(config)}
    return json.dumps({**value, "layers": [part(layer) for layer in layers]}).encode()


@pytest.fixture
def images(tmp_path: Path) -> RegistryImages:
    return RegistryImages(tmp_path / "images")


@pytest.fixture
def registry(images: RegistryImages) -> Iterator[httpx.Client]:
    with serving(registry_routes(images)) as url, httpx.Client(base_url=url) as client:
        yield client


def test_a_tag_that_is_immutable_keeps_its_image(tmp_path: Path) -> None:
    images = RegistryImages(tmp_path / "images", immutable_tags=True)

    def put(config: bytes, tag: str) -> str:
        part = images.arriving()
        part.write_bytes(config)
        images.adopt(part, digest_of(config))
        return images.put_manifest(NAME, tag, manifest_for(config), MANIFEST)

    first = put(b"one", "v1")
    assert put(b"one", "v1") == first, "the same image again is no change"
    assert put(b"two", "v2") != first
    with pytest.raises(RegistryRefusal, match="cannot update tag v1. The repository has enabled tag immutability"):  # noqa: RUF043
        put(b"two", "v1")
    assert images.resolve(NAME, "v1") == first


def push_blob(registry: httpx.Client, repository: str, data: bytes) -> None:
    start = registry.post(f"/v2/{repository}/blobs/uploads/")
    assert start.status_code == 202
    half = len(data) // 2
    sent = registry.patch(start.headers["Location"], content=data[:half], headers={"Content-Range": f"0-{half - 1}"})
    assert sent.headers["Range"] == f"0-{half - 1}"
    done = registry.put(sent.headers["Location"], params={"digest": digest_of(data)}, content=data[half:])
    assert (done.status_code, done.headers["Docker-Content-Digest"]) == (201, digest_of(data))


def push_image(registry: httpx.Client, repository: str, tag: str, manifest: bytes) -> httpx.Response:
    return registry.put(f"/v2/{repository}/manifests/{tag}", content=manifest, headers={"Content-Type": MANIFEST})


def test_a_pushed_image_is_pulled_by_tag_and_by_digest(registry: httpx.Client, images: RegistryImages) -> None:
    config, layer = b'{"architecture":"amd64"}', b"layer bytes" * 1000
    manifest = manifest_for(config, layer)
    assert registry.head(f"/v2/p/services/api/blobs/{digest_of(layer)}").status_code == 404
    for blob in (config, layer):
        push_blob(registry, "p/services/api", blob)
    assert registry.head(f"/v2/p/services/api/blobs/{digest_of(layer)}").status_code == 200
    assert push_image(registry, "p/services/api", "v1", manifest).status_code == 201

    for reference in ("v1", digest_of(manifest)):
        head = registry.head(f"/v2/p/services/api/manifests/{reference}")
        assert head.headers["Docker-Content-Digest"] == digest_of(manifest)
        found = registry.get(f"/v2/p/services/api/manifests/{reference}")
        assert (found.content, found.headers["Content-Type"]) == (manifest, MANIFEST)
    assert registry.get(f"/v2/p/services/api/blobs/{digest_of(layer)}").content == layer
    assert registry.get("/v2/p/services/api/tags/list").json()["tags"] == ["v1"]

    assert images.resolve(NAME, "v1") == digest_of(manifest)
    assert images.has(NAME, digest_of(manifest))
    assert not images.has("us-central1-docker.pkg.dev/p/services/other", digest_of(manifest))


def test_a_tag_moves_and_the_old_image_stays_by_digest(registry: httpx.Client, images: RegistryImages) -> None:
    push_blob(registry, "p/api", b"config 1")
    push_blob(registry, "p/api", b"config 2")
    old, new = manifest_for(b"config 1"), manifest_for(b"config 2")
    push_image(registry, "p/api", "latest", old)
    push_image(registry, "p/api", "latest", new)
    assert images.resolve("p/api", "latest") == digest_of(new)
    assert images.has("p/api", digest_of(old))
    assert registry.delete(f"/v2/p/api/manifests/{digest_of(new)}").status_code == 202
    assert images.resolve("p/api", "latest") is None


def test_what_is_not_what_it_claims_to_be_is_refused(registry: httpx.Client, images: RegistryImages) -> None:
    start = registry.post("/v2/p/api/blobs/uploads/").headers["Location"]
    forged = registry.put(start, params={"digest": digest_of(b"good")}, content=b"evil")
    assert (forged.status_code, forged.json()["errors"][0]["code"]) == (400, "DIGEST_INVALID")
    assert not images.has_blob(digest_of(b"evil"))

    lonely = push_image(registry, "p/api", "v1", manifest_for(b"never pushed"))
    assert lonely.json()["errors"][0]["code"] == "MANIFEST_BLOB_UNKNOWN"
    assert push_image(registry, "p/api", "v1", b"no manifest").json()["errors"][0]["code"] == "MANIFEST_INVALID"
    push_blob(registry, "p/api", b"config")
    other = push_image(registry, "p/api", digest_of(b"other"), manifest_for(b"config"))
    assert other.json()["errors"][0]["code"] == "DIGEST_INVALID"
    assert registry.get("/v2/p/api/manifests/v1").json()["errors"][0]["code"] == "MANIFEST_UNKNOWN"
    assert registry.get("/v2/p/api/tags/list").json()["errors"][0]["code"] == "NAME_UNKNOWN"
    assert registry.get("/v2/P/Api/tags/list").json()["errors"][0]["code"] == "NAME_INVALID"
    assert registry.patch("/v2/p/api/blobs/uploads/0", content=b"").status_code == 404


def test_a_chunk_out_of_order_is_refused(registry: httpx.Client) -> None:
    start = registry.post("/v2/p/api/blobs/uploads/").headers["Location"]
    assert registry.patch(start, content=b"x", headers={"Content-Range": "5-5"}).status_code == 416
    assert registry.delete(start).status_code == 204
    assert registry.get(start).status_code == 404


def test_layers_are_shared_between_repositories(registry: httpx.Client) -> None:
    push_blob(registry, "p/base", b"layer")
    mount = registry.post("/v2/p/api/blobs/uploads/", params={"mount": digest_of(b"layer"), "from": "p/base"})
    assert mount.status_code == 201


def test_the_layout_of_one_image_holds_only_that_image(registry: httpx.Client, images: RegistryImages) -> None:
    push_blob(registry, "p/api", b"config")
    manifest = manifest_for(b"config")
    push_image(registry, "p/api", "v1", manifest)
    layout = images.layout(NAME.replace("services/", ""), digest_of(manifest))
    index = json.loads((layout / "index.json").read_text())
    assert [entry["digest"] for entry in index["manifests"]] == [digest_of(manifest)]
    hex_digest = digest_of(b"config").removeprefix("sha256:")
    assert (layout / "blobs" / "sha256" / hex_digest).read_bytes() == b"config"
    with pytest.raises(RegistryRefusal):
        images.layout("p/api", digest_of(b"none"))


class OneImageEngine:
    """Saves the same small image whatever it is asked for."""

    def save(self, reference: str, layout: Path) -> str:
        manifest = manifest_for(reference.encode())
        for data in (reference.encode(), manifest):
            (layout / "blobs" / "sha256" / digest_of(data).removeprefix("sha256:")).write_bytes(data)
        return digest_of(manifest)


def test_an_engine_pushes_without_the_network(images: RegistryImages) -> None:
    digest = images.put_from_engine(OneImageEngine(), "built", f"{NAME}:abc123")
    assert images.resolve(NAME, "abc123") == digest
    assert images.manifest(NAME, digest).media_type == MANIFEST


@pytest.mark.parametrize(
    ("text", "host", "repository", "wanted"),
    [
        ("python:3.11-slim", "", "python", "3.11-slim"),
        ("python", "", "python", "latest"),
        ("gcr.io/cloud-builders/docker", "gcr.io", "cloud-builders/docker", "latest"),
        ("localhost:5000/a", "localhost:5000", "a", "latest"),
        ("a/b@sha256:" + "0" * 64, "", "a/b", "sha256:" + "0" * 64),
        ("a.b/c:t@sha256:" + "0" * 64, "a.b", "c", "sha256:" + "0" * 64),
        ("us-docker.pkg.dev/example.com/p/r:1", "us-docker.pkg.dev", "example.com/p/r", "1"),
    ],
)
def test_names_are_taken_apart_by_dockers_rules(text: str, host: str, repository: str, wanted: str) -> None:
    found = parse_reference(text)
    assert (found.host, found.repository, found.wanted) == (host, repository, wanted)


@pytest.mark.parametrize("text", ["", "A/b", "a//b", "a/../b", "a:", "a:b c", "a@sha256:1", "/a", "a/", "-a", "_tags"])
def test_names_that_are_none(text: str) -> None:
    with pytest.raises(BadName):
        parse_reference(text)


@given(st.text(alphabet="ab/._-A:0\\\n", max_size=12))
def test_no_repository_name_leaves_its_directory(name: str) -> None:
    try:
        check_repository(name)
    except BadName:
        return
    path = Path("/refs") / name
    assert path.resolve().is_relative_to("/refs") and path != Path("/refs")
