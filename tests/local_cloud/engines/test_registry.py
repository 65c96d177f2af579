"""Images to and from a registry: the local cloud's, which speaks the same protocol as any other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy_lib.local_cloud.emulator.registry.images import RegistryImages
from deploy_lib.local_cloud.emulator.registry.routes import registry_routes
from deploy_lib.local_cloud.engines.model import Engine, EngineError, RegistryAccess
from deploy_lib.local_cloud.registry.client import RegistryUnreachable
from deploy_lib.local_cloud.registry.names import locate
from deploy_lib.local_cloud.registry.oci import host_architecture
from deploy_lib.local_cloud.registry.pull import choose_platform, pull
from tests.local_cloud.emulator.http_app import serving
from tests.local_cloud.engines.engine_harness import FROM, EngineHarness, run

NAME = "us-central1-docker.pkg.dev/p/services/api:v1"


@pytest.fixture
def images(tmp_path: Path) -> RegistryImages:
    return RegistryImages(tmp_path / "images")


@pytest.fixture
def address(images: RegistryImages) -> Iterator[str]:
    with serving(registry_routes(images)) as url:
        yield url.removeprefix("http://")


def test_what_was_pushed_is_what_was_saved(
    engine: Engine, images: RegistryImages, address: str, tmp_path: Path
) -> None:
    image = EngineHarness(engine, tmp_path).build(f"{FROM}RUN echo pushed > /x\n")
    pushed = engine.push(image.digest, NAME, RegistryAccess(address=address))
    digest = engine.save(image.digest, tmp_path / "layout")
    assert pushed.reference == f"us-central1-docker.pkg.dev/p/services/api@{digest}"
    assert images.resolve(NAME, "v1") == digest
    assert engine.push(image.digest, NAME, RegistryAccess(address=address)) == pushed  # again: all is there


def test_a_base_is_pulled_where_a_registry_answers(namespaces: Engine, address: str, tmp_path: Path) -> None:
    harness = EngineHarness(namespaces, tmp_path)
    base = harness.build(f"{FROM}RUN echo from afar > /base\n")
    namespaces.push(base.digest, "example.com/team/base:1", RegistryAccess(address=address))
    name = f"{address}/team/base:1"
    image = harness.build(f"FROM {name}\nRUN cat /base > /copied\n")
    assert harness.text(image, "/copied") == "from afar\n"
    assert any(f"pulled {name}" in line for line in harness.lines)
    assert run(namespaces, name, "cat", "/base").out == "from afar\n"


def test_an_image_the_registry_lacks(namespaces: Engine, address: str, tmp_path: Path) -> None:
    failure = EngineHarness(namespaces, tmp_path).refuse(f"FROM {address}/team/nothing:1\n")
    assert failure.line == 1
    assert "the registry has no such image: team/nothing" in failure.reason


def test_a_registry_that_is_not_there(namespaces: Engine, tmp_path: Path) -> None:
    image = EngineHarness(namespaces, tmp_path).build(FROM)
    with pytest.raises(RegistryUnreachable, match=r"127\.0\.0\.1:1 could not be reached"):
        namespaces.push(image.digest, NAME, RegistryAccess(address="127.0.0.1:1"))
    with pytest.raises(RegistryUnreachable):
        pull("127.0.0.1:2/team/base:1", tmp_path / "layout")


def test_a_blob_that_is_not_what_it_is_called(
    namespaces: Engine, images: RegistryImages, address: str, tmp_path: Path
) -> None:
    image = EngineHarness(namespaces, tmp_path).build(f"{FROM}RUN echo spoilt > /x\n")
    digest = namespaces.push(image.digest, "example.com/team/bad:1", RegistryAccess(address=address)).reference[-71:]
    manifest = json.loads(images.blob(digest).read_bytes())
    blob = images.blob(manifest["layers"][-1]["digest"])
    blob.write_bytes(b"x" * blob.stat().st_size)
    with pytest.raises(EngineError, match="sent something else than the blob"):
        pull(f"{address}/team/bad:1", tmp_path / "layout")


@pytest.mark.parametrize(
    ("text", "host", "repository", "wanted"),
    [
        ("python", "registry-1.docker.io", "library/python", "latest"),
        ("docker.io/python:3", "registry-1.docker.io", "library/python", "3"),
        ("team/app:v1", "registry-1.docker.io", "team/app", "v1"),
        ("gcr.io/p/app@sha256:" + "a" * 64, "gcr.io", "p/app", "sha256:" + "a" * 64),
        ("localhost:5000/app:1", "localhost:5000", "app", "1"),
    ],
)
def test_names(text: str, host: str, repository: str, wanted: str) -> None:
    name = locate(text)
    assert (name.host, name.repository, name.wanted) == (host, repository, wanted)
    assert name.plain_http == host.startswith("localhost")


@pytest.mark.parametrize("text", ["", "UPPER", "a/../b", "a:b:c/d", "a@sha256:12", "a:" + "t" * 129, "-a", "a b"])
def test_what_is_no_name(text: str) -> None:
    with pytest.raises(EngineError, match="is not a valid image name"):
        locate(text)


def test_of_several_platforms_this_machines() -> None:
    def entry(digest: str, machine: str) -> dict[str, object]:
        return {"digest": digest, "platform": {"os": "linux", "architecture": machine}}

    assert choose_platform({"manifests": [entry("a", "s390x"), entry("b", host_architecture())]}, "x") == "b"
    with pytest.raises(EngineError, match=r"x is not made for linux/.*; it is for linux/s390x"):
        choose_platform({"manifests": [entry("a", "s390x")]}, "x")
