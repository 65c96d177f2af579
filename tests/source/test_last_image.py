"""What the facts of the last good image teach of a commit, and what is no such facts."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from deploy_lib.in_image.result import Distribution
from deploy_lib.model.service import BuildSource
from deploy_lib.source.last_image import Installed, Learned
from deploy_lib.source.last_image.learn import learn
from deploy_lib.source.last_image.record import LastImage, NoFacts, PlacedFile, built_with, read, write
from deploy_lib.source.model import Staged
from tests.source.golden import stage

COMMIT = "a" * 40
SITE = "/usr/lib/python3.11/site-packages"
DOCKERFILE = "FROM python:3.11-slim\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\nRUN make code\n"
FILES = {"requirements.txt": "flask\n", "main.py": "import made\n", "shop/a.py": "A = 1\n", "api.proto": "1"}


def staged(texts: dict[str, str], dockerfile: str = DOCKERFILE) -> Staged:
    """Content is a file's own id, so that another content is another file."""
    made = stage({"texts": texts, "dockerfile": dockerfile})
    files = {
        path: replace(file, blob=texts.get(path, dockerfile if path == "Dockerfile" else path))
        for path, file in made.context.files.items()
    }
    return replace(made, context=replace(made.context, files=files))


def image(files: dict[str, str], dockerfile: str = DOCKERFILE, **more: Any) -> LastImage:
    seen = {f"/app/{path}": text for path, text in FILES.items()} | {"/app/Dockerfile": dockerfile} | files
    plain: dict[str, Any] = {
        "commit": COMMIT,
        "service": "shop",
        "context": "",
        "dockerfile": "Dockerfile",
        "built_with": built_with(BuildSource()),
        "python": "3.11.7",
        "executable": "/usr/bin/python",
        "workdir": "/app",
        "path": ("/app", "/usr/lib/python3.11", SITE),
        "roots": ("/app", f"{SITE}/shop"),
        "distributions": (Distribution("flask", "3", ("flask",)), Distribution("", "", ("legacy",))),
        "files": tuple(PlacedFile(*each) for each in sorted(seen.items())),
        "entrypoint": "main:app",
    }
    return LastImage(**plain | more)


def learned(changes: dict[str, str | None], last: LastImage | None = None, dockerfile: str = DOCKERFILE) -> Learned:
    """`changes` since the image's commit; None is a file that is gone."""
    texts = {path: text for path, text in {**FILES, **changes}.items() if text is not None}
    before = staged(FILES)
    return learn(last or image({"/app/made.py": "made"}), before, staged(texts, dockerfile), BuildSource())


@pytest.mark.parametrize(
    ("module", "brought"),
    [
        ("flask", True),
        ("flask.cli.more", True),
        ("google", True),
        ("google.cloud", True),
        ("google.cloud.storage.blob", True),
        ("google.cloud.run", False),
        ("flas", False),
        ("flask_cors", False),
    ],
)
def test_what_is_installed(module: str, brought: bool) -> None:
    assert Installed(("flask", "google.cloud.storage")).brings(module) is brought


def test_a_change_of_python_leaves_nothing_to_guess() -> None:
    told = learned({"shop/a.py": "A = 2\n", "shop/b.py": "B = 1\n"})
    assert told.known is not None and told.known.installed is not None
    assert told.known.installed.brings("legacy") and not told.known.installed.brings("requests")
    assert (told.known.entrypoint, told.known.roots) == ("main:app", ("/app",))
    assert [each.prefix for each in told.contents.unknown] == ["/app/made"]
    assert (told.used, told.unused) == (("where Python looks", "what is installed", "where files lie"), "")


@pytest.mark.parametrize(
    ("changes", "why", "packages"),
    [
        ({"requirements.txt": "flask\nrequests\n"}, "requirements.txt changed since", False),
        ({"uv.lock": "1"}, "uv.lock changed since", False),
        ({"wheels/own-1.0-py3-none-any.whl": "zip"}, "wheels/own-1.0-py3-none-any.whl changed since", False),
        ({"api.proto": "2"}, "api.proto changed since", True),
        ({"Makefile": "code:\n\t./generate\n"}, "Makefile changed since", True),
        ({"README.md": "# Read", "templates/a.html": "<p>"}, "", True),
        ({"main.py": None}, "", True),
    ],
)
def test_what_a_step_may_read_is_guessed_again(changes: dict[str, str | None], why: str, packages: bool) -> None:
    told = learned(changes)
    assert told.known is not None
    assert (told.unused, told.known.installed is not None) == (why, packages)
    guessed = learned({}, dockerfile=DOCKERFILE + "# other\n").contents.unknown
    assert ([each.prefix for each in told.contents.unknown] == [each.prefix for each in guessed]) is bool(why)


@pytest.mark.parametrize(
    ("last", "dockerfile", "why"),
    [
        (image({}), DOCKERFILE + "RUN make more\n", "Dockerfile changed since"),
        (image({}, built_with="other"), DOCKERFILE, "the build arguments or the target changed since"),
    ],
)
def test_another_recipe_teaches_nothing(last: LastImage, dockerfile: str, why: str) -> None:
    told = learned({}, last, dockerfile)
    assert (told.known, told.used, told.unused) == (None, (), why)


def test_a_file_by_another_name_that_a_stage_installs_from() -> None:
    """And the one that it includes."""
    recipe = (
        "FROM python:3.11-slim AS b\nCOPY deps deps\nRUN python -m venv /v && /v/bin/pip install -r deps/all.txt\n"
        "FROM python:3.11-slim\nWORKDIR /app\nCOPY --from=b /v /v\nCOPY . .\n"
    )
    texts = {**FILES, "deps/all.txt": "-r more.txt\n", "deps/more.txt": "flask\n"}
    for changed in ("deps/all.txt", "deps/more.txt"):
        now = staged({**texts, changed: texts[changed] + "requests\n"}, recipe)
        told = learn(image({}, recipe), staged(texts, recipe), now, BuildSource())
        assert told.known is not None and told.known.installed is None, changed


INSTALLS = "FROM python:3.11-slim\nWORKDIR /build\nCOPY . .\nRUN pip install .\nWORKDIR /\n"
PROJECT = {"pyproject.toml": "p", "src/shop/__init__.py": "i", "src/shop/a.py": "a", "src/shop/deep/__init__.py": "d"}


@pytest.mark.parametrize(
    ("changes", "there", "gone"),
    [
        ({}, ["shop/__init__.py", "shop/a.py", "shop/deep/__init__.py"], []),
        ({"src/shop/a.py": None}, ["shop/__init__.py"], ["shop/a.py"]),
        ({"src/shop/b.py": "b"}, ["shop/a.py", "shop/b.py"], []),
        ({"src/shop/deep/c.py": "c"}, ["shop/deep/c.py"], []),
        ({"src/shop/far/c.py": "c"}, ["shop/far/c.py"], []),
        ({"src/other/__init__.py": "o"}, ["other/__init__.py"], []),
        ({"src/shop/deep/__init__.py": None, "src/shop/deep/c.py": "c"}, ["shop/a.py"], ["shop/deep/c.py"]),
    ],
)
def test_an_installed_project_lies_where_it_lay(
    changes: dict[str, str | None], there: list[str], gone: list[str]
) -> None:
    lay = {f"{SITE}/{path.removeprefix('src/')}": text for path, text in PROJECT.items() if path.startswith("src/")}
    last = replace(image({}), roots=(f"{SITE}/shop",), files=tuple(PlacedFile(*each) for each in lay.items()))
    texts = {path: text for path, text in {**PROJECT, **changes}.items() if text is not None}
    told = learn(last, staged(PROJECT, INSTALLS), staged(texts, INSTALLS), BuildSource())
    files = told.contents.files
    assert told.known is not None and SITE in told.known.roots
    assert [path for path in there if f"{SITE}/{path}" not in files] == []
    assert [path for path in gone if f"{SITE}/{path}" in files] == []


def test_facts_are_read_as_they_were_written() -> None:
    made = image({"/app/made.py": "b"}, command=("flask", "run"), release="r1", image="x@sha256:1")
    assert read(write(made)) == made
    assert write(read(write(made))) == write(made)


def changed(**values: object) -> str:
    return json.dumps({**json.loads(write(image({}))), **values})


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it is not JSON"),
        ("{" * 99999, "it is not JSON"),
        ("[1]", 'it has no key "facts"'),
        ('{"service": "shop"}', 'it has no key "facts"'),
        (changed(facts=0), "holds facts of format 0; this version reads format 1"),
        (changed(facts="x" * 999), "holds facts of format xxxxxxxxxxxxxxxxxxxx;"),
        (changed(commit="HEAD"), "'HEAD' is not the id of a commit"),
        (changed(commit="--output=/tmp/x"), "is not the id of a commit"),
        (changed(dockerfile="../../etc/passwd"), "lies outside the repository"),
        (changed(context="a/../b"), "is not a path from the top of a repository"),
        (changed(files=[["app/main.py", "b"]]), "'app/main.py' is not a path in an image"),
        (changed(roots=["/app/../etc"]), "is not a path in an image"),
        (changed(path="x"), "facts.path should be a list"),
        (changed(distributions=[["flask", "3"]]), "facts.distributions[0] should be a list of 3"),
        (changed(files={"/app/main.py": "b"}), "facts.files should be a list"),
    ],
)
def test_what_is_no_facts_of_an_image(text: str, why: str) -> None:
    with pytest.raises(NoFacts) as told:
        read(text)
    assert why in str(told.value)
