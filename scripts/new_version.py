"""Makes a version of this tool, on this machine only: changelog, commit, tag with its notes, wheel and source package.

    python scripts/dev.py release 0.2.0

What an earlier run left undone is done by the next. Nothing is uploaded; what to type for that is printed.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_UNRELEASED = "## Unreleased\n"
_VERSION = re.compile(r'^version = "([^"]+)"$', re.MULTILINE)
_NUMBERS = re.compile(r"\d+\.\d+\.\d+")

Git = Callable[..., str]


class Refused(Exception):
    """Says why no version can be made, and what to do."""


def main(argv: list[str], root: Path = ROOT) -> int:
    parser = argparse.ArgumentParser(prog="dev.py release", description=(__doc__ or "").partition("\n\n    ")[0])
    parser.add_argument("version", metavar="VERSION", help="its number: MAJOR.MINOR.PATCH")
    version = parser.parse_args(argv).version
    try:
        make(root, version, datetime.now(UTC).date())
    except Refused as why:
        print(f"dev.py release: {why}", file=sys.stderr)
        return 2
    print(f"made v{version} and the packages in dist/; to publish them: git push origin HEAD v{version}")
    return 0


def make(root: Path, version: str, today: date) -> None:
    """Raises Refused before anything is changed."""

    def git(*words: str) -> str:
        done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Refused(f"git {words[0]}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout.strip()

    project, changelog = root / "pyproject.toml", root / "CHANGELOG.md"
    declared = project.read_text(encoding="utf-8")
    now = version_in(declared)
    if not _NUMBERS.fullmatch(version):
        raise Refused(f"{version} is not a version: MAJOR.MINOR.PATCH, each a number")
    if changed := git("status", "--porcelain"):
        raise Refused(f"commit or remove what is changed first:\n{changed}")
    text = changelog.read_text(encoding="utf-8")
    if now != version:
        if _order(version) < _order(now):
            raise Refused(f"{version} is older than {now}, which pyproject.toml has")
        if git("tag", "--list", f"v{version}"):
            raise Refused(f"the tag v{version} is there already")
        text = with_version(text, version, today)
        changelog.write_text(text, encoding="utf-8")
        project.write_text(
            _VERSION.sub(f'version = "{version}"', project.read_text(encoding="utf-8"), count=1), "utf-8"
        )
        git("commit", "--quiet", "--all", "--message", f"Release {version}")
    if not git("tag", "--list", f"v{version}"):
        git(
            "tag",
            "--annotate",
            "--cleanup=verbatim",
            "--message",
            f"{version}\n\n{notes_of(text, version)}",
            f"v{version}",
        )
    build(root)


def version_in(project: str) -> str:
    found = _VERSION.search(project)
    if found is None:
        raise Refused("pyproject.toml names no version")
    return found[1]


def with_version(changelog: str, version: str, today: date) -> str:
    """What was unreleased stands under the version; a new, empty heading stands above. Pure."""
    before, heading, after = changelog.partition(_UNRELEASED)
    mine = after.partition("\n## ")[0]
    if not heading or not mine.strip():
        raise Refused("CHANGELOG.md has nothing under Unreleased, so there is nothing to release")
    return f"{before}{_UNRELEASED}\n## {version} - {today.isoformat()}\n{after}"


def notes_of(changelog: str, version: str) -> str:
    """The changelog's part about a version. Pure."""
    found = re.search(rf"^## {re.escape(version)} - [\d-]+\n(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL)
    if found is None:
        raise Refused(f"CHANGELOG.md has no heading for {version}")
    return found[1].strip()


def build(root: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build"], cwd=root, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Refused(f"the packages could not be built: {done.stderr.strip()[-2000:]}")


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
