"""What git prints when it trusts nobody's repository, by version, and the one command that makes it trust it."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy_lib.drivers.source.git_errors import explain_error


@pytest.mark.parametrize(
    ("printed", "remedy"),
    [
        (
            "fatal: detected dubious ownership in repository at '/builds/team/shop'\nTo add an exception for this "
            "directory, call:\n\n\tgit config --global --add safe.directory /builds/team/shop\n",
            "git config --global --add safe.directory /builds/team/shop",
        ),
        (
            "fatal: detected dubious ownership in repository at '/home/o'brien/my shop'\n",
            "git config --global --add safe.directory '/home/o'\"'\"'brien/my shop'",
        ),
        (
            "fatal: unsafe repository ('/builds/team/shop' is owned by someone else)\nTo add an exception for this "
            "directory, call:\n\n\tgit config --global --add safe.directory /builds/team/shop\n",
            "git config --global --add safe.directory /builds/team/shop",
        ),
    ],
    ids=["since 2.36", "a path to be quoted", "2.35.2"],
)
def test_a_repository_of_someone_else(printed: str, remedy: str) -> None:
    reason, fix = explain_error(printed, Path("/builds/team/shop"))
    assert (fix, "git refuses /builds/team/shop: " in reason) == (remedy, True)
