"""Which modules of a project another stage installed, where only its environment is copied: its sources, as they lie.

They are those only where the build cannot make, move or leave out modules, and no distribution may bring the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from deploy_lib.source.dependencies.declared import declared
from deploy_lib.source.dependencies.names import may_be_brought_by
from deploy_lib.source.model import ImageContents, ReadContext

_SHAPES = re.compile(
    rb"package[-_]dir|force-include|hooks|version[-_]file|write_to|\[tool\.poetry\.build|wheel\.sources|cmdclass|"
    rb"packages\s*="
)
"""Of pyproject.toml and setup.py: what makes a wheel hold other modules than the project's directory."""


def packed_modules(contents: ImageContents, read: ReadContext) -> Mapping[str, str]:
    """Image path -> context path, of contents.packed; empty where the build's outcome cannot be foretold."""
    if not contents.packed:
        return {}
    built = [read(each) or b"" for each in contents.installs if each.endswith(("pyproject.toml", "setup.py"))]
    if len(built) != 1 or _SHAPES.search(built[0]):
        return {}
    brought = declared(contents, read).installed
    foreign = {top for top in set(map(_top, contents.packed)) if may_be_brought_by(top) & brought}
    return {image: path for image, path in contents.packed.items() if _top(image) not in foreign}


def _top(image: str) -> str:
    """Of a path below SITE_PACKAGES."""
    return image.split("/")[2]
