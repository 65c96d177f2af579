"""What a container is, whichever engine runs it."""

from __future__ import annotations

import http.server
import signal
from pathlib import Path

import pytest

from deploy_lib.local_cloud.engines.model import Engine, EngineError, ImageNotFound, Mount, RunSpec
from tests.local_cloud.engines.engine_harness import FROM, EngineHarness, run
from tests.waits import WITHIN

DOCKERFILE = f"""{FROM}
ENV GREETING="hello there" PORT=8080
RUN mkdir /data && chown 65534:65534 /data
WORKDIR /work/deep
USER nobody
ENTRYPOINT ["python", "-c"]
CMD ["import os; print(os.getcwd(), os.getuid(), os.environ['GREETING'])"]
"""
EAT = "import time\nkept = bytearray(300 << 20)\ntime.sleep(20)"


@pytest.fixture(scope="module")
def image(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> str:
    return EngineHarness(engine, tmp_path_factory.mktemp("run")).build(DOCKERFILE).digest


def test_the_image_says_how_it_runs(engine: Engine, image: str) -> None:
    assert run(engine, image).out == "/work/deep 65534 hello there\n"


def test_the_caller_may_say_otherwise(engine: Engine, image: str) -> None:
    ran = run(engine, image, "-c", "id -u; pwd; echo $GREETING $MORE", entrypoint=("sh",), user="0", workdir="/data",
              env={"GREETING": "good day", "MORE": "two\nlines"})  # fmt: skip
    assert ran.out == "0\n/data\ngood day two lines\n"


def test_an_entrypoint_of_the_callers_own_takes_no_command_of_the_image(engine: Engine, image: str) -> None:
    assert run(engine, image, entrypoint=("echo", "only this")).out == "only this\n"


def test_its_modules_are_compiled_where_this_hosts_are(engine: Engine, image: str) -> None:
    """A stand-in's; else each container would compile all that it imports, in a fifth of a second."""
    compiled = Path(http.server.__cached__).is_file()
    read = run(engine, image, "-v", "-c", "import http.server", entrypoint=("python",)).err
    assert ("http/__pycache__/server" in read and "matches " in read) == compiled


def test_output_input_and_exit_code(engine: Engine, image: str) -> None:
    ran = run(engine, image, "-c", "cat; echo oops >&2; exit 7", entrypoint=("sh",), stdin=b"given\n")
    assert (ran.code, ran.out, ran.err) == (7, "given\n", "oops\n")


def test_without_input_there_is_none(engine: Engine, image: str) -> None:
    assert run(engine, image, "import sys; print(repr(sys.stdin.read()))").out == "''\n"


@pytest.mark.parametrize(("command", "code"), [("/nope", 127), ("nope", 127), ("/etc/passwd", 126)])
def test_a_command_that_cannot_be_run(engine: Engine, image: str, command: str, code: int) -> None:
    ran = run(engine, image, entrypoint=(command,))
    assert ran.code == code
    assert command in ran.err


def test_a_user_the_image_does_not_know(engine: Engine, image: str) -> None:
    with pytest.raises(EngineError, match="nosuchuser"):
        engine.run(RunSpec(image, user="nosuchuser"))


def test_without_network_only_loopback_is_there(engine: Engine, image: str) -> None:
    ran = run(engine, image, "import socket; print([name for _, name in socket.if_nameindex()])", network=False)
    assert ran.out == "['lo']\n"


@pytest.mark.parametrize("read_only", [False, True])
def test_names_that_the_caller_gives(engine: Engine, image: str, read_only: bool) -> None:
    script = "import socket; print(socket.gethostbyname('metadata.internal'), socket.gethostbyname('localhost'))"
    hosts = {"metadata.internal": "169.254.169.254"}
    ran = run(engine, image, script, network=False, hosts=hosts, read_only=read_only)
    assert ran.out == "169.254.169.254 127.0.0.1\n"


def test_a_read_only_root_leaves_tmp(engine: Engine, image: str) -> None:
    script = "touch /data/x || echo no; touch /tmp/x && echo yes"
    assert run(engine, image, "-c", script, entrypoint=("sh",), read_only=True).out == "no\nyes\n"


def test_writes_are_the_containers_own(engine: Engine, image: str) -> None:
    assert run(engine, image, "-c", "echo 1 > /data/x", entrypoint=("sh",)).code == 0
    assert run(engine, image, "-c", "ls /data", entrypoint=("sh",)).out == ""


def test_mounts(engine: Engine, image: str, tmp_path: Path) -> None:
    (tmp_path / "given").write_text("from outside")
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept").chmod(0o777)
    mounts = (Mount(tmp_path / "given", "/mnt/given", read_only=True), Mount(tmp_path / "kept", "/kept"))
    script = "cat /mnt/given; echo x > /mnt/given || echo refused; echo inside > /kept/file"
    ran = run(engine, image, "-c", script, entrypoint=("sh",), mounts=mounts, user="0")
    assert ran.out == "from outsiderefused\n"
    assert (tmp_path / "kept" / "file").read_text() == "inside\n"


def test_memory_above_the_limit_kills(engine: Engine, image: str) -> None:
    container = engine.run(RunSpec(image, command=(EAT,), memory=100 << 20))
    assert container.wait(WITHIN) == 137
    assert container.killed_for_memory()
    assert (container.peak_memory() or 0) >= 100 << 20


def test_memory_below_the_limit_does_not(engine: Engine, image: str) -> None:
    container = engine.run(RunSpec(image, command=("kept = bytearray(20 << 20)",), memory=200 << 20))
    assert container.wait(WITHIN) == 0
    assert not container.killed_for_memory()


def test_stopping_is_polite_first(engine: Engine, image: str) -> None:
    script = "trap 'echo leaving; exit 3' TERM; echo up; sleep 100 & wait"
    container = engine.run(RunSpec(image, entrypoint=("sh", "-c", script)))
    assert container.stdout.readline() == b"up\n"
    assert container.pid > 0
    assert container.poll() is None
    assert container.stop(10) == 3
    assert container.stdout.read() == b"leaving\n"
    assert container.poll() == 3
    assert not container.killed_for_memory()


def test_one_that_does_not_listen_is_killed(engine: Engine, image: str) -> None:
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(99)"
    container = engine.run(RunSpec(image, command=(code,)))
    assert container.stdout.readline() == b"up\n"
    assert container.stop(0.5) == 128 + signal.SIGKILL


def test_waiting_has_an_end(engine: Engine, image: str) -> None:
    container = engine.run(RunSpec(image, command=("import time; time.sleep(99)",)))
    with pytest.raises(TimeoutError):
        container.wait(0.1)
    container.stop(0)


def test_an_image_that_is_not_there(engine: Engine) -> None:
    for reference in ("nosuch:1", f"sha256:{'0' * 64}", f"nosuch@sha256:{'0' * 64}"):
        with pytest.raises(ImageNotFound):
            engine.run(RunSpec(reference))


def test_two_containers_share_one_network_and_nothing_else(engine: Engine, image: str) -> None:
    serve = (
        "import socket\nlistener = socket.create_server(('127.0.0.1', 7777))\nopen('/tmp/own', 'w').close()\n"
        "print('on', flush=True)\nlistener.accept()[0].sendall(b'by localhost')\n"
    )
    ask = (
        "import os, socket\nprint(socket.create_connection(('127.0.0.1', 7777), 5).recv(100).decode())\n"
        "print(os.path.exists('/tmp/own'), socket.gethostbyname('named'))"
    )
    alone = RunSpec(image, command=("-c", serve), entrypoint=("python",), network=False, hosts={"named": "169.254.9.9"})
    first = engine.run(alone)
    assert first.stdout.readline() == b"on\n"
    ran = run(engine, image, "-c", ask, entrypoint=("python",), network=False, hosts=alone.hosts, network_of=first)
    assert (ran.code, ran.out, ran.err) == (0, "by localhost\nFalse 169.254.9.9\n", "")
    assert first.wait(WITHIN) == 0
