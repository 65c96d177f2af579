import importlib
import os
import sys

from serving import serve, split

from celery import Celery


def main():
    options, _ = split(sys.argv[1:])
    sys.path.insert(0, os.getcwd())
    name, _, attribute = (options.get("-A") or options["--app"]).partition(":")
    module = importlib.import_module(name)
    found = getattr(module, attribute or "app", None) or getattr(module, "celery", None)
    if not isinstance(found, Celery):
        found = importlib.import_module(f"{name}.celery").app
    for each in found.include:
        importlib.import_module(each)
    serve(lambda: None)


if __name__ == "__main__":
    main()
