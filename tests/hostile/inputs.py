"""Inputs made from a seed: each begins as one that people write, and is then spoiled in places.

A case is the files of a repository (some by bytes, some as links), what is changed beside the commit, and the words of
a command line. The same seed makes the same case on every machine.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

NASTY = (
    "",
    " ",
    "~",
    "null",
    "yes",
    "0",
    "-1",
    "1e999",
    "9" * 30,
    "0x1F",
    "0o17",
    "1_000",
    "12:30:45",
    "2026-13-45",
    ".inf",
    "[",
    "]",
    "{",
    "}",
    "[]",
    "{}",
    "- -",
    "a: b: c",
    "!!python/object:os.system",
    "!!binary x",
    "&a",
    "*a",
    "<<: *a",
    "|",
    ">",
    "%TAG",
    "---",
    "...",
    "\t",
    "\x00",
    "\x1b[2J",
    "\u202e",
    "\ufeff",
    "é",
    "日本",
    "\U0001f600",
    "\\",
    "'",
    '"',
    "`id`",
    "$(id)",
    "${X}",
    "../..",
    "/etc/passwd",
    "~root",
    "a" * 300,
    "--all",
    "-",
    "http://[",
    "\r",
    "\x85",
    "\u2028",
)

CONFIG = """\
project: netra-staging
region: us-central1
images: us-central1-docker.pkg.dev/netra-staging/services
bucket: netra-builds
on_failure: restore
services:
  backend:
    cloud_run: netra-backend
    dockerfile: Dockerfile
    entrypoint: app.main:app
    instances: {min: 1, max: 10}
    env: &env {MODE: staging, DEBUG: "0"}
    secrets: {API_KEY: api-key:latest}
    after: [auth]
  auth: {cloud_run: netra-auth, context: auth, request_timeout: 30s, public: true, env: *env}
steps:
  - git_clean: {branches: [main]}
  - image_contents:
  - config_contract: {required: [MODE]}
  - build: {timeout: 20m, cache: true}
  - import_check: {all: true}
  - canary: {tag: canary}
  - probe: {path: /health, attempts: 10, need: 3, json: {status: ok}}
  - promote: {percent: 10, bake: 30s}
  - compare: {for: 3m, min_samples: 50}
  - promote: {percent: 100}
  - verify:
"""
DOCKERFILE = """\
# syntax=docker/dockerfile:1
ARG PYTHON=3.11
FROM python:${PYTHON}-slim AS base
ENV PATH=/opt/venv/bin:$PATH PYTHONPATH=/srv
WORKDIR /srv
COPY requirements.txt pyproject.toml ./
RUN --mount=type=cache,target=/root/.cache pip install -r requirements.txt && \\
    rm -rf /tmp/*
FROM base
COPY --from=base /opt/venv /opt/venv
COPY --chown=app:app app app
ADD assets.tar.gz /srv/assets/
COPY <<EOF /srv/settings.py
DEBUG = False
EOF
RUN ["python", "-m", "compileall", "app"]
USER app
HEALTHCHECK CMD curl -f http://localhost/health
ENTRYPOINT ["/bin/sh", "-c"]
CMD exec gunicorn app.main:app --chdir /srv -b :$PORT
"""
SCRIPT = "#!/bin/sh\nset -e\ncd app && python manage.py migrate\nexec gunicorn main:app\n"
IGNORE = """\
# what is never sent
**/__pycache__
*.py[cod]
!important.pyc
/node_modules/
app/**/data[0-9].json
\\#literal
docs/*
!docs/keep.md
.env*
a\\ b
"""
PYTHON = """\
from __future__ import annotations
import os, sys
import app.models as models
from . import parts
from .parts import (one, two as zwei)
from app.models import *
try:
    import fast_json as json
except ImportError:
    import json
if sys.version_info >= (3, 12):
    from typing import override
else:
    override = lambda f: f
__all__ = ["A", "main"]
class A(models.Base, metaclass=type):
    x: int = os.environ.get("X", 1)
    def method(self): return zwei(self.x)
@override
def main(a, *b, c=1, **d):
    global json
    with open("x") as file, file as other:
        print([each for each in other])
    match a:
        case {"k": [1, *rest], **more} if rest: return rest
        case A(x=1) | None: pass
value = f"{main!r:>{10}}" "joined"
other = [*range(3)][::-1][0]
if __name__ == "__main__": main(sys.argv)
"""
PATHS = (
    "app/__init__.py",
    "app/main.py",
    "app/models.py",
    "app/parts/__init__.py",
    "app/parts/one.py",
    "requirements.txt",
    "auth/main.py",
    "docs/keep.md",
    "start.sh",
    "gunicorn.conf.py",
    "setup.cfg",
    "manage.py",
)
ODD_NAMES = (
    "-rf",
    "a b.py",
    "a\nb.py",
    "é.py",
    "日本.py",
    "x" * 200 + ".py",
    "a\tb",
    "'q'.py",
    '"d".py',
    "`id`.py",
    "a;b.py",
    "$(id).py",
    ".git2/x.py",
    "::set-output name=x::y.py",
    "\x1b]0;x\x07.py",
    "..py",
    "a\\b.py",
    "*.py",
    "[x].py",
    "#x.py",
    "!x.py",
)


@dataclass(slots=True)
class Case:
    """`files` and `links` are committed; `beside` is written afterwards, `removed` is taken away."""

    files: dict[bytes, bytes]
    words: list[str]
    links: dict[bytes, bytes] = field(default_factory=dict)
    beside: dict[bytes, bytes] = field(default_factory=dict)
    removed: list[bytes] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)


def spoiled(random: Random, text: str, most: int = 6) -> bytes:
    """The text with a few lines, words and bytes moved, repeated, cut, or replaced by something nasty."""
    for _ in range(random.randint(1, most)):
        lines = text.split("\n")
        at = random.randrange(len(lines))
        match random.randrange(9):
            case 0:
                del lines[at]
            case 1:
                lines.insert(at, lines[random.randrange(len(lines))])
            case 2:
                lines[at] = " " * random.randint(0, 9) + lines[at].strip()
            case 3:
                words = lines[at].split(" ")
                words[random.randrange(len(words))] = random.choice(NASTY)
                lines[at] = " ".join(words)
            case 4:
                lines[at] += random.choice(NASTY)
            case 5:
                lines = lines[: at + 1]
            case 6:
                lines[at] = lines[at] * random.choice((2, 50))
            case 7:
                place = random.randrange(len(lines[at]) + 1)
                lines[at] = lines[at][:place] + random.choice(NASTY) + lines[at][place:]
            case _:
                random.shuffle(lines)
        text = "\n".join(lines)[:200_000]
    data = bytearray(text.encode("utf-8", "surrogatepass"))
    for _ in range(random.choice((0, 0, 0, 1, 3))):
        if data:
            data[random.randrange(len(data))] = random.randrange(256)
    return bytes(data)


def _usual(random: Random) -> dict[bytes, bytes]:
    files = {path.encode(): PYTHON.encode() if path.endswith(".py") else b"a\n" for path in PATHS}
    files[b"Dockerfile"] = files[b"auth/Dockerfile"] = DOCKERFILE.encode()
    files[b"config/staging.yaml"] = CONFIG.encode()
    for name in (b"app/models.py", b"app/parts/one.py", b"app/parts/__init__.py", b"app/__init__.py"):
        files[name] = random.choice((b"Base = object\none = two = 1\n", b"", b"import app.main\n"))
    return files


_READING = (
    ["check"],
    ["check", "--files"],
    ["check", "--output", "json"],
    ["check", "--output", "sarif"],
    ["check", "--worktree"],
    ["check", "--output", "github"],
    ["check", "--why", "app.main"],
    ["check", "--warnings"],
    ["history"],
    ["check", "--config", "config/staging.yaml"],
)


def configuration(random: Random) -> Case:
    files = _usual(random)
    files[b"config/staging.yaml"] = spoiled(random, CONFIG)
    command = random.choice((["check"], ["check"], ["history"], ["report"]))
    return Case(files, [*command, "--config", "config/staging.yaml"])


def dockerfile(random: Random) -> Case:
    files = _usual(random)
    files[b"Dockerfile"] = spoiled(random, DOCKERFILE)
    files[b"start.sh"] = spoiled(random, SCRIPT)
    return Case(files, [*random.choice(_READING)])


def ignore_files(random: Random) -> Case:
    files = _usual(random)
    for name in random.sample((b".dockerignore", b".gcloudignore", b".gitignore", b"app/.gitignore"), 2):
        files[name] = spoiled(random, IGNORE, 10)
    beside = {b"app/new.py": b"", b"docs/x.md": b"", b"a b": b"", b".env": b"TOKEN=x\n"}
    return Case(files, [*random.choice(_READING)], beside=beside)


def sources(random: Random) -> Case:
    files = _usual(random)
    for name in random.sample(sorted(name for name in files if name.endswith(b".py")), 3):
        files[name] = spoiled(random, PYTHON, 12)
    return Case(files, [*random.choice(_READING)])


def repositories(random: Random) -> Case:
    files = _usual(random)
    for name in random.sample(ODD_NAMES, 4):
        content = random.choice((b"", PYTHON.encode(), bytes(range(256))))
        files[random.choice((b"", b"app/", b"docs/")) + name.encode()] = content
    files[b"app/\xff\xfe.py"] = b"x = 1\n"
    to = (b"main.py", b"link.py", b"../../outside.py", b"/etc/passwd", b"nowhere", b"\xff")
    links = {
        b"app/link.py": random.choice(to),
        b"loop": random.choice((b"loop", b"app/../loop", b".", b"..", b"/")),
    }
    beside = {b"app/beside.py": b"", random.choice(ODD_NAMES).encode(): b"x", b"app/models.py": b"changed = 1\n"}
    gone = [b"app/main.py", b"Dockerfile", b"docs/keep.md", b"config/staging.yaml"]
    return Case(files, [*random.choice(_READING)], links, beside, random.sample(gone, random.randint(0, 2)))


_FLAGS = (
    "--project",
    "--config",
    "--service",
    "--repo",
    "--region",
    "--output",
    "--commit",
    "--skip-build",
    "--to",
    "--for",
    "--why",
    "--entrypoint",
    "--dockerfile",
    "--context",
    "--limit",
    "--format",
    "--service-account",
    "--wait",
)
_SWITCHES = (
    "--all",
    "--local",
    "--force",
    "--rebuild",
    "--no-traffic",
    "--worktree",
    "--files",
    "--keep",
    "--dry-run",
    "--now",
)
_COMMANDS = (
    "check",
    "check",
    "history",
    "report",
    "plan",
    "status",
    "rollback",
    "hold",
    "resume",
    "chek",
    "--help",
    "",
)
NOWHERE = {
    "LOCAL_CLOUD_GRPC": "127.0.0.1:9",
    "LOCAL_CLOUD_REGISTRY": "127.0.0.1:9",
    "STORAGE_EMULATOR_HOST": "http://127.0.0.1:9",
}
"""A local cloud that is not there, and so no other is asked."""


def command_lines(random: Random) -> Case:
    """Of a project on the local cloud, which is not there: nothing could be deployed whatever is typed."""
    words = [random.choice(_COMMANDS)]
    for _ in range(random.randint(0, 6)):
        if random.random() < 0.4:
            words.append(random.choice(_SWITCHES))
        else:
            values = (*(each for each in NASTY if "\x00" not in each), "config/staging.yaml", "HEAD", "backend", ".")
            flag, value = random.choice(_FLAGS), random.choice(values)
            words += random.choice(([flag, value], [f"{flag}={value}"], [value]))
    files = _usual(random)
    files[b"config/staging.yaml"] = b"local: true\n" + CONFIG.encode()
    return Case(files, words, variables=NOWHERE)


KINDS: dict[str, Callable[[Random], Case]] = {
    "configuration": configuration,
    "Dockerfiles": dockerfile,
    "ignore files": ignore_files,
    "Python sources": sources,
    "git repositories": repositories,
    "command lines": command_lines,
}
