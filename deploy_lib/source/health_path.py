"""The path at which a service most likely tells how it is, as its own files have it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

NAMES = ("healthz", "health", "_health", "health_check", "health-check", "healthcheck", "readyz", "ready", "livez",
         "live", "alive", "ping", "heartbeat", "status", "up")  # fmt: skip
"""The last parts of such paths, the likeliest first."""
_ROUTE = re.compile(
    r"""(?:@[\w.]+\.(?:route|get|head|api_route)\(\s*(?=r?["']/)"""  # Flask, FastAPI
    r"""|\b(?:add_api_route|add_url_rule|add_get|add_route|web\.get|Route)\(\s*(?=r?["']/)"""  # aiohttp, Starlette
    r"""|(?<![\w.])(?:path|re_path|url)\(\s*)"""  # Django, whose paths begin with no slash
    r"""r?(?P<quote>["'])\^?/?(?P<path>[\w/-]*)\$?(?P=quote)"""
)
_CHECK = re.compile(r"^[ \t]*HEALTHCHECK(?:.*\\\n)*.*", re.MULTILINE | re.IGNORECASE)
_ASKED = re.compile(r"""https?://[^/\s"'$]+(?:\$\{?\w+(?::?-\w+)?\}?)?(?P<path>/[\w./-]*)""")


@dataclass(frozen=True, slots=True)
class HealthPath:
    """`place` is the "file:line" that has it."""

    path: str
    place: str


def health_path(dockerfile: tuple[str, str], sources: Iterable[tuple[str, str]]) -> HealthPath | None:
    """What the Dockerfile's HEALTHCHECK asks, else the likeliest route of the sources, else their front page; None
    where there is none. Each file is its path and its text."""
    name, text = dockerfile
    check = _CHECK.search(text)
    if check and (asked := _ASKED.search(text, check.start(), check.end())):
        line = text.count("\n", 0, asked.start()) + 1
        return HealthPath(asked["path"], f"{name}:{line}")
    found = [each for file, source in sources for each in _routes(file, source)]
    return min(found, key=lambda each: each[0])[1] if found else None


def _routes(file: str, text: str) -> Iterator[tuple[tuple[int, int], HealthPath]]:
    line, counted = 1, 0
    for route in _ROUTE.finditer(text):
        line, counted = line + text.count("\n", counted, route.start()), route.start()
        parts = [part for part in route["path"].split("/") if part]
        if parts and parts[-1] not in NAMES:
            continue
        end = "/" if parts and route["path"].endswith("/") else ""
        found = HealthPath(f"/{'/'.join(parts)}{end}", f"{file}:{line}")
        yield (NAMES.index(parts[-1]) if parts else len(NAMES), len(parts)), found
