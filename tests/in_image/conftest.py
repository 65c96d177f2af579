from __future__ import annotations

from pathlib import Path

import pytest

from tests.in_image.images import FakeImage


@pytest.fixture
def image(tmp_path: Path) -> FakeImage:
    return FakeImage(tmp_path)
