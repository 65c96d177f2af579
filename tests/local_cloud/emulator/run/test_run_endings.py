"""What is left when the local cloud ends, well or badly, and what a next one takes up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from google.api_core.exceptions import Aborted, AlreadyExists, GoogleAPICallError
from google.api_core.future.polling import DEFAULT_POLLING
from google.api_core.operation import Operation
from google.cloud.run_v2 import Service
from google.iam.v1.iam_policy_pb2 import SetIamPolicyRequest
from google.iam.v1.policy_pb2 import Binding, Policy

from deploy_lib.local_cloud.emulator.registry.images import RegistryImages
from deploy_lib.local_cloud.engines.model import Engine
from tests.cloud import LocalCloud
from tests.local_cloud.emulator import clients
from tests.local_cloud.emulator.run.bench import IMAGE, PARENT, RunBench, named, template
from tests.waits import until


def finished(operation: Operation) -> Service:
    """Asked often: the clients' own waits grow to 20 s."""
    service: Service = operation.result(30, polling=DEFAULT_POLLING.with_delay(initial=0.05, maximum=0.2))
    return service


def processes_of(revision: str) -> list[int]:
    """Host process ids of the containers of a revision."""
    mark, found = f"K_REVISION={revision}".encode(), []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark in path.read_bytes().split(b"\0"):
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


def test_what_served_serves_again_at_the_same_address(engine: Engine, subject: str, tmp_path: Path) -> None:
    first = RunBench(engine, subject, tmp_path)
    service = first.deploy("kept", Service(template=template("kept-a"), traffic=[named("kept-a", 100, "now")]))
    first.wait(first.update(Service(name=service.name, template=template("kept-b")), ["template"]))
    stuck = first.update(Service(name=service.name, template=template("kept-c", "port")), ["template"])
    assert not stuck.done
    first.close()
    assert not processes_of("kept-a") and not processes_of("kept-c")

    second = RunBench(engine, subject, tmp_path)
    try:
        again = second.get("kept")
        assert again.uri == service.uri and again.traffic_statuses[0].uri == service.traffic_statuses[0].uri
        assert second.http.get(again.uri).text == "kept-a" == second.http.get(again.traffic_statuses[0].uri).text
        assert not again.reconciling and not processes_of("kept-b")
        unfinished = second.revision("kept", "kept-c")
        assert (
            unfinished.conditions[0].state.name == "CONDITION_FAILED"
            and "local cloud" in unfinished.conditions[0].message
        )
        moved = second.move(again, named("kept-b", 100))
        assert second.http.get(moved.uri).text == "kept-b"
    finally:
        second.close()


def test_a_revision_nobody_is_led_to_sleeps_and_wakes_with_traffic(
    engine: Engine, subject: str, tmp_path: Path
) -> None:
    bench = RunBench(engine, subject, tmp_path, scale=0.001)
    try:
        service = bench.deploy("sleep", Service(template=template("sleep-a"), traffic=[named("sleep-a", 100)]))
        update = Service(name=service.name, template=template("sleep-b"), traffic=[named("sleep-b", 100)])
        bench.served(bench.wait(bench.update(update)))
        assert processes_of("sleep-a") and processes_of("sleep-b")
        until(lambda: not processes_of("sleep-a"))
        assert processes_of("sleep-b")
        bench.move(service, named("sleep-a", 100))
        assert processes_of("sleep-a") and bench.http.get(service.uri).text == "sleep-a"
    finally:
        bench.close()


@pytest.fixture(scope="module")
def process(
    engine: Engine, subject: str, engine_store: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LocalCloud]:
    """A local cloud of its own, for tests that kill it."""
    state = tmp_path_factory.mktemp("process")
    RegistryImages(state / "images").put_from_engine(engine, subject, IMAGE)
    with LocalCloud(state, store=engine_store) as cloud:
        yield cloud


def test_googles_client_deploys_moves_and_reads_over_the_wire(process: LocalCloud) -> None:
    with process.channel() as channel:
        services, revisions = clients.services(channel), clients.revisions(channel)
        wanted = Service(template=template("wire-a"), traffic=[named("wire-a", 100)])
        service = finished(services.create_service(parent=PARENT, service=wanted, service_id="wire"))
        assert httpx.get(service.uri, trust_env=False).text == "wire-a"
        with pytest.raises(AlreadyExists):
            services.create_service(parent=PARENT, service=wanted, service_id="wire")

        service.template = template("wire-b", command=["false"])
        with pytest.raises(GoogleAPICallError, match="container failed to start and listen on the port") as failed:
            finished(services.update_service(service=service))
        assert failed.value.errors[0].code == 9
        condition = revisions.get_revision(name=f"{service.name}/revisions/wire-b").conditions[0]
        assert condition.revision_reason.name == "HEALTH_CHECK_CONTAINER_ERROR"
        with pytest.raises(Aborted, match="Conflict for resource"):
            services.update_service(service=service)

        fresh = Service(name=service.name, traffic=[named("wire-a", 100, "stable")])
        moved = finished(services.update_service({"service": fresh, "update_mask": {"paths": ["traffic"]}}))
        assert httpx.get(moved.traffic_statuses[0].uri, trust_env=False).text == "wire-a"
        assert [item.name for item in services.list_services(parent=PARENT)] == [service.name]
        assert len(list(revisions.list_revisions(parent=service.name))) == 2
        policy = Policy(bindings=[Binding(role="roles/run.invoker", members=["allUsers"])])
        services.set_iam_policy(SetIamPolicyRequest(resource=service.name, policy=policy))
        assert services.get_iam_policy({"resource": service.name}).bindings[0].members == ["allUsers"]


def test_containers_die_with_the_local_cloud_however_it_ends(process: LocalCloud) -> None:
    with process.channel() as channel:
        wanted = Service(template=template("dies-x"), traffic=[named("dies-x", 100)])
        service = finished(clients.services(channel).create_service(parent=PARENT, service=wanted, service_id="dies"))
    assert processes_of("dies-x")
    process.kill()
    until(lambda: not processes_of("dies-x"), 5)
    process.start()
    assert until(lambda: httpx.get(service.uri, trust_env=False).text == "dies-x")
