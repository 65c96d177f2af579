"""What is wrong in each module and Dockerfile of the catalogue, added to the service's repository by its stories.

They stand here as text, since no tool that reads this repository should try to read them as code.
"""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

from tests.rehearsal.cli_harness import CliHarness

_AARCH64 = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HHI", 2, 183, 1) + bytes(40)
"""The header of a Linux program for 64-bit ARM; nothing more is read of it before it is refused."""

MODULES: dict[str, bytes] = {
    "missing_module": b"from app.broken.llm_config_types import LLMConfig\n",
    "missing_name": b"from app.parts.words import FAREWELL\n",
    "syntax": b"def list_orders(:\n    pass\n",
    "encoding": b'NAME = "caf\xe9"\n',
    "null_bytes": b"NAME = 1\n\x00\n",
    "missing_dependency": b"import asyncpg\n",
    "missing_library": b'import ctypes\n\nctypes.CDLL("libGL.so.1")\n',
    "circle": b"from app.broken.circle_back import two\n\none = 1\n",
    "circle_back": b"from app.broken.circle import one\n\ntwo = one + 1\n",
    "setting": b'import os\n\nKEY = os.environ["OPENAI_API_KEY"]\n',
    "settings_words": b'import os\n\nif "DATABASE_URL" not in os.environ:\n'
    b'    raise RuntimeError("DATABASE_URL must be set")\n',
    "missing_file": b'open("/srv/config/settings.toml")\n',
    "upstream": b'import urllib.request\n\nurllib.request.urlopen("http://127.0.0.1:9/", timeout=3)\n',
    "port_taken": b"import os\nimport socket\n\nfirst, second = socket.socket(), socket.socket()\n"
    b'first.bind(("0.0.0.0", int(os.environ["PORT"])))\nsecond.bind(first.getsockname())\n',
    # It serves a moment later only, as the memory of a container may be measured a moment after it was taken.
    "hungry": b'import time\n\nkept = [b"x" * 2**20 for _ in range(400)]\ntime.sleep(3)\n',
    "forever": b'import time\n\nprint("waiting for the queue", flush=True)\nwhile True:\n    time.sleep(60)\n',
}

_FROM = "FROM python:3.11-slim\nWORKDIR /srv\n"
START = 'COPY app/ app/\nCMD ["python", "-m", "app.main"]\n'
WELL = f"{_FROM}{START}"
_DOCKERFILES = {
    "absent_copy": f"{_FROM}COPY requirements/prod.txt .\n{START}",
    "failing_run": f'{_FROM}RUN echo "assets: no such target" && exit 3\n{START}',
    "pip": f"{_FROM}RUN pip install --no-index fastapi==99.0\n{START}",
    "no_command": f'{_FROM}COPY app/ app/\nCMD ["gunicorn", "app.main"]\n',
    "no_command_in_shell": f"{_FROM}COPY app/ app/\nCMD gunicorn app.main\n",
    "not_executable": f'{_FROM}COPY app/ app/\nCOPY start.sh .\nCMD ["/srv/start.sh"]\n',
    "other_machine": f'{_FROM}COPY --chmod=755 server .\nCMD ["/srv/server"]\n',
    "misspelt": f'{_FROM}COPY app/ app/\nCMD ["gunicon", "app.main:app"]\n',
    "installs": f"{_FROM}COPY requirements.txt .\nCOPY wheels/ wheels/\n"
    f"RUN pip install --no-index --find-links wheels -r requirements.txt\n{START}",
    "slow": f"{_FROM}RUN sleep 6\n{START}",
}


def wheel(directory: Path, name: str) -> None:
    """A distribution of one empty module, as pip installs it where no index is to be had."""
    about = f"{name}-1.0.dist-info"
    files = {
        f"{name}.py": "",
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    directory.mkdir(exist_ok=True)
    with zipfile.ZipFile(directory / f"{name}-1.0-py3-none-any.whl", "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
        archive.writestr(f"{about}/RECORD", "".join(f"{path},,\n" for path in (*files, f"{about}/RECORD")))


def add_to(harness: CliHarness) -> str:
    """The commit that holds them all."""
    harness.write("app/broken/__init__.py", "")
    for name, source in MODULES.items():
        (harness.repository / f"app/broken/{name}.py").write_bytes(source)
    for name, text in _DOCKERFILES.items():
        harness.write(f"docker/{name}.Dockerfile", text)
    harness.write("start.sh", "#!/bin/sh\nexec python -m app.main\n")
    harness.write("requirements.txt", "# none\n")
    wheel(harness.repository / "wheels", "asyncpg")
    (harness.repository / "server").write_bytes(_AARCH64)
    return harness.commit("Break it in every way")
