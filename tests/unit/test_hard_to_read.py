"""Files of a project that Python's own readers refuse, or speak of: a check passes over them, and is silent."""

from __future__ import annotations

import warnings

from deploy_lib.source.dependencies.declared import declared
from deploy_lib.source.dependencies.setup_files import of_setup_py
from deploy_lib.source.entrypoint.conf_files import configured
from deploy_lib.source.entrypoint.scripts import started
from deploy_lib.source.entrypoint.shell import programs
from deploy_lib.source.model import ImageContents

TOO_DEEP = f"[project]\nname = 'web'\ndependencies = {'[' * 5000}"


def test_a_table_nested_too_deep_declares_nothing() -> None:
    contents = ImageContents({"/app/pyproject.toml": "pyproject.toml"}, {})
    found = declared(contents, {"pyproject.toml": TOO_DEEP.encode()}.get)
    assert (found.names, found.whole) == (frozenset(), False)


def test_a_table_nested_too_deep_names_no_task_and_no_module() -> None:
    task = ImageContents({}, {}, workdir="/app", command=("poe", "web"))
    assert [each.words for each in started(task, lambda path: TOO_DEEP).programs] == [("poe", "web")]
    (server,) = programs(("hypercorn", "-c", "conf.toml"), "/app", {})
    assert configured(server, lambda path: TOO_DEEP).doubt == "conf.toml cannot be read"


def test_setup_py_is_read_without_a_word_about_its_strings() -> None:
    content = b'version = "\\d+"\nsetup(install_requires=["flask"])\n'
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        assert of_setup_py(content) == ["flask"]
    assert told == []
