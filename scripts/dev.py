#!/usr/bin/env python3
"""One command for everything a developer does here. Standard library only: it runs before anything is installed.

It makes .venv, installs into it what the command needs (again only when its requirements or the Python changed), then
runs the command with that Python. A killed install leaves a mark, so the next run starts it over.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

HELP = """usage: python scripts/dev.py COMMAND [ARGUMENTS]

commands:
  demo       release the example service six times on this machine, well and badly, under steady traffic (90 s)
  incident   replay the outage this tool was made for, and show the report that writes itself (60 s), beside when
             Cloud Run itself says that the start failed (--no-wait leaves that out)
  test       run the tests, without the long matrices; arguments go to pytest:  dev.py test -k canary -x
             --fast: only those that need no process, in seconds; --all: everything, as CI does
  check      ruff, mypy --strict and import-linter; runs all of them even when one fails
  bench      measure what the documents promise: start-up, speed, memory; --record makes the README's table of it
  fresh      a machine with Python and git alone: the four ways to install and the first ten minutes, timed (minutes)
  release    make a version: changelog, tag and packages, all on this machine:  dev.py release 0.2.0
  install    only make .venv and install all that any of these needs
  help       this text

The first run installs what the command needs into .venv: deploy_lib/requirements.txt and requirements-local.txt,
and for test and check requirements-dev.txt too (about a minute; with `uv` on the PATH a few seconds).
Nothing outside .venv is changed. Delete .venv to start over. The variable DEV_VENV names another directory for it,
so that several Pythons can be tried side by side.
Exit codes: that of the command; 2 when COMMAND is unknown or Python is too old; 130 after Ctrl-C.
"""

ROOT = Path(__file__).resolve().parent.parent
RELEASE = (ROOT / "deploy_lib" / "requirements.txt",)
REHEARSAL = (*RELEASE, ROOT / "deploy_lib" / "requirements-local.txt")  # with the local cloud
DEVELOPMENT = (*REHEARSAL, ROOT / "requirements-dev.txt")


def own_venv() -> Path:
    """Of a checkout of this tool its .venv. Where only scripts/ and deploy_lib/ were copied into another repository,
    .venv is that repository's; theirs is in the user's state directory, as deploy_lib/cli/paths.py knows it."""
    if DEVELOPMENT[-1].is_file():
        return ROOT / ".venv"
    if os.name == "nt":
        state = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        state = Path.home() / "Library" / "Application Support"
    else:
        state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    return state / "deploy-to-gcp" / f"venv-{hashlib.sha256(str(ROOT).encode()).hexdigest()[:8]}"


VENV = Path(os.environ.get("DEV_VENV") or own_venv()).absolute()
SHOWN = ".venv" if VENV == ROOT / ".venv" else str(VENV)
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
DONE = VENV / "installed"  # the Python, and a line for each file of requirements; written last
NOT_PASSED_ON = ("DEV_VENV", "PYTHONDONTWRITEBYTECODE")  # what is compiled once serves all that the tests start
BEGUN = VENV / "installing"  # there while an install runs, so also after one that was killed
MINIMUM = (3, 11)

COMMANDS: dict[str, list[list[str]]] = {
    "demo": [["python", "-m", "rehearse", "demo"]],
    "incident": [["python", "-m", "rehearse", "incident"]],
    "bench": [["python", "-m", "rehearse", "bench"]],
    "test": [["python", "-m", "pytest", "-n", "auto", "--dist", "worksteal"]],
    "check": [["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy", "--strict"], ["lint-imports"]],
    "fresh": [["python", "scripts/fresh_machine.py"]],
    "release": [["python", "scripts/new_version.py"]],
    "install": [],
}


class Stop(Exception):
    """Ends the program with a message that says what to do, and an exit code."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


def main(arguments: list[str]) -> int:
    if sys.version_info < MINIMUM:
        found = ".".join(str(part) for part in sys.version_info[:3])
        raise Stop(
            f"Python 3.11 or newer is needed; this is {found} ({sys.executable}). Try: python3.11 {sys.argv[0]}", 2
        )
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(HELP, end="")
        return 0 if arguments else 2
    command, *rest = arguments
    if command not in COMMANDS:
        raise Stop(f"unknown command {command!r}; one of: {', '.join(COMMANDS)} (dev.py --help says more)", 2)
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    prepare(REHEARSAL if command in ("demo", "incident", "bench", "fresh") else DEVELOPMENT)
    if command == "test":
        rest = chosen_tests(rest)
    codes = [run_tool(words, rest) for words in COMMANDS[command]]
    return next((code for code in codes if code), 0)


def chosen_tests(rest: list[str]) -> list[str]:
    """The arguments for pytest. What a person names, by its place or with -m, runs whole; tests/sets.py has them."""
    words = [word for word in rest if word not in ("--fast", "--all")]
    if "--fast" in rest:
        return ["-m", "fast", *words]
    named = any(word.startswith("-m") or (ROOT / word.partition("::")[0]).exists() for word in words)
    if "--all" in rest or named:
        return words
    say("without the long matrices; dev.py test --all runs them too")
    return ["-m", "not slow", *words]


# Installing


def prepare(requirements: tuple[Path, ...]) -> None:
    """As `install`, once at a time. Raises Stop, also where nothing can be written."""
    try:
        with locked():
            install(requirements)
    except OSError as problem:
        where = problem.filename or SHOWN
        raise Stop(f"{where}: {problem.strerror or problem}; DEV_VENV names another directory for .venv", 2) from None


def install(requirements: tuple[Path, ...]) -> None:
    """Leaves a .venv that holds a finished install of these files for this Python, and what it held before."""
    for path in requirements:
        if not path.is_file():
            raise Stop(f"{path} is missing; is this a whole checkout?")
    python = f"{sys.version.split()[0]} {os.path.realpath(base_python())}"
    wanted = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in requirements}
    installed = DONE.read_text(encoding="utf-8").splitlines() if DONE.is_file() else []
    held = dict(line.split(" ", 1) for line in installed[1:] if " " in line)
    if installed[:1] == [python] and wanted.items() <= held.items() and PYTHON.is_file() and not BEGUN.exists():
        return
    ours = (VENV / "pyvenv.cfg").is_file() or BEGUN.exists()
    if os.environ.get("DEV_VENV") and VENV.exists() and not ours:
        raise Stop(f"DEV_VENV names {VENV}, which is there and is not a virtual environment; name a new directory", 2)
    other_python = bool(installed) and installed[0] != python
    if VENV.exists() and (BEGUN.exists() or other_python or not PYTHON.is_file()):
        say(f"removing {SHOWN}: {'it is for another Python' if other_python else 'its install was not finished'}")
        shutil.rmtree(VENV)
        held = {}
    VENV.mkdir(parents=True, exist_ok=True)
    BEGUN.touch()
    if not PYTHON.is_file():
        run_quietly(
            [base_python(), "-m", "venv", "--without-pip", str(VENV)], f"making {SHOWN} with Python {python}", VENV_HINT
        )
    tool, words = installer()
    names = " and ".join(path.name for path in requirements if held.get(path.name) != wanted[path.name])
    changed = any(held.get(name, digest) != digest for name, digest in wanted.items())
    why = "changed since the last install" if changed else "not installed yet"
    words += [word for path in requirements for word in ("-r", str(path))]
    run_quietly(words, f"installing {names} with {tool} ({why})", INSTALL_HINT)
    write_whole(DONE, "\n".join([python, *(f"{file} {digest}" for file, digest in {**held, **wanted}.items())]) + "\n")
    BEGUN.unlink()


def installer() -> tuple[str, list[str]]:
    """Its name, and the command that installs into .venv: uv, else the pip of the Python that .venv is made with.

    Only where neither is to be had does .venv get a pip of its own, which takes 27 MB and seconds.
    """
    if uv := shutil.which("uv"):
        return "uv", [uv, "pip", "install", "--quiet", "--python", str(PYTHON)]
    options = ["--quiet", "--disable-pip-version-check"]
    asked = subprocess.run([base_python(), "-m", "pip", "--version"], capture_output=True, text=True, check=False)
    version = [int(part) for part in re.findall(r"\d+", asked.stdout)[:2]]
    if asked.returncode == 0 and version >= PIP_FOR_ANOTHER_PYTHON:
        return "pip", [base_python(), "-m", "pip", "--python", str(PYTHON), "install", *options]
    own = [str(PYTHON), "-m", "pip"]
    if subprocess.run([*own, "--version"], capture_output=True, check=False).returncode:
        run_quietly([base_python(), "-m", "venv", str(VENV)], f"putting pip into {SHOWN}", VENV_HINT)
    return "pip", [*own, "install", *options]


PIP_FOR_ANOTHER_PYTHON = [22, 3]
"""The first that knows --python: https://pip.pypa.io/en/stable/news/#v22-3"""


VENV_HINT = "on Debian and Ubuntu the package python3-venv may be missing; installing `uv` helps too"
INSTALL_HINT = (
    "the words above are the installer's; with no network, or behind a proxy, it cannot reach the package index"
)


def base_python() -> str:
    """The interpreter that is not inside a virtual environment, so that .venv never rests on another one."""
    return str(getattr(sys, "_base_executable", None) or sys.executable)


def write_whole(path: Path, text: str) -> None:
    draft = path.with_name(path.name + ".new")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


@contextlib.contextmanager
def locked() -> Iterator[None]:
    """One install at a time; the system frees the lock when its holder dies."""
    name = hashlib.sha256(str(ROOT).encode()).hexdigest()[:16]
    with open(Path(tempfile.gettempdir()) / f"dev-{name}.lock", "a+") as file:
        take_lock(file.fileno())
        yield


def take_lock(number: int) -> None:
    """Waits for as long as it takes, and says so."""
    if sys.platform == "win32":
        import msvcrt

        def attempt() -> None:
            msvcrt.locking(number, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        def attempt() -> None:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)

    said = False
    while True:
        try:
            return attempt()
        except OSError:
            if not said:
                say("waiting for another dev.py, which is installing")
            said = True
            time.sleep(0.2)


# Running


def run_quietly(words: list[str], doing: str, hint: str) -> None:
    say(f"{doing} ...")
    begun = time.monotonic()
    code = run(words)
    if code:
        raise Stop(f"{doing} failed (exit code {code}); {hint}", code)
    say(f"done in {time.monotonic() - begun:.1f} s")


def run_tool(words: list[str], rest: list[str]) -> int:
    """Runs one tool of .venv from the top of the checkout and says how it went."""
    tool = shutil.which(words[0], path=str(BIN))
    if tool is None:
        raise Stop(f"{words[0]} is not in {SHOWN}; delete it and run this again")
    shown = " ".join([*words, *rest])
    say(shown)
    begun = time.monotonic()
    code = run([tool, *words[1:], *rest])
    say(f"{shown}: {'ok' if not code else f'exit code {code}'}, {time.monotonic() - begun:.1f} s")
    return code


def run(words: list[str]) -> int:
    """The exit code, as a shell would give it. Ctrl-C reaches the child too; it is waited for, to clean up."""
    inherited = os.environ.get("PYTHONPATH", "")
    paths = [str(ROOT / "scripts"), *([inherited] if inherited else [])]
    environment = {
        **{name: value for name, value in os.environ.items() if name not in NOT_PASSED_ON},
        "PATH": os.pathsep.join([str(BIN), os.environ.get("PATH", "")]),
        "PYTHONPATH": os.pathsep.join(paths),
        "VIRTUAL_ENV": str(VENV),
    }
    process = subprocess.Popen(words, cwd=ROOT, env=environment)
    try:
        code = process.wait()
    except KeyboardInterrupt:
        with contextlib.suppress(KeyboardInterrupt):  # a second Ctrl-C means now
            process.wait()
        raise
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()
    return code if code >= 0 else 128 - code


def say(text: str) -> None:
    print(f"dev: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Stop as stop:
        say(str(stop))
        sys.exit(stop.code)
    except KeyboardInterrupt:
        say("interrupted")
        sys.exit(130)
