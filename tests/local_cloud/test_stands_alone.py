"""The package without the tool: a copy of its directory, under another name, is a local cloud."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import grpc
import pytest
from google.cloud import run_v2
from google.cloud.run_v2.services.services.transports import ServicesGrpcTransport

from deploy_lib import local_cloud
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
