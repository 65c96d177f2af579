"""The import check's options, and the command that runs it in an image.

The probe goes in on standard input, and what starts it (start.py) and its options as arguments, so the image needs
neither a mount nor a copied file. `nonce` is a fresh random text for each run; the result repeats it.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib import resources
from typing import Literal

from deploy_lib.in_image.probe import join_parts


@dataclass(frozen=True, slots=True)
class Metadata:
    """`account` is the e-mail address of the account that the service runs as. See local_cloud/metadata_server.py."""

    project: str
    region: str
    account: str
    number: str = "0"
    instance: str = "import-check"


@dataclass(frozen=True, slots=True)
class ProbeOptions:
    """At least one of entrypoint, also and all must be given.

    entrypoint: `pkg.mod`, `pkg.mod:app` (the attribute must be there and not None; `app()` is looked up, not called)
    or a path ending in .py. main: Python itself runs it (python -m, or a script): what it imports as __main__ counts.
    also: packages whose every module is imported. all: every module of the application,
    less those that match a pattern of `exclude`. first_party: top-level packages of the application, wherever they
    are installed. roots: directories that hold its files; () means sys.path without Python and installed packages.
    import_path: directories put first on sys.path (uvicorn's --app-dir); None means the working directory, or the
    script's for a path. timeout: seconds for one target; total_timeout: for all. jobs: 0 means one per core.
    limit: bytes of the compact line, at least 1500. secrets: variables whose values are masked in the result.
    shapes: patterns of what looks like a secret, and what to put in its place; see SHAPES of deploy_lib.redact.
    metadata: what a metadata server that answers as Cloud Run's does tells of the service; None starts none.
    """

    nonce: str
    entrypoint: str = ""
    main: bool = False
    also: tuple[str, ...] = ()
    all: bool = False
    exclude: tuple[str, ...] = ("setup", "conftest", "*.conftest", "__main__", "*.__main__")
    first_party: tuple[str, ...] = ()
    roots: tuple[str, ...] = ()
    import_path: tuple[str, ...] | None = None
    timeout: float = 60.0
    total_timeout: float = 900.0
    budget_ms: float = 200
    jobs: int = 0
    max_modules: int = 5000
    max_files: int = 50_000
    max_hashed: int = 64 << 20
    on_other_errors: Literal["auto", "fail", "warn"] = "auto"
    limit: int = 3500
    secrets: tuple[str, ...] = ()
    metadata: Metadata | None = None
    shapes: tuple[tuple[str, str], ...] = ()


def probe_arguments(options: ProbeOptions, launch: Mapping[str, object] | None = None) -> tuple[str, ...]:
    """Arguments for any python of the image; the probe's source goes to its standard input.

    `launch` tells which interpreter the probe is given to in the end; see start.py. None: to the same one.
    """
    start = resources.files(__package__).joinpath("start.py").read_text(encoding="utf-8")
    return "-I", "-S", "-c", start, json.dumps(launch), json.dumps(asdict(options))


DEFAULTS = asdict(ProbeOptions(nonce=""))


@functools.cache
def probe_source() -> bytes:
    """The probe, as it is given to the image's interpreter: one file."""
    return join_parts(DEFAULTS).encode()
