"""The whole example is released against a real PostgreSQL that its containers reach, as `reach` of its YAML says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cloud import ROOT, LocalCloud
from tests.engine_store import shared_store
from tests.local_cloud.emulator.postgres import example, postgres
from tests.rehearsal.cli_harness import CliHarness

EXAMPLE = ROOT / "examples" / "backend"
TABLE = (
    "CREATE TABLE orders (number int, item text, quantity int, state text)",
    "INSERT INTO orders VALUES (7, 'lamp', 2, 'open'), (8, 'desk', 1, 'shipped')",
)
STEPS: tuple[dict[str, Any], ...] = (
    {"git_clean": {"branches": ["main"]}},
    {"image_contents": None},
    {"config_contract": {"required": ["DATABASE_URL"]}},
    {"build": {"with": "cloud_build", "timeout": "5m"}},
    {"import_check": None},
    {"canary": {"ready_within": "60s", "words_within": "1s"}},
    {"probe": {"path": "/health", "attempts": 10, "need": 2, "every": "50ms"}},
    {"promote": {"percent": 100}},
    {"verify": {"within": "30s"}},
)


@pytest.fixture
def harness(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CliHarness]:
    """Its `more` has the address of a database that holds two orders."""
    with postgres() as port:
        url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
        for question in TABLE:
            example().ask(url, question)
        reach = ("--reach", f"127.0.0.1:{port}")
        store = shared_store(tmp_path_factory)
        with LocalCloud(tmp_path / "cloud", store=store, arguments=reach) as cloud:
            yield CliHarness(cloud, tmp_path / "shop", "shop", {"DATABASE": url}, source=EXAMPLE)


def test_the_example_goes_live_on_its_database(harness: CliHarness) -> None:
    url = harness.more["DATABASE"]
    entry = harness.entry("shop", memory="512Mi", env={"DATABASE_URL": url}, entrypoint="shop_backend.main")
    config = harness.config(STEPS, services={"backend": entry}, reach=[url.split("@")[1].split("/")[0]])
    result = harness.release(config)
    assert (result.code, result.stopped["outcome"]) == (0, "live"), f"{result.statuses} {result.errors}"
    assert [status for _, status in result.statuses] == ["passed"] * len(STEPS)
    orders = httpx.get(f"{harness.url()}/orders", trust_env=False).json()["orders"]
    assert [(order["number"], order["item"]) for order in orders] == [(7, "lamp"), (8, "desk")]
