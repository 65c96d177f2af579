"""Which labels and annotations Cloud Run v2 takes. Pure.

"Cloud Run API v2 does not support annotations with `run.googleapis.com`, ... namespaces, and they will be rejected in
new resources" (docstrings of google.cloud.run_v2.Service and RevisionTemplate, of labels too): v2 has fields for them.
Form of labels: https://cloud.google.com/run/docs/configuring/services/labels; a key may have somebody's domain before
it, as gcloud's own `client.knative.dev/nonce` [client].
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from google.cloud.run_v2.types import RevisionTemplate, Service

_NAMESPACES = ("run.googleapis.com", "cloud.googleapis.com", "serving.knative.dev", "autoscaling.knative.dev")
_KEY = re.compile(r"(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?/)?[a-z][a-z0-9_-]{0,62}")
_VALUE = re.compile(r"[a-z0-9_-]{0,63}")


def check_metadata(wanted: Service, before: Service) -> Iterator[str]:
    """What is wrong with those that are new in `wanted`; what was there before may stay [assumed]."""
    yield from _check("service", wanted, before)
    yield from _check("service.template", wanted.template, before.template)


def _check(where: str, wanted: Service | RevisionTemplate, before: Service | RevisionTemplate) -> Iterator[str]:
    for kind in ("annotations", "labels"):
        given: Mapping[str, str] = getattr(wanted, kind)
        known: Mapping[str, str] = getattr(before, kind)
        for key, value in given.items():
            if known.get(key) == value:
                continue
            namespace = key.partition("/")[0] if "/" in key else ""
            if namespace in _NAMESPACES:
                yield f"Violation in {where}.{kind}: {key} is in the namespace {namespace}, which is the system's own."
            elif kind == "labels" and not (_KEY.fullmatch(key) and _VALUE.fullmatch(value)):
                yield (
                    f"Violation in {where}.labels: {key!r}: {value!r} is not a valid label: lower-case letters, "
                    "digits, hyphens and underscores, at most 63 of them, and the key begins with a letter."
                )
