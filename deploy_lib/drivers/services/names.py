"""The candidate's name: the same for the same release and template, another for any other.

Cloud Run answers 409 when a revision's name is used again with another template (google-cloud-python issue 14259), so
the name carries a hash of the template. The template carries the release's id as a label: a release that is tried
again gets a revision of its own instead of the one that failed.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from google.cloud import run_v2

LONGEST = 63  # characters, as for any DNS label
_COMMIT, _HASH = 7, 8


def revision_name(service: str, commit: str, template: run_v2.RevisionTemplate) -> str:
    """SERVICE-COMMIT-HASH; the hash is shorter for a service with the longest name Cloud Run allows (49)."""
    message = type(template).pb(template)
    nameless = type(message)()
    nameless.CopyFrom(message)
    nameless.revision = ""
    digest = hashlib.sha256(nameless.SerializeToString(deterministic=True)).hexdigest()
    start = name_start(service, commit)
    return start + digest[: min(_HASH, LONGEST - len(start))]


def name_start(service: str, commit: str) -> str:
    """What is known of the name before there is a template."""
    return f"{service}-{commit[:_COMMIT].lower()}-"
