"""The path that `init` writes is one that the service answers, as far as its own files tell."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from deploy_lib.cli.init_files import health_of
from deploy_lib.source.health_path import health_path

PLAIN = "FROM python:3.12-slim\nCMD python app.py\n"


@pytest.mark.parametrize(
    ("dockerfile", "source", "found"),
    [
        (PLAIN, '@app.route("/")\ndef a(): ...\n@app.route("/healthz")\ndef b(): ...\n', "/healthz app.py:3"),
        (PLAIN, "@app.get('/api/v1/health')\nasync def a(): ...\n", "/api/v1/health app.py:1"),
        (PLAIN, '@router.get(\n    "/ping",\n)\n', "/ping app.py:1"),
        (PLAIN, 'urlpatterns = [path("admin/", x), path("healthz/", y)]\n', "/healthz/ app.py:1"),
        (PLAIN, "urlpatterns = [re_path(r'^status$', y)]\n", "/status app.py:1"),
        (PLAIN, 'app.router.add_get("/health", a)\nRoute("/deep/health", b)\n', "/health app.py:1"),
        (PLAIN, '@app.get("/orders")\n@app.get("/")\n', "/ app.py:2"),
        (PLAIN, '@app.get("/orders")\nname = answer.get("status")\nrequests.get("/health")\nos.path("up")\n', None),
        (f"{PLAIN}HEALTHCHECK CMD curl -f http://localhost:8080/up/now || exit 1\n", '@app.get("/health")\n',
         "/up/now Dockerfile:3"),
        (f"{PLAIN}HEALTHCHECK --retries=5 \\\n  CMD curl http://0.0.0.0:$PORT/live\n", "", "/live Dockerfile:4"),
        (f"{PLAIN}HEALTHCHECK CMD curl -f http://localhost:${{PORT:-8080}}/live\n", "", "/live Dockerfile:3"),
        (f"{PLAIN}HEALTHCHECK NONE\n", '@app.get("/health")\n', "/health app.py:1"),
    ],
)  # fmt: skip
def test_the_path_and_where_it_stands(dockerfile: str, source: str, found: str | None) -> None:
    path = health_path(("Dockerfile", dockerfile), [("app.py", source)])
    assert (f"{path.path} {path.place}" if path else None) == found


@pytest.mark.standard
@pytest.mark.parametrize(
    ("file", "is_asked"),
    [("latest/app.py", True), ("attestation.py", True), ("tests/app.py", False), ("app/test_it.py", False)],
)
def test_what_tests_answer_is_not_asked(tmp_path: Path, file: str, is_asked: bool) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text('@app.get("/health")\n')
    assert (health_of(tmp_path, {}) is not None) == is_asked
