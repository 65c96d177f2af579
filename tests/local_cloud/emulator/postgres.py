"""A PostgreSQL server of this machine's own packages, for as long as a block lasts."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import pytest

from tests.cloud import ROOT
from tests.waits import until

_ACCOUNT = "postgres"  # that the package makes: the server does not run as root


@contextmanager
def postgres() -> Iterator[int]:
    """Its port on 127.0.0.1; whoever connects as postgres is let in. Skips the test where it is not installed."""
    programs = _programs()
    # Not below pytest's directories, which are private, and made so anew by each run on this machine.
    with tempfile.TemporaryDirectory(prefix="postgres-") as directory:
        yield from _served(programs, Path(directory))


def _served(programs: Path, directory: Path) -> Iterator[int]:
    as_account = {"user": _ACCOUNT, "group": _ACCOUNT, "extra_groups": ()} if os.getuid() == 0 else {}
    data = directory / "data"
    data.mkdir()
    if as_account:
        shutil.chown(data, _ACCOUNT, _ACCOUNT)
        directory.chmod(0o755)
    made = subprocess.run(
        [programs / "initdb", "-D", data, "-U", _ACCOUNT, "--auth=trust", "--no-sync", "--no-instructions"],
        capture_output=True, text=True, cwd=data, **as_account,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = ["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off"]
    with (directory / "log").open("wb") as log:
        server = subprocess.Popen(
            [programs / "postgres", "-D", data, "-p", str(port), *options],
            stdout=log, stderr=log, cwd=data, **as_account,
        )  # fmt: skip
    try:
        until(lambda: _is_ready(programs, port) or server.poll() is not None)
        assert server.poll() is None, (directory / "log").read_text()
        yield port
    finally:
        server.terminate()
        server.wait()


def example() -> ModuleType:
    """The module with which the example service asks its database."""
    path = ROOT / "examples" / "backend" / "shop_backend" / "core" / "database.py"
    spec = importlib.util.spec_from_file_location("database", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _programs() -> Path:
    for found in (shutil.which("postgres"), *sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), reverse=True)):
        if found and Path(found).resolve().with_name("initdb").exists():
            return Path(found).resolve().parent
    pytest.skip("PostgreSQL is not installed on this machine (Debian: apt-get install postgresql)")


def _is_ready(programs: Path, port: int) -> bool:
    """Also past the moment in which it listens and lets nobody in yet."""
    words = [programs / "pg_isready", "--quiet", "--host=127.0.0.1", f"--port={port}"]
    return subprocess.run(words).returncode == 0
