"""Secret Manager's RPCs, as rows for the server.

https://cloud.google.com/secret-manager/docs/reference/rpc/google.cloud.secretmanager.v1. The rotation, expiry,
topics and replicas of a secret are kept and shown: nothing here rotates it, and none expires.
"""

from __future__ import annotations

import google_crc32c
from google.cloud.secretmanager_v1 import types as messages
from google.iam.v1 import iam_policy_pb2, policy_pb2
from google.protobuf.empty_pb2 import Empty  # type: ignore[attr-defined]

from ..wire import policies
from ..wire.method import Method, Row, RpcRefusal, methods_of
from ..wire.pages import page
from ..wire.times import utc
from .resources import changed, secret_message, settings_of, version_message
from .store import READER_ROLES, SecretRefusal, Secrets, Version, VersionState


class SecretManager:
    """All methods raise SecretRefusal kinds."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets

    def create(self, request: messages.CreateSecretRequest) -> messages.Secret:
        project = _after(request.parent, "projects")
        kept = settings_of(request.secret, utc(self._secrets.clock()))
        packed, aliases = messages.Secret.serialize(kept), dict(kept.version_aliases)
        return secret_message(self._secrets.create(project, request.secret_id, packed, aliases))

    def update(self, request: messages.UpdateSecretRequest) -> messages.Secret:
        with self._secrets.lock:
            secret = self._secrets.secret(request.secret.name)
            kept = changed(secret, request.secret, request.update_mask.paths, utc(self._secrets.clock()))
            packed, aliases = messages.Secret.serialize(kept), dict(kept.version_aliases)
            return secret_message(self._secrets.change(secret.name, packed, aliases, request.secret.etag))

    def get(self, request: messages.GetSecretRequest) -> messages.Secret:
        return secret_message(self._secrets.secret(request.name))

    def list(self, request: messages.ListSecretsRequest) -> messages.ListSecretsResponse:
        if request.filter:
            raise RpcRefusal("UNIMPLEMENTED", "the local cloud lists secrets without a filter only")
        found = self._secrets.secrets(_after(request.parent, "projects"))
        shown, token = page(found, request.page_size, request.page_token)
        return messages.ListSecretsResponse(
            secrets=[secret_message(secret) for secret in shown], next_page_token=token, total_size=len(found)
        )

    def delete(self, request: messages.DeleteSecretRequest) -> Empty:
        self._secrets.delete(request.name, request.etag)
        return Empty()

    def add_version(self, request: messages.AddSecretVersionRequest) -> messages.SecretVersion:
        data = request.payload.data
        checksummed = "data_crc32c" in request.payload
        if checksummed and request.payload.data_crc32c != google_crc32c.value(data):
            raise SecretRefusal("The checksum of the payload does not match its data.")
        return self._shown(self._secrets.add_version(request.parent, data, checksummed=checksummed))

    def get_version(self, request: messages.GetSecretVersionRequest) -> messages.SecretVersion:
        return self._shown(self._secrets.version(request.name))

    def list_versions(self, request: messages.ListSecretVersionsRequest) -> messages.ListSecretVersionsResponse:
        if request.filter:
            raise RpcRefusal("UNIMPLEMENTED", "the local cloud lists versions without a filter only")
        found = self._secrets.secret(request.parent).versions[::-1]
        shown, token = page(found, request.page_size, request.page_token)
        return messages.ListSecretVersionsResponse(
            versions=[self._shown(version) for version in shown], next_page_token=token, total_size=len(found)
        )

    def access(self, request: messages.AccessSecretVersionRequest) -> messages.AccessSecretVersionResponse:
        data = self._secrets.access(request.name)
        payload = messages.SecretPayload(data=data, data_crc32c=google_crc32c.value(data))
        return messages.AccessSecretVersionResponse(name=self._secrets.version(request.name).name, payload=payload)

    def enable(self, request: messages.EnableSecretVersionRequest) -> messages.SecretVersion:
        return self._shown(self._secrets.set_state(request.name, VersionState.ENABLED, request.etag))

    def disable(self, request: messages.DisableSecretVersionRequest) -> messages.SecretVersion:
        return self._shown(self._secrets.set_state(request.name, VersionState.DISABLED, request.etag))

    def destroy(self, request: messages.DestroySecretVersionRequest) -> messages.SecretVersion:
        return self._shown(self._secrets.set_state(request.name, VersionState.DESTROYED, request.etag))

    def _shown(self, version: Version) -> messages.SecretVersion:
        return version_message(version, self._secrets.secret(version.name.rpartition("/versions/")[0]))

    def set_policy(self, request: iam_policy_pb2.SetIamPolicyRequest) -> policy_pb2.Policy:
        """What a condition says is not worked out, so it lets nobody read [assumed]."""
        with self._secrets.lock:
            policy = policies.replaced(self._secrets.secret(request.resource).policy or b"", request.policy)
            readers = {
                member
                for each in policy.bindings
                if each.role in READER_ROLES and not each.HasField("condition")
                for member in each.members
            }
            self._secrets.set_policy(request.resource, policy.SerializeToString(), frozenset(readers))
        return policy

    def get_policy(self, request: iam_policy_pb2.GetIamPolicyRequest) -> policy_pb2.Policy:
        current = self._secrets.secret(request.resource).policy or b""
        return policies.shown(current, request.options.requested_policy_version)

    def test_permissions(
        self, request: iam_policy_pb2.TestIamPermissionsRequest
    ) -> iam_policy_pb2.TestIamPermissionsResponse:
        """The caller owns the project; of a secret that is not there nobody holds any permission."""
        try:
            self._secrets.secret(request.resource)
        except SecretRefusal:
            return iam_policy_pb2.TestIamPermissionsResponse()
        return iam_policy_pb2.TestIamPermissionsResponse(permissions=request.permissions)


def secret_methods(secrets: Secrets) -> list[Method]:
    api, version = SecretManager(secrets), messages.SecretVersion
    permissions = iam_policy_pb2.TestIamPermissionsRequest, iam_policy_pb2.TestIamPermissionsResponse
    rows: list[Row] = [
        ("CreateSecret", messages.CreateSecretRequest, messages.Secret, api.create),
        ("UpdateSecret", messages.UpdateSecretRequest, messages.Secret, api.update),
        ("GetSecret", messages.GetSecretRequest, messages.Secret, api.get),
        ("ListSecrets", messages.ListSecretsRequest, messages.ListSecretsResponse, api.list),
        ("DeleteSecret", messages.DeleteSecretRequest, Empty, api.delete),
        ("AddSecretVersion", messages.AddSecretVersionRequest, version, api.add_version),
        ("GetSecretVersion", messages.GetSecretVersionRequest, version, api.get_version),
        (
            "ListSecretVersions",
            messages.ListSecretVersionsRequest,
            messages.ListSecretVersionsResponse,
            api.list_versions,
        ),
        (
            "AccessSecretVersion",
            messages.AccessSecretVersionRequest,
            messages.AccessSecretVersionResponse,
            api.access,
        ),
        ("EnableSecretVersion", messages.EnableSecretVersionRequest, version, api.enable),
        ("DisableSecretVersion", messages.DisableSecretVersionRequest, version, api.disable),
        ("DestroySecretVersion", messages.DestroySecretVersionRequest, version, api.destroy),
        ("SetIamPolicy", iam_policy_pb2.SetIamPolicyRequest, policy_pb2.Policy, api.set_policy),
        ("GetIamPolicy", iam_policy_pb2.GetIamPolicyRequest, policy_pb2.Policy, api.get_policy),
        ("TestIamPermissions", *permissions, api.test_permissions),
    ]
    return methods_of("/google.cloud.secretmanager.v1.SecretManagerService/", rows)


def _after(name: str, word: str) -> str:
    kind, _, found = name.partition("/")
    if kind != word or not found or "/" in found:
        raise RpcRefusal("INVALID_ARGUMENT", f"invalid parent {name!r}: want {word}/ID")
    return found
