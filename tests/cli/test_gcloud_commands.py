"""Every gcloud command of a diagnosis or of a page about CI is one that gcloud understands, flags and values too."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from deploy_lib.diagnose.verdict import diagnose
from deploy_lib.model.roles import grant
from tests.unit.diagnose.cases import SERVICE, cases

STUB = '#!/bin/sh\nfor word; do printf "%s\\0" "$word"; done >> "$CALLS"; printf "\\n" >> "$CALLS"; echo 1\n'
PERMISSIONS = (
    "run.services.create", "run.services.setIamPolicy", "cloudbuild.builds.create", "logging.logEntries.list",
    "monitoring.timeSeries.list", "secretmanager.versions.access", "storage.objects.create", "storage.buckets.create",
    "artifactregistry.repositories.uploadArtifacts", "serviceusage.services.use",
)  # fmt: skip
PAGES = Path(__file__).parents[2] / "docs" / "ci"
AGENT = "shop@netra-staging.iam.gserviceaccount.com"


@pytest.fixture(scope="module")
def sdk() -> Path:
    found = shutil.which("gcloud")
    root = Path(found).resolve().parents[1] if found else None
    if root is None or not (root / "lib" / "googlecloudsdk").is_dir():
        pytest.skip("gcloud is not installed, whose parser decides this")
    return root


def test_every_printed_command_is_understood(sdk: Path, tmp_path: Path) -> None:
    lines = {line for case in cases() for line in diagnose(case.evidence, (), SERVICE, case.attempts).commands}
    lines |= {grant("netra-staging", who, each) for each in PERMISSIONS for who in (AGENT, None, "ann@example.com")}
    lines.add(grant("netra-staging", None, "iam.serviceaccounts.actAs", on_account=AGENT))
    for page in PAGES.glob("*.md"):
        lines |= {block.replace("PROJECT", "netra-staging") for block in blocks_of(page.read_text(encoding="utf-8"))}
    called = calls(sorted(line for line in lines if "gcloud " in line and not line.startswith("# ")), tmp_path)
    kinds = {" ".join(word for word in words[:3] if not word.startswith("-")) for words in called}
    assert {"run revisions list", "run revisions delete", "secrets versions add", "builds log 0a1b2c"} <= kinds
    assert {"iam workload-identity-pools providers", "artifacts repositories add-iam-policy-binding"} <= kinds
    assert refused(called, sdk, tmp_path) == []


def blocks_of(page: str) -> list[str]:
    """Its indented blocks, also those of lists, each as a shell is given it."""
    found = re.findall(r"(?:^(?: {4}| {7})[^ \n].*\n(?:^ {4,}.*\n)*)", page, re.MULTILINE)
    return [textwrap.dedent(block) for block in found]


def test_what_gcloud_does_not_know_is_found(sdk: Path, tmp_path: Path) -> None:
    wrong = ["run", "services", "list", "--projct=p"]
    assert [words for words, _ in refused([wrong], sdk, tmp_path)] == [wrong]


def calls(lines: Iterable[str], directory: Path) -> list[list[str]]:
    """The arguments with which a shell calls gcloud, also within pipes and substitutions."""
    stub, record = directory / "bin" / "gcloud", directory / "calls"
    stub.parent.mkdir()
    stub.write_text(STUB)
    stub.chmod(0o755)
    record.touch()
    environment = {"PATH": f"{stub.parent}:{os.environ['PATH']}", "CALLS": str(record)}
    for line in lines:
        done = subprocess.run(
            ["bash", "-c", line], env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL
        )
        assert done.returncode == 0, (line, done.stderr)
    return [text.split("\0")[:-1] for text in dict.fromkeys(record.read_text().splitlines())]


def refused(called: Sequence[Sequence[str]], sdk: Path, directory: Path) -> list[tuple[list[str], str]]:
    """The argument lists that gcloud refuses, and what it says."""
    script = Path(__file__).with_name("gcloud_parser.py")
    done = subprocess.run(
        [os.environ.get("CLOUDSDK_PYTHON", sys.executable), str(script), str(sdk)],
        input="".join(f"{json.dumps(list(words))}\n" for words in called),
        env={**os.environ, "CLOUDSDK_CONFIG": str(directory), "CLOUDSDK_CORE_DISABLE_PROMPTS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return [(found[0], found[1]) for found in map(json.loads, done.stdout.splitlines())]
