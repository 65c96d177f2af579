"""Stores every service with its revisions, in memory and on disk.

One file per service, written whole at each change. A revision that was being deployed when the local cloud ended is
reported as failed. A change of the traffic alone is not: whoever opens the store carries it out, as Cloud Run would.
"""

from __future__ import annotations

import base64
import datetime
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from google.cloud.run_v2.types import Revision, RevisionTemplate, Service

from ...files import write_whole
from . import conditions
from .history import TrafficHistory
from .names import ServiceName, parse_service, short_name
from .refusal import missing

_ENDED = "The local cloud ended while this was being deployed; deploy it again."


@dataclass
class Deployed:
    """A revision, the template it was made from, and the images that its containers' names meant then."""

    revision: Revision
    template: RevisionTemplate
    digests: tuple[str, ...] = ()  # "" for an image that was not found

    @property
    def short(self) -> str:
        return short_name(self.revision.name)

    @property
    def ready(self) -> bool:
        return conditions.is_ready(self.revision.conditions)

    @property
    def failure(self) -> str | None:
        return conditions.failure_of(self.revision.conditions)

    @property
    def pending(self) -> bool:
        return not self.ready and self.failure is None


@dataclass
class ServiceRecord:
    name: ServiceName
    service: Service
    template_generation: int = 1  # the service's generation when its template changed last
    current: str = ""  # short name of the revision of the service's present template
    policy: bytes = b""  # a google.iam.v1.Policy
    revisions: dict[str, Deployed] = field(default_factory=dict)  # by short name, oldest first

    @property
    def created(self) -> Deployed:
        """The revision of the service's present template, before the service itself names it."""
        return self.revisions[self.current]

    @property
    def latest_ready(self) -> str:
        """Short name; "" while none was ever ready."""
        return short_name(self.service.latest_ready_revision)


class ServiceStore:
    """Hold `lock` while looking at or changing a record; call `save` after each change."""

    def __init__(self, root: Path, now: Callable[[], datetime.datetime]) -> None:
        self._root, self._now = root, now
        self.history = TrafficHistory(lambda: now().timestamp())
        self.lock = threading.Condition(threading.RLock())
        self._records: dict[str, ServiceRecord] = {}
        root.mkdir(parents=True, exist_ok=True)
        for path in sorted(root.glob("*.service.json")):
            record = _read(json.loads(path.read_text()))
            if any(deployed.pending for deployed in record.revisions.values()):
                self._give_up(record)
            self._records[str(record.name)] = record
            self.history.note(record.service)

    def get(self, name: ServiceName) -> ServiceRecord:
        """Raises RunRefusal NOT_FOUND."""
        found = self._records.get(str(name))
        if found is None:
            raise missing("SERVICE", name.service, name.location, name.project)
        return found

    def find(self, name: ServiceName) -> ServiceRecord | None:
        return self._records.get(str(name))

    def all(self, parent: str = "") -> list[ServiceRecord]:
        return [record for key, record in sorted(self._records.items()) if key.startswith(f"{parent}/") or not parent]

    def save(self, record: ServiceRecord) -> None:
        """Also what `wait` callers wake up for."""
        self._records[str(record.name)] = record
        self.history.note(record.service)
        write_whole(self._path(record.name), json.dumps(_write(record)))
        self.lock.notify_all()

    def remove(self, record: ServiceRecord) -> None:
        self._records.pop(str(record.name), None)
        self._path(record.name).unlink(missing_ok=True)
        self.lock.notify_all()

    def _path(self, name: ServiceName) -> Path:
        return self._root / f"{name.project}.{name.location}.{name.service}.service.json"

    def _give_up(self, record: ServiceRecord) -> None:
        now = self._now()
        failure = conditions.ConditionFailure(conditions.HEALTH, conditions.INTERNAL, _ENDED)
        for deployed in record.revisions.values():
            if deployed.pending:
                deployed.revision.conditions = conditions.with_failure(deployed.revision.conditions, failure, now)
                deployed.revision.reconciling = False
        record.service.reconciling = False
        record.service.latest_created_revision = record.name.revision(record.current)
        record.service.terminal_condition = conditions.failed("Ready", _ENDED, now)


def _write(record: ServiceRecord) -> dict[str, Any]:
    return {
        "name": str(record.name),
        "service": _text(Service.serialize(record.service)),
        "template_generation": record.template_generation,
        "current": record.current,
        "policy": _text(record.policy),
        "revisions": [
            {
                "revision": _text(Revision.serialize(deployed.revision)),
                "template": _text(RevisionTemplate.serialize(deployed.template)),
                "digests": deployed.digests,
            }
            for deployed in record.revisions.values()
        ],
    }


def _read(value: dict[str, Any]) -> ServiceRecord:
    found = [
        Deployed(
            Revision.deserialize(_bytes(item["revision"])),
            RevisionTemplate.deserialize(_bytes(item["template"])),
            tuple(item["digests"]) if "digests" in item else (item["digest"],),  # of one container, as formerly
        )
        for item in value["revisions"]
    ]
    service = Service.deserialize(_bytes(value["service"]))
    return ServiceRecord(
        parse_service(value["name"]),
        service,
        value["template_generation"],
        value.get("current") or short_name(service.latest_created_revision),
        _bytes(value["policy"]),
        {deployed.short: deployed for deployed in found},
    )


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text)
