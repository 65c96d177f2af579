"""Secrets and versions as Secret Manager's messages; never with a value."""

from __future__ import annotations

from google.cloud.secretmanager_v1 import types as messages

from ..wire.times import utc
from .store import Secret, Version


def secret_message(secret: Secret) -> messages.Secret:
    return messages.Secret(
        name=secret.name,
        replication=messages.Replication(automatic=messages.Replication.Automatic()),
        create_time=utc(secret.created),
        labels=dict(secret.labels),
    )


def version_message(version: Version) -> messages.SecretVersion:
    return messages.SecretVersion(
        name=version.name,
        create_time=utc(version.created),
        state=getattr(messages.SecretVersion.State, version.state.value),
        client_specified_payload_checksum=version.checksummed,  # gcloud calls the value corrupt without it
    )
