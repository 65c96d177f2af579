"""How a service is reached, and by whom: what the YAML changes of it, what is told, and what goes back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from google.cloud import run_v2
from google.iam.v1.policy_pb2 import Binding, Policy
from google.type.expr_pb2 import Expr

from deploy_lib.drivers.contract.exposure import SET_POLICY, check_exposure
from deploy_lib.drivers.contract.found import ContractFound
from deploy_lib.drivers.interface import DriverError
from deploy_lib.drivers.services import exposure
from deploy_lib.drivers.services.differences import of_the_service
from deploy_lib.drivers.services.expose import undone_by
from deploy_lib.drivers.services.import_service import import_service
from deploy_lib.drivers.services.invokers import members, with_members
from deploy_lib.drivers.services.knative import changed
from deploy_lib.drivers.services.release_record import ReleaseRecord
from deploy_lib.drivers.services.service_annotations import history_of, record_of, with_past, with_record
from deploy_lib.model.exposure import Exposure, joined, reverted
from deploy_lib.model.findings import Severity
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.release_history import ROLLBACK
from deploy_lib.model.traffic import TrafficMap, TrafficTarget
from tests.drivers.test_template import RELEASE

OURS = "serviceAccount:shop@p.iam.gserviceaccount.com"
FOUND = run_v2.Service(ingress=run_v2.IngressTraffic.INGRESS_TRAFFIC_ALL, custom_audiences=["a", "b"])
LATER = ", once the candidate has all traffic"


@pytest.mark.parametrize(
    ("wanted", "let_in", "expected"),
    [
        (Exposure(), ["allUsers"], []),
        (Exposure(ingress="all", custom_audiences=("b", "a"), default_url=True, public=False), [], []),
        (Exposure(ingress="internal"), [], ["ingress: all -> internal"]),
        (Exposure(custom_audiences=()), [], ["custom_audiences: a, b -> none"]),
        (Exposure(default_url=False), [], ["default_url: true -> false"]),
        (
            Exposure(public=True),
            [],
            ["public: false -> true", "public: true lets anybody call the service, without a token"],
        ),
        (Exposure(invokers=(OURS,)), [OURS], []),
        (Exposure(invokers=()), ["allUsers"], ["invokers: allUsers -> none"]),
        (
            Exposure(invokers=("allUsers", OURS)),
            [OURS],
            [
                f"invokers: {OURS} -> allUsers, {OURS}",
                "invokers: allUsers lets anybody call the service, without a token",
            ],
        ),
        (Exposure(invokers=(OURS,)), None, [f"invokers: {OURS}; who they are now is not known: refused"]),
    ],
)
def test_what_a_release_will_change_is_told_with_when(
    wanted: Exposure, let_in: list[str] | None, expected: list[str]
) -> None:
    service = replace(RELEASE.service, exposure=wanted)
    assert [*of_the_service(FOUND, service, let_in, "refused")] == [f"{each}{LATER}" for each in expected]


def test_a_service_that_nobody_reaches_is_not_opened_by_what_puts_it_back() -> None:
    closed = run_v2.Service(ingress=run_v2.IngressTraffic.INGRESS_TRAFFIC_NONE)
    changes = exposure.changes(closed, Exposure(ingress="internal"))
    exposure.put(closed, {"ingress": "internal"})
    exposure.put(closed, reverted(exposure.now(closed), [changes]))
    assert closed.ingress == run_v2.IngressTraffic.INGRESS_TRAFFIC_NONE
    imported = import_service(closed)
    assert "ingress" not in imported.entry and imported.kept == ("ingress none",)


def test_a_new_service_is_made_so_and_let_in_is_nobody_yet() -> None:
    service = replace(RELEASE.service, exposure=Exposure(ingress="internal", invokers=(OURS,)))
    assert of_the_service(None, service, []) == (
        "ingress: internal, from its creation",
        f"invokers: none -> {OURS}{LATER}",
    )


@pytest.mark.parametrize(
    ("wanted", "field", "value", "annotation"),
    [
        (Exposure(ingress="internal"), "ingress", 2, ("ingress", "internal")),
        (
            Exposure(ingress="internal-and-cloud-load-balancing"),
            "ingress",
            3,
            ("ingress", "internal-and-cloud-load-balancing"),
        ),
        (Exposure(custom_audiences=("c",)), "custom_audiences", ["c"], ("custom-audiences", '["c"]')),
        (Exposure(custom_audiences=()), "custom_audiences", [], ("custom-audiences", "[]")),
        (Exposure(default_url=False), "default_uri_disabled", True, ("default-url-disabled", "true")),
        (Exposure(public=True), "invoker_iam_disabled", True, ("invoker-iam-disabled", "true")),
    ],
)
def test_as_both_versions_of_the_api_name_it(
    wanted: Exposure, field: str, value: Any, annotation: tuple[str, str]
) -> None:
    after = run_v2.Service.deserialize(run_v2.Service.serialize(FOUND))
    changes = exposure.changes(FOUND, wanted)
    assert exposure.put(after, {key: now for key, (_, now) in changes.items()}) == [field]
    assert getattr(after, field) == value
    given = {"run.googleapis.com/ingress": "all", "team": "x"}
    put = changed({"metadata": {"annotations": given}, "spec": {}}, FOUND, after)["metadata"]["annotations"]
    name, text = annotation
    assert put == given | {f"run.googleapis.com/{name}": text}
    back = reverted(exposure.now(after), [changes])
    exposure.put(after, back)
    assert exposure.now(after) == exposure.now(FOUND)


@pytest.mark.parametrize(
    ("now", "undone", "expected"),
    [
        ({"ingress": "internal"}, [{"ingress": ["all", "internal"]}], {"ingress": "all"}),
        ({"ingress": "lb"}, [{"ingress": ["all", "internal"]}], {}),  # somebody else's since
        ({"ingress": "c"}, [{"ingress": ["b", "c"]}, {"ingress": ["a", "b"]}], {"ingress": "a"}),
        ({"invokers": ["allUsers", "x"]}, [{"invokers": [["y"], ["allUsers"]]}], {"invokers": ["x", "y"]}),
        ({"invokers": ["y"]}, [{"invokers": [["y"], ["allUsers"]]}], {}),
        ({"ingress": "all"}, [{"unknown": [1, 2]}], {}),
    ],
)
def test_what_undoing_puts_back(now: dict[str, Any], undone: list[Any], expected: dict[str, Any]) -> None:
    assert reverted(now, undone) == expected


def test_two_changes_of_one_release_are_one() -> None:
    both = joined({"ingress": ["all", "internal"]}, {"ingress": ["internal", "lb"], "public": [False, True]})
    assert both == {"ingress": ["all", "lb"], "public": [False, True]}


def test_the_policy_loses_nothing_but_those_invokers() -> None:
    limited = Binding(role="roles/run.invoker", members=["user:c@x.org"], condition=Expr(expression="true"))
    other = Binding(role="roles/run.admin", members=["allUsers"])
    policy = Policy(
        version=3,
        etag=b"e",
        bindings=[limited, other, Binding(role="roles/run.invoker", members=["user:b@x.org", "user:a@x.org"])],
    )
    assert members(policy) == ["user:a@x.org", "user:b@x.org"]
    opened = with_members(policy, ["allUsers"])
    assert [*opened.bindings] == [limited, other, Binding(role="roles/run.invoker", members=["allUsers"])]
    assert (opened.version, opened.etag) == (3, b"e")
    assert [*with_members(policy, []).bindings] == [limited, other]


def at(revision: str) -> TrafficMap:
    return TrafficMap((TrafficTarget(revision, 100),))


def recorded(id_: str, before: str, exposed: dict[str, Any]) -> ReleaseRecord:
    return ReleaseRecord(id_, "c" * 40, datetime(2026, 1, 1, tzinfo=UTC), at(before), exposure=exposed)


ROWS = tuple(
    recorded(id_, before, exposed).past(outcome, datetime(2026, 1, 2, tzinfo=UTC), at(left))
    for id_, before, left, outcome, exposed in (
        ("four", "b", "c", Outcome.LIVE, {"ingress": ["internal", "lb"]}),
        ("three", "b", "b", Outcome.REJECTED, {"public": [False, True]}),
        ("two", "a", "b", Outcome.LIVE, {"ingress": ["all", "internal"]}),
        ("one", "z", "a", Outcome.LIVE, {}),
    )
)
"""Newest first."""


@pytest.mark.parametrize(
    ("release", "record", "target", "expected"),
    [
        ("five", {"public": [False, True]}, "c", [{"public": [False, True]}]),  # its own, and no other's
        ("five", {}, "b", []),
        (f"x{ROLLBACK}", {}, "b", [ROWS[0].exposure]),
        (f"x{ROLLBACK}", {}, "a", [ROWS[0].exposure, ROWS[2].exposure]),
        (f"x{ROLLBACK}", {}, "z", [ROWS[0].exposure, ROWS[2].exposure]),
        (f"x{ROLLBACK}", {}, "elsewhere", []),  # nobody knows how it was reached then
    ],
)
def test_which_releases_a_restore_undoes(release: str, record: dict[str, Any], target: str, expected: Any) -> None:
    own = recorded(release, "c", record)
    assert undone_by(replace(RELEASE, id=release), own, ROWS, at(target)) == expected


def test_a_rollback_that_ends_a_release_undoes_that_one() -> None:
    left = recorded("five", "c", {"public": [False, True]})
    assert undone_by(replace(RELEASE, id=f"x{ROLLBACK}"), left, ROWS, at("c")) == [left.exposure]


@pytest.mark.parametrize("outcome", [None, Outcome.INTERRUPTED, Outcome.HELD])
def test_a_rollback_that_did_not_come_to_its_end_is_finished_by_the_next(outcome: Outcome | None) -> None:
    """It had put back the traffic and the fields, and not yet who may call: what it changed is not what is undone."""
    dead = recorded(f"dead{ROLLBACK}", "b", {"ingress": ["lb", "internal"]})
    rows = ROWS if outcome is None else (dead.past(outcome, datetime(2026, 1, 3, tzinfo=UTC), at("b")), *ROWS)
    left = dead if outcome is None else None
    assert undone_by(replace(RELEASE, id=f"x{ROLLBACK}"), left, rows, at("b")) == [ROWS[0].exposure]


def test_it_is_remembered_on_the_service() -> None:
    record = recorded("one", "a", {"invokers": [["x"], []], "public": [False, True]})
    assert record_of(with_record({}, record)) == record
    [past] = history_of(with_past({}, record.past(Outcome.LIVE, datetime(2026, 1, 2, tzinfo=UTC), at("b"))))
    assert past.exposure == record.exposure
    edited = with_record({}, record)
    damaged = {name: text.replace('"public":[false,true]', '"public":7') for name, text in edited.items()}
    again = record_of(damaged)
    assert again is not None and again.exposure == {"invokers": [["x"], []]}


@pytest.mark.parametrize(
    ("wanted", "permitted", "expected"),
    [
        (Exposure(ingress="internal"), (), []),
        (Exposure(invokers=(OURS,)), (), []),  # as it is
        (
            Exposure(invokers=()),
            (),
            [("permission_denied", Severity.ERROR, "to change, and you lack run.services")],
        ),
        (Exposure(invokers=()), (SET_POLICY,), []),
        (
            Exposure(invokers=("allUsers",)),
            (SET_POLICY,),
            [
                (
                    "opens_service",
                    Severity.WARNING,
                    "allUsers lets anybody call the service, without a token, once the can",
                )
            ],
        ),
        (
            Exposure(public=True),
            (),
            [
                ("permission_denied", Severity.ERROR, "you lack run.services.setIamPolicy"),
                ("opens_service", Severity.WARNING, "public: true lets anybody call the service"),
            ],
        ),
    ],
)
def test_it_is_told_before_anything_is_built(
    wanted: Exposure, permitted: tuple[str, ...], expected: list[tuple[str, Severity, str]]
) -> None:
    found, service = ContractFound(), replace(RELEASE.service, exposure=wanted)
    check_exposure(service, FOUND, lambda: [OURS], lambda: permitted, found)
    assert [(each.code, each.severity) for each in found.findings] == [
        (code, severity) for code, severity, _ in expected
    ]
    assert all(words in each.message for each, (_, _, words) in zip(found.findings, expected, strict=True))
    check_exposure(service, None, lambda: 1 / 0, lambda: 1 / 0, found)  # type: ignore[arg-type,return-value]


def test_a_policy_that_cannot_be_read_is_not_known() -> None:
    def refused() -> list[str]:
        raise DriverError("could not read who may call it")

    found = ContractFound()
    check_exposure(replace(RELEASE.service, exposure=Exposure(invokers=())), FOUND, refused, refused, found)
    assert (found.findings, found.unknown) == ([], ["could not read who may call it"])
