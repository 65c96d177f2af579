"""Lists in pages: one page of what was found, and the token of the next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from .method import RpcRefusal

_Item = TypeVar("_Item")


def page(found: Sequence[_Item], size: int, token: str, *, default: int = 100) -> tuple[Sequence[_Item], str]:
    """One page and the next page's token, "" at the end. Raises RpcRefusal INVALID_ARGUMENT."""
    if size < 0:
        raise RpcRefusal("INVALID_ARGUMENT", f"page_size is {size}, which is negative")
    if token and not (token.isascii() and token.isdigit()):
        raise RpcRefusal("INVALID_ARGUMENT", f"invalid page token {token!r}")
    start, size = int(token or "0"), size or default
    return found[start : start + size], str(start + size) if start + size < len(found) else ""
