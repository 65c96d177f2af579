"""What nobody foresaw ends the call or the build it happens in, with an error that says so, and hangs nobody."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from aiohttp import web
from google.cloud.devtools.cloudbuild_v1 import Build

from deploy_lib import local_cloud
from deploy_lib.local_cloud.emulator.wire.http import HttpServer, registry_error
from deploy_lib.local_cloud.engines.model import Engine
from tests.local_cloud.emulator.broken import Break, Broken, Unreadable, breaks
from tests.local_cloud.emulator.build_bench import BuildBench, shell

ROOT = Path(local_cloud.__file__).parent
FILES = {"Dockerfile": "FROM python:3.11-slim\nRUN true\n"}
IN_CONTAINERS = {"builders/shim.py"}
"""Run where nothing of this package is."""

WAYS = (
    ("build", breaks(RuntimeError("a loop")), "docker build -t x .", "the local cloud failed: RuntimeError: a loop"),
    ("build", breaks(FileNotFoundError(2, "No such file")), "docker build -t x .", "No such file"),
    ("run", breaks(KeyError("a table")), "true", "the local cloud failed: KeyError: 'a table'"),
    (
        "run",
        Unreadable,
        "for i in $(seq 200000); do echo a line that fills the pipe; done",
        "RuntimeError: the pipe is strange",
    ),
)


@pytest.fixture
def broken(tmp_path: Path, engine_store: Path) -> Iterator[Callable[[str, Break], BuildBench]]:
    opened: list[BuildBench] = []

    def open_one(method: str, instead: Break) -> BuildBench:
        def around(engine: Engine) -> Engine:
            return Broken(engine, method, instead)  # type: ignore[return-value]

        opened.append(BuildBench(tmp_path, engine_store, around))
        return opened[-1]

    yield open_one
    for each in opened:
        each.cloud.close()


@pytest.mark.parametrize(("method", "instead", "script", "said"), WAYS)
def test_a_build_in_which_the_unforeseen_happens_ends(
    broken: Callable[[str, Break], BuildBench], method: str, instead: Break, script: str, said: str
) -> None:
    bench = broken(method, instead)
    build = bench.run(shell(script), source=bench.upload(FILES))
    assert build.status == Build.Status.FAILURE
    assert said in bench.log(build.id)


def test_a_build_whose_end_cannot_be_written_has_ended_all_the_same(tmp_path: Path, engine_store: Path) -> None:
    bench = BuildBench(tmp_path, engine_store)
    build_id = bench.submit(shell("sleep 0.2"))
    (tmp_path / "builds" / "ledger").rename(tmp_path / "builds" / "gone")
    assert bench.wait(build_id).status in (Build.Status.SUCCESS, Build.Status.INTERNAL_ERROR)
    (tmp_path / "builds" / "gone").rename(tmp_path / "builds" / "ledger")
    bench.cloud.close()


@pytest.mark.parametrize("registry", [False, True])
def test_a_handler_that_fails_is_answered_in_the_form_of_its_service(
    registry: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    async def fail(request: web.Request) -> web.StreamResponse:
        raise LookupError("no such key")

    routes = [web.get("/storage/v1/b", fail)]
    server = HttpServer(routes, form=registry_error) if registry else HttpServer(routes)
    try:
        answer = httpx.get(f"http://{server.address}/storage/v1/b", trust_env=False)
    finally:
        server.close()
    message = "the local cloud failed: LookupError: no such key"
    assert answer.status_code == 500
    assert (answer.json()["errors"][0] if registry else answer.json()["error"])["message"] == message
    assert "GET /storage/v1/b failed:" in capfd.readouterr().err


def test_every_thread_says_what_its_failure_ends() -> None:
    """Made by local_cloud/worker.py, that is, which asks for it."""
    bare = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sorted(ROOT.rglob("*.py"))
        if path.name != "worker.py" and not any(path.as_posix().endswith(each) for each in IN_CONTAINERS)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("threading.Thread", "Thread")
    ]
    assert bare == []
