"""Amounts of memory, as they are written."""

from __future__ import annotations

import pytest

from deploy_lib.model.memory import doubled, memory_bytes

MIB = 2**20


@pytest.mark.parametrize(
    ("text", "bytes_"),
    [
        ("512Mi", 512 * MIB),
        ("512 MiB", 512 * MIB),
        ("2Gi", 2**31),
        ("1.5Gi", 3 * 2**29),
        ("500M", 500_000_000),
        (None, None),
        ("much", None),
    ],
)
def test_quantities(text: str | None, bytes_: int | None) -> None:
    assert memory_bytes(text) == bytes_


@pytest.mark.parametrize(
    ("given", "more"),
    [
        ("512Mi", "1Gi"),
        ("512M", "1Gi"),
        ("512 MiB", "1Gi"),
        ("1Gi", "2Gi"),
        ("384Mi", "768Mi"),
        (None, "1Gi"),
        ("?", "1Gi"),
    ],
)
def test_the_next_size(given: str | None, more: str) -> None:
    assert doubled(given) == more
