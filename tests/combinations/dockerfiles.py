"""The Dockerfile: how dependencies are installed, how the code comes into the image, as whom it runs."""

from __future__ import annotations

import random
from dataclasses import dataclass

from tests.combinations.base import NAME, PYTHON
from tests.combinations.draft import Draft
from tests.combinations.layouts import Layout
from tests.combinations.starts import Start

INSTALLS = (*("early",) * 6, "plain", "heredoc", "venv", "prefix", "by name", "after the code")
"""Mostly a layer that other combinations have as well: pip is what takes time here."""
COPIES = ("all", "all", "add", "chown", "listed", "listed", "stage", "into")
IGNORES = ("none", "few", "many", "only")
WORKDIRS = ("/app", "/app", "/usr/src/app", "/srv/shop", "relative")


@dataclass(frozen=True, slots=True)
class Recipe:
    install: str
    copy: str
    ignore: str
    workdir: str
    user: bool

    @property
    def directory(self) -> str:
        return "/code" if self.workdir == "relative" else self.workdir


def recipe(chance: random.Random, layout: Layout, copy: str | None = None) -> Recipe:
    copies = ("all", "chown", "add") if layout.installed else COPIES
    copies = tuple(each for each in copies if each != "into" or layout.code)
    if layout.beside:
        copies = ("listed", "into")
    made = copy if copy in copies else chance.choice(copies)
    return Recipe(
        install="project" if layout.installed else chance.choice(INSTALLS),
        copy=made,
        ignore=chance.choice(IGNORES),
        workdir=chance.choice(WORKDIRS),
        user=chance.random() < 0.4 or made == "chown",
    )


def sub(layout: Layout, made: Recipe) -> str:
    """The directory of the code from the working directory; "" where it is that, or where pip installed it."""
    if layout.installed or made.copy == "into" or layout.beside:
        return ""
    return layout.code


def dockerfile(chance: random.Random, layout: Layout, made: Recipe, draft: Draft, start: Start) -> str:
    head = ["FROM " + NAME]
    if chance.random() < 0.3:
        head = [f"ARG PYTHON_VERSION={PYTHON}", "FROM python:${PYTHON_VERSION}-slim"]
    first: list[str] = []
    lines: list[str] = []
    if made.install in ("venv", "prefix"):
        first, lines = _builder(made, head)
    head = head[-1:] if first else head
    if made.copy == "stage":
        first += [*([""] if first else head[:-1]), f"{head[-1]} AS code", "COPY . /src", ""]
        head = head[-1:]
    out = [*first, *head]
    if made.install == "early":
        out += [
            "COPY requirements.txt /tmp/requirements.txt",
            "RUN pip install --no-cache-dir -r /tmp/requirements.txt",
        ]
    out += chance.choice(
        ([], ["ENV PYTHONUNBUFFERED=1 \\", "    PYTHONDONTWRITEBYTECODE=1"], ["# The shop", "ENV LANG=C.UTF-8"])
    )
    if start.apt:
        out.append(f"RUN apt-get update && apt-get install -y --no-install-recommends {' '.join(start.apt)}")
    if made.user:
        out.append("RUN useradd --create-home --user-group app")
    out += ["WORKDIR /", "WORKDIR code"] if made.workdir == "relative" else [f"WORKDIR {made.workdir}"]
    out += lines or _install(made, draft)
    out += _copies(chance, layout, made, draft)
    out += _after(made, layout)
    if start.script == "docker/entrypoint.sh":
        out.append("COPY docker/entrypoint.sh /entrypoint.sh")
    out += [*start.env, *start.before]
    out += ["USER app"] if made.user else []
    out += chance.choice(([], ["EXPOSE 8080"]))
    return "\n".join([*out, *start.last, ""])


def _builder(made: Recipe, head: list[str]) -> tuple[list[str], list[str]]:
    """A stage that installs, and how the final one takes what it installed."""
    if made.install == "venv":
        steps = ["RUN python -m venv /opt/venv", "ENV PATH=/opt/venv/bin:$PATH", "COPY requirements.txt .",
                 "RUN pip install --no-cache-dir -r requirements.txt"]  # fmt: skip
        takes = ["COPY --from=builder /opt/venv /opt/venv", 'ENV PATH="/opt/venv/bin:$PATH"']
    else:
        steps = ["COPY requirements.txt .", "RUN pip install --prefix=/install -r requirements.txt"]
        takes = ["COPY --from=builder /install /usr/local"]
    return [*head[:-1], f"{head[-1]} AS builder", *steps, ""], takes


def _install(made: Recipe, draft: Draft) -> list[str]:
    match made.install:
        case "plain":
            return ["COPY requirements.txt .", "RUN pip install --no-cache-dir -r requirements.txt"]
        case "heredoc":
            return ["COPY requirements.txt ./", "RUN <<EOF", "set -e", "pip install -r requirements.txt", "EOF"]
        case "by name":
            names = draft.files["requirements.txt"].split()
            return [f"RUN pip install --no-cache-dir {' '.join(names)}"]
    return []


def _after(made: Recipe, layout: Layout) -> list[str]:
    if made.install == "after the code":
        return ["RUN pip install -r requirements.txt"]
    if layout.installed:
        return [f"RUN pip install --no-cache-dir {'-e .' if layout.installed == 'editable' else '.'}"]
    return []


def _copies(chance: random.Random, layout: Layout, made: Recipe, draft: Draft) -> list[str]:
    wanted = ["requirements.txt"] if made.install == "after the code" else []
    scripts = [path for path in draft.files if path in ("start.sh", "bin/serve", "Procfile", "gunicorn.conf.py")]
    alone = [f"COPY {path} {path}" for path in (*wanted, *scripts)]
    runs = layout.inside("run.py")
    if layout.package and runs in draft.files:
        alone.append(f"COPY {runs} {'run.py' if layout.beside else runs}")
    match made.copy:
        case "all":
            return ["COPY . ."]
        case "add":
            return [f"ADD . {made.directory}"]
        case "chown":
            return [f"COPY --chown=app:app . {made.directory}/"]
        case "into":
            beside = ["COPY libs/common ./common"] if layout.beside else []
            return [*beside, f"COPY {layout.code}/ ./", *(line for line in alone if layout.code not in line)]
        case "stage":
            return [f"COPY --from=code /src {made.directory}"]
    if layout.beside:
        beside = ["COPY libs/ /libs/", "ENV PYTHONPATH=/libs"]
        return [*beside, *_listed(chance, layout, draft, strip=True), *alone]
    return [*_listed(chance, layout, draft, strip=False), *alone]


def _listed(chance: random.Random, layout: Layout, draft: Draft, *, strip: bool) -> list[str]:
    """One COPY for each directory below the code, and one for the files that stand in it."""
    base = layout.inside(layout.package) if layout.package else layout.code
    prefix = f"{base}/" if base else ""
    below = [path.removeprefix(prefix) for path in draft.files if path.startswith(prefix) and path.endswith(".py")]
    heads = sorted({path.partition("/")[0] for path in below if "/" in path} - {"tests", "tools"})
    plain = sorted(path for path in below if "/" not in path and path != "gunicorn.conf.py")
    to = prefix.removeprefix(f"{layout.code}/") if strip else prefix
    if not layout.django and layout.package and chance.random() < 0.4:
        return [f"COPY {base} {to.rstrip('/') or '.'}"]
    files = [f"COPY {' '.join(prefix + each for each in plain)} ./{to}"] if plain else []
    return [*files, *(f"COPY {prefix}{each} ./{to}{each}" for each in heads)]


def dockerignore(made: Recipe, layout: Layout, draft: Draft) -> str | None:
    match made.ignore:
        case "few":
            return ".git\n__pycache__\n*.pyc\n"
        case "many":
            return "# what no image needs\n.git\n**/__pycache__\n**/*.pyc\n.venv\ntests/\n*.md\n!README.md\n.env*\n"
        case "only":
            tops = sorted({path.partition("/")[0] for path in draft.files} - {"tests", "README.md", "Dockerfile"})
            return "\n".join(["*", *(f"!{top}" for top in tops), "**/*.log", ""])
    return None
