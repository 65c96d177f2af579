"""Stand-ins for images: a directory that plays /app, one that plays site-packages, and a real interpreter.

The probe only needs a working directory, an environment and `python -`, so nearly everything it must tell apart
can be shown without building an image.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy_lib.in_image.options import ProbeOptions, probe_arguments, probe_source
from deploy_lib.in_image.result import ProbeResult, read_result
from tests.waits import WITHIN

NONCE = "4f2a9c"


@dataclass(frozen=True)
class Run:
    stdout: bytes
    stderr: str
    code: int

    @property
    def result(self) -> ProbeResult:
        return read_result(self.stdout, NONCE)

    @property
    def compact(self) -> ProbeResult:
        return read_result(self.stdout.splitlines()[0], NONCE)


@dataclass(frozen=True)
class FakeImage:
    root: Path
    python: str = sys.executable

    @property
    def app(self) -> Path:
        return self.root / "app"

    @property
    def site(self) -> Path:
        return self.root / "lib" / "site-packages"

    def write(self, files: Mapping[str, str], *, within: Path | None = None) -> None:
        for name, text in files.items():
            path = (within or self.app) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def install(self, name: str, version: str, files: Mapping[str, str]) -> None:
        """A distribution in site-packages."""
        record = "".join(f"{file},,\n" for file in files)
        metadata = {"RECORD": record, "METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"}
        info = f"{name.replace('-', '_')}-{version}.dist-info"
        self.write({**files, **{f"{info}/{key}": text for key, text in metadata.items()}}, within=self.site)

    def start(
        self, entrypoint: str = "shop.main", *, env: Mapping[str, str] | None = None, **options: Any
    ) -> subprocess.Popen[bytes]:
        self.app.mkdir(exist_ok=True)
        kept = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG")}
        arguments = probe_arguments(ProbeOptions(NONCE, entrypoint, **options))
        return subprocess.Popen(
            [self.python, *arguments],
            cwd=self.app,
            env={**kept, "PYTHONPATH": str(self.site), "PYTHONDONTWRITEBYTECODE": "1", **(env or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def probe(self, entrypoint: str = "shop.main", *, env: Mapping[str, str] | None = None, **options: Any) -> Run:
        with self.start(entrypoint, env=env, **options) as process:
            stdout, stderr = process.communicate(probe_source(), timeout=WITHIN)
        return Run(stdout, stderr.decode(errors="replace"), process.returncode)
