"""A small application as a staged context, and the release that builds it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from deploy_lib.model.release import Builder, Options, Release
from deploy_lib.model.requests import ImportCheck
from deploy_lib.model.service import BuildSource, Service
from deploy_lib.source.archive import blob_id
from deploy_lib.source.model import REGULAR, Context, ImageContents, Rule, Staged, TreeFile
from deploy_lib.steps.build import BuildImage, BuildSettings

DOCKERFILE = "FROM python:3.11-slim\nWORKDIR /app\nCOPY shop/ shop/\n"
APP = {
    "Dockerfile": DOCKERFILE,
    "shop/__init__.py": "",
    "shop/main.py": "from shop.orders import total\nprint('hello from the application')\n",
    "shop/orders.py": "def total() -> int:\n    return 1\n",
}
PLAIN = Options()
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Reads:
    """Counts what was read of a context."""

    content: Mapping[str, bytes]
    paths: list[str] = field(default_factory=list)

    def __call__(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        for path in paths:
            self.paths.append(path)
            yield path, self.content[path]


def stage_files(
    files: Mapping[str, str | bytes], *, modes: Mapping[str, int] | None = None, hashed: bool = True
) -> Staged:
    """As source truth would stage them; everything below shop/ goes to /app."""
    content = {path: text.encode() if isinstance(text, str) else text for path, text in files.items()}
    modes = modes or {}
    listing = {
        path: TreeFile(path, modes.get(path, REGULAR), blob_id(data) if hashed else "", len(data))
        for path, data in content.items()
    }
    brought = {f"/app/{path}": path for path in files if path.startswith("shop/")}
    rule = Rule("Dockerfile", 3, "COPY shop/ shop/", "copied")
    contents = ImageContents(brought, dict.fromkeys(brought, rule), workdir="/app", base="python:3.11-slim")
    return Staged(Context("", listing), "Dockerfile", contents, Reads(content))


def beside_the_context() -> Staged:
    """A Dockerfile outside its context, which ends the build when the image holds any file but the context's."""
    app = {path: text for path, text in APP.items() if path != "Dockerfile"}
    names = " ".join(f"./{path}" for path in sorted(app))
    held = f'RUN test "$(find . -type f | LC_ALL=C sort | xargs)" = "{names}"\n'
    recipe = f"FROM python:3.11-slim\nWORKDIR /app\nCOPY . .\n{held}"
    return replace(stage_files(app), recipe=recipe.encode())


def release_of(project: str, release_id: str = "r-1", *, options: Options = PLAIN, **service: Any) -> Release:
    source = service.pop("source", BuildSource())
    host = f"us-central1-docker.pkg.dev/{project}/services"
    entrypoint = service.pop("entrypoint", "shop.main")
    made = Service("backend", project, "us-central1", "shop-backend", host, source, entrypoint, **service)
    return Release(release_id, made, COMMIT, datetime(2026, 3, 2, tzinfo=UTC), options=options)


def request_of(
    release: Release,
    *,
    builder: str = "cloud_build",
    check: ImportCheck | None = None,
    rebuild: bool = False,
    **more: Any,
) -> BuildImage:
    wanted = check or ImportCheck(entrypoint=release.service.entrypoint)
    release = replace(release, options=replace(release.options, builder=Builder(builder), rebuild=rebuild))
    return BuildImage(release, BuildSettings(check=wanted, **more))
