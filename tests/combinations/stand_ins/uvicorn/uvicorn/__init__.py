import sys

from serving import find, serve, split

FLAGS = ("--factory", "--reload", "--proxy-headers", "--no-access-log", "--no-server-header")


def run(app, **settings):
    loaded = find(app) if isinstance(app, str) else app
    serve(loaded() if settings.get("factory") else loaded)


def main():
    options, plain = split(sys.argv[1:], FLAGS)
    sys.path.insert(0, options.get("--app-dir", ""))
    run(plain[0], factory="--factory" in options)
