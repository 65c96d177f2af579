"""The stand-in for Python's image has its packages where that image has them, whoever built this host's Python."""

from __future__ import annotations

import sysconfig
from pathlib import Path
from types import SimpleNamespace

from deploy_lib.local_cloud.engines.namespaces.stand_in import (
    copy_ensurepips_wheels,
    in_official_layout,
    undo_debians_layout,
)

DEBIANS = """
def scheme():
    if sys.base_prefix != sys.prefix or hasattr(sys, "real_prefix"):
        # virtual environments
        prefix_scheme = 'posix_prefix'
    else:
        prefix_scheme = 'posix_local'
    return prefix_scheme
"""


def scheme(text: str) -> str:
    names: dict[str, object] = {"sys": SimpleNamespace(prefix="/usr/local", base_prefix="/usr/local")}
    exec(text, names)
    found = names["scheme"]
    assert callable(found)
    return str(found())


def test_debians_layout_is_undone() -> None:
    assert scheme(DEBIANS) == "posix_local"
    assert scheme(in_official_layout(DEBIANS)) == "posix_prefix"


def test_this_hosts_python_installs_into_site_packages_then() -> None:
    names: dict[str, object] = {"__name__": "sysconfig"}
    exec(in_official_layout(Path(sysconfig.__file__).read_text(encoding="utf-8")), names)
    told = names["get_default_scheme"]
    assert callable(told) and told() in ("posix_prefix", "venv")


def test_what_is_frozen_into_the_interpreter_is_led_to_site_packages(tmp_path: Path) -> None:
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "sysconfig.py").write_text(DEBIANS)
    (tmp_path / "__pycache__" / "sysconfig.cpython-311.pyc").touch()
    undo_debians_layout(tmp_path, "/usr/local/lib/python3.11/site-packages")
    line = (tmp_path / "dist-packages" / "official-layout.pth").read_text()
    assert line == "import site; site.addsitedir('/usr/local/lib/python3.11/site-packages')\n"
    assert list((tmp_path / "__pycache__").iterdir()) == []
    undo_debians_layout(tmp_path, "another call finds nothing to undo")


def test_a_venv_can_be_made_in_it_whoever_built_this_hosts_python(tmp_path: Path) -> None:
    """ensurepip's wheels are where Debian's Python, too, looks for them; python.org's has them beside itself."""
    wheels, root = tmp_path / "python-wheels", tmp_path / "root"
    wheels.mkdir()
    (wheels / "pip-23.0.1-py3-none-any.whl").touch()
    copy_ensurepips_wheels(root, str(wheels))
    assert (root / str(wheels).lstrip("/") / "pip-23.0.1-py3-none-any.whl").is_file()
    for directory in ("", str(tmp_path / "nowhere")):
        copy_ensurepips_wheels(tmp_path / "another", directory)
    assert not (tmp_path / "another").exists()
