"""What a build is, whichever engine carries it out."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from deploy_lib.local_cloud.engines.model import BuildSpec, Cancelled, Engine, ImageNotFound
from tests.local_cloud.engines.engine_harness import FROM, EngineHarness, run
from tests.waits import WITHIN, until


@pytest.fixture
def harness(engine: Engine, tmp_path: Path) -> EngineHarness:
    return EngineHarness(engine, tmp_path)


def test_settings_reach_the_image(harness: EngineHarness) -> None:
    image = harness.build(
        'ARG TAG=3.11-slim\nFROM python:$TAG\nARG WHO=nobody\nENV A=1 B="$WHO"\nLABEL team=shop\n'
        'EXPOSE 8080\nWORKDIR /srv\nUSER $WHO\nENTRYPOINT ["python"]\nCMD ["-V"]\n',
        args={"WHO": "daemon:1"},
        labels={"commit": "abc"},
    )
    assert (image.env["A"], image.env["B"]) == ("1", "daemon:1")
    assert (image.labels["team"], image.labels["commit"]) == ("shop", "abc")
    assert (image.ports, image.workdir, image.user) == (("8080/tcp",), "/srv", "daemon:1")
    assert (image.entrypoint, image.cmd) == (("python",), ("-V",))


def test_a_stand_in_says_so(harness: EngineHarness) -> None:
    image = harness.build(FROM)
    if image.stand_in is None:
        pytest.skip("a registry answers here, so the base is the real one")
    assert image.stand_in == "python:3.11-slim"
    assert any("stand-in" in line for line in harness.lines)


def test_stages_files_and_links(harness: EngineHarness) -> None:
    files = {"src/a.txt": "a", "src/sub/b.txt": "b", "run.sh": "#!/bin/sh\necho ran\n"}
    image = harness.build(
        f"{FROM}AS made\nRUN mkdir /out && echo built > /out/x && ln -s x /out/link\n".replace("\nAS", " AS")
        + f"{FROM}COPY --from=made /out /out\nCOPY --from=0 /out/x /single\nCOPY src /app\nCOPY run.sh /bin/run-it\n"
        "RUN chmod 755 /bin/run-it && rm /app/sub/b.txt\n",
        files,
    )
    found = {entry.path: entry for entry in harness.engine.files(image.digest)}
    assert (found["/out/link"].link, found["/single"].size) == ("x", 6)
    assert "/app/a.txt" in found
    assert "/app/sub/b.txt" not in found
    assert harness.text(image, "/out/link") == "built\n"
    assert run(harness.engine, image.digest, "run-it").out == "ran\n"


def test_an_ignore_file_of_the_context_does_not_apply_again(harness: EngineHarness) -> None:
    image = harness.build(f"{FROM}COPY . /app\n", {".dockerignore": "*.txt\n", "kept.txt": "kept"})
    assert harness.text(image, "/app/kept.txt") == "kept"


def test_only_what_the_target_needs_is_built(harness: EngineHarness) -> None:
    text = f"{FROM}".replace("\n", " AS first\n") + f"ENV WHICH=first\n{FROM}RUN exit 1\n"
    assert harness.build(text, target="first").env["WHICH"] == "first"


def test_a_failing_command_is_named_by_line_with_what_it_said(harness: EngineHarness) -> None:
    failure = harness.refuse(f"{FROM}RUN echo fine\nRUN echo first; \\\n    echo second; \\\n    exit 3\n")
    assert failure.line == 3
    assert failure.reason == "Dockerfile line 3: RUN: the command ended with exit code 3: second"
    assert failure.output.splitlines()[-2:] == ["first", "second"]


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("COPY nowhere.txt /x\n", 2, "nowhere.txt"),
        ("COPY --from=nostage /x /x\n", 2, "nostage"),
        ("FROM private/base:7\n", 2, "private/base:7"),
        ("FROM --platform=windows/amd64 python:3.11-slim\n", 2, "windows/amd64"),
        ("NONSENSE 1\n", 2, "NONSENSE"),
        ("COPY onlyone\n", 2, "COPY"),
    ],
)
def test_what_cannot_be_done_is_named_by_line(harness: EngineHarness, text: str, line: int, told: str) -> None:
    failure = harness.refuse(FROM + text)
    assert failure.line == line
    assert told in failure.reason


def test_no_dockerfile(harness: EngineHarness) -> None:
    assert "Dockerfile" in harness.refuse("", dockerfile="missing/Dockerfile").reason


def test_the_same_again_does_not_run_again(harness: EngineHarness) -> None:
    # What the clock says differs each time it is asked, so an equal image was not made anew.
    text = f"{FROM}RUN date +%s%N > /when\n"
    first, second = harness.build(text), harness.build(text)
    assert first.digest == second.digest
    assert harness.text(harness.build(text, use_cache=False), "/when") != harness.text(first, "/when")


def test_names_come_and_go(harness: EngineHarness) -> None:
    engine, image = harness.engine, harness.build(f"{FROM}LABEL a=1\n", tags=("shop/names:1",))
    engine.tag("shop/names:1", "shop/names:2")
    assert engine.inspect("shop/names:2").digest == image.digest
    engine.remove("shop/names:1")
    with pytest.raises(ImageNotFound):
        engine.inspect("shop/names:1")
    assert engine.inspect("shop/names:2").digest == image.digest


def test_nothing_is_named_when_the_build_fails(harness: EngineHarness) -> None:
    harness.refuse(f"{FROM}RUN exit 1\n", tags=("shop/never:1",))
    with pytest.raises(ImageNotFound):
        harness.engine.inspect("shop/never:1")


def test_images_travel_through_layouts(harness: EngineHarness, tmp_path: Path) -> None:
    engine, image = harness.engine, harness.build(f"{FROM}RUN echo carried > /x\n", tags=("shop/travel:1",))
    digest = engine.save("shop/travel:1", tmp_path / "layout")
    assert digest == engine.save(image.digest, tmp_path / "again")
    engine.remove("shop/travel:1")
    loaded = engine.load(tmp_path / "layout", digest, "shop/arrived:1")
    assert engine.read(loaded.digest, "/x") == b"carried\n"
    assert engine.inspect(f"shop/arrived@{digest}").digest == engine.inspect("shop/arrived:1").digest == loaded.digest


def test_cancelling_ends_all_of_it(harness: EngineHarness, tmp_path: Path) -> None:
    seconds = f"96{os.getpid()}"
    (tmp_path / "Dockerfile").write_text(f"{FROM}RUN echo $$ > /lent/begun || true; sleep {seconds}\n")
    began, cancel, ended = threading.Event(), threading.Event(), threading.Event()

    def log(line: str) -> None:
        if f"sleep {seconds}" in line:
            began.set()

    def build() -> None:
        with pytest.raises(Cancelled):
            harness.engine.build(BuildSpec(tmp_path, tags=("shop/cut:1",)), log, cancel.is_set)
        ended.set()

    thread = threading.Thread(target=build)
    thread.start()
    assert began.wait(WITHIN)
    until(lambda: sleeping(seconds))
    cancel.set()
    assert ended.wait(WITHIN)
    thread.join()
    until(lambda: not sleeping(seconds))
    with pytest.raises(ImageNotFound):
        harness.engine.inspect("shop/cut:1")


def sleeping(argument: str) -> bool:
    """Whether a process `sleep ARGUMENT` runs anywhere on this machine."""
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                words = (process / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if words[:2] == [b"sleep", argument.encode()]:
                return True
    return False
