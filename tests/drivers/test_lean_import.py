"""What comes after a build is imported while one is waited for."""

from __future__ import annotations

import subprocess
import sys

import pytest

ASKED = """
import sys
from deploy_lib.drivers.lean_import import import_meanwhile, needed_after_a_build
needed_after_a_build("colorsys", "no_such_module", "colorsys")
import_meanwhile().join()
print("colorsys" in sys.modules, any(name.startswith("google.cloud.logging_v2.services") for name in sys.modules))
"""


@pytest.mark.standard
def test_what_is_needed_then_is_there_and_what_is_missing_is_told_by_whoever_needs_it() -> None:
    done = subprocess.run([sys.executable, "-c", ASKED], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "True True\n", "")
