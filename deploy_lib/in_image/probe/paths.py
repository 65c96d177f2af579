"""Where code comes from: the application, a dependency or Python itself."""

from __future__ import annotations

import os
import sys

from deploy_lib.in_image.probe import Document
from deploy_lib.in_image.probe.begin import IMAGE_PATH, STDLIB

# Modules that left the standard library in 3.10 to 3.13: no requirements file can lack them.
REMOVED = frozenset(
    "_bootlocale aifc asynchat asyncore audioop binhex cgi cgitb chunk crypt distutils formatter imghdr imp lib2to3 "
    "mailcap msilib nis nntplib ossaudiodev parser pipes smtpd sndhdr spwd sunau symbol telnetlib uu xdrlib".split()
)


class Territory:
    """Whose a file or module is: the application's ("first"), a dependency's ("third"), or Python's ("standard")."""

    def __init__(self, options: Document, path: list[str]) -> None:
        self.names = frozenset(options["first_party"])
        installed = [p for p in path if os.path.isdir(p) and not self.is_standard(p)]
        own = [p for p in installed if "-packages" not in p]
        self.roots = [os.path.abspath(p) for p in options["roots"] or own]
        self.site = [p for p in installed if "-packages" in p]
        self.roots += [d for name in options["first_party"] for d in self.package_directories(name, self.site)]

    @staticmethod
    def is_standard(path: str) -> bool:
        return path.startswith(("<frozen", STDLIB)) and "-packages" not in path

    @staticmethod
    def package_directories(name: str, path: list[str]) -> list[str]:
        return [os.path.join(p, name) for p in path if os.path.isdir(os.path.join(p, name))]

    def of_file(self, path: str) -> str:
        if self.is_standard(path):
            return "standard"
        within = [r for r in self.roots if path.startswith(r.rstrip("/") + "/")]
        if any("-packages" not in path[len(root) :] for root in within):
            return "first"
        return "third"

    def of_module(self, name: str) -> str:
        """A missing module belongs to whoever owns its nearest parent that is there."""
        top = name.partition(".")[0]
        if top in self.names:
            return "first"
        known = getattr(sys, "stdlib_module_names", sys.builtin_module_names)
        parent = name
        while parent:
            module = sys.modules.get(parent)
            places = [getattr(module, "__file__", None), *getattr(module, "__path__", [])]
            for place in places:
                if isinstance(place, str):
                    return self.of_file(place)
            parent = parent.rpartition(".")[0]
        return "standard" if top in known or top in REMOVED else "third"


def is_file(target: str) -> bool:
    return "/" in target or target.endswith(".py")


def application_path(options: Document) -> list[str]:
    """sys.path as the server's process has it: the working directory, or the script's, comes first."""
    rest = [p for p in IMAGE_PATH if p != ""]
    if options["import_path"] is not None:
        return [os.path.abspath(p) for p in options["import_path"]] + rest
    target = options["entrypoint"].partition(":")[0]
    if is_file(target):
        return [os.path.dirname(os.path.abspath(target)), *rest]
    return rest if getattr(sys.flags, "safe_path", False) else [os.getcwd(), *rest]


def read_lines(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.readlines()
    except (OSError, ValueError):
        return []
