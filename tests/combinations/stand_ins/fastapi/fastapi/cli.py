import importlib
import os
import sys

from serving import serve, split

FILES = ("main.py", "app.py", "api.py", "app/main.py", "app/app.py", "app/api.py")


def main():
    options, plain = split(sys.argv[2:], ("--proxy-headers",))
    path = os.path.realpath(plain[0] if plain else next(each for each in FILES if os.path.isfile(each)))
    directory, parts = os.path.dirname(path), [os.path.basename(path).removesuffix(".py")]
    while os.path.isfile(os.path.join(directory, "__init__.py")):
        parts.insert(0, os.path.basename(directory))
        directory = os.path.dirname(directory)
    sys.path.insert(0, directory)
    serve(getattr(importlib.import_module(".".join(parts)), options.get("--app", "app")))
