"""What Cloud Run itself says: condition reasons first, and words only where no enum exists.

The reason enums are those of google.cloud.run_v2 (Condition.CommonReason and Condition.RevisionReason). A failed
operation's code is not looked at beyond PERMISSION_DENIED and RESOURCE_EXHAUSTED, since the same failed start has
ended with code 9 and with code 13 (octo-sts/app#1005, chainguard-dev/terraform-infra-common#498).
"""

from __future__ import annotations

import re
from dataclasses import replace

from deploy_lib.model.cause import Cause, Confidence
from deploy_lib.model.cause_facts import Quota, RefusalFacts, SecretFacts
from deploy_lib.model.codes import Code
from deploy_lib.model.evidence import Condition, Evidence
from deploy_lib.model.roles import SECRET_ACCESSOR, name_of

PERMISSION_DENIED, RESOURCE_EXHAUSTED = 7, 8

_BY_REASON = {
    "CONTAINER_MISSING": (Code.IMAGE_MISSING, "the image is not in the registry"),
    "CONTAINER_PERMISSION_DENIED": (Code.IMAGE_NO_PERMISSION, "Cloud Run may not read the image"),
    "CONTAINER_IMAGE_UNAUTHORIZED": (Code.IMAGE_NO_PERMISSION, "a policy does not allow this image to run"),
    "CONTAINER_IMAGE_AUTHORIZATION_CHECK_FAILED": (
        Code.IMAGE_NO_PERMISSION,
        "whether the image may run could not be checked",
    ),
    "VPC_NETWORK_NOT_FOUND": (Code.VPC_MISSING, "the VPC network or connector does not exist or may not be used"),
    "ACTIVE_REVISION_LIMIT_REACHED": (Code.REVISION_LIMIT, "the limit of active revisions is reached"),
    "MIN_INSTANCES_NOT_PROVISIONED": (Code.QUOTA, "the minimum number of instances could not be provided"),
    "ENCRYPTION_KEY_PERMISSION_DENIED": (Code.PERMISSION_DENIED, "the encryption key may not be used"),
    "ENCRYPTION_KEY_CHECK_FAILED": (Code.PERMISSION_DENIED, "the encryption key could not be checked"),
}
START_REASONS = ("HEALTH_CHECK_CONTAINER_ERROR", "PROGRESS_DEADLINE_EXCEEDED", "REVISION_FAILED", "UNKNOWN", "")

_SECRET = re.compile(r"projects/[^/\s]+/secrets/([\w-]+)(?:/versions/([\w-]+))?")
_SECRET_NAMED = re.compile(r"\bsecret:? ['\[\"]([\w-]+)(?:['\]\"]|/versions/([\w-]+))", re.IGNORECASE)
_NO_VERSION = re.compile(r"secret version|disabled|destroyed|no (?:enabled )?versions?", re.IGNORECASE)
_ACCOUNT = re.compile(r"([\w.-]+@[\w.-]+\.(?:gserviceaccount\.com|iam\.gserviceaccount\.com))")
_PERMISSION = re.compile(r"[Pp]ermission ['\"]?([\w]+(?:\.\w+){2,})['\"]? (?:is |was )?denied")
_MUST_HAVE = re.compile(r"(?:give|grant)\b.{0,120}?\bpermission ([\w.]+)", re.IGNORECASE)
_QUOTA = re.compile(r"PerProjectRegion|Quota exceeded for|Max instances must be set to \d+|quota", re.IGNORECASE)
_TOO_MANY = re.compile(r"\b\d+ revisions\b|(?:maximum|limit|number) of (?:active )?revisions|revision limit", re.I)
_AMOUNT = re.compile(r"(\w+PerProjectRegion) requested: (\d+) allowed: (\d+)")
_CONNECTOR = re.compile(r"(projects/[^\s]+/connectors/[\w-]+|VPC [Cc]onnector|vpc_access|network_interfaces)")
_IMAGE = re.compile(r"[Ii]mage '?([\w./:@-]+)'? not found")
_ARCHITECTURE = re.compile(
    r"must support amd64/linux|no matching manifest|platform .{0,40}not supported", re.IGNORECASE
)
_ENTRYPOINT = re.compile(r"Invalid ENTRYPOINT|invalid mode \\?\"(-[rwx-]+)", re.IGNORECASE)


def failed(conditions: tuple[Condition, ...]) -> tuple[Condition, ...]:
    """The failed conditions, the telling ones first: those with a specific reason before "Ready"."""
    wrong = [condition for condition in conditions if condition.failed]
    return tuple(sorted(wrong, key=lambda condition: (condition.reason in START_REASONS, condition.type == "Ready")))


def read(evidence: Evidence) -> Cause | None:
    """The cause that the platform names; None when it only says that the container did not start."""
    wrong = failed(evidence.conditions)
    message = next((condition.message for condition in wrong if condition.message), evidence.operation_message)
    for condition in wrong:
        if condition.reason == "SECRETS_ACCESS_CHECK_FAILED":
            return _secret(condition.message or message, evidence)
        if condition.reason in _BY_REASON:
            kind, sentence = _BY_REASON[condition.reason]
            return _cause(kind, sentence, condition.message or message, condition)
    return _from_words(message or evidence.operation_message, evidence)


def _from_words(message: str, evidence: Evidence) -> Cause | None:
    """Refusals that have no enum of their own."""
    if not message:
        return None
    if _ARCHITECTURE.search(message):
        return _cause(Code.WRONG_ARCHITECTURE, "the image is not built for linux/amd64", message)
    if _ENTRYPOINT.search(message):
        return _cause(Code.NOT_EXECUTABLE, "the image's entrypoint may not be executed", message)
    if "secret_key_ref" in message or re.search(r"secret[s:/ ]", message, re.IGNORECASE):
        return _secret(message, evidence)
    if "must have permission to read the image" in message:
        return _cause(Code.IMAGE_NO_PERMISSION, "Cloud Run may not read the image", message)
    if _IMAGE.search(message):
        return _cause(Code.IMAGE_MISSING, "the image is not in the registry", message)
    if _CONNECTOR.search(message):
        return _cause(Code.VPC_MISSING, _BY_REASON["VPC_NETWORK_NOT_FOUND"][1], message)
    if _TOO_MANY.search(message):
        return _cause(Code.REVISION_LIMIT, _BY_REASON["ACTIVE_REVISION_LIMIT_REACHED"][1], message)
    if _QUOTA.search(message) or evidence.operation_code == RESOURCE_EXHAUSTED:
        return _cause(Code.QUOTA, "the project's quota does not allow this", message)
    if _PERMISSION.search(message) or _MUST_HAVE.search(message) or evidence.operation_code == PERMISSION_DENIED:
        return _denied(message, evidence)
    return None


def _denied(message: str, evidence: Evidence) -> Cause:
    """Who lacks it is the caller of the API, as far as is known; an account in the words may be the resource."""
    named = _PERMISSION.search(message) or _MUST_HAVE.search(message)
    permission = named[1] if named else evidence.permission
    what = f"the permission {permission}" if permission else "a permission"
    sentence = f"{name_of(evidence.caller, 'the account that deploys')} lacks {what}"
    found = _cause(Code.PERMISSION_DENIED, sentence, message)
    facts = replace(_refusal(message), permission=permission, caller=evidence.caller)
    return replace(found, facts=facts)


def _cause(kind: Code, sentence: str, message: str, condition: Condition | None = None) -> Cause:
    facts = _refusal(message)
    quota = facts.quota
    who = f" (account {facts.account})" if facts.account else ""
    figures = f" ({quota.name}: {quota.requested} wanted, {quota.allowed} allowed)" if quota else ""
    return Cause(
        kind=kind,
        sentence=f"{sentence}{who}{figures}",
        confidence=Confidence.CERTAIN if condition is not None else Confidence.LIKELY,
        evidence=_words(condition, message),
        deterministic=kind not in (Code.QUOTA, Code.REVISION_LIMIT),
        facts=facts,
    )


def _refusal(message: str) -> RefusalFacts:
    account, image, amount = _ACCOUNT.search(message), _IMAGE.search(message), _AMOUNT.search(message)
    permission = _PERMISSION.search(message) or _MUST_HAVE.search(message)
    return RefusalFacts(
        message=message or None,
        account=account[1] if account else None,
        permission=permission[1] if permission else None,
        image=image[1] if image else None,
        quota=Quota(amount[1], int(amount[2]), int(amount[3])) if amount else None,
    )


def _secret(message: str, evidence: Evidence) -> Cause:
    """No enum tells a missing secret from a missing version or a missing right, so here the words decide."""
    named = _SECRET.search(message) or _SECRET_NAMED.search(message)
    secret = named[1] if named else ""
    version = (named[2] if named else None) or ""
    account = _ACCOUNT.search(message)
    who = account[1] if account else evidence.service_account or ""
    facts = SecretFacts(secret=secret or None, version=version or None, account=who or None, message=message or None)
    label = f"secret {secret}" if secret else "a secret"
    if re.search(r"denied|must be granted|permission", message, re.IGNORECASE):
        whom = who or "the service's account"
        return Cause(
            Code.SECRET_NO_ACCESS,
            f"{whom} may not read {label}: it lacks {SECRET_ACCESSOR}",
            evidence=_words(None, message),
            deterministic=True,
            facts=replace(facts, role=SECRET_ACCESSOR),
        )
    numbered = version not in ("", "latest") and "not found" in message
    if numbered or _NO_VERSION.search(message):
        return Cause(
            Code.SECRET_NO_VERSION,
            f"{label} has no usable version {version}".rstrip(),
            evidence=_words(None, message),
            deterministic=True,
            facts=facts,
        )
    return Cause(
        Code.SECRET_MISSING,
        f"{label} does not exist in the project",
        evidence=_words(None, message),
        deterministic=True,
        facts=facts,
    )


def _words(condition: Condition | None, message: str) -> tuple[str, ...]:
    if condition is None:
        return (message,) if message else ()
    at = f"{condition.at:%H:%M:%SZ} " if condition.at else ""
    return (f"{at}{condition.type}: {condition.reason} {message}".rstrip(),)
