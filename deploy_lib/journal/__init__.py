"""The journal of a release on disk, one JSON line per entry."""

from __future__ import annotations

from deploy_lib.journal.files import FILE, UNWRITTEN, Journal, StoredJournal, is_written, read, started
from deploy_lib.journal.lines import decode, encode

__all__ = ["FILE", "UNWRITTEN", "Journal", "StoredJournal", "decode", "encode", "is_written", "read", "started"]
