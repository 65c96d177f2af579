"""What docker and podman print of a failure: which line is the reason. Facts of their real output."""

from __future__ import annotations

import pytest

from deploy_lib.local_cloud.engines.docker_like.commands import last_line

LOGGED = 'time="2026-11-26T15:46:48Z" level=error msg="error waiting for container: context canceled"'
NO_USER = "docker: Error response from daemon: unable to find user nosuchuser: no matching entries in passwd file."
HELP = "Run 'docker run --help' for more information"


@pytest.mark.parametrize(
    ("printed", "reason"),
    [
        ([NO_USER], "unable to find user nosuchuser: no matching entries in passwd file."),
        ([NO_USER, HELP], "unable to find user nosuchuser: no matching entries in passwd file."),
        ([NO_USER, "", LOGGED], "unable to find user nosuchuser: no matching entries in passwd file."),
        ([LOGGED, NO_USER, HELP], "unable to find user nosuchuser: no matching entries in passwd file."),
        (["Error: no such container"], "no such container"),
        (["Error: runc: it said: Error: no space"], "runc: it said: Error: no space"),
        ([LOGGED], LOGGED),
        (["", HELP], "it printed no error"),
    ],
)
def test_the_reason_is_told_and_not_what_is_logged_beside_it(printed: list[str], reason: str) -> None:
    assert last_line("\n".join(printed)) == reason
