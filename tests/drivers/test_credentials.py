"""Whose credentials are found, how long is waited for them, and for which project their calls count."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from deploy_lib.drivers.clients import Clients
from deploy_lib.drivers.credentials import may_be_googles
from deploy_lib.drivers.endpoints import Endpoints


@pytest.mark.parametrize(
    ("environ", "product", "expected"),
    [
        ({}, None, False),
        ({"HOME": "/root", "BUILDER_OUTPUT": ""}, "OptiPlex 7090", False),
        ({}, "Google Compute Engine\n", True),
        ({}, "Google", True),
        ({"GCE_METADATA_HOST": "169.254.169.252"}, None, True),
        ({"GCE_METADATA_ROOT": "metadata"}, None, True),
        ({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, None, True),
        ({"BUILDER_OUTPUT": "/builder/outputs"}, None, True),
        ({"K_SERVICE": "runner"}, None, True),
        ({"CLOUD_RUN_JOB": "runner"}, None, True),
    ],
)
def test_signs_of_a_machine_of_googles(
    environ: dict[str, str], product: str | None, expected: bool, tmp_path: Path
) -> None:
    name = tmp_path / "product_name"
    if product is not None:
        name.write_text(product)
    assert may_be_googles(environ, name) is expected


LOGIN = {"type": "authorized_user", "client_id": "i", "client_secret": "s", "refresh_token": "r"}
POOLED = {
    "type": "external_account",
    "audience": "//iam.googleapis.com/projects/4711/locations/global/workloadIdentityPools/ci/providers/ci",
    "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
    "token_url": "https://sts.googleapis.com/v1/token",
    "credential_source": {"file": "/nonexistent/token"},
}
WORKFORCE = {
    **POOLED,
    "audience": "//iam.googleapis.com/locations/global/workforcePools/staff/providers/sso",
    "workforce_pool_user_project": "4711",
}


def key_file() -> dict[str, str]:
    """Of an account in another project, with a key that is good for nothing."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PrivateFormat.PKCS8
    pem = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()
    account = "ci@tools.iam.gserviceaccount.com"
    return {"type": "service_account", "client_email": account, "token_uri": "https://x.invalid", "private_key": pem}


@pytest.mark.parametrize(
    ("document", "environ", "quota_project", "counted_in", "login"),
    [
        (LOGIN, {}, "p-staging", "p-staging", True),
        ({**LOGIN, "quota_project_id": "sandbox"}, {}, "sandbox", "sandbox", True),
        (LOGIN, {"GOOGLE_CLOUD_QUOTA_PROJECT": "shared"}, "shared", "shared", True),
        (key_file(), {}, None, "tools", False),
        (POOLED, {}, None, None, False),
        (POOLED, {"GOOGLE_CLOUD_PROJECT": "p-staging"}, None, None, False),
        (WORKFORCE, {}, "p-staging", "p-staging", True),
    ],
    ids=("login", "login with a project", "variable", "key file", "federated", "federated, project told", "workforce"),
)
def test_they_are_found_without_the_network_and_a_persons_calls_count_in_the_project(
    document: dict[str, str],
    environ: dict[str, str],
    quota_project: str | None,
    counted_in: str | None,
    login: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    recwarn: pytest.WarningsRecorder,
) -> None:
    """google-auth asks for the project's name of a federated identity, of an API that a network may shut off."""
    file = tmp_path / "adc.json"
    file.write_text(json.dumps(document))
    for name in ("GOOGLE_CLOUD_PROJECT", "GOOGLE_CLOUD_QUOTA_PROJECT", "GCLOUD_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {**environ, "GOOGLE_APPLICATION_CREDENTIALS": str(file)}.items():
        monkeypatch.setenv(name, value)
    clients = Clients(Endpoints(), "p-staging")
    found = clients.credentials
    assert getattr(found, "quota_project_id", None) == quota_project
    assert (clients.counted_in, clients.is_login) == (counted_in, login)
    assert not getattr(found, "requires_scopes", False)
    assert not recwarn.list, "a person is told nothing in google-auth's words"
