"""Secrets and versions as Secret Manager's messages; never with a value."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from google.cloud.secretmanager_v1 import types as messages
from google.protobuf.field_mask_pb2 import FieldMask  # type: ignore[attr-defined]

from ..wire.method import RpcRefusal
from ..wire.times import utc
from .store import Secret, Version

_SETTABLE = (
    "annotations",
    "customer_managed_encryption",
    "expire_time",
    "labels",
    "rotation",
    "topics",
    "ttl",
    "version_aliases",
    "version_destroy_ttl",
)
_FIXED = ("replication",)  # with the secret's making


def settings_of(wanted: messages.Secret, now: datetime.datetime) -> messages.Secret:
    """What a new secret keeps of the request."""
    kept = messages.Secret()
    fields = FieldMask(paths=[*_SETTABLE, *_FIXED])
    fields.MergeMessage(messages.Secret.pb(wanted), messages.Secret.pb(kept))
    if not messages.Secret.pb(kept).replication.WhichOneof("replication"):
        kept.replication = messages.Replication(automatic=messages.Replication.Automatic())
    return _expiring(kept, now)


def changed(secret: Secret, wanted: messages.Secret, paths: Sequence[str], now: datetime.datetime) -> messages.Secret:
    """The settings after an update of the fields that the mask names. Raises RpcRefusal."""
    kept = messages.Secret.deserialize(secret.settings)
    mask = FieldMask(paths=paths)
    unknown = [path for path in paths if path.partition(".")[0] not in _SETTABLE]
    if not paths or unknown or not mask.IsValidForDescriptor(messages.Secret.pb(kept).DESCRIPTOR):
        said = f"names {', '.join(unknown or paths)}, which cannot be changed" if paths else "is missing"
        raise RpcRefusal("INVALID_ARGUMENT", f"update_mask {said}")
    mask.MergeMessage(messages.Secret.pb(wanted), messages.Secret.pb(kept), True, True)
    return _expiring(kept, now)


def secret_message(secret: Secret) -> messages.Secret:
    shown: messages.Secret = messages.Secret.deserialize(secret.settings)
    shown.name, shown.create_time, shown.etag = secret.name, utc(secret.created), secret.etag
    return shown


def _expiring(settings: messages.Secret, now: datetime.datetime) -> messages.Secret:
    """A `ttl` is read back as the time when it ends."""
    if "ttl" in settings:
        settings.expire_time = now + settings.ttl
    return settings


def version_message(version: Version, secret: Secret) -> messages.SecretVersion:
    return messages.SecretVersion(
        name=version.name,
        create_time=utc(version.created),
        state=getattr(messages.SecretVersion.State, version.state.value),
        etag=version.etag,
        destroy_time=utc(version.destroyed) if version.destroyed is not None else None,
        replication_status=_replicated(messages.Secret.deserialize(secret.settings).replication),
        client_specified_payload_checksum=version.checksummed,  # gcloud calls the value corrupt without it
    )


def _replicated(how: messages.Replication) -> messages.ReplicationStatus:
    """[doc: ReplicationStatus]"""
    status = messages.ReplicationStatus
    if "user_managed" not in how:
        return status(automatic=status.AutomaticStatus())
    replica = status.UserManagedStatus.ReplicaStatus
    replicas = [replica(location=each.location) for each in how.user_managed.replicas]
    return status(user_managed=status.UserManagedStatus(replicas=replicas))
