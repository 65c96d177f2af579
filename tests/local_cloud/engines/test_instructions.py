"""The namespaces engine, instruction by instruction: what each leaves in the image, and what is refused by line."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import web

from deploy_lib.local_cloud.engines.model import Engine
from deploy_lib.local_cloud.engines.namespaces.engine import NamespacesEngine
from deploy_lib.local_cloud.engines.namespaces.store import ImageStore
from tests.local_cloud.emulator.http_app import serving
from tests.local_cloud.engines.engine_harness import FROM, EngineHarness, run
from tests.waits import WITHIN

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def harness(namespaces: Engine, tmp_path: Path) -> EngineHarness:
    return EngineHarness(namespaces, tmp_path)


def tar_of(files: dict[str, str], mode: str = "w:gz") -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode=mode) as archive:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(text), 0o640
            archive.addfile(info, io.BytesIO(text.encode()))
    return data.getvalue()


def modes(harness: EngineHarness, digest: str, below: str) -> dict[str, str]:
    found = (entry for entry in harness.engine.files(digest) if entry.path.startswith(below))
    return {entry.path: f"{entry.mode:o}" for entry in found}


def test_heredocs_of_every_form(harness: EngineHarness) -> None:
    image = harness.build(
        f"""{FROM}ENV NAME=shop
RUN <<EOF
set -e
mkdir /out
echo "$NAME" > /out/shell
EOF
RUN <<-END
	#!/usr/bin/env python3
	open("/out/interpreter", "w").write("python")
	END
RUN cat > /out/one <<A && python3 - <<'B'
first $NAME
A
open("/out/two", "w").write("$NAME")
B
COPY <<expanded <<"plain" /docs/
$NAME
expanded
$NAME
plain
COPY --chmod=600 <<x /single
alone
x
"""
    )
    assert harness.text(image, "/out/shell") == "shop\n"
    assert harness.text(image, "/out/interpreter") == "python"
    assert harness.text(image, "/out/one") == "first shop\n"
    assert harness.text(image, "/out/two") == "$NAME"
    assert (harness.text(image, "/docs/expanded"), harness.text(image, "/docs/plain")) == ("shop\n", "$NAME\n")
    assert modes(harness, image.digest, "/single") == {"/single": "600"}


def test_a_cache_outlives_builds_and_no_layer_has_it(harness: EngineHarness) -> None:
    mount = "--mount=type=cache,target=/var/kept,id=tests,sharing=locked"
    step = f"RUN {mount} echo x >> /var/kept/n && wc -l < /var/kept/n > /n"
    counts = [harness.text(harness.build(f"{FROM}ENV N={n}\n{step}\n"), "/n") for n in (1, 2)]
    assert counts == ["1\n", "2\n"]
    assert modes(harness, harness.build(f"{FROM}{step}\n").digest, "/var/kept") == {}


def test_lent_files_leave_no_trace_and_decide_the_result(harness: EngineHarness) -> None:
    text = (
        f"{FROM.strip()} AS made\nRUN echo of the stage > /given\n{FROM}"
        "RUN --mount=type=bind,source=src,target=/lent,rw --mount=from=made,source=/given,target=/stage/given"
        " --mount=type=tmpfs,target=/mem"
        " cat /lent/a /stage/given > /got && echo changed > /lent/a && echo x > /mem/x\n"
    )
    image = harness.build(text, {"src/a": "one\n"})
    assert harness.text(image, "/got") == "one\nof the stage\n"
    assert modes(harness, image.digest, "/lent") == modes(harness, image.digest, "/mem") == {}
    assert harness.text(harness.build(text, {"src/a": "two\n"}), "/got") == "two\nof the stage\n"
    read_only = f"{FROM}RUN --mount=source=src,target=/lent echo x > /lent/a\n"
    assert "Read-only file system" in harness.refuse(read_only, {"src/a": ""}).reason


def test_networks_of_a_step(harness: EngineHarness) -> None:
    image = harness.build(f"{FROM}RUN --network=none ls /sys/class/net > /dev/null; cat /proc/net/dev > /seen\n")
    assert [line.split(":")[0].strip() for line in harness.text(image, "/seen").splitlines()[2:]] == ["lo"]


def test_add_unpacks_archives_and_copies_the_rest(harness: EngineHarness) -> None:
    files = {
        "a.tgz": tar_of({"in/x": "packed"}),
        "b.tar.xz": tar_of({"y": "small", ".wh.z": "no whiteout"}, "w:xz"),
        "notes.gz": gzip.compress(b"no tar"),
        "plain.txt": "plain",
    }
    image = harness.build(f"{FROM}ADD a.tgz b.tar.xz notes.gz plain.txt /got/\nADD --chown=7:8 plain.txt /own\n", files)
    assert modes(harness, image.digest, "/got") == {
        "/got/.wh.z": "640", "/got/in/x": "640", "/got/notes.gz": "644", "/got/plain.txt": "644", "/got/y": "640",
    }  # fmt: skip
    assert run(harness.engine, image.digest, "stat", "-c", "%u:%g", "/own").out == "7:8\n"


@pytest.mark.parametrize("name", ["../out", "a/../../out"])
def test_an_archive_does_not_leave_its_root(harness: EngineHarness, name: str) -> None:
    failure = harness.refuse(f"{FROM}ADD bad.tar /x/\n", {"bad.tar": tar_of({name: "x"}, "w:")})
    assert (failure.line, "outside its root" in failure.reason) == (2, True)


@pytest.mark.parametrize(
    ("links", "entry"),
    [
        ({"q": (tarfile.SYMTYPE, "q"), "q/E7": (tarfile.REGTYPE, "")}, "q/E7"),
        ({"a": (tarfile.SYMTYPE, "b"), "b": (tarfile.SYMTYPE, "a"), "a/c/d": (tarfile.REGTYPE, "")}, "a/c/d"),
        ({"2": (tarfile.LNKTYPE, "nowhere")}, "2"),
        ({"d/x": (tarfile.REGTYPE, ""), "d/x/y": (tarfile.REGTYPE, "")}, "d/x/y"),
        ({"n" * 300: (tarfile.REGTYPE, "")}, "n" * 300),
    ],
)
def test_an_archive_that_cannot_be_unpacked_is_named_with_its_entry(
    harness: EngineHarness, links: dict[str, tuple[bytes, str]], entry: str
) -> None:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:") as archive:
        for name, (kind, target) in links.items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, target
            archive.addfile(info)
    failure = harness.refuse(f"{FROM}ADD bad.tar /x/\n", {"bad.tar": data.getvalue()})
    assert failure.line == 2
    assert f"the archive cannot be unpacked at {entry}: " in failure.reason


@pytest.fixture
def web_address() -> Iterator[str]:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(text="fetched")

    with serving([web.get("/files/data.txt", answer)]) as url:
        yield url


def test_add_fetches(harness: EngineHarness, web_address: str) -> None:
    digest = f"sha256:{hashlib.sha256(b'fetched').hexdigest()}"
    image = harness.build(f"{FROM}ADD --checksum={digest} {web_address}/files/data.txt /got/\n")
    assert harness.text(image, "/got/data.txt") == "fetched"
    assert modes(harness, image.digest, "/got") == {"/got/data.txt": "600"}
    assert "has the checksum" in harness.refuse(f"{FROM}ADD --checksum=sha256:{'0' * 64} {web_address}/files/data.txt /x\n").reason  # fmt: skip # noqa: E501
    assert "answered 404" in harness.refuse(f"{FROM}ADD {web_address}/nothing /x\n").reason


@pytest.mark.parametrize(
    ("instruction", "told"),
    [
        ("RUN --mount=type=secret,id=k cat /run/secrets/k", "--mount=type=secret is not supported here"),
        ("RUN --mount=type=cache echo", "a target is needed"),
        ("RUN --mount=type=cache,target=/x,colour=red echo", "has no option 'colour'"),
        ("RUN --mount=source=nowhere,target=/x echo", "nowhere"),
        ("RUN --security=insecure echo", "--security=insecure is not supported here"),
        ("RUN --network=blue echo", "--network=blue is none of"),
        ("COPY --parents a b/", "--parents is not supported here"),
        ("COPY --chmod=u+x a b", "write an octal number"),
        ("COPY --chown=nosuch a b", "no user 'nosuch'"),
        ("ADD git@github.com:a/b.git /x", "only http and https"),
        ("ADD --checksum=sha256:0 a /x", "--checksum is for web addresses only"),
        ("ONBUILD RUN echo", "ONBUILD"),
        ("EXPOSE http", "'http' is not a valid port"),
        ("STOPSIGNAL SIGNONE", "'SIGNONE' is not a valid signal"),
        ("SHELL /bin/sh", "takes a JSON array"),
        ("HEALTHCHECK --interval=1x CMD true", "is not a valid duration"),
        ("USER nosuchuser\nRUN true", "no user 'nosuchuser'"),
        ("COPY a a2 b", 'must end with "/"'),
        ("RUN", "no command"),
    ],
)
def test_what_is_not_honoured_is_refused_by_line(harness: EngineHarness, instruction: str, told: str) -> None:
    failure = harness.refuse(f"FROM scratch\n{FROM}{instruction}\n", {"a": "", "a2": ""})
    assert failure.line == 2 + instruction.count("\n") + 1
    assert told in failure.reason
    assert f"line {failure.line}" in failure.reason


def test_a_user_other_than_root_owns_what_it_makes(harness: EngineHarness) -> None:
    image = harness.build(
        f"{FROM}RUN mkdir /data && chown nobody /data\nUSER nobody\nWORKDIR /data/made\n"
        "RUN echo x > file; touch /no || true\n"
    )
    assert (
        run(harness.engine, image.digest, "stat", "-c", "%U", "/data/made", "/data/made/file").out == "nobody\nnobody\n"
    )
    assert "/no" not in modes(harness, image.digest, "/no")


def test_settings_that_make_no_file(harness: EngineHarness) -> None:
    image = harness.build(
        f'{FROM}SHELL ["/bin/bash", "-c"]\nRUN [[ $0 == /bin/bash ]] && echo yes > /shell\nCMD echo $0\n'
        "HEALTHCHECK --interval=1m30s --retries=3 CMD exit 0\nSTOPSIGNAL SIGINT\nVOLUME /v\n"
    )
    assert image.cmd == ("/bin/bash", "-c", "echo $0")
    assert harness.text(image, "/shell") == "yes\n"


def test_two_stores_make_the_same_digest(tmp_path: Path) -> None:
    files = {"shop/__init__.py": "", "shop/main.py": "import shop\n"}
    text = f"{FROM}COPY shop /app/shop\nRUN cd /app && python -m compileall -q shop && python -c 'import shop.main'\n"
    digests = []
    for name in ("one", "two"):
        engine = NamespacesEngine(tmp_path / name)
        digests.append(EngineHarness(engine, tmp_path / f"context-{name}").build(text, files).digest)
    assert digests[0] == digests[1]


AS_ORDINARY_USER = ("unshare", "--user", "--map-user=1000", "--map-group=1000")
BUILDS = """
import sys
from pathlib import Path
from deploy_lib.local_cloud.engines import choose
from deploy_lib.local_cloud.engines.model import BuildSpec
print(choose("namespaces", Path(sys.argv[1])).build(BuildSpec(Path(sys.argv[2])), lambda _: None, lambda: False).digest)
"""


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("unshare") is None, reason="needs root, to be it no longer")
def test_an_ordinary_user_makes_the_same_digest_as_root(harness: EngineHarness, tmp_path: Path) -> None:
    text = f"{FROM}COPY a /a\nRUN mkdir /data && echo x > /data/x\nUSER nobody\nRUN echo y > /tmp/y\nWORKDIR /tmp/z\n"
    digest = harness.build(text, {"a": "a"}).digest
    (context,) = (path.parent for path in tmp_path.glob("*/Dockerfile"))
    command = [*AS_ORDINARY_USER, sys.executable, "-c", BUILDS, str(tmp_path / "store"), str(context)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=WITHIN)
    assert done.stdout.strip() == digest


def test_what_killed_builds_left_is_swept(tmp_path: Path) -> None:
    ImageStore(tmp_path)
    left = tmp_path / "tmp" / "99-0"
    left.mkdir()
    (left / "half").write_text("a layer")
    ImageStore(tmp_path)
    assert not left.exists()
