"""The joined probe runs in the images that there are: those of an old Python too, on standard input and as a file."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy_lib.in_image.options import probe_source
from deploy_lib.in_image.result import read_result
from tests.in_image.images import NONCE, FakeImage
from tests.waits import WITHIN

OLDEST = (3, 8)  # that the probe is written for


def pythons() -> Iterator[tuple[tuple[int, ...], str]]:
    """Version and program of each Python on this machine, those of pyenv among them."""
    for minor in range(OLDEST[1], sys.version_info.minor):
        if found := shutil.which(f"python3.{minor}"):
            yield (3, minor), found
    for program in Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv").glob("versions/3.*/bin/python"):
        version = re.match(r"(\d+)\.(\d+)", program.parents[1].name)
        if version and (found_version := tuple(map(int, version.groups()))) >= OLDEST:
            yield found_version, str(program)


def oldest_python() -> str:
    """The first of them that runs; this one, where there is no older one."""
    for _, program in sorted(pythons()):
        if subprocess.run([program, "-c", ""], capture_output=True, check=False).returncode == 0:
            return program
    return sys.executable


@pytest.mark.parametrize("python", [oldest_python(), sys.executable], ids=["oldest", "this"])
def test_the_joined_file_runs(tmp_path: Path, python: str) -> None:
    image = FakeImage(tmp_path, python)
    image.write({"shop/__init__.py": "", "shop/main.py": "from shop.lost import price\n", "shop/prices.py": "x = 1\n"})
    joined = tmp_path / "joined.py"
    joined.write_bytes(probe_source())
    options = json.dumps({"nonce": NONCE, "entrypoint": "shop.main:app", "also": ["shop"]})

    piped = image.probe("shop.main:app", also=("shop",))
    filed = subprocess.run([python, joined, options], cwd=image.app, capture_output=True, timeout=WITHIN, check=False)

    assert (piped.code, filed.returncode) == (0, 0), (piped.stderr, filed.stderr)
    for result in (piped.result, read_result(filed.stdout, NONCE)):
        assert (result.verdict, result.tried, result.failed) == ("failed", 3, 1)
        assert [(each.kind, each.module) for each in result.failures] == [("missing_module", "shop.lost")]
        assert result.image and {"shop", "shop.main", "shop.prices"} <= set(result.image.modules)
