"""docker has two builders, and neither may be missed: what its command is asked, and what both then build."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy_lib.local_cloud.emulator.builders.step_image import make_builder
from deploy_lib.local_cloud.engines.docker import has_buildkit, open_docker
from deploy_lib.local_cloud.engines.model import EngineUnavailable
from tests.local_cloud.engines.engine_harness import FROM, EngineHarness, run
from tests.local_cloud.engines.wheel import write_wheel


@pytest.mark.parametrize(
    ("wish", "buildx", "version", "told"),
    [
        (None, "github.com/docker/buildx v0.13", "28.2.2", True),
        (None, "", "28.2.2", False),
        ("1", "", "28.2.2", False),  # asked for, yet it would only fail
        (None, "", "23.0.0", False),
        (None, "", "20.10.24+dfsg1", True),
        ("0", "github.com/docker/buildx v0.13", "28.2.2", False),
        ("0", "", "20.10.24+dfsg1", False),
        (None, "", "", False),
        (None, "", "dev", False),
    ],
)
@pytest.mark.fast
def test_buildkit_is_used_where_the_command_has_it(wish: str | None, buildx: str, version: str, told: bool) -> None:
    answers = {"buildx": buildx, "version": version}
    assert has_buildkit(wish, lambda *words: answers[words[0]]) == told


@pytest.mark.slow
@pytest.mark.parametrize("wish", ["0", "1"])
def test_builder_images_and_packages_with_either_builder(
    wish: str, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_BUILDKIT", wish)
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    (tmp_path / "wheels").mkdir()
    write_wheel(tmp_path / "wheels", "thing")
    try:
        engine = open_docker(store)
    except EngineUnavailable as error:
        pytest.skip(f"{error.reason}; {error.remedy}")
    builder = engine.inspect(make_builder(engine, "docker"))
    assert "the local cloud does not answer" in run(engine, builder.digest, "docker", "version").err  # it could start
    harness = EngineHarness(engine, tmp_path)
    image = harness.build(f"{FROM}RUN pip install --no-cache-dir thing\n")
    assert run(engine, image.digest, "python", "-c", "import thing; print(thing.VALUE)").out == "7\n"
    assert "PIP_FIND_LINKS" not in image.env
