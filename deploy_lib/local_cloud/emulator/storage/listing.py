"""One page of an object listing: prefix, delimiter, offsets and page tokens.

Pure, over an already sorted list, because paging is where small servers quietly lose or repeat names.
Rules: https://cloud.google.com/storage/docs/json_api/v1/objects/list
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .model import StoredObject

PAGE = 1000


@dataclass(frozen=True, slots=True)
class Query:
    prefix: str = ""
    delimiter: str = ""
    start: str = ""  # names from here on
    end: str = ""  # names before this one; "" for no bound
    after: str = ""  # the last name or prefix of the page before
    limit: int = PAGE


@dataclass(frozen=True, slots=True)
class Page:
    items: tuple[StoredObject, ...]
    prefixes: tuple[str, ...]
    more_after: str | None  # give it as `after` for the next page


def page(objects: Sequence[StoredObject], query: Query) -> Page:
    """Objects and folded prefixes both count towards the limit, in one order, as in the real API."""
    items: list[StoredObject] = []
    prefixes: list[str] = []
    last = ""
    for item in objects:
        name = item.name
        if not name.startswith(query.prefix) or name < query.start or (query.end and name >= query.end):
            continue
        folded = _fold(name, query)
        shown = folded or name
        if (query.after and shown <= query.after) or (folded and prefixes and prefixes[-1] == folded):
            continue
        if len(items) + len(prefixes) == query.limit:
            return Page(tuple(items), tuple(prefixes), last)
        if folded:
            prefixes.append(folded)
        else:
            items.append(item)
        last = shown
    return Page(tuple(items), tuple(prefixes), None)


def _fold(name: str, query: Query) -> str:
    if not query.delimiter:
        return ""
    end = name.find(query.delimiter, len(query.prefix))
    return "" if end < 0 else name[: end + len(query.delimiter)]
