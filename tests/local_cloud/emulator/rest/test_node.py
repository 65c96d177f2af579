"""Google's clients for Node, as npm has them, at the local cloud: another implementation of the same protocol."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cloud import LocalCloud
from tests.local_cloud.emulator.subject_image import push_subject
from tests.waits import WITHIN

PACKAGES = ("@google-cloud/run@3", "@google-cloud/cloudbuild@5")
PARENT = "projects/by-node/locations/us-central1"


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the clients in it."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("node and npm are not installed, whose clients are tried here")
    directory = tmp_path_factory.mktemp("node")
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(directory), *PACKAGES]
    done = subprocess.run(command, capture_output=True, text=True, cwd=directory, timeout=120)
    if done.returncode != 0:
        pytest.skip(f"npm cannot install {' '.join(PACKAGES)} here: {done.stderr.strip().splitlines()[-1:]}")
    return directory


def test_the_node_clients_do_what_the_python_ones_do(cloud: LocalCloud, packages: Path) -> None:
    script = packages / "clients.mjs"
    shutil.copy(Path(__file__).with_name("node_clients.mjs"), script)
    done = subprocess.run(
        ["node", str(script), cloud.grpc, PARENT, push_subject(cloud, "by-node")],
        capture_output=True,
        text=True,
        timeout=4 * WITHIN,
        env={**os.environ, "no_grpc_proxy": "127.0.0.1"},
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told.pop("uri").startswith("http://127.0.0.1:")
    assert "noded" in told.pop("listed")
    assert told == {
        "labels": {"team": "x"},
        "revisions": 1,
        "missing": 5,  # NOT_FOUND
        "crash": 9,  # FAILED_PRECONDITION, at the operation's end
        "build": 2,  # UNKNOWN, as Cloud Build's operations end
        "gone": 5,
    }
