"""The example service's database variant against a real PostgreSQL of this machine."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.cloud.run_v2 import EnvVar, Service

from deploy_lib.local_cloud.emulator.reach.targets import parse_target
from deploy_lib.local_cloud.engines.model import BuildSpec, Engine
from tests.cloud import ROOT
from tests.local_cloud.emulator.postgres import example, postgres
from tests.local_cloud.emulator.run.bench import RunBench, template

EXAMPLE = ROOT / "examples" / "backend" / "shop_backend"
QUESTION = "SELECT number, item FROM orders ORDER BY number"
SERVER = f"""
import http.server, json, os
from shop_backend.core.database import ask

ORDERS = json.dumps(ask(os.environ["DATABASE_URL"], "{QUESTION}")).encode()

class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(ORDERS)

http.server.ThreadingHTTPServer(("", int(os.environ["PORT"])), Answers).serve_forever()
"""
DOCKERFILE = 'FROM python:3.11-slim\nWORKDIR /app\nCOPY . .\nCMD ["python", "-S", "-u", "server.py"]\n'


@pytest.fixture(scope="module")
def database() -> Iterator[int]:
    """The port of one that holds two orders."""
    with postgres() as port:
        for question in (
            "CREATE TABLE orders (number int, item text, quantity int, state text)",
            "INSERT INTO orders VALUES (1, 'lamp', 2, 'open'), (2, NULL, 1, 'shipped')",
        ):
            example().ask(url(port), question)
        yield port


def url(port: int) -> str:
    return f"postgresql://postgres@127.0.0.1:{port}/postgres"


def test_what_the_database_refuses_is_told_in_its_words(database: int) -> None:
    module = example()
    with pytest.raises(module.DatabaseError, match='relation "nothing" does not exist'):
        module.ask(url(database), "SELECT * FROM nothing")
    with pytest.raises(module.DatabaseError, match='database "nobody" does not exist'):
        module.ask(f"postgresql://postgres@127.0.0.1:{database}/nobody", "SELECT 1")


def test_a_service_reads_its_database_at_start(engine: Engine, database: int, tmp_path: Path) -> None:
    context = tmp_path / "context"
    shutil.copytree(EXAMPLE, context / "shop_backend", ignore=shutil.ignore_patterns("__pycache__"))
    (context / "server.py").write_text(SERVER)
    (context / "Dockerfile").write_text(DOCKERFILE)
    image = engine.build(BuildSpec(context, tags=("database:1",)), lambda _: None, lambda: False).digest
    bench = RunBench(engine, image, tmp_path / "cloud", reach=[parse_target(f"127.0.0.1:{database}")])
    try:
        service = Service(template=template(env=[EnvVar(name="DATABASE_URL", value=url(database))]))
        answer = bench.http.get(bench.deploy("shop", service).uri)
        assert json.loads(answer.text) == [["1", "lamp"], ["2", None]]
        service.template = template(env=[EnvVar(name="DATABASE_URL", value=url(database - 1))])
        failed = bench.wait(bench.create("blind", service))
        assert failed.error.code == 9
        (revision,) = {revision for revision, *_ in bench.told.lines if revision.startswith("blind-")}
        assert any("ConnectionRefusedError" in line for line in bench.told.of(revision, "stderr"))
    finally:
        bench.close()
