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
        etag=secret.etag,
    )


def version_message(version: Version) -> messages.SecretVersion:
    return messages.SecretVersion(
        name=version.name,
        create_time=utc(version.created),
        state=getattr(messages.SecretVersion.State, version.state.value),
        etag=version.etag,
        destroy_time=utc(version.destroyed) if version.destroyed is not None else None,
        replication_status=messages.ReplicationStatus(automatic=messages.ReplicationStatus.AutomaticStatus()),
        client_specified_payload_checksum=version.checksummed,  # gcloud calls the value corrupt without it
    )
