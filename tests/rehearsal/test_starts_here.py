"""An application that Cloud Run would start passes import_check, starts on the local cloud and serves there.

What each does while it is imported once stopped a check or a start that was right in refusing nothing. Beside each
stands its broken twin, which must still be rejected before it is pushed.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import google.auth
import httpx
import pytest

from tests.cloud import LocalCloud
from tests.engine_store import shared_store
from tests.rehearsal.cli_harness import PROJECT, CliHarness

STEPS = (
    {"build": {"timeout": "2m"}},
    {"import_check": None},
    {"canary": {"ready_within": "5m"}},
    {"probe": {"attempts": 3, "need": 1, "every": "20ms"}},
    {"promote": {"percent": 100}},
    {"verify": {"within": "2m"}},
)
SERVER = """
import http.server
import os

from web import at_import


class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = at_import.SAYS.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    http.server.ThreadingHTTPServer(("0.0.0.0", int(os.environ["PORT"])), Answers).serve_forever()
"""
GOOGLE = """
import google.auth

credentials, project = google.auth.default()
SAYS = f"{project} {type(credentials).__module__}"
"""
BY_HAND = """
import urllib.request

ASKED = urllib.request.Request(
    "http://metadata.google.internal/computeMetadata/v1/instance/region", headers={"Metadata-Flavor": "Google"}
)
SAYS = urllib.request.urlopen(ASKED, timeout=5).read().decode().rpartition("/")[2]
"""
WRITES = """
import pathlib
import tempfile

for place in ("logs", "/srv/cache", "/var/lib/web", tempfile.gettempdir() + "/web"):
    pathlib.Path(place).mkdir(parents=True)
    pathlib.Path(place, "begun").write_text("x")
SAYS = "written"
"""
VENV = 'import only_there\n\nSAYS = only_there.__file__.partition("/lib/")[0]\n'
FROM = "FROM python:3.11-slim\nWORKDIR /srv\nENV PYTHONUNBUFFERED=1\n"
SERVE = 'COPY web/ web/\nCMD ["python", "-m", "web.main"]\n'
LIBRARIES = f"{FROM}ENV PYTHONPATH=/opt/libraries\nCOPY libraries/ /opt/libraries/\n{SERVE}"
IN_VENV = f"""{FROM}RUN python -m venv --without-pip /opt/own && \\
    touch $(/opt/own/bin/python -c 'import site; print(site.getsitepackages()[0])')/only_there.py
COPY web/ web/
"""
STORIES = {
    "google client": (GOOGLE, LIBRARIES, f"{PROJECT} google.auth.compute_engine.credentials"),
    "metadata by hand": (BY_HAND, FROM + SERVE, "us-central1"),
    "writes": (WRITES, FROM + SERVE, "written"),
    "venv": (VENV, f'{IN_VENV}CMD ["/opt/own/bin/python", "-m", "web.main"]\n', "/opt/own"),
    "venv in a script": (
        VENV, f'{IN_VENV}COPY start.sh .\nCMD ["sh", "start.sh"]\n', "/opt/own",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """A cloud that gives a container 48 s to listen: a large library may be slow to import on a busy machine."""
    with LocalCloud(tmp_path_factory.mktemp("patient"), store=shared_store(tmp_path_factory), time_scale=0.2) as cloud:
        yield cloud


@pytest.fixture
def harness(patient: LocalCloud, tmp_path: Path) -> CliHarness:
    return CliHarness(patient, tmp_path, patient.name("starts"))


def loaded(program: str) -> list[Path]:
    """The files that a program loads from where this Python's packages are."""
    show = "import sys; print('\\n'.join(getattr(m, '__file__', None) or '' for m in sys.modules.values()))"
    said = subprocess.run([sys.executable, "-c", f"{program}\n{show}"], capture_output=True, text=True, check=True)
    return [Path(line) for line in said.stdout.split("\n") if "-packages/" in line]


def bring_libraries(harness: CliHarness) -> None:
    """Google's own way to credentials and all it needs, as pip would have installed them in the image."""
    site = Path(google.auth.__file__).parents[2]
    files = {file for each in ("google/auth", "google/oauth2") for file in (site / each).rglob("*.py")}
    files |= set(loaded("import google.auth.compute_engine"))
    for file in sorted(files):
        target = harness.repository / "libraries" / file.relative_to(site)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.read_bytes())


def write(harness: CliHarness, story: str, more: str = "") -> Path:
    at_import, dockerfile, _ = STORIES[story]
    if "libraries" in dockerfile:
        bring_libraries(harness)
    harness.write("web/__init__.py", "")
    harness.write("web/main.py", SERVER)
    harness.write("web/at_import.py", at_import + more)
    harness.write("start.sh", "#!/bin/sh\nset -e\n. /opt/own/bin/activate\nexec python -m web.main\n")
    harness.write("Dockerfile", dockerfile)
    harness.commit(story)
    account = f"web@{PROJECT}.iam.gserviceaccount.com"
    entry = harness.entry(harness.service, service_account=account, health={"path": "/"})
    return harness.config(STEPS, services={"backend": entry})


@pytest.mark.slow
@pytest.mark.parametrize("story", STORIES)
def test_it_goes_live(harness: CliHarness, story: str) -> None:
    result = harness.release(write(harness, story))
    assert result.code == 0, f"{result.statuses} {result.errors} {result.of_type('diagnosed')}"
    assert ("import_check", "passed") in result.statuses
    assert httpx.get(harness.url(), trust_env=False).text == STORIES[story][2]


@pytest.mark.slow
@pytest.mark.parametrize("story", sorted(set(STORIES) - {"metadata by hand"}))  # there the check warns at the name
def test_its_broken_twin_is_rejected(harness: CliHarness, story: str) -> None:
    result = harness.release(write(harness, story, "\nfrom web import gone\n"))
    assert (result.code, result.statuses[-1]) == (1, ("import_check", "failed")), result.errors
    assert "gone" in result.of_type("judged")[-1]["reason"]
