"""A repository of the size teams have: 5,000 commits, 9,000 tracked files, 6,000 of them Python, 800 imported by the
service.

The shape is that of a grown backend: packages in packages, modules of about 80 lines that import a few others at the
top, tests and documents beside them, ignore files that drop some of it. Every run writes the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from .repository import Repository

COMMITS = 5000
FILES = 9000
PYTHON = 6000
IMPORTED = 800
ENTRYPOINT = "backend.main"
_PACKAGE = 40  # modules in a package, its __init__ among them

_TOP = {
    "Dockerfile": """FROM python:3.11-slim
WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY . .
CMD ["uvicorn", "backend.main:app", "--host", "0.0.0.0", "--port", "8080"]
""",
    ".dockerignore": ".git\n**/__pycache__\n**/*.pyc\n.venv\nnode_modules\ndocs\n*.md\n!README.md\n**/.pytest_cache\n",
    ".gcloudignore": ".gcloudignore\n.git\n#!include:.gitignore\n/docs/\n",
    ".gitignore": "__pycache__/\n*.pyc\n.venv/\nnode_modules/\n*.log\n/build/\n.env\n.pytest_cache/\n",
    "requirements.txt": "fastapi\nuvicorn\npydantic\n",
    "README.md": "# Generated\n",
}


def generate(root: Path) -> Repository:
    """Writes and commits it below `root`, which must not exist."""
    made = Repository.empty(root)
    made.grow(COMMITS, "docs/notes")
    for path, text in _files():
        made.write(path, text)
    made.commit("Grow for five years")
    return made


def lose_a_module(repository: Repository) -> str:
    """Commits that a module is gone which another one imports; its dotted name."""
    gone = next(name for name in _modules("backend", IMPORTED) if "module" in name)
    (repository.root / _path(gone)).unlink()
    repository.commit("Tidy up")
    return gone


def _files() -> Iterator[tuple[str, str]]:
    yield from _TOP.items()
    used = list(_modules("backend", IMPORTED - 2))
    yield "backend/__init__.py", ""
    yield "backend/main.py", _entry(used)
    for number, name in enumerate(used):
        yield _path(name), _source(name, number, used)
    others = list(_modules("backend.tools", (PYTHON - IMPORTED) // 2))
    others += _modules("tests", PYTHON - IMPORTED - len(others))
    for number, name in enumerate(others):
        yield _path(name), _source(name, number, others)
    for number in range(FILES - PYTHON - len(_TOP)):
        folder = ("docs", "static", "fixtures")[number % 3]
        yield f"{folder}/part{number % 50:02}/item{number:04}.json", f'{{"number": {number}, "text": "{"x" * 400}"}}\n'


def _modules(top: str, count: int) -> Iterator[str]:
    """Dotted names; a package's own name stands for its __init__."""
    for number in range(count):
        package = f"{top}.part{number // _PACKAGE:03}"
        yield package if number % _PACKAGE == 0 else f"{package}.module{number:04}"


def _path(name: str) -> str:
    path = name.replace(".", "/")
    return f"{path}.py" if "module" in name.rpartition(".")[2] else f"{path}/__init__.py"


def _entry(used: list[str]) -> str:
    heads = [name for name in used if "module" in name][::4]
    return "".join(f"import {name}\n" for name in heads) + "\n\nasync def app(scope, receive, send):\n    return None\n"


def _source(name: str, number: int, known: list[str]) -> str:
    """Imports the three before it in its list, so that all are reached and no cycle is made."""
    if "module" not in name:
        return f'"""Package {name}."""\n'
    near = [each for each in known[max(0, number - 4) : number] if "module" in each][-3:]
    imports = "".join(f"from {each} import Record as Record{at}\n" for at, each in enumerate(near))
    bodies = "".join(_FUNCTION.format(number=at) for at in range(6))
    return _MODULE.format(name=name, imports=imports, bodies=bodies)


_MODULE = '''"""{name}: one of many."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from typing import Any

{imports}
logger = logging.getLogger(__name__)
LIMIT = 100


@dataclass
class Record:
    """What the rest hands about."""

    name: str = "record"
    size: int = LIMIT
    tags: list[str] = field(default_factory=list)

    def describe(self) -> dict[str, Any]:
        return {{"name": self.name, "size": self.size, "tags": sorted(self.tags)}}

{bodies}'''

_FUNCTION = '''
def step_{number}(records: list[Record], limit: int = LIMIT) -> list[str]:
    """Looks at each record in turn."""
    found = []
    for position, record in enumerate(records):
        if record.size > limit and position % 2 == 0:
            logger.debug("skipping %s", record.name)
            continue
        text = json.dumps(record.describe())
        found.append(text.upper() if record.tags else text)
    return found

'''
