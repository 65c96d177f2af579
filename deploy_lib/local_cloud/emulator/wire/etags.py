"""Whether an etag counts where the profile or a fault has Cloud Run v2 ignore it.

v1 refuses a version that is no longer the present one. It compares before it writes; a change of somebody else between
the two is refused by the etag that it has read.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_COUNTS: ContextVar[bool] = ContextVar("etag counts", default=False)


@contextmanager
def etag_counts() -> Iterator[None]:
    """For the calls that this thread answers meanwhile."""
    before = _COUNTS.set(True)
    try:
        yield
    finally:
        _COUNTS.reset(before)


def must_count() -> bool:
    return _COUNTS.get()
