"""Secrets of twenty kinds, planted in the configuration and in what is said; and a search for them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import quote

KNOWN = {
    "DB_PASSWORD": "hunter2-Tr0ub4dor",
    "API_TOKEN": "pl4nt-of-token-8812",
    "dbPassword": "camel-Pl4nt-0071",
    "STRIPE_KEY": "pl4ntkey0123456789abcdef",
    "SHORT_SECRET": "p4nt",
    "SIGNING_KEY": "-----BEGIN PRIVATE KEY-----\nMIIEpl4ntedkeyline1\nkqhkiG9w0pl4nted\n-----END PRIVATE KEY-----",
    "QUOTED_PASSWORD": 'pl4"nt\\ed é&x',
    "DATABASE_URL": "postgresql://app:pl4nt-in-url@db:5432/shop",
    "TINY_PASSWORD": "a",
    "FLAG_TOKEN": "true",
}
"""`env:` of the service. The last two are no use as secrets, and must not blank the output."""

VALUES = {name: value for name, value in KNOWN.items() if name not in ("TINY_PASSWORD", "FLAG_TOKEN", "DATABASE_URL")}
SHAPES = {
    "quoted": "cannot log in with password 'shape-pl4nt-01'",
    "azure": "AccountName=x;AccountKey=c2hhcGUtcGw0bnQtMDI==;EndpointSuffix=y",
    "github": "using ghp_shapepl4nt0123456789012345 for it",
    "header": "Authorization: Bearer shape-pl4nt-04",
    "url": "amqp://guest:shape-pl4nt-05@queue/x",
    "openai": "openai.AuthenticationError: wrong key sk-proj-shapepl4nt0123456789abcdef",
    "slack": "posted to https://hooks.slack.com/services/T0/B0/shapepl4nt07",
    "cookie": "Set-Cookie: session=shape-pl4nt-08; Path=/",
    "json": '{"client_secret": "shape-pl4nt-09"}',
    "is": "the password is shape-pl4nt-10",
    "query": "GET https://s/x?X-Goog-Signature=shapepl4nt11&b=1",
}
IN_SHAPES = (
    "shape-pl4nt-01", "c2hhcGUtcGw0bnQtMDI", "shapepl4nt0123456789012345", "shape-pl4nt-04", "shape-pl4nt-05",
    "shapepl4nt0123456789abcdef", "shapepl4nt07", "shape-pl4nt-08", "shape-pl4nt-09", "shape-pl4nt-10", "shapepl4nt11",
)  # fmt: skip


def said() -> list[str]:
    """What the application says: every known value in every form, folded too, and every shape."""
    lines = [f"{name} has leaked: {value}" for name, value in KNOWN.items()]
    for value in VALUES.values():
        lines += [quote(value, ""), json.dumps(value), repr(value), base64.b64encode(f"u:{value}".encode()).decode()]
        half = len(value) // 2
        lines += [f"folded {value[:half]}", value[half:]] if len(value) >= 16 and "\n" not in value else []
    return [*lines, "the database is pl4nt-in-url", *SHAPES.values()]


def needles() -> set[str]:
    """None of these may be found anywhere."""
    found = {*IN_SHAPES, "pl4nt-in-url", "MIIEpl4ntedkeyline1", "kqhkiG9w0pl4nted", "pl4nted-path"}
    for value in VALUES.values():
        if "\n" not in value:
            inside = base64.b64encode(f"u:{value}".encode()).decode()[4:-4]
            found |= {value, quote(value, ""), json.dumps(value)[1:-1], inside} if len(value) >= 8 else {value}
            found |= {value[: len(value) // 2], value[len(value) // 2 :]} if len(value) >= 16 else set()
    return found


def leaks(places: Mapping[str, str | bytes | Path], wanted: Iterable[str] = ()) -> list[tuple[str, str]]:
    """Where which secret was found; a directory is read whole. Empty when all is well."""
    wanted = set(wanted) or needles()
    found = []
    for name, place in places.items():
        files = [path for path in place.rglob("*") if path.is_file()] if isinstance(place, Path) else [None]
        for path in files:
            raw = path.read_bytes() if path else place.encode() if isinstance(place, str) else place
            assert isinstance(raw, bytes)
            found += [(f"{name}{f' {path.name}' if path else ''}", each) for each in wanted if each.encode() in raw]
    return found
