"""Revisions that are deleted: by us, or by somebody else a moment before."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import run_v2
from google.longrunning.operations_pb2 import Operation
from google.rpc.status_pb2 import Status

from deploy_lib.drivers.call_budget import Budgets
from deploy_lib.drivers.endpoints import Endpoints
from deploy_lib.drivers.interface import DriverError
from deploy_lib.drivers.policy import Calls
from deploy_lib.drivers.pruning import Pruner
from deploy_lib.model.program import PROGRAM
from deploy_lib.model.service import Service
from tests.drivers.clocks import FakeClock

SHOP = Service("shop", "p-staging", "us-central1", "shop", "us-central1-docker.pkg.dev/p-staging/services")


def deletes(answer: Exception | Status | None) -> None:
    """A revision, where the call raises `answer`, or begins an operation that ends with it; None: with success."""

    def delete(request: run_v2.DeleteRevisionRequest, **more: Any) -> Any:
        assert request.name == f"{SHOP.path}/revisions/shop-1"
        if isinstance(answer, Exception):
            raise answer
        return SimpleNamespace(operation=Operation(name="operations/1"))

    def look(*given: Any, **more: Any) -> Operation:
        return Operation(name="operations/1", done=True, error=answer if isinstance(answer, Status) else None)

    clients: Any = SimpleNamespace(
        revisions=SimpleNamespace(delete_revision=delete), services=SimpleNamespace(get_operation=look),
        endpoints=Endpoints(), budgets=Budgets(), project="p-staging", program=PROGRAM, principal=None, counted_in=None,
    )  # fmt: skip
    state: Any = None
    clock = FakeClock()
    Pruner(Calls(clients, clock), clock, state).delete_revision(SHOP, "shop-1")


@pytest.mark.parametrize("answer", [None, exceptions.NotFound("gone"), Status(code=5, message="gone")])
def test_what_is_gone_is_deleted(answer: Exception | Status | None) -> None:
    deletes(answer)


@pytest.mark.parametrize(
    "answer", [exceptions.FailedPrecondition("it serves"), Status(code=9, message="it serves")], ids=("call", "end")
)
def test_what_is_kept_is_told(answer: Exception | Status) -> None:
    with pytest.raises(DriverError, match="it serves"):
        deletes(answer)
