"""docs/local-cloud-protocol.md and the package's README say what the program has."""

from __future__ import annotations

import json
import re
import threading
import time
from contextlib import closing
from dataclasses import fields
from pathlib import Path

import pytest

from deploy_lib import local_cloud
from deploy_lib.local_cloud.emulator.faults.calls import CallLog, Recorded
from deploy_lib.local_cloud.emulator.faults.fault import Fault
from deploy_lib.local_cloud.emulator.faults.fault_queue import FaultQueue
from deploy_lib.local_cloud.emulator.faults.routes import control_routes
from deploy_lib.local_cloud.emulator.gcloud.access import GcloudAccess
from deploy_lib.local_cloud.emulator.profile.grants import Grants
from deploy_lib.local_cloud.emulator.profile.routes import grant_routes
from deploy_lib.local_cloud.emulator.run.history import ServedTraffic, TrafficHistory
from tests.cloud import LocalCloud

PROTOCOL = Path(__file__).parents[2] / "docs" / "local-cloud-protocol.md"
README = Path(local_cloud.__file__).parent / "README.md"


def table(path: Path, heading: str) -> dict[str, str]:
    """The first table below a heading: the code in its first column, and the rest of the row."""
    rows = path.read_text(encoding="utf-8").partition(f"\n## {heading}")[2].partition("\n\n|")[2].partition("\n\n")[0]
    found = {}
    for row in rows.splitlines()[2:]:
        first, _, rest = row.strip("| ").partition(" | ")
        found.update(dict.fromkeys(re.findall(r"`([^`]+)`", first), rest))
    return found


@pytest.mark.parametrize(("page", "heading"), [(PROTOCOL, "Finding"), (README, "Using it alone")])
def test_the_keys_of_the_endpoints(cloud: LocalCloud, page: Path, heading: str) -> None:
    assert set(table(page, heading)) == set(json.loads((cloud.state / "endpoints.json").read_text()))


def test_the_calls_of_the_control_interface(tmp_path: Path) -> None:
    told = {call.partition("?")[0]: answer for call, answer in table(PROTOCOL, "Control interface").items()}
    routes = control_routes(FaultQueue(threading.Event()), CallLog(time.time), TrafficHistory(time.time))
    with closing(GcloudAccess(tmp_path, time.time)) as gcloud:
        routes += [*gcloud.routes(), *grant_routes(Grants())]
    assert set(told) == {f"{route.method} {route.path}" for route in routes}
    for call, kind in (("GET /_local/calls", Recorded), ("GET /_local/traffic", ServedTraffic)):
        name, *keys = re.findall(r"`([^`]+)`", told[call])
        assert (name, keys) == (call.rpartition("/")[2], [each.name for each in fields(kind)])


def test_the_keys_of_a_fault() -> None:
    assert set(table(README, "Faults")) >= {each.name for each in fields(Fault)}
