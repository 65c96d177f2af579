"""What the stand-in servers share: they import the application as the real ones do, ask it once, and end."""

import importlib
import inspect
import os
import sys


def find(text, attribute=None):
    """The object that module:attribute names; module:attribute() is called."""
    module, _, named = text.partition(":")
    named = named or attribute
    found = importlib.import_module(module)
    called = named is not None and named.endswith("()")
    for part in (named or "").removesuffix("()").split(".") if named else ():
        found = getattr(found, part)
    return found() if called else found


def serve(app):
    """Ask it once, as Cloud Run's first request would, and say so."""
    if not callable(app):
        sys.exit(f"{app!r} is not callable")
    if len(inspect.signature(app).parameters) == 2:
        app({"REQUEST_METHOD": "GET", "PATH_INFO": "/"}, lambda status, headers: None)
    os.environ.get("PORT", "8080")
    print("serving", flush=True)


def split(words, flags=()):
    """Options with their values, and the words that are neither; `flags` take no value."""
    options, plain, waiting = {}, [], None
    for word in words:
        if waiting:
            options[waiting], waiting = word, None
        elif word.startswith("-") and "=" in word:
            name, _, value = word.partition("=")
            options[name] = value
        elif word.startswith("-") and word in flags:
            options[word] = ""
        elif word.startswith("-"):
            waiting = word
        else:
            plain.append(word)
    return options, plain
