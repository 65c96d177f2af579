"""Which module each server's command line names: uvicorn, gunicorn, hypercorn and their kin, and Python itself."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

from deploy_lib.source.base_images import LAMBDA_ENTRYPOINT, TIANGOLO_START
from deploy_lib.source.entrypoint.image_starts import handler, started_by_tiangolo
from deploy_lib.source.entrypoint.launch import MODULE_FLAG, PYTHON, TAKES_A_VALUE
from deploy_lib.source.entrypoint.model import Entrypoint
from deploy_lib.source.entrypoint.shell import Program
from deploy_lib.source.entrypoint.targets import (
    OF_OPTIONS,
    first_target,
    inside,
    looked_for_in,
    module_of,
    positional_module,
    target,
)
from deploy_lib.source.option_values import value_of


def named_by(program: Program, exists: Callable[[str], bool]) -> Entrypoint | None:
    """None for a program that is not a Python server. `roots` begin with the directory the server looks in first.

    `exists` is asked for paths of the image, where a server looks for its module by itself.
    """
    name, *words = program.words
    if name in ("flask", "quart"):
        return _flask(words, program, exists)
    if name.endswith(".py"):
        return script_of(program.written, program)
    if PYTHON.fullmatch(name):
        return _python(words, program, exists)
    if name == "fastapi":
        return _fastapi(words, program, exists)
    if program.written == LAMBDA_ENTRYPOINT:
        return handler(words, program)
    if program.written == TIANGOLO_START:
        return started_by_tiangolo(program, exists)
    reader = SERVERS.get(name)
    return reader(words, program) if reader else None


def _asgi(words: Sequence[str], program: Program) -> Entrypoint | None:
    """uvicorn and hypercorn: module:app, looked for in --app-dir or the working directory."""
    found = first_target(words)
    if found is None:
        return None
    directory = value_of(words, "--app-dir") or ""
    called = found.called or "--factory" in words
    return looked_for_in(replace(found, called=called), program, directory)


def _wsgi(words: Sequence[str], program: Program) -> Entrypoint | None:
    """gunicorn: module alone means module:application; --chdir and --pythonpath say where it is."""
    found = first_target(words) or positional_module(words)
    if found is None:
        return None
    directory = value_of(words, "--chdir") or ""
    entry = looked_for_in(replace(found, attribute=found.attribute or "application"), program, directory)
    more = [part for part in (value_of(words, "--pythonpath") or "").split(",") if part]
    return replace(entry, roots=(*(inside(program, part) for part in more), *entry.roots))


def _python(words: Sequence[str], program: Program, exists: Callable[[str], bool]) -> Entrypoint | None:
    rest = list(words)
    while rest and rest[0].startswith("-"):
        flag = rest.pop(0)
        if MODULE_FLAG.fullmatch(flag) and rest:
            module = rest.pop(0)
            if module == "awslambdaric":
                return handler(rest, program)
            if module in ("fastapi", "flask", "quart"):
                return (_fastapi if module == "fastapi" else _flask)(rest, program, exists)
            known = SERVERS.get(module)
            if known:
                return known(rest, program)
            return looked_for_in(Entrypoint(module, main=True), program, "")
        if flag in ("-c", "-", "-V", "--version"):
            return None
        if flag in TAKES_A_VALUE and rest:
            rest.pop(0)
    if not rest:
        return None
    inner = posixpath.join(rest[0], "__main__.py")
    if exists(inside(program, inner)):
        return script_of(inner, program)
    return script_of(rest[0], program) if rest[0].endswith(".py") or exists(inside(program, rest[0])) else None


def script_of(path: str, program: Program) -> Entrypoint:
    """A file that is run, whose directory is the first place of sys.path."""
    script = inside(program, path)
    return Entrypoint("__main__", main=True, script=script, roots=(posixpath.dirname(script),))


def _flask(words: Sequence[str], program: Program, exists: Callable[[str], bool]) -> Entrypoint | None:
    """flask --app module:app run, or FLASK_APP; else wsgi.py or app.py. A file is the module that it is within the
    packages around it (https://flask.palletsprojects.com/en/stable/cli/)."""
    if "run" not in words:
        return None
    application = value_of(words, "--app", "-A") or program.env.get("FLASK_APP") or program.env.get("QUART_APP")
    application = application or next((each for each in ("wsgi.py", "app.py") if exists(inside(program, each))), "")
    file, _, _ = application.partition(":")
    if file.endswith(".py"):
        return module_of(inside(program, file), exists)
    found = target(application)
    return looked_for_in(replace(found, attribute=None, called=False), program, "") if found else None


def _streamlit(words: Sequence[str], program: Program) -> Entrypoint | None:
    """streamlit run FILE, and chainlit run FILE: run as a script (https://docs.streamlit.io/develop/api-reference/cli/run)."""
    file = next((word for word in words[1:] if word.endswith(".py")), None)
    return script_of(file, program) if words[:1] == ["run"] and file else None


def _celery(words: Sequence[str], program: Program) -> Entrypoint | None:
    """celery -A module worker: the module, or the package whose app or celery module holds it
    (https://docs.celeryq.dev/en/stable/reference/cli.html)."""
    application = value_of(words, "-A") or value_of(words, "--app") or program.env.get("CELERY_APP")
    found = target(application) if application else None
    directory = value_of(words, "--workdir") or ""
    if found is None:
        return None
    found = replace(found, attribute=None, called=False, worker="worker" in words)
    return looked_for_in(found, program, directory)


def _fastapi(words: Sequence[str], program: Program, exists: Callable[[str], bool]) -> Entrypoint | None:
    """fastapi run [FILE]: the file's module within the packages around it, found from the directory above them
    (https://fastapi.tiangolo.com/fastapi-cli/)."""
    if words[:1] not in (["run"], ["dev"]):
        return None
    named = value_of(words, "--entrypoint") or value_of(words, "-e")
    if named:
        found = target(named)
        return looked_for_in(found, program, "") if found else None
    plain = [word for before, word in pairwise(words) if not word.startswith("-") and before not in _FASTAPI_VALUES]
    file = inside(program, plain[0]) if plain else None
    file = file or next(filter(exists, (inside(program, each) for each in _FASTAPI_FILES)), None)
    if file is None:
        return None
    module = module_of(file, exists)
    return replace(module, attribute=value_of(words, "--app")) if module else None


def _uwsgi(words: Sequence[str], program: Program) -> Entrypoint | None:
    """--module, --wsgi or -w name a module or module:callable; --wsgi-file a file
    (https://uwsgi-docs.readthedocs.io/en/latest/Options.html)."""
    file = value_of(words, "--wsgi-file") or value_of(words, "--file")
    named = next(filter(None, (value_of(words, option) for option in ("--module", "--wsgi", "-w"))), None)
    mounted = (value_of(words, "--mount") or "").partition("=")[2]
    named, file = named or ("" if file or mounted.endswith(".py") else mounted), file or mounted
    directory = value_of(words, "--chdir") or ""
    places = [part for option in ("--pythonpath", "--python-path", "--pp") if (part := value_of(words, option))]
    if not named and file:
        path = inside(program, posixpath.join(directory, file))
        named, places = posixpath.basename(path).removesuffix(".py"), [*places, posixpath.dirname(path)]
    found = target(named) if named else None
    if found is None:
        return None
    attribute = found.attribute or value_of(words, "--callable") or "application"
    entry = looked_for_in(replace(found, attribute=attribute), program, directory)
    return replace(entry, roots=(*(inside(program, part) for part in places), *entry.roots))


def _functions_framework(words: Sequence[str], program: Program) -> Entrypoint | None:
    """--source FILE (main.py) holds the function of --target, which is run as a module of that name
    (https://github.com/GoogleCloudPlatform/functions-framework-python)."""
    source = value_of(words, "--source") or program.env.get("FUNCTION_SOURCE") or "main.py"
    function = value_of(words, "--target") or program.env.get("FUNCTION_TARGET") or "function"
    path = inside(program, source)
    module = target(posixpath.basename(path).removesuffix(".py"))
    return replace(module, attribute=function, roots=(posixpath.dirname(path),)) if module else None


def _dotted(words: Sequence[str], program: Program) -> Entrypoint | None:
    """module:app, or module.app as arq, sanic and huey take it."""
    for before, word in pairwise(("", *words)):
        if word.startswith("-") or before in OF_OPTIONS:
            continue
        found = target(word)
        if found and found.attribute:
            return looked_for_in(found, program, "")
        module, dot, attribute = word.rpartition(".")
        if dot and (named := target(module)):
            return looked_for_in(replace(named, attribute=attribute), program, "")
    return None


def _litestar(words: Sequence[str], program: Program) -> Entrypoint | None:
    """litestar --app module:app run, or LITESTAR_APP
    (https://docs.litestar.dev/latest/usage/cli.html)."""
    application = value_of(words, "--app") or program.env.get("LITESTAR_APP")
    found = target(application) if application and "run" in words else None
    return looked_for_in(found, program, value_of(words, "--app-dir") or "") if found else None


def _worker(words: Sequence[str], program: Program) -> Entrypoint | None:
    """dramatiq module or module:broker; taskiq worker module:broker and nameko run module."""
    plain = [word for word in words if not word.startswith("-") and word not in ("worker", "scheduler", "run", "serve")]
    found = next(filter(None, map(target, plain)), None)
    return looked_for_in(found, program, value_of(words, "--path", "-p") or "") if found else None


def _locust(words: Sequence[str], program: Program) -> Entrypoint | None:
    """locust -f FILE, else locustfile.py: imported with its directory first on sys.path
    (https://docs.locust.io/en/stable/configuration.html)."""
    return script_of(value_of(words, "-f", "--locustfile") or "locustfile.py", program)


_FASTAPI_FILES = ("main.py", "app.py", "api.py", "app/main.py", "app/app.py", "app/api.py")  # in its own order
_FASTAPI_VALUES = {"--host", "--port", "--workers", "--root-path", "--app", "--forwarded-allow-ips", "--reload-dir"}
SERVERS: dict[str, Callable[[Sequence[str], Program], Entrypoint | None]] = {
    "uvicorn": _asgi,
    "hypercorn": _asgi,
    "daphne": _asgi,
    "granian": _asgi,
    "gunicorn": _wsgi,
    "waitress-serve": _asgi,
    "streamlit": _streamlit,
    "chainlit": _streamlit,
    "celery": _celery,
    "uwsgi": _uwsgi,
    "arq": _dotted,
    "sanic": _dotted,
    "huey_consumer": _dotted,
    "huey_consumer.py": _dotted,
    "litestar": _litestar,
    "dramatiq": _worker,
    "taskiq": _worker,
    "nameko": _worker,
    "bentoml": _worker,
    "locust": _locust,
    "cheroot": _asgi,
    "functions-framework": _functions_framework,
    "functions_framework": _functions_framework,
}
