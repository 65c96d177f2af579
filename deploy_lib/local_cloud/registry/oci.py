"""The image format every engine and registry agrees on: OCI manifests, configs and layouts.

Pure but for the few functions that read or write a layout directory. JSON is written with sorted keys and no
spaces, so equal content has an equal digest. Shapes follow https://github.com/opencontainers/image-spec.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import EngineError
from .names import is_digest

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
INDEXES = (INDEX, DOCKER_INDEX)
LAYER_GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"
REF_NAME = "org.opencontainers.image.ref.name"
STAND_IN_LABEL = "local.stand-in-for"
EPOCH = 315_619_200  # 1980-01-02T00:00:00Z: the time of everything built; zip files cannot tell an earlier one
EPOCH_TEXT = "1980-01-02T00:00:00Z"


@dataclass(frozen=True, slots=True)
class Descriptor:
    media_type: str
    digest: str
    size: int

    def to_json(self) -> dict[str, Any]:
        return {"mediaType": self.media_type, "digest": self.digest, "size": self.size}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Descriptor:
        return cls(str(record.get("mediaType", "")), str(record["digest"]), int(record["size"]))


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer: the digest of its tar, and where its compressed form lies."""

    diff_id: str
    blob: Descriptor


@dataclass(frozen=True, slots=True)
class History:
    """One instruction in an image's past."""

    line: str
    empty: bool  # it made no layer

    def to_json(self) -> dict[str, Any]:
        return {"created": EPOCH_TEXT, "created_by": self.line, **({"empty_layer": True} if self.empty else {})}


@dataclass(frozen=True, slots=True)
class ImageConfig:
    """What a Dockerfile's instructions settle besides files. Durations of a health check are nanoseconds."""

    env: Mapping[str, str] = field(default_factory=dict)
    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    workdir: str = ""
    user: str = ""
    ports: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    volumes: tuple[str, ...] = ()
    stop_signal: str = ""
    shell: tuple[str, ...] = ()
    health: Mapping[str, Any] | None = None
    author: str = ""

    def to_json(self) -> dict[str, Any]:
        record: dict[str, Any] = {
            "Env": [f"{name}={value}" for name, value in self.env.items()],
            "Entrypoint": list(self.entrypoint),
            "Cmd": list(self.cmd),
            "WorkingDir": self.workdir,
            "User": self.user,
            "ExposedPorts": {port: {} for port in self.ports},
            "Labels": dict(self.labels),
            "Volumes": {path: {} for path in self.volumes},
            "StopSignal": self.stop_signal,
            "Shell": list(self.shell),
            "Healthcheck": dict(self.health) if self.health else None,
        }
        return {name: value for name, value in record.items() if value}

    @classmethod
    def from_json(cls, config: Mapping[str, Any], author: str = "") -> ImageConfig:
        pairs = (item.partition("=") for item in config.get("Env") or ())
        return cls(
            env={name: value for name, _, value in pairs},
            entrypoint=tuple(config.get("Entrypoint") or ()),
            cmd=tuple(config.get("Cmd") or ()),
            workdir=config.get("WorkingDir") or "",
            user=config.get("User") or "",
            ports=tuple(config.get("ExposedPorts") or ()),
            labels=dict(config.get("Labels") or {}),
            volumes=tuple(config.get("Volumes") or ()),
            stop_signal=config.get("StopSignal") or "",
            shell=tuple(config.get("Shell") or ()),
            health=config.get("Healthcheck") or None,
            author=author,
        )


def digest_of(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def encode(record: Mapping[str, Any]) -> bytes:
    return json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def host_architecture() -> str:
    """In Go's words, as images name it."""
    machine = platform.machine()
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)


def describe_config(config: ImageConfig, layers: tuple[Layer, ...], history: tuple[History, ...]) -> bytes:
    """The config blob; `history` has as many entries that are not empty as there are layers."""
    return encode(
        {
            "architecture": host_architecture(),
            "os": "linux",
            "created": EPOCH_TEXT,
            **({"author": config.author} if config.author else {}),
            "config": config.to_json(),
            "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]},
            "history": [item.to_json() for item in history],
        }
    )


def describe_manifest(config: bytes, layers: tuple[Layer, ...]) -> bytes:
    return encode(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": Descriptor(CONFIG, digest_of(config), len(config)).to_json(),
            "layers": [layer.blob.to_json() for layer in layers],
        }
    )


def blob_path(layout: Path, digest: str) -> Path:
    """Where a layout keeps it. EngineError for a digest that is none, so a hostile one cannot name a path."""
    if not is_digest(digest):
        raise EngineError(f"{digest!r} is not a sha256 digest")
    return layout / "blobs" / "sha256" / digest.removeprefix("sha256:")


def normalize_name(name: str) -> str:
    """With ":latest" where neither tag nor digest is given, as docker reads a name."""
    if "@" in name or ":" in name.rpartition("/")[2]:
        return name
    return f"{name}:latest"
