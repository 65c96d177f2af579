"""Which module a container's command starts, and where it is looked for."""

from __future__ import annotations

import pytest

from deploy_lib.source.entrypoint import Entrypoint, Launch, read_entrypoint
from deploy_lib.source.entrypoint.misspelt import misspelt_command
from deploy_lib.source.entrypoint.scripts import started
from deploy_lib.source.model import ImageContents, Unknown

SHELL = ("/bin/sh", "-c")


def read(*command: str, given: str | None = None, script: str | None = None, **env: str) -> Entrypoint | None:
    """`script` is the text of the command's own file."""
    own = command[0].removeprefix(".") if script else "/"
    contents = ImageContents({}, {}, workdir="/app", command=command, env=env)
    return read_entrypoint(contents, given, lambda path: script if path.endswith(own) else None)


@pytest.mark.parametrize(
    ("command", "shown", "roots"),
    [
        ((*SHELL, "exec uvicorn shop.main:app --host 0.0.0.0 --port ${PORT:-8080}"), "shop.main:app", ["/app"]),
        (("uvicorn", "--app-dir", "src", "main:app"), "main:app", ["/app/src"]),
        (("uvicorn", "--host", "0.0.0.0", "main:app", "--reload"), "main:app", ["/app"]),
        (("python", "-m", "uvicorn", "main:app"), "main:app", ["/app"]),
        (("/usr/bin/tini", "--", "uvicorn", "main:app"), "main:app", ["/app"]),
        (("gunicorn", "-k", "uvicorn.workers.UvicornWorker", "-b", ":8080", "main:app"), "main:app", ["/app"]),
        (("gunicorn", "--bind", "unix:app", "site.wsgi"), "site.wsgi:application", ["/app"]),
        (("gunicorn", "--chdir", "/srv/web", "wsgi:app"), "wsgi:app", ["/srv/web"]),
        (("gunicorn", "--pythonpath", "lib,vendor", "wsgi:app"), "wsgi:app", ["/app/lib", "/app/vendor", "/app"]),
        (("hypercorn", "asgi:main:app"), "main:app", ["/app"]),
        (("python", "-u", "-X", "dev", "src/main.py", "--flag"), "/app/src/main.py", ["/app/src"]),
        (("python3.11", "-m", "shop.server"), "shop.server", ["/app"]),
        (("flask", "--app", "shop.web:create", "run"), "shop.web", ["/app"]),
        (("poetry", "run", "uvicorn", "main:app"), "main:app", ["/app"]),
        (("env", "A=b", "uvicorn", "main:app"), "main:app", ["/app"]),
        ((*SHELL, "alembic upgrade head && exec uvicorn main:app"), "main:app", ["/app"]),
        ((*SHELL, "cd web; PYTHONPATH=lib:/opt uvicorn main:app"), "main:app", ["/app/web", "/app/web/lib", "/opt"]),
        ((*SHELL, "export PYTHONPATH=/opt\nuvicorn main:app"), "main:app", ["/app", "/opt"]),
        ((*SHELL, "uvicorn ${MODULE:-main:app}"), "main:app", ["/app"]),
    ],
)  # fmt: skip
def test_command(command: tuple[str, ...], shown: str, roots: list[str]) -> None:
    entry = read(*command)
    assert entry is not None
    assert (str(entry), list(entry.roots)) == (shown, roots)


@pytest.mark.parametrize("command", [(), ("nginx",), ("python", "-c", "import x"), (*SHELL, "echo 'unclosed"), ("sh",)])
def test_no_entrypoint(command: tuple[str, ...]) -> None:
    assert read(*command) is None


def test_what_is_called() -> None:
    factory = read("uvicorn", "--factory", "main:make")
    application = read("gunicorn", "main:make()")
    assert factory and factory.called
    assert application and application.called and application.attribute == "make"


@pytest.mark.parametrize(
    ("command", "launch"),
    [
        (("uvicorn", "main:app"), Launch("uvicorn", directory="/app")),
        (("/opt/venv/bin/uvicorn", "main:app"), Launch("/opt/venv/bin/uvicorn", directory="/app")),
        ((*SHELL, "exec $VENV/bin/uvicorn main:app"), Launch("$VENV/bin/uvicorn", directory="/app")),
        (("python3", "-P", "-Wd", "-X", "dev", "-m", "uvicorn", "main:app"),
         Launch("python3", ("-P", "-Wd", "-X", "dev"), directory="/app")),
        (("python", "-um", "gunicorn", "--chdir", "web", "main:app"), Launch("python", ("-u",), directory="/app/web")),
        (("gunicorn", "-e", "MODE=x", "main:app"), Launch("gunicorn", directory="/app", variables=(("MODE", "x"),))),
        (("uv", "run", "--project", "/srv", "--no-dev", "uvicorn", "main:app"),
         Launch("uvicorn", runner=("uv", "run", "--project", "/srv", "--no-dev"), directory="/app")),
        (("uv", "run", "main.py"), Launch("python", runner=("uv", "run"), directory="/app")),
        (("uv", "run", "-m", "uvicorn", "main:app"), Launch("python", runner=("uv", "run", "-m"), directory="/app")),
        (("conda", "run", "--no-capture-output", "-n", "web", "uvicorn", "main:app"),
         Launch("uvicorn", runner=("conda", "run", "--no-capture-output", "-n", "web"), directory="/app")),
        ((*SHELL, "cd src && PATH=/x/bin:$PATH exec poetry run uvicorn main:app"),
         Launch("uvicorn", runner=("poetry", "run"), directory="/app/src", variables=(("PATH", "/x/bin:$PATH"),))),
        ((*SHELL, ". /venv/bin/activate && exec uvicorn main:app"),
         Launch("uvicorn", directory="/app",
                variables=(("VIRTUAL_ENV", "/venv"), ("PATH", "/venv/bin:$PATH")))),
    ],
)  # fmt: skip
def test_how_it_is_started(command: tuple[str, ...], launch: Launch) -> None:
    entry = read(*command)
    assert entry is not None and entry.launch == launch


def test_the_yamls_module_is_imported_as_the_command_would_start_it() -> None:
    entry = read("/opt/venv/bin/shop-server", "--port", "8080", given="shop.main:app")
    assert entry is not None and entry.launch == Launch("/opt/venv/bin/shop-server", directory="/app")
    assert read(given="shop.main") == Entrypoint("shop.main", roots=("/app",), named_by="shop.main")


@pytest.mark.parametrize("name", ["./start.sh", "/app/docker-entrypoint"])
def test_a_script_that_runs_its_arguments(name: str) -> None:
    script = '#!/usr/bin/env bash\nset -e\nexport MODE=web\nexec "$@"\n'
    entry = read(name, "/app/.venv/bin/gunicorn", "web:app", script=script)
    assert entry is not None and str(entry) == "web:app"
    assert entry.launch == Launch("/app/.venv/bin/gunicorn", directory="/app", variables=(("MODE", "web"),))


@pytest.mark.parametrize(
    ("words", "files", "shown", "root"),
    [
        (("run", "app/main.py", "--port", "8080"), (), "main", "/app/app"),
        (("run", "app/main.py"), ("/app/app/__init__.py",), "app.main", "/app"),
        (("run", "--host", "0.0.0.0", "src/shop/main.py", "--app", "web"), ("/app/src/shop/__init__.py",),
         "shop.main:web", "/app/src"),
        (("run",), ("/app/app/main.py", "/app/app/__init__.py"), "app.main", "/app"),
        (("run", "--workers", "4"), ("/app/api.py",), "api", "/app"),
        (("run", "--entrypoint", "shop.main:app"), (), "shop.main:app", "/app"),
    ],
)  # fmt: skip
def test_fastapis_own_command(words: tuple[str, ...], files: tuple[str, ...], shown: str, root: str) -> None:
    contents = ImageContents({}, {}, workdir="/app", command=("/app/.venv/bin/fastapi", *words))
    entry = read_entrypoint(contents, None, lambda path: "" if path in files else None)
    assert entry is not None and (str(entry), entry.roots) == (shown, (root,))
    assert entry.launch == Launch("/app/.venv/bin/fastapi", directory="/app")


def test_a_script_of_the_image() -> None:
    script = "#!/bin/sh\nset -e\ncd /srv\nexec gunicorn \\\n  --workers 2 \\\n  web:app\n"
    entry = read("./start.sh", script=script)
    assert entry is not None
    assert (str(entry), entry.roots) == ("web:app", ("/srv",))


def test_pythonpath_of_the_image() -> None:
    entry = read("uvicorn", "main:app", PYTHONPATH="/lib:src")
    assert entry is not None and entry.roots == ("/app", "/lib", "/app/src")


def test_the_yaml_names_it() -> None:
    entry = read("uvicorn", "--app-dir", "src", "other:app", given="shop.main:app")
    assert entry is not None
    assert (entry.module, entry.attribute, entry.roots) == ("shop.main", "app", ("/app/src", "/app"))
    assert read(given="not a module") is None


@pytest.mark.parametrize(
    ("command", "near"),
    [
        (("gunicon", "shop.main:app"), "gunicorn"),
        ((*SHELL, "exec uvicron main:app --port $PORT"), "uvicorn"),
        (("/usr/bin/tini", "--", "pyhton", "-m", "shop"), "python"),
        (("flsk", "run"), "flask"),
        (("gunicorn", "main:app"), None),
        (("gunicorn3", "main:app"), None),
        (("python3.12", "-m", "shop"), None),
        (("flash",), None),
        (("nginx",), None),
        (("$SERVER", "main:app"), None),
        (("gunicon-worker",), None),  # a distribution of that name is installed
        ((), None),
    ],
)
def test_a_server_that_is_misspelt(command: tuple[str, ...], near: str | None) -> None:
    contents = ImageContents({}, {}, workdir="/app", command=command)
    found = misspelt_command(started(contents, lambda path: None).programs, contents, {"gunicon-worker", "flask"})
    fix = found.fix if found else None
    installed = "" if near in ("flask", "python") else f", and let the Dockerfile install {near}"
    assert fix == (f"write {near} instead of {_program(command)} in CMD or ENTRYPOINT{installed}" if near else None)


def _program(command: tuple[str, ...]) -> str:
    return next(word for word in " ".join(command).split() if word in ("gunicon", "uvicron", "pyhton", "flsk"))


def test_a_program_of_the_repository_is_no_misspelt_server() -> None:
    contents = ImageContents({"/app/bin/gunicon": "bin/gunicon"}, {}, workdir="/app", command=("gunicon", "main:app"))
    assert misspelt_command(started(contents, lambda path: None).programs, contents, ()) is None


STARTS: list[tuple[str, dict[str, str], str, list[str]]] = [
    ("gunicorn -c conf.py", {"conf.py": "wsgi_app = 'web.wsgi:app'\nchdir = 'src'\n"}, "web.wsgi:app", ["/app/src"]),
    ("gunicorn", {"gunicorn.conf.py": "wsgi_app = 'web:app'\npythonpath = 'lib'\n"}, "web:app", ["/app/lib", "/app"]),
    ("gunicorn other:app", {"gunicorn.conf.py": "wsgi_app = 'web:app'\n"}, "other:app", ["/app"]),
    ("GUNICORN_CMD_ARGS='--chdir src' gunicorn web:app", {}, "web:app", ["/app/src"]),
    ("python -m gunicorn web:app", {"gunicorn.conf.py": "chdir = '/srv'\n"}, "web:app", ["/srv"]),
    ("uwsgi --ini u.ini", {"u.ini": "[uwsgi]\nmodule = web.wsgi:app\nchdir = /srv\n"}, "web.wsgi:app", ["/srv"]),
    ("uwsgi u.ini", {"u.ini": "[uwsgi]\nwsgi-file = src/web.py\ncallable = app\n"}, "web:app", ["/app/src", "/app"]),
    (
        "supervisord -n -c s.conf",
        {"s.conf": "[supervisord]\nnodaemon=true\n[program:web]\ndirectory=/srv\ncommand=uvicorn web:app\n"},
        "web:app",
        ["/srv"],
    ),
    ("honcho start", {"Procfile": "web: uvicorn web:app\nworker: celery -A jobs worker\n"}, "web:app", ["/app"]),
    ("honcho start worker", {"Procfile": "web: uvicorn web:app\nworker: celery -A jobs worker\n"}, "jobs", ["/app"]),
    ("celery -A jobs.app worker -l info", {}, "jobs.app", ["/app"]),
    ("streamlit run ui/home.py --server.port 8080", {}, "/app/ui/home.py", ["/app/ui"]),
    ("python -m streamlit run home.py", {}, "/app/home.py", ["/app"]),
    ("flask run", {"app.py": ""}, "app", ["/app"]),
    ("FLASK_APP=web/site.py flask run", {"web/__init__.py": ""}, "web.site", ["/app"]),
    ("python -m flask --app site run", {}, "site", ["/app"]),
    ("python -m fastapi run web/main.py", {"web/__init__.py": "", "web/main.py": ""}, "web.main", ["/app"]),
    ("su -c 'uvicorn web:app' app", {}, "web:app", ["/app"]),
    ("doppler run -p x -- uvicorn web:app", {}, "web:app", ["/app"]),
    ("runuser -u app -- uvicorn web:app", {}, "web:app", ["/app"]),
    ("opentelemetry-instrument --traces_exporter console uvicorn web:app", {}, "web:app", ["/app"]),
    ("./serve.py --port 8080", {"serve.py": "#!/usr/bin/env python\n"}, "/app/serve.py", ["/app"]),
    ("python manage.py migrate; unheard-of-server", {}, "None", []),
    ("python serve.py & nginx -g 'daemon off;'", {}, "/app/serve.py", ["/app"]),
]


@pytest.mark.parametrize(("command", "files", "shown", "roots"), STARTS, ids=[each[0] for each in STARTS])
def test_every_way_to_start(command: str, files: dict[str, str], shown: str, roots: list[str]) -> None:
    texts = {f"/app/{path}": text for path, text in files.items()}
    contents = ImageContents({path: path for path in texts}, {}, workdir="/app", command=(*SHELL, command))
    entry = read_entrypoint(contents, None, texts.get)
    assert (str(entry), list(entry.roots) if entry else [], entry.doubt if entry else "") == (shown, roots, "")


@pytest.mark.parametrize(
    "text", ["import os\nchdir = os.environ['HOME']\n", "import sys\nsys.path.insert(0, '/x')\n", "chdir = (\n"]
)
def test_a_file_of_settings_that_computes_is_a_doubt(text: str) -> None:
    contents = ImageContents({}, {}, workdir="/app", command=("gunicorn", "web:app"))
    entry = read_entrypoint(contents, None, {"/app/gunicorn.conf.py": text}.get)
    assert entry is not None and "gunicorn.conf.py" in entry.doubt


def test_a_script_that_a_step_may_bring_is_a_doubt() -> None:
    brought = Unknown("/app/serve.py", "RUN curl may change it", 4)
    for unknown, doubt in (((brought,), "RUN curl may change it (line 4)"), ((), "")):
        contents = ImageContents({}, {}, unknown=unknown, workdir="/app", command=("python", "serve.py"))
        entry = read_entrypoint(contents, None, lambda path: None)
        assert entry is not None and entry.doubt == doubt
