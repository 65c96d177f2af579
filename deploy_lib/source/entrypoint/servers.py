"""Which module each server's command line names: uvicorn, gunicorn, hypercorn and their kin, and Python itself."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

from deploy_lib.source.entrypoint.model import Entrypoint, Launch
from deploy_lib.source.entrypoint.shell import Program
from deploy_lib.source.option_values import value_of

_TARGET = re.compile(r"(?:\w+:)??([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*):([A-Za-z_]\w*)(?:\.\w+)*(\(.*\))?")
_MODULE = re.compile(r"([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)")
_NOT_THE_TARGET = {  # options whose value may look like module:name
    "-b", "--bind", "-k", "--worker-class", "-c", "--config", "--log-config", "--logger-class", "--host", "--uds",
    "-e", "--env", "--header", "--access-logformat", "--log-level", "--loop", "--http", "--ws", "--interface",
}  # fmt: skip
_MODULE_FLAG = re.compile(r"-[bBdEhiIOPqsSuvx]*m")
_PYTHON = re.compile(r"python(3(\.\d+)?)?|pypy3?")
_PYTHON_TAKES_A_VALUE = {"-X", "-W", "--check-hash-based-pycs"}


def named_by(program: Program, exists: Callable[[str], bool]) -> Entrypoint | None:
    """None for a program that is not a Python server. `roots` begin with the directory the server looks in first.

    `exists` is asked for paths of the image, where a server looks for its module by itself.
    """
    name, *words = program.words
    if name in ("flask", "quart"):
        return _flask(words, program, exists)
    if name.endswith(".py"):
        return script_of(program.written, program)
    if _PYTHON.fullmatch(name):
        return _python(words, program, exists)
    if name == "fastapi":
        return _fastapi(words, program, exists)
    reader = SERVERS.get(name)
    return reader(words, program) if reader else None


def launch_of(program: Program) -> Launch:
    """How the program is started, with what its own options change before it imports anything."""
    directory, variables = program.directory, list(program.assigned)
    if "gunicorn" in program.words:
        directory = _inside(program, value_of(program.words, "--chdir") or "")
        given = [after for before, after in pairwise(program.words) if before in ("-e", "--env")]
        variables += [(name, value) for name, equals, value in (each.partition("=") for each in given) if equals]
    flags = _python_flags(program.words[1:]) if _PYTHON.fullmatch(program.words[0]) else ()
    return Launch(program.written, flags, program.runner, directory, tuple(variables))


def _python_flags(words: Sequence[str]) -> tuple[str, ...]:
    """Those before the module, the script or the code."""
    flags: list[str] = []
    for before, word in pairwise(("", *words)):
        if before in _PYTHON_TAKES_A_VALUE:
            flags.append(word)
        elif _MODULE_FLAG.fullmatch(word):
            return (*flags, *([word[:-1]] if len(word) > 2 else []))
        elif not word.startswith("-") or word in ("-", "-c"):
            break
        else:
            flags.append(word)
    return tuple(flags)


def target(text: str) -> Entrypoint | None:
    """module, module:app, module:factory()."""
    found = _TARGET.fullmatch(text)
    if found:
        return Entrypoint(found[1], found[2], called=bool(found[3]))
    module = _MODULE.fullmatch(text)
    return Entrypoint(module[1]) if module else None


def _asgi(words: Sequence[str], program: Program) -> Entrypoint | None:
    """uvicorn and hypercorn: module:app, looked for in --app-dir or the working directory."""
    found = _first_target(words)
    if found is None:
        return None
    directory = value_of(words, "--app-dir") or ""
    called = found.called or "--factory" in words
    return _looked_for_in(replace(found, called=called), program, directory)


def _wsgi(words: Sequence[str], program: Program) -> Entrypoint | None:
    """gunicorn: module alone means module:application; --chdir and --pythonpath say where it is."""
    found = _first_target(words) or _positional_module(words)
    if found is None:
        return None
    directory = value_of(words, "--chdir") or ""
    entry = _looked_for_in(replace(found, attribute=found.attribute or "application"), program, directory)
    more = [part for part in (value_of(words, "--pythonpath") or "").split(",") if part]
    return replace(entry, roots=(*(_inside(program, part) for part in more), *entry.roots))


def _python(words: Sequence[str], program: Program, exists: Callable[[str], bool]) -> Entrypoint | None:
    rest = list(words)
    while rest and rest[0].startswith("-"):
        flag = rest.pop(0)
        if _MODULE_FLAG.fullmatch(flag) and rest:
            module = rest.pop(0)
            if module in ("fastapi", "flask", "quart"):
                return (_fastapi if module == "fastapi" else _flask)(rest, program, exists)
            known = SERVERS.get(module)
            if known:
                return known(rest, program)
            return _looked_for_in(Entrypoint(module, main=True), program, "")
        if flag in ("-c", "-", "-V", "--version"):
            return None
        if flag in _PYTHON_TAKES_A_VALUE and rest:
            rest.pop(0)
    return script_of(rest[0], program) if rest and rest[0].endswith(".py") else None


def script_of(path: str, program: Program) -> Entrypoint:
    """A file that is run, whose directory is the first place of sys.path."""
    script = _inside(program, path)
    return Entrypoint("__main__", main=True, script=script, roots=(posixpath.dirname(script),))


def _flask(words: Sequence[str], program: Program, exists: Callable[[str], bool]) -> Entrypoint | None:
    """flask --app module:app run, or FLASK_APP; else wsgi.py or app.py. A file is the module that it is within the
    packages around it (https://flask.palletsprojects.com/en/stable/cli/)."""
    if "run" not in words:
        return None
    application = value_of(words, "--app", "-A") or program.env.get("FLASK_APP") or program.env.get("QUART_APP")
    application = application or next((each for each in ("wsgi.py", "app.py") if exists(_inside(program, each))), "")
    file, _, _ = application.partition(":")
    if file.endswith(".py"):
        return _module_of(_inside(program, file), exists)
    found = target(application)
    return _looked_for_in(replace(found, attribute=None, called=False), program, "") if found else None


def _module_of(file: str, exists: Callable[[str], bool]) -> Entrypoint | None:
    """The module that a file is within the packages around it, found from the directory above them."""
    directory, _, last = file.removesuffix(".py").rpartition("/")
    names = [last]
    while exists(f"{directory}/__init__.py"):
        directory, _, last = directory.rpartition("/")
        names.insert(0, last)
    module = target(".".join(names))
    return replace(module, roots=(directory or "/",)) if module else None


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
    return _looked_for_in(found, program, directory)


def _fastapi(words: Sequence[str], program: Program, exists: Callable[[str], bool]) -> Entrypoint | None:
    """fastapi run [FILE]: the file's module within the packages around it, found from the directory above them
    (https://fastapi.tiangolo.com/fastapi-cli/)."""
    if words[:1] not in (["run"], ["dev"]):
        return None
    named = value_of(words, "--entrypoint") or value_of(words, "-e")
    if named:
        found = target(named)
        return _looked_for_in(found, program, "") if found else None
    plain = [word for before, word in pairwise(words) if not word.startswith("-") and before not in _FASTAPI_VALUES]
    file = _inside(program, plain[0]) if plain else None
    file = file or next(filter(exists, (_inside(program, each) for each in _FASTAPI_FILES)), None)
    if file is None:
        return None
    module = _module_of(file, exists)
    return replace(module, attribute=value_of(words, "--app")) if module else None


def _uwsgi(words: Sequence[str], program: Program) -> Entrypoint | None:
    """--module, --wsgi or -w name a module or module:callable; --wsgi-file a file
    (https://uwsgi-docs.readthedocs.io/en/latest/Options.html)."""
    file = value_of(words, "--wsgi-file") or value_of(words, "--file")
    named = next(filter(None, (value_of(words, option) for option in ("--module", "--wsgi", "-w"))), None)
    named = named or (value_of(words, "--mount") or "").partition("=")[2]
    directory = value_of(words, "--chdir") or ""
    places = [part for option in ("--pythonpath", "--python-path", "--pp") if (part := value_of(words, option))]
    if not named and file:
        path = _inside(program, posixpath.join(directory, file))
        named, places = posixpath.basename(path).removesuffix(".py"), [*places, posixpath.dirname(path)]
    found = target(named) if named else None
    if found is None:
        return None
    attribute = found.attribute or value_of(words, "--callable") or "application"
    entry = _looked_for_in(replace(found, attribute=attribute), program, directory)
    return replace(entry, roots=(*(_inside(program, part) for part in places), *entry.roots))


def _functions_framework(words: Sequence[str], program: Program) -> Entrypoint | None:
    """--source FILE (main.py) holds the function of --target, which is run as a module of that name
    (https://github.com/GoogleCloudPlatform/functions-framework-python)."""
    source = value_of(words, "--source") or program.env.get("FUNCTION_SOURCE") or "main.py"
    function = value_of(words, "--target") or program.env.get("FUNCTION_TARGET") or "function"
    path = _inside(program, source)
    module = target(posixpath.basename(path).removesuffix(".py"))
    return replace(module, attribute=function, roots=(posixpath.dirname(path),)) if module else None


def _dotted(words: Sequence[str], program: Program) -> Entrypoint | None:
    """module:app, or module.app as arq, sanic and huey take it."""
    for before, word in pairwise(("", *words)):
        if word.startswith("-") or before in _NOT_THE_TARGET:
            continue
        found = target(word)
        if found and found.attribute:
            return _looked_for_in(found, program, "")
        module, dot, attribute = word.rpartition(".")
        if dot and (named := target(module)):
            return _looked_for_in(replace(named, attribute=attribute), program, "")
    return None


def _litestar(words: Sequence[str], program: Program) -> Entrypoint | None:
    """litestar --app module:app run, or LITESTAR_APP
    (https://docs.litestar.dev/latest/usage/cli.html)."""
    application = value_of(words, "--app") or program.env.get("LITESTAR_APP")
    found = target(application) if application and "run" in words else None
    return _looked_for_in(found, program, value_of(words, "--app-dir") or "") if found else None


def _worker(words: Sequence[str], program: Program) -> Entrypoint | None:
    """dramatiq module or module:broker; taskiq worker module:broker and nameko run module."""
    plain = [word for word in words if not word.startswith("-") and word not in ("worker", "scheduler", "run", "serve")]
    found = next(filter(None, map(target, plain)), None)
    return _looked_for_in(found, program, value_of(words, "--path", "-p") or "") if found else None


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


def _first_target(words: Sequence[str]) -> Entrypoint | None:
    before = ""
    for word in words:
        if not word.startswith("-") and before not in _NOT_THE_TARGET:
            found = target(word)
            if found and found.attribute:
                return found
        before = word
    return None


_GUNICORN_FLAGS = {  # those without a value (docs.gunicorn.org/en/stable/settings.html); all others take one
    "-R", "-D", "--reload", "--spew", "--check-config", "--print-config", "--preload", "--daemon", "--capture-output",
    "--enable-stdio-inheritance", "--no-sendfile", "--reuse-port", "--log-syslog", "--proxy-protocol",
    "--disable-redirect-access-to-syslog", "--initgroups",
    "--suppress-ragged-eofs", "--do-handshake-on-connect", "--strip-header-spaces", "--no-control-socket",
    "--permit-obsolete-folding", "--permit-unconventional-http-method", "--permit-unconventional-http-version",
    "--casefold-http-method",
}  # fmt: skip


def _positional_module(words: Sequence[str]) -> Entrypoint | None:
    """A module alone, wherever it stands between the options."""
    for before, word in pairwise(("", *words)):
        takes = before.startswith("-") and "=" not in before and before not in _GUNICORN_FLAGS
        if not word.startswith("-") and not takes and (found := target(word)):
            return found
    return None


def _looked_for_in(entry: Entrypoint, program: Program, directory: str) -> Entrypoint:
    return replace(entry, roots=(_inside(program, directory),))


def _inside(program: Program, path: str) -> str:
    return posixpath.normpath(posixpath.join(program.directory, path))
