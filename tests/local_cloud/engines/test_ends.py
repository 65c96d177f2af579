"""Nothing survives the process that started it, kill -9 included."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from deploy_lib.local_cloud.engines.model import Engine
from tests.local_cloud.engines.engine_harness import FROM, EngineHarness
from tests.local_cloud.engines.test_conformance_build import sleeping
from tests.waits import WITHIN, until

ROOT = Path(__file__).resolve().parents[3]
RUNS = """
import sys
from pathlib import Path
from deploy_lib.local_cloud.engines import choose
from deploy_lib.local_cloud.engines.model import BuildSpec, RunSpec
engine = choose(sys.argv[1], Path(sys.argv[2]))
if sys.argv[3] == "run":
    print(engine.run(RunSpec(sys.argv[4], entrypoint=("sleep", sys.argv[5]))).pid, flush=True)
    sys.stdin.read()
engine.build(BuildSpec(Path(sys.argv[4])), lambda _: None, lambda: False)
"""

FEW = """
import os, resource
from deploy_lib.local_cloud.engines.model import EngineError
from deploy_lib.local_cloud.engines.namespaces.sandbox import Sandbox, launch

def opened():
    return {each for each in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{each}")}

box = Sandbox("/", (), "/nonexistent", ("true",), {})
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
for more in range(40):
    before = opened()
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(map(int, before)) + 1 + more, hard))
    try:
        launch(box, stdin=b"given")
    except (OSError, EngineError) as error:
        failed = error
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    print(more, len(opened() - before), isinstance(failed, OSError))
"""
"""With as many descriptors left as one start needs, and with fewer."""


def start(engine: Engine, store: Path, *words: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", RUNS, engine.name, str(store), *words]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def kill(process: subprocess.Popen[bytes]) -> None:
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()


def test_a_container_ends_with_its_starter(engine: Engine, store: Path, tmp_path: Path) -> None:
    image, seconds = EngineHarness(engine, tmp_path).build(FROM), f"97{os.getpid()}"
    process = start(engine, store, "run", image.digest, seconds)
    assert process.stdout is not None and int(process.stdout.readline()) > 0
    until(lambda: sleeping(seconds))
    kill(process)
    until(lambda: not sleeping(seconds))


def test_a_build_ends_with_its_starter(engine: Engine, store: Path, tmp_path: Path) -> None:
    seconds = f"98{os.getpid()}"
    (tmp_path / "Dockerfile").write_text(f"{FROM}RUN sleep {seconds}\n")
    process = start(engine, store, "build", str(tmp_path))
    until(lambda: sleeping(seconds))
    kill(process)
    until(lambda: not sleeping(seconds))


@pytest.mark.parametrize("name", ["docker", "podman", "namespaces"])
def test_opening_an_engine_leaves_nothing_to_until(name: str, tmp_path: Path) -> None:
    """A command that only asks must not be kept alive by an engine it opened."""
    code = "import sys; from pathlib import Path; from deploy_lib.local_cloud.engines import choose\ntry: choose(sys.argv[1], Path(sys.argv[2]))\nexcept Exception: pass"  # noqa: E501
    subprocess.run([sys.executable, "-c", code, name, str(tmp_path)], cwd=ROOT, timeout=WITHIN, check=True)


def test_a_start_that_fails_for_want_of_descriptors_leaves_none_open() -> None:
    done = subprocess.run([sys.executable, "-c", FEW], cwd=ROOT, capture_output=True, text=True, timeout=WITHIN)
    rows = [line.split() for line in done.stdout.splitlines()]
    assert [row for row in rows if row[1] != "0"] == [], done.stderr
    failed = [more for more, _, for_want in rows if for_want == "True"]
    assert len(failed) > 5 and "39" not in failed, done.stdout
