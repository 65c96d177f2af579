"""gcloud's way in: its certificate and its proxy, and what is told when they cannot be had."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest

from deploy_lib.local_cloud.emulator.gcloud.access import GcloudAccess
from deploy_lib.local_cloud.emulator.gcloud.certificate import Certificate, GcloudUnavailable

DAY = 86400.0


class Clock:
    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


@contextmanager
def access(directory: Path, clock: Clock) -> Iterator[GcloudAccess]:
    with closing(GcloudAccess(directory, clock)) as opened:
        opened.serve(lambda _: 9)  # a port where nobody listens: no test here gets so far
        yield opened


def refusal(opened: GcloudAccess) -> str:
    """What a client behind the proxy is told."""
    with pytest.raises(httpx.ProxyError) as caught:
        httpx.get("https://run.googleapis.com/", proxy=f"http://{opened.address}", trust_env=False)
    return str(caught.value)


def test_before_anybody_asked_there_is_no_certificate(tmp_path: Path) -> None:
    with access(tmp_path / "gcloud", Clock()) as opened:
        assert "there is no certificate yet; print gcloud's environment again (local env --gcloud)" in refusal(opened)


def test_an_expired_certificate_is_told_and_then_renewed(tmp_path: Path) -> None:
    clock = Clock()
    with access(tmp_path / "gcloud", clock) as opened:
        certificate = Path(opened.environment()["CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE"])
        first = certificate.read_bytes()
        opened.environment()
        assert certificate.read_bytes() == first
        clock.ahead = 100 * DAY
        assert "the certificate expired at 20" in refusal(opened)
        opened.environment()
        assert certificate.read_bytes() != first


def test_without_openssl_one_line_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with access(tmp_path / "gcloud", Clock()) as opened, pytest.raises(GcloudUnavailable) as caught:
        opened.environment()
    why = "openssl is not installed, which makes the certificate that gcloud has to trust; install it"
    assert str(caught.value) == why


def test_a_broken_certificate_is_named(tmp_path: Path) -> None:
    certificate = Certificate(tmp_path)
    certificate.make()
    certificate.path.write_text("nothing")
    with pytest.raises(GcloudUnavailable, match="openssl x509 failed"):
        certificate.ends()


def test_its_key_is_private_and_its_names_are_googles(tmp_path: Path) -> None:
    certificate = Certificate(tmp_path)
    certificate.make()
    assert (tmp_path / "key.pem").stat().st_mode & 0o777 == 0o600
    assert ssl.create_default_context(cafile=certificate.path).get_ca_certs()[0]["subjectAltName"] == (
        ("DNS", "*.googleapis.com"),
    )
