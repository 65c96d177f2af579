"""What a name of an image holds."""

from __future__ import annotations

import pytest

from deploy_lib.model.image_names import digest_of, repository_of, short

DIGEST = "sha256:" + "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("image", "repository", "digest", "shown"),
    [
        (f"host/p/api@{DIGEST}", "host/p/api", DIGEST, "api@sha256:0123456789ab"),
        (f"127.0.0.1:5000/p/api:v2@{DIGEST}", "127.0.0.1:5000/p/api", DIGEST, "api@sha256:0123456789ab"),
        ("127.0.0.1:5000/p/api:v2", "127.0.0.1:5000/p/api", None, "127.0.0.1:5000/p/api:v2"),
        ("api", "api", None, "api"),
    ],
)
def test_its_parts(image: str, repository: str, digest: str | None, shown: str) -> None:
    assert (repository_of(image), digest_of(image), short(image)) == (repository, digest, shown)


def test_no_image_has_no_digest() -> None:
    assert digest_of(None) is None
