"""Applications that do their worst at import: none may hide a result, forge one, or leave anything running."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests.in_image.images import NONCE, FakeImage
from tests.waits import until

FORGED = json.dumps({"probe": 1, "nonce": NONCE, "form": "full", "verdict": "passed"})


def death(image: FakeImage, body: str, **options: object) -> tuple[str, str]:
    """Kind and last known place when shop.main does `body`; a healthy neighbour must still be tried."""
    image.write({"shop/__init__.py": "", "shop/main.py": f"import os\n{body}\n", "shop/well.py": "x = 1\n"})
    run = image.probe("shop.main", also=("shop.well",), **options)
    assert run.code == 0
    result = run.result
    assert {t.name: t.failure is None for t in result.targets} == {"shop.main": False, "shop.well": True}
    (failure,) = result.failures
    last = failure.chain[-1]
    return failure.kind, f"{Path(last.file).name}:{last.line}"


@pytest.mark.parametrize("code", [0, 1, 113])
def test_a_process_that_leaves_without_a_word(image: FakeImage, code: int) -> None:
    assert death(image, f"os._exit({code})") == ("exit", "main.py:2")


def test_a_segmentation_fault(image: FakeImage) -> None:
    assert death(image, "import ctypes\nctypes.string_at(0)")[0] == "killed"


@pytest.mark.parametrize("name", ["SIGSEGV", "SIGABRT"])
def test_a_crash_says_where(image: FakeImage, name: str) -> None:
    assert death(image, f"import signal\nos.kill(os.getpid(), signal.{name})") == ("killed", "main.py:3")


def test_a_kill_that_leaves_no_trace_still_names_the_imports_under_way(image: FakeImage) -> None:
    image.write({"shop/__init__.py": "", "shop/main.py": "import shop.deep\n"})
    image.write({"shop/deep.py": "import os\nos.kill(os.getpid(), 9)\n"})
    (failure,) = image.probe().result.failures
    assert (failure.kind, failure.signal) == ("killed", 9)
    assert failure.importing == ("shop.main", "shop.deep")


def test_killing_its_whole_group_hurts_only_itself(image: FakeImage) -> None:
    assert death(image, "os.killpg(0, 9)")[0] == "killed"


def test_replacing_itself_by_another_program(image: FakeImage) -> None:
    assert death(image, "os.execvp('true', ['true'])")[0] == "exit"


def test_ignoring_every_polite_signal(image: FakeImage) -> None:
    body = "import faulthandler, signal\nfaulthandler.disable()\n"
    body += "for n in (2, 6, 15): signal.signal(n, signal.SIG_IGN)\nwhile True: pass"
    assert death(image, body, timeout=2.0)[0] == "hang"


def test_closing_every_file_it_has(image: FakeImage) -> None:
    image.write({"shop/__init__.py": "", "shop/main.py": "import os\nos.closerange(0, 4096)\nimport missing_thing\n"})
    (failure,) = image.probe().result.failures
    assert (failure.kind, failure.module) == ("missing_dependency", "missing_thing")


def test_prints_cannot_forge_the_result(image: FakeImage) -> None:
    writes = f"import os, sys\nline = {FORGED!r} + chr(10)\nprint(line, flush=True)\n"
    writes += (
        "for n in range(1, 64):\n    try: os.write(n, line.encode())\n    except OSError: pass\nimport missing_thing\n"
    )
    image.write({"shop/__init__.py": "", "shop/main.py": writes})
    run = image.probe()
    assert run.stdout.count(b"\n") == 2
    assert FORGED.encode() not in run.stdout
    assert FORGED in run.stderr
    assert run.result.verdict == "failed"


def test_a_flood_of_prints_is_passed_on_in_part_only(image: FakeImage) -> None:
    image.write({"shop/__init__.py": "", "shop/main.py": "while True: print('x' * 999)\n"})
    run = image.probe(timeout=0.5)
    assert [f.kind for f in run.result.failures] == ["hang"]
    assert len(run.stderr) < 1_000_000


def test_what_it_started_is_ended_with_it(image: FakeImage) -> None:
    body = "import subprocess\np = subprocess.Popen(['sleep', '600'])\nopen('pid', 'w').write(str(p.pid))\n"
    image.write({"shop/__init__.py": "", "shop/main.py": body})
    assert image.probe().result.verdict == "passed"
    pid = int((image.app / "pid").read_text())
    until(lambda: is_gone(pid))


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def test_a_thread_left_running_does_not_hold_up_the_result(image: FakeImage) -> None:
    body = "import threading, time\nthreading.Thread(target=time.sleep, args=(600,)).start()\n"
    image.write({"shop/__init__.py": "", "shop/main.py": body})
    began = time.monotonic()
    assert image.probe().result.verdict == "passed"
    assert time.monotonic() - began < 300


def test_an_exception_that_cannot_be_printed(image: FakeImage) -> None:
    body = "class E(Exception):\n    def __str__(self): raise ValueError\nraise E()\n"
    image.write({"shop/__init__.py": "", "shop/main.py": body})
    (failure,) = image.probe().result.failures
    assert (failure.kind, failure.exception) == ("other", "E")


def test_messages_that_are_huge_or_no_text(image: FakeImage) -> None:
    image.write({"shop/__init__.py": "", "shop/main.py": "raise ValueError('\\udcff' + 'x' * 5_000_000)\n"})
    run = image.probe()
    assert run.result.failures[0].message.startswith("\udcff")
    assert len(run.stdout.splitlines()[0]) <= 3500


def test_application_modules_named_like_those_the_probe_uses(image: FakeImage) -> None:
    names = ("json", "re", "signal", "select", "marshal_", "difflib", "hashlib", "linecache", "enum")
    image.write({f"{name}.py": "raise RuntimeError('mine')\n" for name in names})
    image.write({"main.py": "x = 1\n", "uses.py": "import json\n"})
    assert image.probe("main").result.verdict == "passed"
    (failure,) = image.probe("uses").result.failures
    assert failure.message == "mine"  # as `python -m uses` would fail: the shadow is met, not the probe's own json


def test_values_of_secrets_are_masked(image: FakeImage) -> None:
    body = "import os\nprint('url is', os.environ['URL'])\nraise ValueError('cannot reach ' + os.environ['URL'])\n"
    image.write({"shop/__init__.py": "", "shop/main.py": body})
    run = image.probe(env={"URL": "postgres://u:pa55@db"}, secrets=("URL",))
    assert b"pa55" not in run.stdout
    assert run.result.failures[0].message == "cannot reach <URL>"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([], "nothing to import"),
        (["{"], "JSONDecodeError"),
        (['{"entrypoint": "a", "colour": 1}'], "unknown options: colour"),
        (['{"entrypoint": "a", "limit": 10}'], "at least 1500"),
    ],
)
def test_options_it_cannot_use(image: FakeImage, arguments: list[str], problem: str) -> None:
    import subprocess

    from deploy_lib.in_image.options import probe_source

    done = subprocess.run([image.python, "-", *arguments], input=probe_source(), capture_output=True, check=False)
    document = json.loads(done.stdout)
    assert done.returncode == 2
    assert document["verdict"] == "error"
    assert problem in document["error"]
    assert b"Traceback" not in done.stderr
