"""How the process is started: the server and its words, what is wrapped around it, and how the Dockerfile writes it."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.combinations.draft import Draft
from tests.combinations.layouts import Layout

SCRIPTS = ("start.sh", "docker/entrypoint.sh", "bin/serve")


@dataclass(slots=True)
class Start:
    """`requires` and `apt` are distributions and system packages; `env`, `before` and `last` lines of the Dockerfile.

    `script` is the repository path of the script that starts it, "" where there is none.
    """

    server: str
    wrapper: str
    form: str
    words: list[str] = field(default_factory=list)
    requires: list[str] = field(default_factory=list)
    apt: list[str] = field(default_factory=list)
    env: list[str] = field(default_factory=list)
    before: list[str] = field(default_factory=list)
    last: list[str] = field(default_factory=list)
    script: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """The application's main module, and the directory of the code from the working directory, "" for that itself."""

    layout: Layout
    draft: Draft
    main: str
    sub: str

    @property
    def file(self) -> str:
        if self.layout.installed:
            return self.layout.path("main")
        path = f"{self.main.replace('.', '/')}.py"
        return f"{self.sub}/{path}" if self.sub else path


def _uvicorn(start: Start, place: Place) -> list[str]:
    words = ["uvicorn", f"{place.main}:app", "--host", "0.0.0.0", "--port", "8080"]
    return [*words, *_option(place, "--app-dir")]


def _uvicorn_factory(start: Start, place: Place) -> list[str]:
    return ["uvicorn", "--factory", f"{place.main}:create_app", "--port", "8080", *_option(place, "--app-dir")]


def _python_m_uvicorn(start: Start, place: Place) -> list[str]:
    return ["python", "-m", *_uvicorn(start, place)]


def _hypercorn(start: Start, place: Place) -> list[str]:
    _python_path(start, place)
    return ["hypercorn", "--bind", "0.0.0.0:8080", f"{place.main}:app"]


def _gunicorn(start: Start, place: Place) -> list[str]:
    return ["gunicorn", "-w", "2", "-b", ":8080", *_option(place, "--chdir"), f"{place.main}:app"]


def _gunicorn_pythonpath(start: Start, place: Place) -> list[str]:
    return ["gunicorn", "--bind=:8080", *_option(place, "--pythonpath"), f"{place.main}:create_app()"]


def _gunicorn_worker(start: Start, place: Place) -> list[str]:
    return ["gunicorn", "-k", "uvicorn.workers.UvicornWorker", *_option(place, "--chdir"), f"{place.main}:app"]


def _gunicorn_conf(start: Start, place: Place) -> list[str]:
    text = f'bind = "0.0.0.0:8080"\nworkers = 2\nwsgi_app = "{place.main}:app"\n'
    text += f'pythonpath = "{place.sub}"\n' if place.sub else ""
    place.draft.files["gunicorn.conf.py"] = text
    return ["gunicorn"]


def _python_m(start: Start, place: Place) -> list[str]:
    """The module itself serves when it is run."""
    place.draft.files[place.layout.path("main")] += (
        '\n\nif __name__ == "__main__":\n    import uvicorn\n\n    uvicorn.run(app, host="0.0.0.0", port=8080)\n'
    )
    _python_path(start, place)
    return ["python", "-m", place.main]


def _run_py(start: Start, place: Place) -> list[str]:
    """A file beside the code that names the application in a string."""
    place.draft.files[place.layout.inside("run.py")] = (
        f'import os\n\nimport uvicorn\n\nif __name__ == "__main__":\n'
        f'    uvicorn.run("{place.main}:app", host="0.0.0.0", port=int(os.environ.get("PORT", "8080")))\n'
    )
    return ["python", f"{place.sub}/run.py" if place.sub else "run.py"]


def _flask(start: Start, place: Place) -> list[str]:
    _python_path(start, place)
    return ["flask", "--app", place.main, "run", "--host", "0.0.0.0", "--port", "8080"]


def _flask_app(start: Start, place: Place) -> list[str]:
    _python_path(start, place)
    start.env.append(f"ENV FLASK_APP={place.main}:app")
    return ["flask", "run", "--port", "8080"]


def _fastapi(start: Start, place: Place) -> list[str]:
    if not place.layout.inits:  # it would take the file for a module that stands alone
        _python_path(start, place)
        start.requires.append("uvicorn")
        return _python_m_uvicorn(start, place)
    return ["fastapi", "run", place.file, "--port", "8080"]


def _celery(start: Start, place: Place) -> list[str]:
    _python_path(start, place)
    return ["celery", "-A", place.main, "worker"]


def _console(start: Start, place: Place) -> list[str]:
    place.draft.files[place.layout.path("cli")] = (
        f"import uvicorn\n\n\ndef serve():\n    uvicorn.run('{place.main}:app', port=8080)\n"
    )
    return ["shop-serve"]


def _django_gunicorn(start: Start, place: Place) -> list[str]:
    return ["gunicorn", "-b", "0.0.0.0:8080", "site_config.wsgi"]


def _django_uvicorn(start: Start, place: Place) -> list[str]:
    return ["uvicorn", "site_config.asgi:application", "--port", "8080"]


def _django_manage(start: Start, place: Place) -> list[str]:
    return ["python", "manage.py", "runserver", "0.0.0.0:8080"]


Server = Callable[[Start, Place], list[str]]
SERVERS: dict[str, dict[str, tuple[Server, list[str]]]] = {
    "asgi": {
        "uvicorn": (_uvicorn, ["uvicorn"]),
        "uvicorn --factory": (_uvicorn_factory, ["uvicorn"]),
        "python -m uvicorn": (_python_m_uvicorn, ["uvicorn"]),
        "hypercorn": (_hypercorn, ["hypercorn"]),
        "gunicorn -k": (_gunicorn_worker, ["gunicorn", "uvicorn"]),
        "python -m": (_python_m, ["uvicorn"]),
        "uvicorn.run": (_run_py, ["uvicorn"]),
    },
    "wsgi": {
        "gunicorn": (_gunicorn, ["gunicorn"]),
        "gunicorn factory": (_gunicorn_pythonpath, ["gunicorn"]),
        "gunicorn.conf.py": (_gunicorn_conf, ["gunicorn"]),
    },
    "flask": {
        "flask --app": (_flask, []),
        "FLASK_APP": (_flask_app, []),
        "gunicorn": (_gunicorn, ["gunicorn"]),
    },
    "fastapi": {"fastapi run": (_fastapi, []), "uvicorn": (_uvicorn, ["uvicorn"])},
    "celery": {"celery": (_celery, [])},
    "django": {
        "gunicorn wsgi": (_django_gunicorn, ["django", "gunicorn"]),
        "uvicorn asgi": (_django_uvicorn, ["django", "uvicorn"]),
        "manage.py": (_django_manage, ["django"]),
    },
    "installed": {"console script": (_console, ["uvicorn"]), "uvicorn": (_uvicorn, ["uvicorn"])},
}

WRAPPERS: dict[str, tuple[list[str], list[str], list[str]]] = {  # words before, distributions, system packages
    "": ([], [], []),
    "tini": (["tini", "--"], [], ["tini"]),
    "dumb-init": (["/usr/bin/dumb-init", "--"], [], ["dumb-init"]),
    "env": (["env", "MODE=production"], [], []),
    "nice": (["nice", "-n", "5"], [], []),
    "ddtrace-run": (["ddtrace-run"], ["ddtrace"], []),
    "opentelemetry-instrument": (["opentelemetry-instrument"], ["opentelemetry-distro"], []),
    "gosu": (["gosu", "nobody"], [], ["gosu"]),
}
FORMS = ("exec", "exec", "shell", "split", "sh -c", "exec in sh -c", "script", 'script "$@"', "Procfile")
WITH_SCRIPT = ("script", 'script "$@"')


def start(chance: random.Random, place: Place, flavour: str, form: str) -> Start:
    server = chance.choice(sorted(SERVERS[flavour]))
    wrapper = chance.choice(("", "", "", *sorted(WRAPPERS)))
    made = Start(server, wrapper, form)
    build, needs = SERVERS[flavour][server]
    before, wanted, system = WRAPPERS[wrapper]
    words = build(made, place)
    made.words = words
    made.requires += [*needs, *wanted]
    made.apt += system
    _write(chance, made, place, [*before, *words], before)
    return made


def _write(chance: random.Random, made: Start, place: Place, words: list[str], before: list[str]) -> None:
    shell = " ".join(words).replace("--port 8080", "--port ${PORT:-8080}").replace("create_app()", "'create_app()'")
    shell = shell.replace(":'create_app()'", ":create_app\\(\\)") if "'create_app()'" in shell else shell
    inner = " ".join(made.words).replace("create_app()", "create_app\\(\\)")
    match made.form:
        case "exec":
            made.last.append(f"CMD {json.dumps(words)}")
        case "shell":
            made.last.append(f"CMD {shell}")
        case "split":
            at = len(before) + 1
            made.last += [
                f"ENTRYPOINT {json.dumps(words[:at])}",
                *([f"CMD {json.dumps(words[at:])}"] if words[at:] else []),
            ]
        case "sh -c":
            made.last.append(f"CMD {json.dumps(['sh', '-c', shell])}")
        case "exec in sh -c":
            made.last += [f"ENTRYPOINT {json.dumps(['/bin/sh', '-c'])}", f"CMD {json.dumps([f'exec {shell}'])}"]
        case "Procfile":
            place.draft.files["Procfile"] = f"web: {inner}\n"
            made.requires.append("honcho")
            made.last.append(f"CMD {json.dumps([*before, 'honcho', 'start', 'web'])}")
        case "script":
            body = [f"exec {inner}"] if chance.random() < 0.7 else [inner]
            _script(chance, made, place, body, before)
            made.last.append(f"CMD {json.dumps([*before, _called(made.script)])}")
        case 'script "$@"':
            _script(chance, made, place, ['exec "$@"'], before)
            made.last.append(f"ENTRYPOINT {json.dumps([*before, _called(made.script)])}")
            made.last.append(f"CMD {json.dumps(made.words)}")


def _script(chance: random.Random, made: Start, place: Place, body: list[str], before: list[str]) -> None:
    shebang, options = chance.choice((("#!/bin/sh", "set -e"), ("#!/usr/bin/env bash", "set -euo pipefail")))
    extra = chance.choice(("", "", 'echo "starting"', "export MODE=production", "mkdir -p /tmp/cache"))
    made.script = chance.choice(SCRIPTS)
    lines = [shebang, options, *([extra] if extra else []), *body]
    place.draft.files[made.script] = "\n".join(lines) + "\n"
    if chance.random() < 0.5:
        place.draft.executable.add(made.script)
    else:
        made.before.append(f"RUN chmod +x {_called(made.script)}")


def _called(script: str) -> str:
    """As the Dockerfile calls it: one that lies in docker/ is copied to the top of the image."""
    return "/entrypoint.sh" if script == "docker/entrypoint.sh" else f"./{script}"


def _option(place: Place, option: str) -> list[str]:
    return [option, place.sub] if place.sub else []


def _python_path(start: Start, place: Place) -> None:
    if place.sub and "ENV PYTHONPATH=." not in start.env:
        start.env.append(f"ENV PYTHONPATH={place.sub}")
