"""The package without the tool: a copy of its directory, under another name, is a local cloud."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import grpc
import pytest
from google.cloud import run_v2
from google.cloud.run_v2.services.services.transports import ServicesGrpcTransport

from deploy_lib import local_cloud
from deploy_lib.local_cloud.emulator.wire.message_types import LIBRARIES
from tests.engine_store import shared_store
from tests.waits import WITHIN, until


def test_a_copy_of_its_directory_serves_googles_own_client(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    package = Path(local_cloud.__file__).parent
    shutil.copytree(package, tmp_path / "lifted", ignore=shutil.ignore_patterns("__pycache__"))
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    alone = subprocess.run(
        [sys.executable, "-c", "import deploy_lib"], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert "No module named 'deploy_lib'" in alone.stderr
    command = [sys.executable, "-m", "lifted", "--state", "state", "--store", str(shared_store(tmp_path_factory))]
    command += ["--engine", "namespaces"]  # which tries a container before it serves, by a helper process of its own
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=log)
    try:
        endpoints = tmp_path / "state" / "endpoints.json"
        until(lambda: endpoints.exists() or process.poll() is not None)
        assert endpoints.exists(), (tmp_path / "log").read_text()
        address = json.loads(endpoints.read_text())["grpc"]
        with grpc.insecure_channel(address, options=[("grpc.enable_http_proxy", 0)]) as channel:
            client = run_v2.ServicesClient(transport=ServicesGrpcTransport(channel=channel))
            assert list(client.list_services(parent="projects/p/locations/us-central1")) == []
    finally:
        process.terminate()
        assert process.wait(WITHIN) == 0


@pytest.mark.fast
def test_it_takes_messages_where_no_client_is_loaded_with_them() -> None:
    """A package of Google's imports all its clients, which would double the time to start."""
    libraries = [library for library in LIBRARIES if not library.endswith(".types")]
    whole = "|".join(re.escape(library) for library in libraries)
    parents = "|".join({library.rpartition(".")[0].replace(".", r"\.") for library in libraries})
    names = "|".join(library.rpartition(".")[2] for library in libraries)
    wrong = re.compile(rf"^\s*(from ({whole}) import (?!types as )|from ({parents}) import ({names})\b)", re.MULTILINE)
    package = Path(local_cloud.__file__).parent
    assert [str(path) for path in package.rglob("*.py") if wrong.search(path.read_text(encoding="utf-8"))] == []


def test_it_starts_without_clients_and_they_can_be_had_all_the_same() -> None:
    story = """
import sys
from deploy_lib.local_cloud.emulator.wire.message_types import import_messages
with import_messages():
    import deploy_lib.local_cloud.emulator.cloud
assert not [name for name in sys.modules if name.startswith("google.cloud.") and ".services" in name]
assert "google.api_core" not in sys.modules
from google.cloud import run_v2
from google.cloud.run_v2.types import Service
assert run_v2.Service is Service
assert run_v2.ServicesClient.__module__ == "google.cloud.run_v2.services.services.client"
try:
    run_v2.NothingOfTheKind
except AttributeError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", story], capture_output=True, text=True)
    assert (done.returncode, "no attribute 'NothingOfTheKind'" in done.stdout) == (0, True), done.stderr
