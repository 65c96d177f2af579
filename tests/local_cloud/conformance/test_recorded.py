"""The local cloud beside recorded answers of Google's: every field is equal, or its difference is declared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cloud import ROOT, LocalCloud
from tests.engine_store import shared_store
from tests.local_cloud.conformance.declared import declared
from tests.local_cloud.conformance.recording import Exchange, read, recordings
from tests.local_cloud.conformance.replay import Replay
from tests.local_cloud.emulator.subject_image import push_subject

IMAGE = "gcr.io/cloudrun/hello"


@pytest.fixture(scope="module")
def recorded_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """Nothing in it but the image that the recordings deploy."""
    with LocalCloud(tmp_path_factory.mktemp("recorded"), store=shared_store(tmp_path_factory)) as cloud:
        push_subject(cloud, "example-project", IMAGE, behaviour="unhurried")
        yield cloud


@pytest.mark.parametrize("path", recordings(), ids=lambda path: path.stem)
def test_every_field_is_equal_or_declared(recorded_cloud: LocalCloud, path: Path) -> None:
    differences, explained, equal = declared(), Counter[str](), 0
    unexplained = []
    with recorded_cloud.channel() as channel:
        replay = Replay(channel)
        for exchange, field in replay.fields(read(path)):
            why = next((each for each in differences if each.explains(field)), None)
            if field.equal:
                equal += 1
            elif why is not None:
                explained[f"{why.field}: {why.reason}"] += 1
            else:
                unexplained.append(f"{exchange}: {field.path}: recorded {field.recorded!r}, ours {field.ours!r}")
    unexplained += replay.unordered()
    print(f"{path.stem}: {equal} fields equal, {explained.total()} declared, {len(unexplained)} unexplained")
    for reason, times in explained.items():
        print(f"  {times} x {reason}")
    assert not unexplained, "\n".join(unexplained)
    assert equal


PLACE = "https://run.googleapis.com/v2/projects/example-project/locations/us-central1"
OTHERS = [
    ("GET", f"{PLACE}/services?pageSize=2", None, 200),
    ("GET", f"{PLACE}/services/nobody:getIamPolicy?options.requestedPolicyVersion=3", None, 404),
    ("POST", f"{PLACE}/services/nobody:setIamPolicy", {"policy": {}}, 404),
    ("GET", f"{PLACE}/jobs", None, 200),
    ("GET", f"{PLACE}/jobs/nothing/executions", None, 404),
    ("GET", f"{PLACE}/jobs/nothing/executions/never/tasks/0", None, 404),
    ("POST", f"{PLACE}/jobs/nothing:run", {}, 404),
    ("DELETE", f"{PLACE}/jobs/nothing?validateOnly=true", None, 404),
    ("GET", "https://secretmanager.googleapis.com/v1/projects/example-project/secrets?pageSize=1", None, 200),
    ("GET", "https://cloudbuild.googleapis.com/v1/projects/example-project/locations/global/builds", None, 200),
]


@pytest.mark.parametrize(("method", "url", "body", "status"), OTHERS, ids=[f"{row[0]} {row[1]}" for row in OTHERS])
def test_a_recording_may_hold_any_request(
    recorded_cloud: LocalCloud, method: str, url: str, body: dict[str, object] | None, status: int
) -> None:
    """Lists, policies, executions and tasks, too, need no code here."""
    asked = Exchange(method, url, body, status, {}, partial=True)
    with recorded_cloud.channel() as channel:
        assert [field.ours for _, field in Replay(channel).fields([asked]) if field.path == "status"] == [status]


@pytest.mark.fast
def test_the_documentation_lists_the_same_differences() -> None:
    text = (ROOT / "docs" / "local-cloud.md").read_text(encoding="utf-8")
    table = text.partition("## Declared differences")[2].partition("\n## ")[0].splitlines()
    rows = [line for line in table if line.startswith("| `")]
    assert rows == [f"| `{each.field}` | {each.reason} |" for each in declared()]


@pytest.mark.fast
def test_every_gcloud_command_of_the_table_is_called_by_the_test_named_beside_it() -> None:
    text = (ROOT / "docs" / "local-cloud.md").read_text(encoding="utf-8").partition("\n## gcloud\n")[2]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("| `")
    ]
    assert rows
    whole = (ROOT / "tests" / "local_cloud" / "emulator" / "rest" / "test_gcloud.py").read_text(encoding="utf-8")
    fixtures = "".join(
        part for part in whole.split("\n\n\n") if "@pytest.fixture" in part or "\ndef shares" in f"\n{part}"
    )
    for command, _, test in rows:
        body = whole.partition(f"\ndef {test.strip('`')}(")[2].partition("\n\n\n")[0]
        assert body, f"there is no {test}"
        for word in command.partition(",")[0].split("`")[1].split():
            assert f'"{word}"' in body + fixtures, f"{test} does not call {command}: {word}"
