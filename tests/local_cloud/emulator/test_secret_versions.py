"""A stale etag of a secret or of one of its versions changes nothing."""

from __future__ import annotations

import pytest

from deploy_lib.local_cloud.emulator.secrets.store import Secrets, StaleEtag, VersionState

NAME = "projects/p/secrets/key"


@pytest.mark.fast
def test_a_stale_etag_is_refused_and_the_present_one_taken() -> None:
    secrets = Secrets()
    secrets.create("p", "key")
    version = secrets.add_version(NAME, b"one")
    with pytest.raises(StaleEtag) as refused:
        secrets.set_state(version.name, VersionState.DISABLED, '"stale"')
    assert refused.value.code == "FAILED_PRECONDITION"
    assert secrets.version(version.name).state is VersionState.ENABLED
    secrets.set_state(version.name, VersionState.DISABLED, version.etag)
    with pytest.raises(StaleEtag):
        secrets.delete(NAME, version.etag)
    secrets.delete(NAME, secrets.secret(NAME).etag)
