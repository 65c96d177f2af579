"""scripts/dev.py in a checkout of its own: what it installs, when it installs again, and how it passes codes on."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.waits import WITHIN, until

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

import fresh_machine

DEV = Path(__file__).parent.parent / "scripts" / "dev.py"

# Stands in for `uv`: notes its arguments, and takes its behaviour from a file beside it.
UV = """#!{python}
import os, pathlib, signal, sys
here = pathlib.Path({here!r})
with open(here / "calls", "a") as calls:
    calls.write(" ".join(sys.argv[1:]) + "\\n")
mode = (here / "mode").read_text()
if mode == "fails":
    sys.exit("no such version")
if mode == "killed":
    os.kill(os.getppid(), signal.SIGKILL)
"""

# Stands before `pip`: it is not to be had outside of a virtual environment.
PIP = """
import os, runpy, sys
if sys.prefix == sys.base_prefix:
    raise ImportError("No module named pip")
sys.path.remove(os.path.dirname(__file__))
sys.modules.pop("pip", None)
runpy.run_module("pip", run_name="__main__")
"""

# Stands in for the rehearsal package, so that `dev.py demo` needs no installed library.
REHEARSE = """
import pathlib, signal, sys, time
if sys.argv[1:] == ["demo", "wait"]:
    pathlib.Path("waiting").touch()
    try:
        time.sleep(60)
    except KeyboardInterrupt:
        pathlib.Path("cleaned").touch()
        sys.exit(130)
print("prefix", sys.prefix, "arguments", sys.argv[1:])
sys.exit(int(sys.argv[2]) if len(sys.argv) > 2 else 0)
"""


@dataclass
class Checkout:
    root: Path
    bin: Path

    def start(self, *words: str, **variables: str) -> subprocess.Popen[str]:
        inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}  # of a dev.py around us
        environment = {**inherited, "PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}", **variables}
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background begins with it ignored
        return subprocess.Popen(
            [sys.executable, str(self.root / "scripts" / "dev.py"), *words],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def dev(self, *words: str, **variables: str) -> tuple[int, str, str]:
        process = self.start(*words, **variables)
        out, err = process.communicate(timeout=WITHIN)
        return process.returncode, out, err

    def uv_is(self, mode: str) -> None:
        (self.bin / "mode").write_text(mode)

    def installs(self) -> int:
        calls = self.bin / "calls"
        return len(calls.read_text().splitlines()) if calls.exists() else 0


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A checkout in a path with a space, with a stand-in for uv on the PATH."""
    root, bin = tmp_path / "a checkout", tmp_path / "bin"
    (root / "scripts" / "rehearse").mkdir(parents=True)
    bin.mkdir()
    shutil.copy(DEV, root / "scripts")
    (root / "scripts" / "rehearse" / "__init__.py").touch()
    (root / "scripts" / "rehearse" / "__main__.py").write_text(REHEARSE)
    (root / "deploy_lib").mkdir()
    for name in ("deploy_lib/requirements.txt", "deploy_lib/requirements-local.txt", "requirements-dev.txt"):
        (root / name).write_text("tiny==1.0\n")
    (bin / "uv").write_text(UV.format(python=sys.executable, here=str(bin)))
    (bin / "uv").chmod(0o755)
    made = Checkout(root, bin)
    made.uv_is("works")
    return made


def test_installs_once_and_runs_with_the_python_of_the_venv(checkout: Checkout) -> None:
    code, out, err = checkout.dev("demo")
    assert code == 0, err
    assert f"prefix {checkout.root / '.venv'} arguments ['demo']" in out
    assert "making .venv" in err and "done in" in err
    assert "installing requirements.txt and requirements-local.txt with uv" in err
    code, _, err = checkout.dev("demo")
    assert (code, checkout.installs()) == (0, 1)
    assert "installing" not in err


def test_a_copy_in_another_repository_leaves_its_environment_and_requirements_alone(checkout: Checkout) -> None:
    """The application's .venv and requirements.txt are there, and are not ours."""
    (checkout.root / "requirements-dev.txt").unlink()
    (checkout.root / "requirements.txt").write_text("the-applications-own==1.0\n")
    (checkout.root / ".venv").mkdir()
    state = checkout.root.parent / "state"
    code, out, err = checkout.dev("demo", XDG_STATE_HOME=str(state))
    assert code == 0, err
    (venv,) = (state / "deploy-to-gcp").iterdir()
    assert f"prefix {venv} " in out and f"making {venv} with Python" in err
    assert list((checkout.root / ".venv").iterdir()) == []
    assert str(checkout.root / "requirements.txt") not in (checkout.bin / "calls").read_text()


def test_installs_again_when_the_requirements_changed(checkout: Checkout) -> None:
    checkout.dev("install")
    (checkout.root / "deploy_lib" / "requirements.txt").write_text("tiny==1.1\n")
    code, _, err = checkout.dev("install")
    assert (code, checkout.installs()) == (0, 2)
    assert "changed since the last install" in err and "making .venv" not in err


def test_installs_what_the_command_needs_and_no_more(checkout: Checkout) -> None:
    checkout.dev("demo")
    assert "requirements-dev.txt" not in (checkout.bin / "calls").read_text()
    code, _, err = checkout.dev("install")
    assert (code, checkout.installs()) == (0, 2)
    assert "installing requirements-dev.txt with uv (not installed yet)" in err
    assert (checkout.dev("demo")[0], checkout.installs()) == (0, 2)


def test_makes_the_venv_anew_when_the_python_changed(checkout: Checkout) -> None:
    checkout.dev("install")
    stamp = checkout.root / ".venv" / "installed"
    stamp.write_text("\n".join(["3.11.0 /elsewhere/python", *stamp.read_text().splitlines()[1:]]) + "\n")
    code, _, err = checkout.dev("install")
    assert (code, checkout.installs()) == (0, 2)
    assert "removing .venv: it is for another Python" in err and "making .venv" in err


def test_a_killed_install_is_redone_from_the_start(checkout: Checkout) -> None:
    checkout.uv_is("killed")
    code, _, _ = checkout.dev("install")
    assert code == -signal.SIGKILL
    (checkout.root / ".venv" / "half").touch()
    checkout.uv_is("works")
    code, _, err = checkout.dev("install")
    assert (code, checkout.installs()) == (0, 2)
    assert "its install was not finished" in err
    assert not (checkout.root / ".venv" / "half").exists()


def test_a_venv_made_by_hand_is_kept_and_completed(checkout: Checkout) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(checkout.root / ".venv")], check=True)
    (checkout.root / ".venv" / "mine").touch()
    code, _, err = checkout.dev("install")
    assert (code, checkout.installs()) == (0, 1), err
    assert (checkout.root / ".venv" / "mine").exists()


def test_a_failed_install_says_so_and_runs_nothing(checkout: Checkout) -> None:
    checkout.uv_is("fails")
    code, out, err = checkout.dev("demo")
    assert (code, out) == (1, "")
    assert "no such version" in err and "with uv (not installed yet) failed" in err
    assert "Traceback" not in err


def test_installs_with_pip_when_there_is_no_uv(checkout: Checkout) -> None:
    with zipfile.ZipFile(checkout.root / "tiny-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tiny.py", "answer = 42\n")
        wheel.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        wheel.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr("tiny-1.0.dist-info/RECORD", "")
    (checkout.root / "deploy_lib" / "requirements.txt").write_text("./tiny-1.0-py3-none-any.whl\n")
    (checkout.bin / "uv").unlink()
    environment = {**os.environ, "PATH": "/usr/bin:/bin"}
    command = [sys.executable, str(checkout.root / "scripts" / "dev.py"), "install"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "with pip" in done.stderr
    python = checkout.root / ".venv" / "bin" / "python"
    shown = subprocess.run([python, "-c", "import tiny; print(tiny.answer)"], capture_output=True, text=True)
    assert shown.stdout == "42\n"
    assert not list((checkout.root / ".venv").glob("lib/*/site-packages/pip"))  # a pip of its own would be 27 MB more


@pytest.mark.slow
def test_puts_pip_into_the_venv_where_the_python_has_none(checkout: Checkout) -> None:
    """And prints nothing on standard output, which may be read by a machine."""
    (checkout.bin / "uv").unlink()
    for name in ("deploy_lib/requirements.txt", "deploy_lib/requirements-local.txt", "requirements-dev.txt"):
        (checkout.root / name).write_text("")
    hidden = checkout.root / "hidden"
    hidden.mkdir()
    (hidden / "pip.py").write_text(PIP)
    code, out, err = checkout.dev("install", PATH="/usr/bin:/bin", PYTHONPATH=str(hidden))
    assert (code, out) == (0, ""), err
    assert "putting pip into .venv" in err


@pytest.mark.parametrize("code", [0, 1, 3, 5])
def test_the_exit_code_is_the_commands(checkout: Checkout, code: int) -> None:
    assert checkout.dev("demo", str(code))[0] == code


def test_check_runs_every_tool_and_fails_when_one_does(checkout: Checkout) -> None:
    checkout.dev("install")
    for name, code in (("ruff", 1), ("mypy", 0), ("lint-imports", 0)):
        tool = checkout.root / ".venv" / "bin" / name
        tool.write_text(f"#!/bin/sh\nexit {code}\n")
        tool.chmod(0o755)
    code, _, err = checkout.dev("check")
    assert code == 1
    assert "ruff check .: exit code 1" in err and "lint-imports: ok" in err


def test_ctrl_c_waits_for_the_command_to_clean_up(checkout: Checkout) -> None:
    process = checkout.start("demo", "wait")
    until((checkout.root / "waiting").exists)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=WITHIN)
    assert process.returncode == 130
    assert (checkout.root / "cleaned").exists()
    assert "interrupted" in err and "Traceback" not in err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 2, "usage:"),
        (("--help",), 0, "usage:"),
        (("tset",), 2, "unknown command 'tset'; one of: demo, incident, bench, test, check, fresh, release, install"),
    ],
)
def test_usage(checkout: Checkout, words: tuple[str, ...], code: int, said: str) -> None:
    answered, out, err = checkout.dev(*words)
    assert answered == code
    assert said in out + err
    assert checkout.installs() == 0


def test_a_machine_with_half_of_its_files_is_not_made(tmp_path: Path) -> None:
    wanted = tmp_path / "wanted"
    wanted.write_text("x", encoding="utf-8")
    (tmp_path / "root").mkdir()
    with pytest.raises(subprocess.CalledProcessError):
        fresh_machine.copy(tmp_path / "nowhere", [str(wanted)])
    (tmp_path / "two\nlines").touch()  # a name that no list of lines can hold
    with pytest.raises(subprocess.CalledProcessError):
        fresh_machine.copy(tmp_path / "root", [str(wanted), str(tmp_path / "two\nlines")])
    fresh_machine.copy(tmp_path / "root", [str(wanted)])
    assert (tmp_path / "root" / str(wanted)[1:]).read_text(encoding="utf-8") == "x"


def test_a_directory_that_cannot_be_made_is_named(checkout: Checkout) -> None:
    venv = checkout.root / "scripts" / "dev.py" / "venv"
    code, _, err = checkout.dev("demo", DEV_VENV=str(venv))
    assert (code, err) == (2, f"dev: {venv}: Not a directory; DEV_VENV names another directory for .venv\n")


def test_a_missing_requirements_file_is_named(checkout: Checkout) -> None:
    (checkout.root / "deploy_lib" / "requirements.txt").unlink()
    code, _, err = checkout.dev("test")
    assert code == 1
    assert "requirements.txt is missing" in err


@pytest.mark.parametrize(
    ("words", "given"),
    [
        ((), "-m not slow"),
        (("-k", "canary", "-x"), "-m not slow -k canary -x"),
        (("--fast", "-x"), "-m fast -x"),
        (("--all",), ""),
        (("scripts/dev.py::test_x",), "scripts/dev.py::test_x"),  # what is named runs whole
        (("-m", "slow"), "-m slow"),
    ],
)
def test_the_set_that_the_tests_are_taken_from(checkout: Checkout, words: tuple[str, ...], given: str) -> None:
    (checkout.root / "scripts" / "pytest.py").write_text("import sys\nprint(*sys.argv[1:])\n")
    code, out, err = checkout.dev("test", *words)
    assert (code, out.split()) == (0, ["-n", "auto", "--dist", "worksteal", *given.split()]), err
    assert ("--all runs them too" in err) == ("not slow" in given)


def test_another_directory_takes_the_place_of_the_venv_and_nothing_of_anybody_else_is_removed(
    checkout: Checkout, tmp_path: Path
) -> None:
    other = tmp_path / "elsewhere" / "venv"
    code, out, err = checkout.dev("demo", DEV_VENV=str(other))
    assert (code, f"prefix {other}" in out, (checkout.root / ".venv").exists()) == (0, True, False), err
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "letter").write_text("dear")
    code, _, err = checkout.dev("demo", DEV_VENV=str(mine))
    assert (code, "which is there and is not a virtual environment" in err) == (2, True)
    assert (mine / "letter").read_text() == "dear"
