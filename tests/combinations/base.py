"""The base image of all combinations: the stand-in for python:3.x with wheels of the servers, and no network.

pip finds the wheels by PIP_FIND_LINKS; `apt-get install` copies what it is asked for from /opt/apt.
"""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

from deploy_lib.local_cloud.engines.model import BuildSpec, Engine, ImageNotFound

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
NAME = f"python:{PYTHON}-slim"
STAND_INS = Path(__file__).parent / "stand_ins"

_VERSION = "9.0"
_SCRIPTS = {
    "uvicorn": "uvicorn = uvicorn:main",
    "gunicorn": "gunicorn = gunicorn.app.wsgiapp:run",
    "hypercorn": "hypercorn = hypercorn.__main__:main",
    "flask": "flask = flask.cli:main",
    "fastapi": "fastapi = fastapi.cli:main",
    "celery": "celery = celery.__main__:main",
    "ddtrace": "ddtrace-run = ddtrace.run:main",
    "opentelemetry-distro": "opentelemetry-instrument = opentelemetry.instrumentation.auto_instrumentation:main",
    "honcho": "honcho = honcho:main",
}
_SERVE = {"uvicorn", "gunicorn", "hypercorn", "flask", "fastapi", "celery", "django"}

_APT_GET = """#!/bin/sh
for word in "$@"; do
  test ! -f "/opt/apt/$word" || { cp "/opt/apt/$word" "/usr/bin/$word" && chmod 755 "/usr/bin/$word"; }
done
"""
_INIT = """#!/bin/sh
while test $# -gt 0; do
  case "$1" in --) shift; break ;; -*) shift ;; *) break ;; esac
done
exec "$@"
"""
_APT = {"tini": _INIT, "dumb-init": _INIT, "gosu": '#!/bin/sh\nshift\nexec "$@"\n'}
_DOCKERFILE = f"""FROM python:{PYTHON}
ENV PIP_NO_INDEX=1 PIP_FIND_LINKS=/srv/wheels PIP_NO_BUILD_ISOLATION=0 PIP_NO_COMPILE=1
COPY apt-get /usr/bin/apt-get
COPY apt /opt/apt
COPY wheels /srv/wheels
RUN python -m compileall -q -j 2 /usr/local/lib/python{PYTHON} && pip install -q setuptools
"""


def base_image(engine: Engine, place: Path) -> None:
    """Makes it once in the engine's store; `place` is an empty directory."""
    try:
        engine.inspect(NAME)
    except ImageNotFound:
        (place / "apt").mkdir()
        (place / "wheels").mkdir()
        (place / "Dockerfile").write_text(_DOCKERFILE, encoding="utf-8")
        for name, text in {"apt-get": _APT_GET, **{f"apt/{name}": text for name, text in _APT.items()}}.items():
            (place / name).write_text(text, encoding="utf-8")
            (place / name).chmod(0o755)
        for source in sorted(STAND_INS.iterdir()):
            _wheel(source, place / "wheels")
        engine.build(BuildSpec(place, tags=(NAME,)), lambda line: None, lambda: False)


def _wheel(source: Path, target: Path) -> None:
    """https://packaging.python.org/en/latest/specifications/binary-distribution-format/"""
    name = source.name.replace("-", "_")
    stem = f"{name}-{_VERSION}"
    needs = "Requires-Dist: serving\n" if source.name in _SERVE else ""
    files = {file.relative_to(source).as_posix(): file.read_bytes() for file in sorted(source.rglob("*.py"))}
    about = {
        "METADATA": f"Metadata-Version: 2.1\nName: {source.name}\nVersion: {_VERSION}\n{needs}",
        "WHEEL": "Wheel-Version: 1.0\nGenerator: stand-in\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "entry_points.txt": f"[console_scripts]\n{_SCRIPTS.get(source.name, '')}\n",
    }
    files |= {f"{stem}.dist-info/{each}": text.encode() for each, text in about.items()}
    files[f"{stem}.dist-info/RECORD"] = "".join(f"{path},,\n" for path in files).encode()
    with zipfile.ZipFile(target / f"{stem}-py3-none-any.whl", "w") as wheel:
        for path, content in files.items():
            wheel.writestr(zipfile.ZipInfo(path, (2026, 1, 1, 0, 0, 0)), content)
