"""Large libraries are imported without what is not used of them, and while something is waited for anyway."""

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


LEAN = """
import sys
from deploy_lib.drivers.lean_import import HTTPX, RUN_CLIENT, import_lean
print(*(import_lean(name).__name__ for name in (HTTPX, RUN_CLIENT, HTTPX)))
print(*sorted({"aiohttp", "click", "pygments", "rich"} & {*sys.modules}))
"""


@pytest.mark.standard
def test_what_is_not_used_of_a_library_is_not_imported_with_it_nor_kept_from_others() -> None:
    done = subprocess.run([sys.executable, "-c", LEAN], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "httpx google.cloud.run_v2 httpx\n\n", "")


@pytest.mark.standard
def test_no_certificate_is_read_where_all_is_plain_http_and_none_is_trusted_there() -> None:
    code = (
        "import ssl\n"
        "from deploy_lib.drivers.http_get import getter\n"
        "ssl.SSLContext.load_verify_locations = None\n"
        "getter(None, None, 1.0, trust_proxies=False).close()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
