"""Old answers: which one is from before the last write."""

from __future__ import annotations

from deploy_lib.local_cloud.emulator.faults import stale
from deploy_lib.local_cloud.emulator.faults.stale import Memory, is_read

GET, UPDATE = "google.cloud.run.v2.Services/GetService", "google.cloud.run.v2.Services/UpdateService"
REVISION = "google.cloud.run.v2.Revisions/GetRevision"


def test_the_newest_answer_before_the_last_write_whatever_was_read_since() -> None:
    memory = Memory()
    assert memory.before_last_write(GET, b"q") is None
    memory.answered(GET, b"q", b"1")
    assert memory.before_last_write(GET, b"q") is None
    memory.answered(GET, b"q", b"2")
    memory.wrote(UPDATE)
    assert memory.before_last_write(GET, b"q") == b"2"
    for answer in (b"3", b"4"):
        memory.answered(GET, b"q", answer)
        assert memory.before_last_write(GET, b"q") == b"2"
    memory.wrote(UPDATE)
    assert memory.before_last_write(GET, b"q") == b"4"
    memory.wrote(UPDATE)
    assert memory.before_last_write(GET, b"q") == b"4"


def test_questions_are_apart_and_services_of_one_api_together() -> None:
    memory = Memory()
    memory.answered(GET, b"q", b"service")
    memory.answered(REVISION, b"q", b"revision")
    memory.wrote("google.devtools.cloudbuild.v1.CloudBuild/CreateBuild")
    assert memory.before_last_write(GET, b"q") is None
    memory.wrote(UPDATE)
    assert memory.before_last_write(REVISION, b"q") == b"revision"
    assert memory.before_last_write(GET, b"other") is None


def test_the_longest_unasked_are_forgotten_when_answers_grow() -> None:
    memory, large = Memory(), bytes(stale._KEPT // 4 + 1)
    for number in range(6):
        memory.answered(GET, b"%d" % number, large)
    memory.wrote(UPDATE)
    kept = [number for number in range(6) if memory.before_last_write(GET, b"%d" % number)]
    assert kept == [3, 4, 5]


def test_reads_are_told_by_their_names() -> None:
    assert is_read(GET) and is_read("google.longrunning.Operations/WaitOperation")
    assert not is_read(UPDATE) and not is_read("google.logging.v2.LoggingServiceV2/WriteLogEntries")
