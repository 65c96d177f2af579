"""Carries out an accepted change of a service: starts the new revision, then moves the traffic.

Several changes of one service may be under way at once. A revision that takes minutes to fail holds nobody up:
a later change that does not lead to it is settled without it, as with the real one. Settling is one step under
the store's lock, so that conditions, traffic statuses and the ingress never disagree.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass

from google.cloud.run_v2.types import Condition

from . import conditions, traffic
from .conditions import ConditionFailure
from .revision_manager import RevisionManager
from .store import Deployed, ServiceRecord, ServiceStore


@dataclass(frozen=True, slots=True)
class Rollouts:
    store: ServiceStore
    manager: RevisionManager
    now: Callable[[], datetime.datetime]

    def carry_out(self, record: ServiceRecord, revision: str | None) -> str | None:
        """Blocks until the change has taken effect or failed: then why. `revision` is the new one's short name."""
        self._observe(record)
        failed = self._bring_up(record, revision) if revision is not None else None
        self._warm(record)
        with self.store.lock:
            self.store.lock.wait_for(lambda: not self._alive(record) or not self._pending(record))
            if not self._alive(record):
                return f"Service '{record.name.service}' was deleted, or the local cloud ended, during the deployment."
            settled = self._settle(record)
            return failed or settled

    def abandon(self, record: ServiceRecord, revision: str | None, why: str) -> None:
        """The change could not be carried out by a fault of the local cloud's own: nothing waits for it any more."""
        with self.store.lock:
            if not self._alive(record):
                return
            deployed = record.revisions.get(revision or "")
            if deployed is not None and deployed.pending:
                unknown = Condition.CommonReason(Condition.CommonReason.UNKNOWN)
                self._record(record, deployed, ConditionFailure(conditions.HEALTH, unknown, why))
            self._settle(record)

    def _bring_up(self, record: ServiceRecord, revision: str) -> str | None:
        deployed = record.revisions[revision]

        def passed(part: str, message: str) -> None:
            with self.store.lock:
                if self._alive(record):
                    found = conditions.with_part(deployed.revision.conditions, part, message, self.now())
                    deployed.revision.conditions = found
                    self.store.save(record)

        failure = self.manager.prepare(record.name, deployed, passed)
        failure = failure or self.manager.start(record.name, deployed, passed)
        with self.store.lock:
            if not self._alive(record):
                return None
            self._record(record, deployed, failure)
        if failure is None:
            return None
        self.manager.retire(deployed)
        return failure.message

    def _observe(self, record: ServiceRecord) -> None:
        """What Cloud Run tells of a service only after it has looked at what was written."""
        with self.store.lock:
            if self._alive(record):
                service = record.service
                service.latest_created_revision = record.name.revision(record.current)
                service.urls = self._urls(record) if service.uri else self._urls(record)[:1]  # captured in 2025
                self.store.save(record)

    def _urls(self, record: ServiceRecord) -> list[str]:
        return [] if record.service.default_uri_disabled else self.manager.addresses.urls(record.name)

    def _url(self, record: ServiceRecord, tag: str = "") -> str:
        """Empty where the service has its default URL disabled, and with it those of its tags.

        https://cloud.google.com/run/docs/securing/ingress#disable-url
        """
        return "" if record.service.default_uri_disabled else self.manager.addresses.uri(record.name, tag)

    def _alive(self, record: ServiceRecord) -> bool:
        """The service was not deleted, nor another made in its place, and the local cloud is not ending."""
        return self.store.find(record.name) is record and not self.manager.closed

    def _record(self, record: ServiceRecord, deployed: Deployed, failure: ConditionFailure | None) -> None:
        now = self.now()
        before = deployed.revision.conditions
        deployed.revision.conditions = (
            conditions.with_failure(before, failure, now) if failure else conditions.with_end(before, now)
        )
        deployed.revision.reconciling = False
        deployed.revision.observed_generation = deployed.revision.generation
        deployed.revision.update_time = now
        order = list(record.revisions)
        newer = record.latest_ready not in order or order.index(record.latest_ready) < order.index(deployed.short)
        if failure is None and newer:
            record.service.latest_ready_revision = deployed.revision.name
        self.store.save(record)

    def _warm(self, record: ServiceRecord) -> None:
        """Have an instance of every revision that is to serve, before users are led to it."""
        with self.store.lock:
            wanted = self._led_to(record) if self._alive(record) else []
            supervisors = [self.manager.supervisor(record.name, deployed) for deployed in wanted if deployed.ready]
        for supervisor in supervisors:
            supervisor.start()

    def _pending(self, record: ServiceRecord) -> bool:
        return any(deployed.pending for deployed in self._led_to(record))

    def _led_to(self, record: ServiceRecord) -> list[Deployed]:
        latest = record.created.short
        names = traffic.targets(list(record.service.traffic), latest)
        return [record.revisions[short] for short in dict.fromkeys(names) if short in record.revisions]

    def _settle(self, record: ServiceRecord) -> str | None:
        """Make conditions, statuses and the ingress fit what is asked and what is ready. None when all is well."""
        service, now = record.service, self.now()
        own = record.template_generation == service.generation
        created, reason = record.created, None
        problem = created.failure if own else None
        if problem is not None:
            reason = _reason(created)
        else:
            problem = self._route_problem(record)
        since = conditions.ended_at(created.revision.conditions) or now
        configured = (
            conditions.failed("ConfigurationsReady", created.failure, since, _reason(created))
            if created.failure is not None
            else conditions.passed("ConfigurationsReady", since)
        )
        configured = conditions.kept(service.conditions, configured)
        service.reconciling = False
        if problem is not None:
            service.terminal_condition = conditions.failed("Ready", problem, now, reason)
            routed = conditions.kept(service.conditions, conditions.failed("RoutesReady", problem, now, reason))
            service.conditions = [routed, configured]
            if not record.latest_ready:  # nothing serves whose generation could be told
                service.observed_generation = service.generation
        else:
            service.terminal_condition = conditions.ready(self.now())  # after the routes
            service.conditions = [conditions.passed("RoutesReady", now), configured]
            service.observed_generation = service.generation
            service.uri, service.urls = self._url(record), self._urls(record)
            service.traffic_statuses = traffic.statuses(list(service.traffic), lambda tag: self._url(record, tag))
            self._tell_traffic(record, now)
            self.manager.direct(record)
        self.store.save(record)
        return problem

    def _tell_traffic(self, record: ServiceRecord, now: datetime.datetime) -> None:
        """Each revision that is ready is told of as one that something leads to, or no longer does."""
        led_to = set(traffic.targets(list(record.service.traffic_statuses), record.latest_ready))
        for deployed in record.revisions.values():
            if deployed.ready:
                found = list(deployed.revision.conditions)
                deployed.revision.conditions = conditions.with_traffic(found, deployed.short in led_to, now)

    def _route_problem(self, record: ServiceRecord) -> str | None:
        for short in dict.fromkeys(traffic.targets(list(record.service.traffic), record.latest_ready)):
            found = record.revisions.get(short)
            if not short:
                return record.created.failure or not_ready(record.created.short, None)
            if found is None:
                return (
                    f"Revision '{short}' does not exist or is deleted. Update all traffic to route to currently "
                    "available revisions."
                )
            if found.failure is not None:
                return not_ready(short, found.failure)
        return None


def not_ready(revision: str, why: str | None) -> str:
    """Cloud Run's sentence about a revision, with its reason."""
    return f"Revision '{revision}' is not ready and cannot serve traffic. {why or ''}"


def _reason(deployed: Deployed) -> conditions.Reason | None:
    for found in deployed.revision.conditions:
        if found.type_ == "Ready" and found.state == Condition.State.CONDITION_FAILED:
            return found.revision_reason if "revision_reason" in found else found.reason
    return None
