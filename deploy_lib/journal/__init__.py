"""The diary of a release on disk, one JSON line per entry."""

from __future__ import annotations

from deploy_lib.journal.files import FILE, UNWRITTEN, Diary, Journal, is_written, read, releases, started
from deploy_lib.journal.lines import decode, encode

__all__ = ["FILE", "UNWRITTEN", "Diary", "Journal", "decode", "encode", "is_written", "read", "releases", "started"]
