import os
import shlex
import sys

from serving import find, serve, split

FLAGS = ("--preload", "--reload", "--capture-output")


def run():
    given = {"--config": "", **split(shlex.split(os.environ.get("GUNICORN_CMD_ARGS", "")), FLAGS)[0]}
    options, plain = split(sys.argv[1:], FLAGS)
    given |= {{"-c": "--config", "-k": "--worker-class"}.get(name, name): value for name, value in options.items()}
    settings = {}
    file = (given["--config"] or "./gunicorn.conf.py").removeprefix("file:")
    if given["--config"] or os.path.exists(file):
        with open(file) as source:
            exec(compile(source.read(), file, "exec"), settings)
    directory = given.get("--chdir") or settings.get("chdir")
    if directory:
        os.chdir(directory)
    sys.path.insert(0, os.getcwd())
    for place in filter(None, (given.get("--pythonpath") or settings.get("pythonpath") or "").split(",")):
        sys.path.insert(0, os.path.abspath(place))
    worker = given.get("--worker-class") or settings.get("worker_class") or "sync"
    if "." in worker:
        module, _, name = worker.rpartition(".")
        find(f"{module}:{name}")
    serve(find(plain[0] if plain else settings["wsgi_app"], "application"))
