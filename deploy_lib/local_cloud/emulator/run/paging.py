"""Pages of a listing: a token is the place where the next one begins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from .refusal import invalid

T = TypeVar("T")
_DEFAULT, _MOST = 100, 1000


def page(found: Sequence[T], size: int, token: str) -> tuple[list[T], str]:
    """One page and the token of the next, "" after the last. Raises RunRefusal."""
    if not token.isdecimal() and token:
        raise invalid(f"invalid page token {token!r}")
    start, length = int(token or "0"), min(max(size, 0) or _DEFAULT, _MOST)
    rest = str(start + length) if start + length < len(found) else ""
    return list(found[start : start + length]), rest
