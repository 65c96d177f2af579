"""One store of images for all tests of a run: making a base image takes seconds, and engines share stores safely."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def shared_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same directory in every worker of pytest-xdist; removed with pytest's other temporary directories."""
    base = tmp_path_factory.getbasetemp()
    return (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "engine-store"
