"""Classifies modules that the image's directories do not hold: the application's, or an installed package's.

Only the application's can be called missing. A top-level module is the application's when it has it somewhere outside
the image (and nothing declared is named so); a module of a package that is in the image always is.
"""

from __future__ import annotations

import difflib
import posixpath
import sys
from collections.abc import Callable, Sequence

from deploy_lib.source.base_images import is_official
from deploy_lib.source.dependencies.brought import all_installed, modules_of, with_extras
from deploy_lib.source.dependencies.declared import Declared, normalised
from deploy_lib.source.dependencies.names import DISTRIBUTIONS, import_names, may_be_brought_by
from deploy_lib.source.dockerfile.packed import WRITTEN_BY_BACKENDS
from deploy_lib.source.explain import Explainer
from deploy_lib.source.imports.layout import Layout, Sort
from deploy_lib.source.imports.state import MissingKind
from deploy_lib.source.last_image import Installed
from deploy_lib.source.model import SITE_PACKAGES, ImageContents, Unknown
from deploy_lib.source.origins import stems

_SHORT = 4  # letters; between shorter names one letter says nothing
_NEAR = 0.85  # of difflib's ratio
_VERY_NEAR = 0.92  # one letter of a longer name
_OF_THE_BASE = frozenset({"_distutils_hack", "pip", "pkg_resources", "setuptools", "wheel"})
"""What official images of some versions bring: https://github.com/docker-library/python."""


_ONCE_STANDARD = (
    "_bootlocale aifc asynchat asyncore audioop binhex cgi cgitb chunk crypt distutils formatter imghdr imp lib2to3 "
    "mailcap msilib nis nntplib ossaudiodev parser pipes smtpd sndhdr spwd sunau symbol telnetlib uu xdrlib"
)
"""What left the standard library in 3.10 to 3.13: the image's Python may be older than this one."""


class Ownership:
    """`declared` and `explainer` are asked for only when something is missing."""

    def __init__(
        self,
        layout: Layout,
        contents: ImageContents,
        declared: Callable[[], Declared],
        explainer: Callable[[], Explainer],
        entry: str,
        installed: Installed | None = None,
    ) -> None:
        self._layout = layout
        self._contents = contents
        self._declared = declared
        self._explainer = explainer
        self._entry = entry
        self._installed = installed
        self._known: dict[str, MissingKind] = {}
        self._lately: dict[str, bool] = {}

    def is_foreign(self, module: str) -> bool:
        """Whether nothing of that name is in the image's directories, the repository or its history."""
        top = module.partition(".")[0]
        return self._layout.find(top) is None and not self._explainer().evidence(top)

    def judge(self, module: str) -> MissingKind:
        if module not in self._known:
            self._known[module] = self._judge(module)
        return self._known[module]

    def _judge(self, module: str) -> MissingKind:
        top = module.partition(".")[0]
        if top in sys.stdlib_module_names:
            return MissingKind.ELSEWHERE
        found = self._layout.find(top)
        if self._installed is not None and (found is None or found.sort is Sort.NAMESPACE):
            return self._beside(self._installed, module, top)
        if found is None or (found.sort is Sort.NAMESPACE and not self._holds_modules(found.directories)):
            return self._top_level(module, top)
        if found.sort is Sort.NAMESPACE and self._nearest_is_namespace(module):
            return self._below_namespace(module, top)
        return self._unless_unknown(module)

    def _beside(self, installed: Installed, module: str, top: str) -> MissingKind:
        """Where what is installed is known, nothing else can bring it but a step that nobody can read."""
        if installed.brings(module) or top in _ONCE_STANDARD.split():
            return MissingKind.ELSEWHERE
        if MissingKind.UNKNOWN in (self._unless_unknown(module), self._unless_unknown(top)):
            return MissingKind.UNKNOWN
        project = self._installs_project() and self._layout.find(top) is None and self._explainer().evidence(top)
        return MissingKind.UNKNOWN if project else MissingKind.MISSING

    def _holds_modules(self, directories: Sequence[str]) -> bool:
        """A directory of data hides no installed package of its name."""
        inside = tuple(f"{each}/" for each in directories)
        return any(path.startswith(inside) and path.endswith((".py", ".pyc", ".so")) for path in self._layout.files)

    def _top_level(self, module: str, top: str) -> MissingKind:
        if may_be_brought_by(top) & self._declared().installed:
            return MissingKind.ELSEWHERE
        if self._is_plain() and (
            self._is_not_locked(top) or self._is_nearly_declared(top) or self.comes_with_none(top)
        ):
            return self._unless_unknown(module)
        if self._installs_project():
            mine = module == self._entry or self._explainer().evidence(top)
            return MissingKind.UNKNOWN if mine else MissingKind.ELSEWHERE
        if self._explainer().evidence(module) or self._explainer().evidence(top):
            return self._unless_unknown(module)
        misspelt = module == self._entry or self._is_nearly_ours(top)
        if (misspelt and self._is_nobodys(top)) or self._was_ours_lately(top):
            return self._unless_unknown(module)
        return MissingKind.UNCERTAIN if self._held_lately(top) else MissingKind.ELSEWHERE

    def _is_not_locked(self, top: str) -> bool:
        """A well-known package that the lock file of all that is installed does not name."""
        return top in DISTRIBUTIONS and self._declared().locked and self._declared().whole

    def comes_with_none(self, top: str) -> bool:
        """Nothing that is declared brings a module of that name, nor anything that comes with it, and all is known.

        A project that is installed may bring modules of any name, but none of a well-known package's.
        """
        declared, by_step = self._declared(), self._contents.installs or self._contents.packages
        if top in _OF_THE_BASE or not (self._is_plain() and by_step and declared.whole and declared.installed):
            return False
        if self._installs_project() and (top not in DISTRIBUTIONS or self._explainer().evidence(top)):
            return False
        installed = all_installed((*declared.names, *declared.extras, *with_extras(declared.by_command)))
        return installed is not None and not may_be_brought_by(top) & installed and top not in modules_of(installed)

    def rests_on_the_table(self, module: str) -> bool:
        """Whether only the table of what distributions bring says that the module comes with none of them."""
        top = module.partition(".")[0]
        if (
            self._layout.find(top)
            or not self.comes_with_none(top)
            or self._is_not_locked(top)
            or self._is_nearly_declared(top)
        ):
            return False
        misspelt = module == self._entry or self._is_nearly_ours(top)
        ours = self._explainer().evidence(module) or self._explainer().evidence(top) or self._was_ours_lately(top)
        return not (ours or misspelt)

    def _was_ours_lately(self, top: str) -> bool:
        """A module of the project that one of the last commits took away, while what is declared stayed as it was, so
        that no distribution came in its place. Only what Python would have found first is looked for."""
        plain = self._is_plain() and self._declared().whole
        return plain and self._held_lately(top) and not self._explainer().replaced_lately(top, self._declared().files)

    def _held_lately(self, top: str) -> bool:
        if top not in self._lately:
            self._lately[top] = not self._may_be_installed(top) and self._explainer().held_lately(top)
        return self._lately[top]

    def _is_nearly_declared(self, top: str) -> bool:
        """A letter more or less than what a declared distribution is imported as, and nothing that is known."""
        known = import_names(self._declared().installed)
        near = difflib.get_close_matches(top, known, 1, _VERY_NEAR)
        digits = bool(near) and near[0].rstrip("0123456789") == top.rstrip("0123456789")
        unknown = top not in DISTRIBUTIONS and may_be_brought_by(top) == {normalised(top)}
        return len(top) > _SHORT and bool(near) and not digits and unknown and self._declared().whole

    def _is_nearly_ours(self, top: str) -> bool:
        """A letter more or less than a module that stands where this one would be looked for: a typing error."""
        near = len(top) > _SHORT and difflib.get_close_matches(top, self._layout.top_level, 1, _NEAR)
        return bool(near) and bool(self._declared().installed)

    def _is_nobodys(self, top: str) -> bool:
        """The server's own module with no trace in the repository is a typing error, unless a package brings it."""
        return self._is_plain() and self._declared().whole and not self._may_be_installed(top)

    def _is_plain(self) -> bool:
        """Whether everything that the application needs stands in the Dockerfile."""
        return bool(self._contents.files) and is_official(self._contents.base)

    def _may_be_installed(self, top: str) -> bool:
        """Distributions that share a package are named after it: titiler.application and titiler.core."""
        prefix = f"{top.replace('_', '-').lower()}-"
        return top in DISTRIBUTIONS or any(name.startswith(prefix) for name in self._declared().installed)

    def _installs_project(self) -> bool:
        """A RUN step installs the project: its packages are among Python's own, wherever their sources lie."""
        if any(each.prefix == SITE_PACKAGES for each in self._contents.unknown):
            return True
        return self._declared().brings_project

    def _below_namespace(self, module: str, top: str) -> MissingKind:
        """A directory without __init__ may be one part of a package whose other parts are installed."""
        if self._explainer().evidence(module):
            return self._unless_unknown(module)
        declared = self._declared()
        if (may_be_brought_by(top) | _named_after(module)) & declared.installed or top in DISTRIBUTIONS:
            return MissingKind.ELSEWHERE
        if not declared.installed or not declared.whole or self._may_be_installed(top):
            return MissingKind.UNCERTAIN
        return self._unless_unknown(module)

    def _nearest_is_namespace(self, module: str) -> bool:
        parent = module.rpartition(".")[0]
        while parent:
            found = self._layout.find(parent)
            if found is not None:
                return found.sort is Sort.NAMESPACE
            parent = parent.rpartition(".")[0]
        return False

    def _unless_unknown(self, module: str) -> MissingKind:
        if module.rpartition(".")[2] in WRITTEN_BY_BACKENDS and self._installs_project():
            return MissingKind.UNKNOWN
        for stem in stems(module, self._roots_of(module.partition(".")[0])):
            for unknown in self._contents.unknown:
                if unknown.prefix != SITE_PACKAGES and _may_bring(unknown, stem):
                    return MissingKind.UNKNOWN
        return MissingKind.MISSING

    def _roots_of(self, top: str) -> Sequence[str]:
        """Where Python looks for it and for what is below: no further than where there is a package of that name."""
        found, roots = self._layout.find(top), self._layout.roots
        if found is None or found.sort is not Sort.PACKAGE:
            return roots
        return roots[: 1 + next(at for at, root in enumerate(roots) if posixpath.join(root, top) in found.directories)]


def _named_after(module: str) -> set[str]:
    """Distributions that are called as a package below a shared one: stac-fastapi-api brings stac_fastapi.api."""
    parts = module.replace("_", "-").lower().split(".")
    return {"-".join(parts[:count]) for count in range(2, len(parts) + 1)}


def _may_bring(unknown: Unknown, stem: str) -> bool:
    """Whether what is unknown can be the module of that path: a directory above it, or one of its own files.

    Python takes stem.py, an extension stem.*.so, and a directory stem/ with anything in it.
    """
    if unknown.covers(stem) or unknown.prefix.startswith(f"{stem}/"):
        return True
    return unknown.prefix == f"{stem}.py" or (unknown.prefix.startswith(f"{stem}.") and unknown.prefix.endswith(".so"))
