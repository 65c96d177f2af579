"""Start the import check with the interpreter, variables and directory that the server's process would have.

Any Python of the image runs this first, given as `-c` with the probe on standard input:

    python3 -I -S -c SOURCE '{"program": "/opt/venv/bin/uvicorn", ...}' '{"nonce": "4f2a", ...}' < joined.py

The first argument is the Launch of deploy_lib.source.entrypoint, or null; the second one is the probe's own. A console
script names its interpreter in its first line; a runner such as `uv run` puts an environment first on PATH. Where the
program cannot be found, the Python on PATH is taken. Only the standard library, Python 3.8 to 3.14.
"""

# As the probe's parts: it is read by old Pythons and starts without what it does not need.
# ruff: noqa: PTH100, PTH108, PTH109, PTH111, PTH112, PTH113, PTH118, PTH119, PTH120, PTH207
from __future__ import annotations

import glob
import json
import os
import re
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional, Tuple  # noqa: F401

PYTHON = re.compile(r"(python|pypy)(\d(\.\d+)?)?")
VARIABLE = re.compile(r"\$\{(\w+)(?::?[-=]([^{}]*))?\}|\$(\w+)")


def expand(text: str) -> str:
    """As a shell would, from the variables that are set."""
    return VARIABLE.sub(lambda found: os.environ.get(found[1] or found[3]) or found[2] or "", text)


def find(program: str) -> str | None:
    """The file that is run for the name of a program."""
    places = [program] if "/" in program else [os.path.join(p, program) for p in os.environ.get("PATH", "").split(":")]
    return next((place for place in places if os.path.isfile(place) and os.access(place, os.X_OK)), None)


def value_of(words: list[str], *names: str) -> str | None:
    for i, word in enumerate(words):
        for name in names:
            if word == name and i + 1 < len(words):
                return words[i + 1]
            if word.startswith(name + "="):
                return word[len(name) + 1 :]
    return None


def environment_of(runner: list[str], directory: str) -> str | None:
    """The directory of the environment that the runner would run a program in; None where it is not known."""
    tool = os.path.basename(runner[0])
    given = os.environ.get("VIRTUAL_ENV", "")
    if tool in ("conda", "mamba", "micromamba"):
        prefix, name = value_of(runner, "-p", "--prefix"), value_of(runner, "-n", "--name")
        file = find(runner[0]) or ""
        roots = [os.environ.get("MAMBA_ROOT_PREFIX", ""), os.path.dirname(os.path.dirname(os.path.realpath(file)))]
        places = [prefix or ""] if prefix else [os.path.join(root, "envs", name or "base") for root in roots if root]
    elif tool == "uv":
        project = value_of(runner, "--project", "--directory") or directory
        named = os.environ.get("UV_PROJECT_ENVIRONMENT", "")
        active = [given] if "--active" in runner or "--no-project" in runner else []
        places = [*active, os.path.join(project, named) if named else "", *above(os.path.join(directory, project))]
        places.append(given)
    else:
        home = os.path.expanduser("~")
        kept = {
            "poetry": [os.environ.get("POETRY_VIRTUALENVS_PATH", ""), home + "/.cache/pypoetry/virtualenvs"],
            "pipenv": [os.environ.get("WORKON_HOME", ""), home + "/.local/share/virtualenvs"],
        }.get(tool, [])
        chosen = value_of(runner, "-C", "--directory", "-P", "-p", "--project") or ""
        places = [given, *above(os.path.join(directory, chosen))]
        for path in filter(None, kept):
            found = glob.glob(path + "/*/bin/python")
            places += [os.path.dirname(os.path.dirname(each)) for each in found] if len(found) == 1 else []
    return next((place for place in places if place and os.path.isfile(place + "/bin/python")), None)


def above(directory: str) -> list[str]:
    """.venv here and in the directories above, nearest first."""
    found = []
    here = os.path.abspath(directory)
    while here != "/":
        found.append(os.path.join(here, ".venv"))
        here = os.path.dirname(here)
    return found


def interpreter_of(file: str) -> str | None:
    """The Python that runs the file: itself, the one its first lines name, or the one beside it."""
    if PYTHON.fullmatch(os.path.basename(file)):
        return file
    try:
        with open(file, "rb") as opened:
            begin = opened.read(1024).decode("utf-8", "replace")
    except OSError:
        return None
    lines = begin.split("\n")
    words = lines[0][2:].split() if begin.startswith("#!") else []
    if words and os.path.basename(words[0]) == "env":
        words = [find(word) or "" for word in words[1:] if not word.startswith("-") and "=" not in word][:1]
    if words and os.path.basename(words[0]) in ("sh", "bash") and len(lines) > 1:  # what pip writes for a long path
        quoted = re.match(r"""'''exec' "?([^"\s]+|[^"]+(?="))"? """, lines[1])
        words = [quoted[1]] if quoted else []
    if words and PYTHON.fullmatch(os.path.basename(words[0])):
        return words[0]
    return find(os.path.join(os.path.dirname(os.path.abspath(file)), "python"))


def choose(launch: dict[str, Any]) -> str | None:
    """Set variables and directory as the command does; the interpreter, None where it is not known."""
    for name, text in launch["variables"]:
        os.environ[name] = expand(text)
    directory = launch["directory"] or os.getcwd()
    if os.path.isdir(directory):
        os.chdir(directory)
    environment = environment_of(launch["runner"], directory) if launch["runner"] else None
    if environment:
        os.environ["VIRTUAL_ENV"] = environment
        os.environ["PATH"] = environment + "/bin:" + os.environ.get("PATH", "")
    file = find(expand(launch["program"]))
    python = interpreter_of(file) if file else None
    return python if python and find(python) else None


def hold(data: bytes) -> int:
    """A file without a name that holds the data, at its beginning."""
    try:
        file = os.memfd_create("import-check", 0)
    except (AttributeError, OSError):
        path = "/tmp/.import-check-%d" % os.getpid()
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        os.unlink(path)
    while data:
        data = data[os.write(file, data) :]
    os.lseek(file, 0, os.SEEK_SET)
    return file


def main(launch: str, options: str) -> None:
    wanted = json.loads(launch)
    os.dup2(hold(sys.stdin.buffer.read()), 0)
    python = choose(wanted) if wanted else sys.executable
    flags = wanted["flags"] if python and wanted else []
    python = python or find("python") or find("python3") or sys.executable
    os.execv(python, [python, *flags, "-", options])


if __name__ == "__main__":
    main(*sys.argv[1:])
