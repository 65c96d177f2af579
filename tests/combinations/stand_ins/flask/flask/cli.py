import importlib
import os
import sys

from serving import serve, split


def main():
    options, plain = split(sys.argv[1:], ("--no-debugger", "--debug"))
    assert plain == ["run"], plain
    told = options.get("--app") or options.get("-A") or os.environ.get("FLASK_APP")
    told = told or next(each for each in ("wsgi.py", "app.py") if os.path.isfile(each))
    module, _, name = told.partition(":")
    path, parts = os.path.realpath(module), []
    if path.endswith(".py"):
        path = path[:-3]
    while True:
        path, last = os.path.split(path)
        parts.insert(0, last)
        if not os.path.exists(os.path.join(path, "__init__.py")):
            break
    sys.path.insert(0, path)
    loaded = importlib.import_module(".".join(parts))
    found = [getattr(loaded, each) for each in ([name] if name else ["app", "application", "create_app"])
             if name or hasattr(loaded, each)]  # fmt: skip
    app = found[0]
    serve(app() if getattr(app, "__name__", "") == "create_app" else app)
