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
    "CREATE TABLE orders (number int, item text, quantity int)",
    "INSERT INTO orders VALUES (7, 'lamp', 2), (8, 'desk', 1)",
)
"""Without the column that the example reads as it starts: its migration brings it."""
REFUSED = "ALTER TABLE orders ADD CONSTRAINT few CHECK (quantity < 2)"
STEPS: tuple[dict[str, Any], ...] = (
    {"git_clean": {"branches": ["main"]}},
    {"image_contents": None},
    {"config_contract": {"required": ["DATABASE_URL"]}},
    {"build": {"with": "cloud_build", "timeout": "5m"}},
    {"import_check": None},
    {"job": {"name": "migrate", "command": ["python", "-m", "shop_backend.migrations"], "timeout": "1m"}},
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


def test_the_example_is_migrated_and_a_migration_that_fails_leaves_users_where_they_are(harness: CliHarness) -> None:
    url = harness.more["DATABASE"]
    entry = harness.entry("shop", memory="512Mi", env={"DATABASE_URL": url}, entrypoint="shop_backend.main")
    config = harness.config(STEPS, services={"backend": entry}, reach=[url.split("@")[1].split("/")[0]])
    result = harness.release(config)
    assert (result.code, result.stopped["outcome"]) == (0, "live"), f"{result.statuses} {result.errors}"
    assert [status for _, status in result.statuses] == ["passed"] * len(STEPS)
    assert orders(harness) == [(7, "lamp", "open"), (8, "desk", "open")]
    migrations = harness.repository / "shop_backend" / "migrations.py"
    harness.write(
        "shop_backend/migrations.py", migrations.read_text().replace("STATEMENTS = (", f"STATEMENTS = ({REFUSED!r},")
    )
    harness.commit()
    failed = harness.release(config)
    assert (failed.code, failed.stopped["outcome"]) == (1, "rejected"), f"{failed.statuses} {failed.errors}"
    assert failed.statuses[-1] == ("job migrate", "failed")
    why = 'ended with exit code 1: the database refuses it: check constraint "few" of relation "orders" is violated'
    assert why in failed.stopped["reason"]
    assert harness.maps() == [{result.candidate: 100}]
    assert orders(harness) == [(7, "lamp", "open"), (8, "desk", "open")]


def orders(harness: CliHarness) -> list[tuple[int, str, str]]:
    found = httpx.get(f"{harness.url()}/orders", trust_env=False).json()["orders"]
    return [(order["number"], order["item"], order["state"]) for order in found]
