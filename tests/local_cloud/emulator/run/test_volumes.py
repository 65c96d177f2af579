"""Volumes as a container finds them: secrets as files, an empty directory, the socket of a database."""

from __future__ import annotations

import os
import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.cloud.run_v2 import (
    CloudSqlInstance,
    Container,
    DeleteServiceRequest,
    EmptyDirVolumeSource,
    RevisionTemplate,
    SecretVolumeSource,
    Service,
    VersionToPath,
    Volume,
    VolumeMount,
)

from deploy_lib.local_cloud.emulator.reach.reach import Reach
from deploy_lib.local_cloud.emulator.reach.targets import parse_target
from deploy_lib.local_cloud.emulator.run.volumes import check_volumes, open_volumes, remove_leftovers
from deploy_lib.local_cloud.engines.model import Engine
from tests.local_cloud.emulator.run.bench import IMAGE, RunBench
from tests.waits import until

KNOWN, UNKNOWN = "p:us-central1:orders", "p:us-central1:of-a-name-that-is-longer-than-a-socket-s-path-may-be-on-linux"
SCRIPT = """
import http.server, json, os, socket

def asked(instance):
    with socket.socket(socket.AF_UNIX) as client:
        os.chdir(f"/cloudsql/{instance}")
        try:
            client.connect(".s.PGSQL.5432")
            client.sendall(b"select 1\\n")
            return client.recv(100).decode()
        except OSError as error:
            return type(error).__name__

class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        open("/scratch/made", "a").write("x")
        try:
            open("/keys/db/password", "w")
            written = True
        except OSError:
            written = False
        told = {
            "values": [open(path).read() for path in ("/keys/db/password", "/one/token")],
            "mode": oct(os.stat("/keys/db/password").st_mode & 0o777), "written": written,
            "scratch": open("/scratch/made").read(),
            "known": asked("KNOWN"), "unknown": asked("UNKNOWN"),
        }
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(told).encode())

http.server.ThreadingHTTPServer(("", 8080), Answers).serve_forever()
""".replace("UNKNOWN", UNKNOWN).replace("KNOWN", KNOWN)


class Database(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.wfile.write(b"answer to " + self.rfile.readline())


@pytest.fixture(scope="module")
def bench(engine: Engine, subject: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunBench]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Database) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        reach = [parse_target(f"{KNOWN}=127.0.0.1:{server.server_address[1]}")]
        found = RunBench(engine, subject, tmp_path_factory.mktemp("volumes"), reach=reach)
        for name in ("password", "token"):
            found.secrets.create("p", name)
            found.secrets.add_version(f"projects/p/secrets/{name}", f"the {name}".encode())
        yield found
        found.close()
        server.shutdown()


def with_volumes(revision: str, secret: str = "password") -> RevisionTemplate:
    item = VersionToPath(path="db/password", version="1", mode=0o440)
    volumes = [
        Volume(name="keys", secret=SecretVolumeSource(secret=secret, items=[item])),
        Volume(name="one", secret=SecretVolumeSource(secret="token")),
        Volume(name="scratch", empty_dir=EmptyDirVolumeSource(size_limit="10Mi")),
        Volume(name="sql", cloud_sql_instance=CloudSqlInstance(instances=[KNOWN, UNKNOWN])),
    ]
    places = {"keys": "/keys", "one": "/one", "scratch": "/scratch", "sql": "/cloudsql"}
    mounts = [VolumeMount(name=name, mount_path=path) for name, path in places.items()]
    container = Container(image=IMAGE, command=["python", "-S", "-c", SCRIPT], volume_mounts=mounts)
    return RevisionTemplate(revision=revision, containers=[container], volumes=volumes)


def test_files_of_secrets_an_empty_directory_and_the_sockets_of_databases(bench: RunBench) -> None:
    service = bench.deploy("shop", Service(template=with_volumes("shop-1")))
    told: dict[str, Any] = bench.http.get(service.uri).json()
    assert told["values"] == ["the password", "the token"]
    assert (told["mode"], told["written"]) == ("0o440", False)
    assert told["known"] == "answer to select 1\n"
    assert told["unknown"] in ("", "ConnectionResetError", "BrokenPipeError")
    assert bench.http.get(service.uri).json()["scratch"] == "xx"
    until(lambda: any(UNKNOWN in line and "nothing was named" in line for line in bench.told.of("shop-1", "system")))


def test_a_secret_that_is_not_there_fails_the_revision(bench: RunBench) -> None:
    operation = bench.wait(bench.create("without", Service(template=with_volumes("without-1", "nowhere"))))
    assert "spec.template.spec.volumes[0].secret.secretName: Secret projects/" in operation.error.message
    assert "nowhere/versions/1 was not found" in operation.error.message


def test_no_value_is_left_on_this_machine_when_an_instance_has_ended(bench: RunBench) -> None:
    before = set(Path("/dev/shm").glob("volumes-*"))
    service = bench.deploy("leaving", Service(template=with_volumes("leaving-1")))
    assert bench.http.get(service.uri).status_code == 200
    made = set(Path("/dev/shm").glob("volumes-*")) - before
    assert made
    bench.wait(bench.cloud.delete_service(DeleteServiceRequest(name=service.name)))
    until(lambda: not any(place.exists() for place in made))


@pytest.mark.fast
@pytest.mark.parametrize(
    ("volumes", "mounts", "told"),
    [
        ([Volume(name="a", empty_dir=EmptyDirVolumeSource())] * 2, [], "'a' is set more than once"),
        ([Volume(name="a")], [], "one of secret, empty_dir and cloud_sql_instance must be set"),
        ([Volume(empty_dir=EmptyDirVolumeSource())], [], "'' is not a name"),
        ([], [VolumeMount(name="b", mount_path="/b")], "there is no volume 'b'"),
        ([Volume(name="a", empty_dir=EmptyDirVolumeSource())], [VolumeMount(name="a", mount_path="a")],
         "'a' is not an absolute path"),
        ([Volume(name="a", empty_dir=EmptyDirVolumeSource())], [VolumeMount(name="a", mount_path="/a")] * 2,
         "/a is mounted more than once"),
        ([Volume(name="a", empty_dir=EmptyDirVolumeSource())],
         [VolumeMount(name="a", mount_path="/a", sub_path="/etc")], "'/etc' is not a path below the volume"),
        ([Volume(name="a", cloud_sql_instance=CloudSqlInstance(instances=["/etc/x"]))], [],
         "'/etc/x' is not PROJECT:REGION:INSTANCE"),
        ([Volume(name="a", secret=SecretVolumeSource(secret="s", items=[VersionToPath(path="../x")]))], [],
         "'../x' is not a path below the volume"),
    ],
)  # fmt: skip
def test_volumes_that_cannot_be(volumes: list[Volume], mounts: list[VolumeMount], told: str) -> None:
    assert any(told in each for each in check_volumes("template", volumes, [Container(volume_mounts=mounts)]))


@pytest.mark.fast
def test_what_a_killed_local_cloud_left_is_removed(tmp_path: Path) -> None:
    gone, left = 2**22 + 1, tmp_path / "other"  # above what the kernel gives
    kept = [tmp_path / f"volumes-{process}-a" for process in (1, os.getppid())] + [left]
    removed = [tmp_path / f"volumes-{process}-a" for process in (gone, os.getpid())]
    for place in (*kept, *removed):
        place.mkdir()
        (place / "value").write_text("x")
    remove_leftovers(tmp_path)
    assert [place.exists() for place in (*kept, *removed)] == [True, True, True, False, False]
    remove_leftovers(tmp_path / "nowhere")


@pytest.mark.fast
def test_without_memory_no_volume_is_opened(tmp_path: Path) -> None:
    volume = Volume(name="a", secret=SecretVolumeSource(secret="s"))
    with pytest.raises(OSError, match=f"kept in memory, in {tmp_path}/none, which cannot be written: No such file"):
        open_volumes([volume], lambda secret, version: b"x", Reach(), print, tmp_path / "none")
