"""What the service itself remembers of its releases, as JSON in annotations of its own.

`deploy-to-gcp/lease` says who may change it and `deploy-to-gcp/lease-object` where that is decided,
`deploy-to-gcp/release` how far the release under way has come and what restoring puts back, `deploy-to-gcp/history` how
the last ones ended. So any machine can take over, with no shared disk. An annotation that cannot be read counts as
absent: a person may have edited it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from deploy_lib.drivers.services.release_record import Lease, ReleaseRecord
from deploy_lib.model.approval import Approval, ApprovalAsked
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.state import PastRelease
from deploy_lib.model.traffic import TrafficMap, TrafficTarget

if TYPE_CHECKING:
    from google.cloud import run_v2

LEASE, RELEASE, HISTORY = "deploy-to-gcp/lease", "deploy-to-gcp/release", "deploy-to-gcp/history"
LEASE_OBJECT = "deploy-to-gcp/lease-object"
"""Beside a lease that an object stands for: earlier versions read the lease alone, and take no key that they do not
know."""
REMEMBERED = 10  # releases; annotations have room for far more, people do not
_EARLIER_WORDS = {
    "failed": (Outcome.REJECTED, True),
    "rejected": (Outcome.REJECTED, True),
    "restored": (Outcome.REJECTED, False),
    "refused": (Outcome.REJECTED, False),
    "abandoned": (Outcome.INTERRUPTED, False),
}
"""What records of earlier versions say; they have no `image_is_to_blame`."""


def lease_of(annotations: Mapping[str, str]) -> Lease | None:
    """The lease on the service; None where there is none that can be read."""
    found = _loaded(annotations, LEASE)
    try:
        return Lease(**{**found, "since": _time(found["since"]), "until": _time(found["until"])}) if found else None
    except (KeyError, TypeError, ValueError):
        return None


def record_of(annotations: Mapping[str, str]) -> ReleaseRecord | None:
    """The release under way; None where there is none that can be read."""
    found = _loaded(annotations, RELEASE)
    try:
        if not found:
            return None
        known = {name: found[name] for name in ReleaseRecord.__dataclass_fields__ if name in found}
        times = {"started": _time(found["started"]), "before": map_of(found["before"])}
        more = {"approvals": _approvals(found.get("approvals")), "exposure": _changes(found.get("exposure"))}
        return ReleaseRecord(**{**known, **times, **more})
    except (KeyError, TypeError, ValueError):
        return None


def history_of(annotations: Mapping[str, str]) -> tuple[PastRelease, ...]:
    """Newest first."""
    found = _loaded(annotations, HISTORY).get("releases")
    past = []
    for each in found if isinstance(found, list) else ():
        try:
            past.append(_past(each))
        except (KeyError, TypeError, ValueError):
            continue
    return tuple(past)


def _past(row: Mapping[str, Any]) -> PastRelease:
    """Raises KeyError, TypeError or ValueError for a row that is not one. Keys of later versions are passed over."""
    if "image_is_to_blame" in row or row["outcome"] not in _EARLIER_WORDS:
        outcome, to_blame = Outcome(row["outcome"]), bool(row.get("image_is_to_blame"))
    else:
        outcome, to_blame = _EARLIER_WORDS[row["outcome"]]
    return PastRelease(
        row["id"],
        row["commit"],
        row["digest"],
        row["candidate"],
        outcome,
        _time(row["at"]),
        map_of(row["traffic"]),
        map_of(row.get("before", [])),
        to_blame,
        _labels(row.get("labels")),
        str(row.get("emergency", "")),
        tuple(map(str, row.get("approved", ()))),
        str(row["context"]) if row.get("context") else None,
        _changes(row.get("exposure")),
    )


def _changes(found: Any) -> dict[str, list[Any]]:
    """Those that can be read."""
    pairs = found.items() if isinstance(found, dict) else ()
    return {str(key): value for key, value in pairs if isinstance(value, list) and len(value) == 2}


def _labels(found: Any) -> dict[str, str] | None:
    return {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else None


def object_of(annotations: Mapping[str, str]) -> str:
    """Where the object is that the lease on the service stands for; empty where it stands for itself."""
    lease, found = lease_of(annotations), _loaded(annotations, LEASE_OBJECT)
    return str(found.get("object", "")) if lease is not None and found.get("token") == lease.token else ""


def with_lease(annotations: Mapping[str, str], lease: Lease | None, where: str = "") -> dict[str, str]:
    """The annotations with that lease and where its object is; None takes both away. The others stay."""
    known = {"token": lease.token, "object": where} if lease is not None and where else None
    annotations = _with(annotations, LEASE_OBJECT, known)
    found = lease and {
        "holder": lease.holder,
        "token": lease.token,
        "since": lease.since.isoformat(),
        "until": lease.until.isoformat(),
        "release_id": lease.release_id,
        "why": lease.why,
    }
    return _with(annotations, LEASE, found)


def with_record(annotations: Mapping[str, str], record: ReleaseRecord | None) -> dict[str, str]:
    """The annotations with that record; None takes it away. The others stay."""
    if record is None:
        return _with(annotations, RELEASE, None)
    found = {name: getattr(record, name) for name in ReleaseRecord.__dataclass_fields__}
    found |= {"started": record.started.isoformat(), "before": pairs_of(record.before)}
    found["approvals"] = [_approval_row(each) for each in record.approvals]
    return _with(annotations, RELEASE, found)


def _approvals(rows: Any) -> tuple[ApprovalAsked, ...]:
    """Those that can be read."""
    found = []
    for row in rows if isinstance(rows, list) else ():
        try:
            given = Approval(row["by"], _time(row["at"]), row.get("why", "")) if row.get("by") else None
            found.append(ApprovalAsked(row["name"], _time(row["since"]), _time(row["until"]), given))
        except (AttributeError, KeyError, TypeError, ValueError):
            continue
    return tuple(found)


def _approval_row(asked: ApprovalAsked) -> dict[str, str]:
    given = asked.approval
    answer = {"by": given.by, "at": given.at.isoformat(), "why": given.why} if given is not None else {}
    return {"name": asked.name, "since": asked.since.isoformat(), "until": asked.until.isoformat(), **answer}


def succeeded(annotations: Mapping[str, str], record: ReleaseRecord, at: datetime) -> dict[str, str]:
    """The annotations with that record; the one it takes the place of goes into the history.

    One whose traffic was taken back counts as rejected there; one that was left as it stands keeps how it ended, or
    was interrupted when no client ended it.
    """
    old, found = record_of(annotations), dict(annotations)
    if old is not None and old.id != record.id and old.candidate:
        ended = any(past.id == old.id for past in history_of(annotations))
        if old.restored or not ended:
            outcome = Outcome.REJECTED if old.restored else Outcome.INTERRUPTED
            found = with_past(found, old.past(outcome, at, old.before))
    return with_record(found, record)


def with_past(annotations: Mapping[str, str], past: PastRelease) -> dict[str, str]:
    """The history with that release in it, once; of the newest only, the service's labels are kept."""
    kept = [past, *(each for each in history_of(annotations) if each.id != past.id)][:REMEMBERED]
    rows = [
        {
            "id": each.id,
            "commit": each.commit,
            "digest": each.digest,
            "candidate": each.candidate,
            "outcome": each.outcome.value,
            "image_is_to_blame": each.image_is_to_blame,
            "at": each.at.isoformat() if each.at else None,
            "traffic": pairs_of(each.traffic),
            "before": pairs_of(each.before),
            **({"emergency": each.emergency} if each.emergency else {}),
            **({"approved": [*each.approved]} if each.approved else {}),
            **({"context": each.context} if each.context else {}),
            **({"exposure": dict(each.exposure)} if each.exposure else {}),
            **({"labels": dict(each.labels)} if each is past and each.labels is not None else {}),
        }
        for each in kept
    ]
    return _with(annotations, HISTORY, {"releases": rows})


def rejected_digests(annotations: Mapping[str, str]) -> tuple[str, ...]:
    """Digests that are to blame and were never live: one that was live before may have failed for its settings."""
    history = history_of(annotations)
    live = {past.digest for past in history if past.outcome is Outcome.LIVE}
    bad = [past.digest for past in history if past.image_is_to_blame and past.digest and past.digest not in live]
    return tuple(dict.fromkeys(bad))


def started_over(record: ReleaseRecord) -> ReleaseRecord:
    """After its traffic was taken back."""
    return replace(record, restored=True, percent=0)


def pairs_of(traffic: TrafficMap) -> list[list[object]]:
    """The map as JSON holds it: [revision, percent, tag] for each target."""
    return [[each.revision, each.percent, each.tag] for each in traffic.targets]


def map_of(pairs: Any) -> TrafficMap:
    """Raises TypeError or ValueError when it is not such a list."""
    return TrafficMap(tuple(TrafficTarget(str(name), int(percent), tag) for name, percent, tag in pairs))


def _time(text: Any) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("a time without a zone")
    return at


def _loaded(annotations: Mapping[str, str], key: str) -> dict[str, Any]:
    try:
        found = json.loads(annotations.get(key, "{}"))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _with(annotations: Mapping[str, str], key: str, value: Any) -> dict[str, str]:
    found = {name: text for name, text in annotations.items() if name != key}
    if value is not None:
        found[key] = json.dumps(value, separators=(",", ":"))
    return found


def set_annotations(service: run_v2.Service, annotations: dict[str, str]) -> None:
    """Replaces all annotations of the message."""
    service.annotations.clear()
    service.annotations.update(annotations)
