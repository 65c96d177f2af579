"""How the addresses that a container may reach are written."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy_lib.local_cloud.__main__ import main
from deploy_lib.local_cloud.emulator.reach.targets import NotReachable, Target, aliases, parse_target


@pytest.mark.parametrize(
    ("text", "target", "name"),
    [
        ("127.0.0.1:5432", Target("127.0.0.1", 5432), ""),
        ("localhost:5432", Target("127.0.0.1", 5432), ""),
        ("10.0.0.3:6379", Target("10.0.0.3", 6379), ""),
        ("DB.internal:5432", Target("db.internal", 5432), "db.internal"),
        ("db:5432", Target("db", 5432), "db"),
        ("shop", Target(service="shop"), "shop"),
        ("p-1:r1:db=localhost:5432", Target("127.0.0.1", 5432, instance="p-1:r1:db"), ""),
    ],
)
def test_what_can_be_reached(text: str, target: Target, name: str) -> None:
    found = parse_target(text)
    assert (found, found.name) == (target, name)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "neither HOST:PORT nor the name of a service"),
        ("Shop", "neither HOST:PORT nor the name of a service"),
        ("http://shop", "no port from 1 to 65535"),
        ("db:0", "no port from 1 to 65535"),
        ("db:65536", "no port from 1 to 65535"),
        ("db:", "no port from 1 to 65535"),
        (":5432", "no valid host name"),
        ("a b:1", "no valid host name"),
        ("a_b:1", "no valid host name"),
        ("[::1]:5432", "an IPv6 address"),
        ("::1:5432", "an IPv6 address"),
        ("0.0.0.0:80", "not an IPv4 address of one machine"),
        ("10.0.0.256:80", "not an IPv4 address of one machine"),
        ("10.0.0:80", "not an IPv4 address of one machine"),
        ("224.0.0.1:80", "not an IPv4 address of one machine"),
        ("169.254.169.254:80", "the metadata server"),
        ("metadata.google.internal:80", "the metadata server"),
        ("db=127.0.0.1:5432", "'db' is not a Cloud SQL instance; want PROJECT:REGION:INSTANCE=HOST:PORT"),
        ("p:r:db=shop", "needs an address, HOST:PORT"),
    ],
)
def test_what_cannot_be_reached_is_told(text: str, why: str) -> None:
    with pytest.raises(NotReachable) as caught:
        parse_target(text)
    assert why in str(caught.value) and repr(text) in str(caught.value)


def test_more_names_than_can_be_given_are_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--state", str(tmp_path / "none"), *(word for n in range(251) for word in ("--reach", f"n{n}:1"))])
    assert ended.value.code == 2
    assert "argument --reach: 251 names can be reached at most 250 at a time" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def test_each_name_has_one_address() -> None:
    targets = [parse_target(text) for text in ("db:5432", "127.0.0.1:1", "db:5433", "shop")]
    assert aliases(targets) == {"db": "169.254.9.1", "shop": "169.254.9.2"}
    with pytest.raises(NotReachable, match="251 names"):
        aliases([Target(f"n{number}", 1) for number in range(251)])
