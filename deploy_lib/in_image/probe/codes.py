"""Compile each source file once for all targets."""

from __future__ import annotations

import os
import sys
from time import time
from typing import Any, Iterable

BEGAN = time()
CODES: dict[str, Any] = {}
# What importlib.machinery would take it from, without what importing that would load.
SourceFileLoader: Any = sys.modules["_frozen_importlib_external"].SourceFileLoader


def share_codes() -> None:
    """Keep the code of each source file imported from now on, for this process and those forked from it.

    Official images hold no bytecode of the standard library and most hold none of the application, so every target
    would compile all it imports anew. Only code is shared, no module: each target still executes what it imports.
    """
    original, stat = SourceFileLoader.get_code, os.stat

    def get_code(self: Any, fullname: str) -> Any:
        if type(self) is not SourceFileLoader or stat(self.path).st_ctime >= BEGAN:  # written by an import
            return original(self, fullname)
        code = CODES.get(self.path)
        if code is None:
            code = CODES[self.path] = original(self, fullname)
        return code

    get_code.__code__ = get_code.__code__.replace(co_filename="<frozen importlib._bootstrap_external>")
    SourceFileLoader.get_code = get_code


def learn_codes(files: Iterable[str]) -> None:
    for file in files:
        try:
            SourceFileLoader("module", file).get_code("module")
        except Exception:  # the target that needs it will meet and report it
            continue


share_codes()
