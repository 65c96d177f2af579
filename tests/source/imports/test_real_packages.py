"""Packages that people wrote, taken as if they were the application: what imports here must not be called broken."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path

import pytest

from deploy_lib.model.findings import Severity
from deploy_lib.source.analyse import analyse
from deploy_lib.source.entrypoint import GivenStart
from deploy_lib.source.model import REGULAR, Context, ImageContents, MissingFileContext, TreeFile

PACKAGES = (
    "anyio",
    "attr",
    "click",
    "httpx",
    "jinja2",
    "packaging.requirements",
    "pluggy",
    "rich.console",
    "tenacity",
    "yaml",
)


@pytest.mark.parametrize("name", PACKAGES)
def test_nothing_is_wrong(name: str) -> None:
    top = name.partition(".")[0]
    file = import_module(top).__file__
    assert file is not None
    site = Path(file).parents[1]
    code = [path for path in (site / top).rglob("*") if path.suffix in (".py", ".so")]
    files = {path.relative_to(site).as_posix(): path for path in code}
    held = {path: TreeFile(path, REGULAR, "", 0) for path in files}
    contents = ImageContents({f"/app/{path}": path for path in files}, {}, workdir="/app", python=(3, 11))

    def read_many(paths: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        return ((path, files[path].read_bytes()) for path in paths)

    analysis = analyse(
        contents, Context("", held), read_many, lambda: MissingFileContext(held), GivenStart((name,)), None
    )
    assert [each for each in analysis.findings if each.severity is Severity.ERROR] == []
    assert len(analysis.modules) > 3
