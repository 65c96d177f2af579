"""check --facts: judged by its difference from the last good image, or one sentence why the file is of no use."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rehearse.repository import Repository

from deploy_lib.cli.main import main
from deploy_lib.in_image.result import Distribution
from deploy_lib.model.service import BuildSource
from deploy_lib.source.last_image.record import LastImage, PlacedFile, built_with, write

FILES = {
    "Dockerfile": "FROM python:3.11-slim\nWORKDIR /app\nCOPY . .\nRUN pip install flask\nRUN ./prepare\n"
    "CMD flask --app main run\n",
    "main.py": "import flask\nimport shop.orders\n\napp = flask.Flask(__name__)\n",
    "shop/orders.py": "ORDERS = []\n",
    "prepare": "#!/bin/sh\nexec other-tool --into .\n",
}


@pytest.fixture
def shop(tmp_path: Path) -> Repository:
    made = Repository.empty(tmp_path / "shop")
    for path, text in FILES.items():
        made.write(path, text)
    made.commit("Open the shop")
    return made


@pytest.fixture
def last(shop: Repository) -> LastImage:
    return LastImage(
        commit=shop.head(),
        service="shop",
        context="",
        dockerfile="Dockerfile",
        built_with=built_with(BuildSource()),
        python="3.11.7",
        executable="/usr/local/bin/python",
        workdir="/app",
        path=("/app", "/usr/local/lib/python3.11", "/usr/local/lib/python3.11/site-packages"),
        roots=("/app",),
        distributions=(Distribution("flask", "3.1", ("flask",)),),
        files=tuple(PlacedFile(f"/app/{path}", blob_of(text.encode())) for path, text in sorted(FILES.items())),
    )


def blob_of(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


Check = Callable[..., tuple[int, str, str]]


@pytest.fixture
def check(shop: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Check:
    """The exit code, what was printed, and what was said of a refusal."""

    def run(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(["check", "--repo", str(shop.root), "--state", str(tmp_path / "state"), *words])
        return code, *capsys.readouterr()

    return run


def kept(facts: LastImage | str, tmp_path: Path) -> str:
    file = tmp_path / "facts.json"
    file.write_text(facts if isinstance(facts, str) else write(facts), encoding="utf-8")
    return str(file)


def test_a_package_that_the_last_good_image_lacks_is_an_error(
    check: Check, shop: Repository, last: LastImage, tmp_path: Path
) -> None:
    shop.write("shop/orders.py", "import structlog\n")
    shop.commit("Log orders")
    code, told, _ = check()
    assert (code, "1 error" in told) == (0, False)
    code, told, _ = check("--facts", kept(last, tmp_path))
    assert code == 1
    assert f"no package that is installed in the image of commit {last.commit[:7]} brings it" in told
    assert "fix:  # let a RUN of the Dockerfile install structlog" in told
    assert "known from the image of commit" in told


def test_a_changed_dockerfile_is_guessed_as_before(
    check: Check, shop: Repository, last: LastImage, tmp_path: Path
) -> None:
    shop.write("shop/orders.py", "import structlog\n")
    shop.replace("Dockerfile", "install flask", "install flask structlog")
    shop.commit("Log orders")
    code, told, _ = check("--facts", kept(last, tmp_path), "--output", "json")
    facts: dict[str, Any] = json.loads(told)["facts"]
    assert code == 0
    assert (facts["used"], facts["unused"]) == ([], "Dockerfile changed since")


REFUSED = {
    "garbage": (lambda last: "not facts", "it does not hold the facts of an image: it is not JSON"),
    "an older format": (
        lambda last: write(last).replace('"facts": 1', '"facts": 0'),
        "it holds facts of format 0; this version reads format 1",
    ),
    "another service": (
        lambda last: replace(last, service="worker", dockerfile="worker/Dockerfile"),
        "it is of worker, built from worker/Dockerfile over .; what is checked is shop (Dockerfile)",
    ),
    "another repository": (
        lambda last: replace(last, commit="b" * 40),
        "it is of commit bbbbbbbbbbbb, which this repository does not have",
    ),
    "a path outside": (lambda last: replace(last, dockerfile="../Dockerfile"), "lies outside the repository"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_of_no_use_is_refused_in_one_sentence(name: str, check: Check, last: LastImage, tmp_path: Path) -> None:
    make, why = REFUSED[name]
    file = kept(make(last), tmp_path)
    code, told, refused = check("--facts", file)
    assert (code, told) == (2, "")
    assert refused.count("\n") == 1 and f"--facts {file}: it " in refused and why in refused


def test_a_file_that_is_not_there_is_named(check: Check, tmp_path: Path) -> None:
    for path, why in ((tmp_path / "none.json", "No such file"), (tmp_path, "Is a directory")):
        code, _, refused = check("--facts", str(path))
        assert code == 2 and refused.count("\n") == 1 and why in refused


def test_bytes_that_are_no_text_are_refused(check: Check, tmp_path: Path) -> None:
    (tmp_path / "facts.json").write_bytes(b"\xff\xfe\x00")
    code, _, refused = check("--facts", str(tmp_path / "facts.json"))
    assert code == 2 and "it is not text" in refused
