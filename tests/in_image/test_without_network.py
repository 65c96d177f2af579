"""Images that run well on Cloud Run and ask at import for what the check does not have: a warning, never a failure.

Beside each stands the same image with a fault of its own, which must still be told.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import google.auth
import pytest

from deploy_lib.in_image.options import Metadata, ProbeOptions, probe_arguments, probe_source
from deploy_lib.in_image.result import Failure, ProbeResult, read_result
from tests.in_image.images import NONCE, FakeImage

SERVICE = Metadata("netra-staging", "europe-west1", "backend@netra-staging.iam.gserviceaccount.com")
LIBRARIES = str(Path(google.auth.__file__).parents[2])
CONNECT = """
import socket, sys
def connect():
    return socket.create_connection(("127.0.0.1", 9), timeout=1)
"""
LONG_AGO = "def a():\n  try: connect()\n  except OSError: pass\na()\n" + 9 * "\n"
DRIVER = """
class OperationalError(Exception):
    pass
def connect(words):
    raise OperationalError(words)
"""


def probe(image: FakeImage, store: str, *, env: Mapping[str, str] | None = None, **options: object) -> ProbeResult:
    image.write({"shop/__init__.py": "", "shop/main.py": "from shop import store\napp = 1\n", "shop/store.py": store})
    run = image.probe("shop.main:app", env=env, **{"metadata": SERVICE, **options})
    assert run.code == 0, run.stderr
    return run.result


def warned(image: FakeImage, store: str, **options: object) -> Failure:
    result = probe(image, store, **options)
    assert result.verdict == "warned"
    (failure,) = result.failures
    assert any(frame.file.endswith("shop/store.py") for frame in failure.chain)
    return failure


@pytest.mark.parametrize(
    "store",
    [
        CONNECT + "connect()\n",
        "import urllib.request\nurllib.request.urlopen('http://127.0.0.1:9/')\n",
        "import socket\nsocket.create_connection(('db.internal.invalid', 5432))\n",
        "raise OSError(101, 'Network is unreachable')\n",
        "import socket\nraise socket.gaierror(-2, 'Name or service not known')\n",
        CONNECT + "try: connect()\nexcept OSError: sys.exit('no database')\n",
        CONNECT + "def a():\n  try: return connect()\n  except OSError: pass\nif a() is None: sys.exit(1)\n",
        CONNECT + "try: connect()\nexcept OSError as e: raise RuntimeError('no database') from e\n",
        CONNECT
        + "def migrate():\n  try: connect()\n  except OSError: raise RuntimeError('failed') from None\nmigrate()\n",
        CONNECT + "import os\nfor n in range(3):\n  try: connect()\n  except OSError: pass\nos._exit(3)\n",
        pytest.param(
            CONNECT + "import time\nwhile True:\n  try: connect()\n  except OSError: time.sleep(0.1)\n",
            marks=pytest.mark.slow,
        ),
        DRIVER + "connect('connection to server at \"10.0.0.3\", port 5432 failed: Network is unreachable')\n",
        DRIVER + "connect('could not translate host name \"db\" to address: Temporary failure in name resolution')\n",
        "import time\nprint('redis: Connection refused, trying again', flush=True)\ntime.sleep(600)\n",
        "print('dial: Name or service not known')\nraise SystemExit(1)\n",
    ],
)
def test_what_needs_the_network_is_a_warning(image: FakeImage, store: str) -> None:
    assert warned(image, store, timeout=5.0 if "sleep" in store else 60.0).kind == "network"


@pytest.mark.parametrize(
    ("store", "kind"),
    [
        (CONNECT + "try: connect()\nexcept OSError: pass\nundefined_name\n", "other"),
        (CONNECT + "try: connect()\nexcept OSError: pass\nimport shop.gone\n", "missing_module"),
        (CONNECT + "try: connect()\nexcept OSError: import shop.gone\n", "missing_module"),
        (CONNECT + "try: connect()\nexcept OSError: pass\nimport redis_driver\n", "missing_dependency"),
        (CONNECT + "try: connect()\nexcept OSError: pass\nimport os\nos.environ['URL']\n", "environment_variable"),
        (CONNECT + LONG_AGO + "raise ValueError('wrong')\n", "other"),
        (CONNECT + LONG_AGO + "sys.exit(3)\n", "exit"),
        (CONNECT + LONG_AGO + "def b():\n  while True: pass\nb()\n", "hang"),
        (CONNECT + "def f(:\n", "syntax_error"),
        ("raise RuntimeError('wrong')\n", "other"),
        pytest.param("while True: pass\n", "hang", marks=pytest.mark.slow),
    ],
)  # fmt: skip
def test_a_fault_of_the_image_still_fails(image: FakeImage, store: str, kind: str) -> None:
    result = probe(image, store, timeout=3.0 if kind == "hang" else 60.0)
    assert (result.verdict, result.failures[0].kind) == ("failed", kind)


@pytest.mark.parametrize(("setting", "verdict"), [("auto", "warned"), ("warn", "warned"), ("fail", "failed")])
def test_the_yaml_decides(image: FakeImage, setting: str, verdict: str) -> None:
    assert probe(image, CONNECT + "connect()\n", on_other_errors=setting).verdict == verdict


GOOGLE = """
import google.auth
from google.cloud import storage
client = storage.Client()
credentials, project = google.auth.default()
assert (client.project, project) == ("netra-staging", "netra-staging"), (client.project, project)
assert type(credentials).__module__ == "google.auth.compute_engine.credentials"
"""


@pytest.mark.parametrize(
    "more",
    [
        "",
        "import google.auth.transport.requests as r\ncredentials.refresh(r.Request())\n"
        "assert credentials.service_account_email.startswith('backend@'), credentials.service_account_email\n",
        "from google.oauth2 import id_token\nimport google.auth.transport.requests as r\n"
        "id_token.fetch_id_token(r.Request(), 'https://other.run.app')\n",
        "import os, urllib.request\n"
        "u = 'http://%s/computeMetadata/v1/instance/region' % os.environ['GCE_METADATA_HOST']\n"
        "q = urllib.request.Request(u, headers={'Metadata-Flavor': 'Google'})\n"
        "assert urllib.request.urlopen(q).read() == b'projects/0/regions/europe-west1'\n",
    ],
    ids=["clients", "token", "identity token", "by hand"],
)
def test_a_google_client_at_module_level_finds_what_it_finds_on_cloud_run(image: FakeImage, more: str) -> None:
    result = probe(image, GOOGLE + more, env={"PYTHONPATH": f"{image.site}:{LIBRARIES}"})
    assert (result.verdict, result.failures) == ("passed", ())


def test_a_call_of_a_google_client_at_import_is_a_warning(image: FakeImage) -> None:
    call = "from google.api_core.exceptions import ServiceUnavailable\nraise ServiceUnavailable('no route')\n"
    assert warned(image, GOOGLE + call, env={"PYTHONPATH": f"{image.site}:{LIBRARIES}"}).kind == "network"


def test_credentials_that_only_cloud_run_has_are_a_warning(image: FakeImage) -> None:
    env = {"PYTHONPATH": f"{image.site}:{LIBRARIES}", "GOOGLE_APPLICATION_CREDENTIALS": "/secrets/key.json"}
    failure = warned(image, GOOGLE, env=env)
    assert (failure.kind, failure.exception) == ("credentials", "DefaultCredentialsError")


def test_what_an_import_writes_is_not_taken_for_the_images_own(image: FakeImage) -> None:
    store = "from pathlib import Path\nPath('logs').mkdir()\nPath('logs/a.log').write_text('x')\n"
    result = probe(image, store)
    assert result.verdict == "passed"
    assert result.image and not [file for file in result.image.files if "logs" in file.path]


def started(image: FakeImage, launch: Mapping[str, object], *, path: str = "/usr/bin:/bin") -> ProbeResult:
    """By the Python that runs the tests, as if it were some other one of the image."""
    options = ProbeOptions(NONCE, "shop.main")
    whole = {"program": "", "flags": [], "runner": [], "directory": str(image.app), "variables": [], **launch}
    done = subprocess.run(
        [sys.executable, *probe_arguments(options, whole)],
        input=probe_source(),
        env={"PATH": path, "HOME": str(image.root)},
        cwd=image.root,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return read_result(done.stdout, NONCE)


@pytest.fixture
def venv(image: FakeImage) -> Path:
    """An environment that is not on PATH, with a distribution that only it has."""
    image.write({"shop/__init__.py": "", "shop/main.py": "import only_there\n"})
    root = image.app / ".venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", root], check=True)
    site = next(root.glob("lib/python*/site-packages"))
    (site / "only_there.py").write_text("")
    for name, first in (
        ("uvicorn", f"#!{root}/bin/python"),
        ("long", f"#!/bin/sh\n'''exec' \"{root}/bin/python\" \"$0\" \"$@\"\n' '''"),
    ):
        (root / "bin" / name).write_text(f"{first}\nimport sys\n")
        (root / "bin" / name).chmod(0o755)
    (root / "bin" / "binary").write_bytes(b"\x7fELF")
    (root / "bin" / "binary").chmod(0o755)
    return root


@pytest.mark.parametrize(
    "launch",
    [
        {"program": "{venv}/bin/uvicorn"},
        {"program": "{venv}/bin/long"},
        {"program": "{venv}/bin/python"},
        {"program": "{venv}/bin/binary"},
        {"program": ".venv/bin/uvicorn"},
        {"program": "$VENV/bin/uvicorn", "variables": [["VENV", "{venv}"]]},
        {"program": "uvicorn", "variables": [["PATH", "{venv}/bin:$PATH"]]},
        {"program": "uvicorn", "runner": ["uv", "run"]},
        {"program": "python", "runner": ["uv", "run", "-m"]},
        {"program": "uvicorn", "runner": ["uv", "run", "--project", "{app}", "--no-dev"], "directory": "{elsewhere}"},
        {"program": "uvicorn", "runner": ["uv", "run"], "variables": [["UV_PROJECT_ENVIRONMENT", "{venv}"]]},
        {"program": "uvicorn", "runner": ["poetry", "run"]},
        {"program": "uvicorn", "runner": ["conda", "run", "-p", "{venv}"]},
    ],
    ids=json.dumps,
)
def test_the_interpreter_is_the_one_that_the_server_has(
    image: FakeImage, venv: Path, launch: Mapping[str, object]
) -> None:
    text = json.dumps(launch).replace("{venv}", str(venv)).replace("{app}", str(image.app))
    elsewhere = image.root / "elsewhere"
    elsewhere.mkdir()
    wanted = json.loads(text.replace("{elsewhere}", str(elsewhere)))
    if "directory" in wanted:
        wanted["variables"] = [["PYTHONPATH", str(image.app)]]
    result = started(image, wanted)
    assert (result.verdict, result.failures) == ("passed", ())
    assert result.image and result.image.executable.startswith(str(venv))


def test_what_the_servers_interpreter_lacks_is_missing_though_another_one_has_it(image: FakeImage, venv: Path) -> None:
    result = started(image, {"program": sys.executable})
    assert [failure.module for failure in result.failures] == ["only_there"]


def test_flags_directory_and_variables_are_the_servers(image: FakeImage) -> None:
    main = "import os, sys\nassert sys.flags.optimize == 1 and os.environ['MODE'] == 'web-x', os.environ\n"
    main += (
        "assert sys.flags.optimize == 1\nif os.getcwd() != os.path.dirname(__file__): raise ValueError(os.getcwd())\n"
    )
    image.write({"src/shop/__init__.py": "import os\nos.chdir(os.path.dirname(__file__))\n", "src/shop/main.py": main})
    launch = {
        "program": sys.executable,
        "flags": ["-O"],
        "directory": str(image.app / "src"),
        "variables": [["A", "web"], ["MODE", "$A-x"]],
    }
    assert started(image, launch).failures == ()


def test_a_program_that_is_not_there_leaves_the_python_on_path(image: FakeImage) -> None:
    image.write({"shop/__init__.py": "", "shop/main.py": ""})
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    assert started(image, {"program": "/gone/uvicorn"}, path=path).verdict == "passed"


@pytest.mark.parametrize(
    ("way", "host"),
    [
        ("urllib", "metadata.google.internal"),
        ("urllib", "169.254.169.254"),
        ("http.client", "metadata"),
        ("asyncio", "metadata.google.internal"),
    ],
)
def test_a_metadata_server_that_is_looked_up_by_hand_answers_and_what_follows_is_seen(
    image: FakeImage, host: str, way: str
) -> None:
    path, headers = "/computeMetadata/v1/instance/region", "{'Metadata-Flavor': 'Google'}"
    asked = {
        "urllib": f"import urllib.request as u\n"
        f"SAID = u.urlopen(u.Request('http://{host}{path}', headers={headers}), timeout=5).read()\n",
        "http.client": f"import http.client\nc = http.client.HTTPConnection('{host}', timeout=5)\n"
        f"c.request('GET', '{path}', headers={headers})\nSAID = c.getresponse().read()\n",
        "asyncio": "import asyncio\nasync def ask():\n"
        f"    reader, writer = await asyncio.open_connection('{host}', 80)\n"
        f"    writer.write(b'GET {path} HTTP/1.1\\r\\nMetadata-Flavor: Google\\r\\n\\r\\n')\n"
        "    return await reader.read()\nSAID = asyncio.run(ask())\n",
    }[way]
    result = probe(image, f"{asked}assert b'europe-west1' in SAID, SAID\nimport no_such_thing\n")
    assert [(failure.kind, failure.module) for failure in result.failures] == [("missing_dependency", "no_such_thing")]
