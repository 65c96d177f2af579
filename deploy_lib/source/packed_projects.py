"""Which modules of a project another stage installed, where only its environment is copied: its sources, as they lie.

They are those only where the build cannot make, move or leave out modules, and no distribution may bring the same.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from deploy_lib.source.dependencies.declared import declared
from deploy_lib.source.dependencies.names import may_be_brought_by
from deploy_lib.source.dockerfile.packed import METADATA, WRITTEN_BY_BACKENDS
from deploy_lib.source.model import ImageContents, ReadContext
from deploy_lib.source.tables import part, read_table, tables, texts

_OTHER_SHAPES = re.compile(
    r"package[-_]dir|force[-_]include|cmdclass|ext_modules|ext[-_]modules|packages\s*=|build\.py"
)
"""Of what a project's files say besides the usual: what makes a wheel hold other modules than its directory."""
_FINDS = re.compile(r"packages\s*=\s*(setuptools\.)?find_(namespace_)?packages\((where=)?(['\"](src|\.)['\"])?,?\s*\)")
_FROM_SRC = re.compile(r"package_dir\s*=\s*\{\s*['\"]{2}\s*:\s*['\"]src['\"]\s*\}")
_VERSIONS = re.compile(r"(?:version[-_]file|write_to|write-to)\s*=\s*['\"]([^'\"]+)")
_BACKENDS = ("flit", "hatch", "pdm", "poetry", "setuptools", "uv")


def packed_modules(contents: ImageContents, read: ReadContext) -> Mapping[str, str]:
    """Image path -> context path, of contents.packed; only the files that describe the projects where the build's
    outcome cannot be foretold."""
    described = {image: path for image, path in contents.packed.items() if image.startswith(METADATA)}
    modules = {image: path for image, path in contents.packed.items() if image not in described}
    by = [path for path in described.values() if path.endswith(("pyproject.toml", "setup.py"))]
    tops = set(map(_top, modules))
    if not modules or len({posixpath.dirname(path) for path in by}) != 1:
        return described
    if not all(_is_usual(path, (read(path) or b"").decode("utf-8", "replace"), tops) for path in by):
        return described
    brought = declared(contents, read).installed
    foreign = {top for top in tops if may_be_brought_by(top) & brought}
    return described | {image: path for image, path in modules.items() if _top(image) not in foreign}


def described(contents: ImageContents) -> tuple[str, ...]:
    """Directories of the files that describe packed projects."""
    return tuple(dict.fromkeys(posixpath.dirname(each) for each in contents.packed if each.startswith(METADATA)))


def _is_usual(path: str, text: str, tops: set[str]) -> bool:
    """Whether the build packs all packages of the directory, or of src/, as they lie."""
    if path.endswith("setup.py"):
        return not _OTHER_SHAPES.search(_FROM_SRC.sub("", _FINDS.sub("", text)))
    tools: dict[str, Any] = {name: part(read_table(text), "tool", name) for name in _BACKENDS}
    wheel = part(tools["hatch"], "build", "targets", "wheel")
    found = part(tools["setuptools"], "packages", "find")
    included, excluded = texts(found.get("include")), texts(found.get("exclude"))
    named = {each.removeprefix("src/") for each in texts(wheel.get("packages"))}
    named |= {str(each.get("include")) for each in tables(tools["poetry"].get("packages"))}
    return (
        named in (set(), tops)
        and "sources" not in wheel
        and set(texts(found.get("where"))) <= {"src", "."}
        and part(tools["setuptools"], "package-dir") in ({}, {"": "src"})
        and all(not included or any(fnmatchcase(top, each) for each in included) for top in tops)
        and not any(each.partition(".")[0] in tops for each in excluded)
        and not set(part(tools["hatch"], "build", "hooks")) - {"vcs"}
        and all(posixpath.basename(each).partition(".")[0] in WRITTEN_BY_BACKENDS for each in _VERSIONS.findall(text))
        and not _OTHER_SHAPES.search(repr(_without(tools, "package-dir", "packages", "hooks")))
    )


def _without(tools: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """What is left of the backends' tables once what has been judged is taken out, at any depth."""
    return {
        name: _without(value, *keys) if isinstance(value, dict) else value
        for name, value in tools.items()
        if name not in keys
    }


def _top(image: str) -> str:
    """Of a path below SITE_PACKAGES."""
    return image.split("/")[2]
