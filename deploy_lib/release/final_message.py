"""What the end of a release says beside its outcome: what is known of the traffic, and where a candidate can be seen.

Pure over the journal.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from deploy_lib.model.answers import LeaseEnded
from deploy_lib.model.journal import Entry
from deploy_lib.model.journal_queries import AskedFor, Seen, last_known_traffic


def last_seen(entries: Sequence[Entry]) -> str:
    """What is known of the traffic where the cloud itself cannot be asked, as the end of a sentence."""
    match last_known_traffic(entries):
        case Seen(shares):
            return "last seen: " + (", ".join(f"{name} {share} %" for name, share in shares.items()) or "nothing")
        case AskedFor(target, back=True):
            return f"it was asked to go back to: {target}"
        case AskedFor(target):
            return f"it was asked to serve: {target}"
        case None:
            return "this release did not touch the service"
        case never:
            assert_never(never)


def tag_words(ended: LeaseEnded) -> str:
    """Where a candidate that was not wanted can be looked at, and what it costs."""
    if ended.url:
        return (
            f"{ended.candidate} keeps its tag {ended.tag} until the next release, so that it can be looked at: "
            f"{ended.url}; it has no minimum instances that would cost"
        )
    return f"{ended.candidate} lost its tag {ended.tag}, so that no instance of it is kept running"
