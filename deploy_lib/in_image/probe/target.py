"""Import one target in this process, which is its own."""

from __future__ import annotations

import faulthandler
import os
import sys
from time import perf_counter
from typing import Any

from deploy_lib.in_image.probe import Document
from deploy_lib.in_image.probe.as_main import import_as_main
from deploy_lib.in_image.probe.begin import STARTED_WITH
from deploy_lib.in_image.probe.board import Board
from deploy_lib.in_image.probe.codes import CODES, SourceFileLoader
from deploy_lib.in_image.probe.failure import describe_failure
from deploy_lib.in_image.probe.metadata import resolve_metadata
from deploy_lib.in_image.probe.paths import Territory, is_file
from deploy_lib.in_image.probe.watches import watch_environment, watch_exit, watch_imports, watch_network


def forget_probe(path: list[str], argument: str) -> None:
    """Leave the interpreter as a fresh one: the probe's modules must not be found loaded, nor hide the image's."""
    for name in set(sys.modules) - STARTED_WITH:
        parent, _, child = name.rpartition(".")
        del sys.modules[name]
        if parent in STARTED_WITH and hasattr(sys.modules.get(parent), child):
            delattr(sys.modules[parent], child)
    sys.modules["__main__"] = type(sys)("__main__")
    sys.path[:] = path
    sys.argv[:] = [argument]


def import_target(target: str, main: bool) -> Document | None:
    """Import it as the server would; the failure if the attribute after the colon is not there.

    With `main` Python itself runs it, so that its last lines count too: what they import, not what they start.
    """
    name, _, attribute = target.partition(":")
    if is_file(name):
        if not os.path.isfile(name):
            return {"kind": "missing_module", "module": name, "party": "first", "message": "no file %s" % name}
        stem = os.path.splitext(os.path.basename(name))[0]
        loader = SourceFileLoader(stem, os.path.abspath(name))
        module: Any = type(sys)(stem)
        module.__file__ = loader.path
        sys.modules[stem] = module
        exec(loader.get_code(stem), module.__dict__)
    else:
        __import__(name)
        module = sys.modules[name]
    if main:
        failure = import_as_main(name, module)
        if failure:
            return failure
    value = module
    for part in attribute.replace("()", "").split(".") if attribute else []:
        if getattr(value, part, None) is None:
            state = "is None" if hasattr(value, part) else "is not there"
            return {
                "kind": "missing_name", "module": name, "name": part, "party": "first",
                "message": "%s was imported, but its %s %s" % (name, part, state), "candidates": dir(value)[:500],
            }  # fmt: skip
        value = getattr(value, part)
    return None


def try_target(
    target: str, board: Board, crash: int, territory: Territory, with_loaded: bool, main: bool = False
) -> None:
    faulthandler.enable(crash, all_threads=False)
    leave = os._exit
    watch_exit(crash)
    watch_network(board, territory)
    resolve_metadata()
    reads, times = watch_environment(), watch_imports(board)
    known = set(CODES)
    began = perf_counter()
    try:
        failure = import_target(target, main)
    except BaseException as error:
        failure = describe_failure(error, territory, reads)
    spent = perf_counter() - began
    slow = sorted(((own, total, name) for name, (own, total) in times.items() if own > 0.001), reverse=True)[:20]
    board.post(
        {
            "ms": round(spent * 1000, 1),
            "failure": failure,
            "slow": [[name, round(own * 1000, 1), round(total * 1000, 1)] for own, total, name in slow],
            "reads": list(reads.values())[:300],
            "sources": [file for file in CODES if file not in known],
            "loaded": [
                [name, round(times[name][1] * 1000, 1)]
                for name in (list(sys.modules) if with_loaded else ())
                if name in times and territory.of_module(name) != "first"
            ],
        }
    )
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:  # the application may have put anything there
            continue
    leave(0)
