"""Secrets of the local cloud: a change that names another version than the present one is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from deploy_lib.local_cloud.emulator.secrets.store import Secrets, StaleEtag, VersionState

SECRET = "projects/p/secrets/key"
CHANGES: dict[str, Callable[[Secrets, str], object]] = {
    "delete": lambda secrets, etag: secrets.delete(SECRET, etag),
    "disable": lambda secrets, etag: secrets.set_state(f"{SECRET}/versions/1", VersionState.DISABLED, etag),
    "destroy": lambda secrets, etag: secrets.set_state(f"{SECRET}/versions/1", VersionState.DESTROYED, etag),
}


@pytest.mark.parametrize("change", CHANGES)
def test_another_etag_is_refused_and_changes_nothing(change: str) -> None:
    secrets = Secrets(lambda: 9.0)
    secrets.create("p", "key")
    version = secrets.add_version(SECRET, b"v")
    before = secrets.secret(SECRET)
    with pytest.raises(StaleEtag, match="does not match the current etag") as refused:
        CHANGES[change](secrets, '"1"')
    assert refused.value.code == "FAILED_PRECONDITION"
    assert secrets.secret(SECRET) == before
    CHANGES[change](secrets, before.etag if change == "delete" else version.etag)
