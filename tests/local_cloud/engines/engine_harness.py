"""Builds and runs in one line each, and what they printed."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from deploy_lib.local_cloud.engines.model import BuildFailed, BuildSpec, Engine, Image, RunSpec
from tests.waits import WITHIN

FROM = "FROM python:3.11-slim\n"


@dataclass
class EngineHarness:
    engine: Engine
    root: Path
    lines: list[str] = field(default_factory=list)

    def build(self, text: str, files: Mapping[str, str | bytes] | None = None, **options: object) -> Image:
        context = self.root / uuid.uuid4().hex
        for name, content in {"Dockerfile": text, **(files or {})}.items():
            path = context / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return self.engine.build(replace(BuildSpec(context), **options), self.lines.append, lambda: False)

    def refuse(self, text: str, files: Mapping[str, str | bytes] | None = None, **options: object) -> BuildFailed:
        try:
            image = self.build(text, files, **options)
        except BuildFailed as failure:
            return failure
        raise AssertionError(f"it was built: {image}")

    def text(self, image: Image, path: str) -> str:
        return self.engine.read(image.digest, path).decode()


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str


def run(engine: Engine, image: str, *command: str, **options: object) -> Ran:
    spec = replace(RunSpec(image, command=command or None), **options)
    container = engine.run(spec)
    out, err = container.stdout.read(), container.stderr.read()
    return Ran(container.wait(WITHIN), out.decode(), err.decode())
