"""A section of the report: what it reads, under which name the JSON has that, and what it says of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from deploy_lib.report.blocks import Block
from deploy_lib.report.facts import ReleaseFacts

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Section(Generic[T]):
    """`read` gives plain values, which are masked before `blocks` gets them.

    `key` never changes once a release had it: programs read the JSON. Without a title, the blocks stand under the
    headline. `empty` is what is said where there are no blocks; None leaves the section out then.
    """

    key: str
    title: str
    read: Callable[[ReleaseFacts], T]
    blocks: Callable[[T], Iterable[Block]]
    empty: str | Callable[[ReleaseFacts], str] | None = None
