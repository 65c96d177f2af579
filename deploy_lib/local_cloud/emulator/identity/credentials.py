"""Credentials of every kind for a rehearsal: files as Google's tools write them, good at the local cloud alone.

Their hosts are Google's own, so whoever uses them needs the proxy and the certificate that lead these names here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ...files import write_whole

ACCOUNT = "deployer@local-cloud.iam.gserviceaccount.com"
PERSON = "developer@local-cloud.invalid"
POOL = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/ci/providers/ci"
_IAM = f"https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{ACCOUNT}:generateAccessToken"
_LOGIN = {
    "type": "authorized_user",
    "client_id": "764086051850-6qr4p6gpi6hn506pt8ejuq83di341hur.apps.googleusercontent.com",
    "client_secret": "no-secret",
    "refresh_token": PERSON,
}
METADATA = "metadata"


class UnknownKind(Exception):
    """There are no credentials of that kind; the message says which there are."""


def write_credentials(directory: Path, kind: str, key: Callable[[], str]) -> Path | None:
    """The file, in a directory of its owner alone; None for the metadata server, which needs none. Raises UnknownKind.

    `key` gives a private key in PEM, for a key file.
    """
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    subject = directory / "subject-token"
    documents: Mapping[str, Callable[[], Mapping[str, Any]]] = {
        "login": lambda: _LOGIN,
        "key-file": lambda: _key_file(key()),
        "impersonated": lambda: {
            "type": "impersonated_service_account",
            "source_credentials": _LOGIN,
            "service_account_impersonation_url": _IAM,
        },
        "federation": lambda: _federated(subject),
        "federation-account": lambda: {**_federated(subject), "service_account_impersonation_url": _IAM},
    }
    if kind == METADATA:
        return None
    if kind not in documents:
        raise UnknownKind(f"no credentials of the kind {kind!r}; there are: {', '.join([*documents, METADATA])}")
    write_whole(subject, "a-job-of-ci")
    file = directory / f"{kind}.json"
    write_whole(file, json.dumps(documents[kind](), indent=2))
    return file


def _key_file(key: str) -> Mapping[str, Any]:
    """https://cloud.google.com/iam/docs/keys-create-delete"""
    return {
        "type": "service_account",
        "project_id": "local-cloud",
        "private_key_id": "1",
        "private_key": key,
        "client_email": ACCOUNT,
        "client_id": "1",
        "token_uri": "https://oauth2.googleapis.com/token",
    }


def _federated(subject: Path) -> Mapping[str, Any]:
    """https://cloud.google.com/iam/docs/workload-identity-federation-with-deployment-pipelines"""
    return {
        "type": "external_account",
        "audience": POOL,
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": "https://sts.googleapis.com/v1/token",
        "credential_source": {"file": str(subject)},
    }
