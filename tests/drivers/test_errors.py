"""Errors of Google's libraries, told as a person would."""

from __future__ import annotations

from dataclasses import replace

import pytest
import requests
from google.api_core import exceptions
from google.auth.exceptions import RefreshError, TransportError
from google.rpc.error_details_pb2 import ErrorInfo

from deploy_lib.drivers.endpoints import Endpoints
from deploy_lib.drivers.error_words import ApiCall, translated

CALL = ApiCall("update_service", "change the service shop", "p-staging", account="ci@p-staging.iam.gserviceaccount.com")
LOCAL = ApiCall("get_service", "read the service shop", "p-staging", Endpoints("127.0.0.1:9", "x", "y"))
DISABLED = ErrorInfo(reason="SERVICE_DISABLED", metadata={"service": "run.googleapis.com"})
GCLOUDS = ErrorInfo(reason="SERVICE_DISABLED", metadata={"consumer": "projects/764086051850"})
ELSEWHERE = ErrorInfo(
    reason="SERVICE_DISABLED", metadata={"service": "run.googleapis.com", "consumer": "projects/sandbox"}
)
NUMBERED = ErrorInfo(reason="SERVICE_DISABLED", metadata={"service": "run.googleapis.com", "consumer": "projects/4711"})
NO_USE = ErrorInfo(reason="USER_PROJECT_DENIED", metadata={"consumer": "projects/p-staging"})
PLUGIN = "Getting metadata from plugin failed with error: "
NAMED = ErrorInfo(reason="IAM_PERMISSION_DENIED", metadata={"permission": "iam.serviceaccounts.actAs"})

CASES = [
    (
        CALL,
        exceptions.PermissionDenied("Permission 'run.services.update' denied on resource 'x'"),
        "could not change the service shop: ci@p-staging.iam.gserviceaccount.com lacks the permission "
        "run.services.update",
        "gcloud projects add-iam-policy-binding p-staging "
        "--member=serviceAccount:ci@p-staging.iam.gserviceaccount.com --role=roles/run.developer --condition=None",
    ),
    (CALL, exceptions.PermissionDenied("no"), "lacks the permission run.services.update", "roles/run.developer"),
    (
        replace(
            CALL, account="principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/ci/*"
        ),
        exceptions.PermissionDenied("no"),
        "a federated identity of ci lacks the permission run.services.update",
        '--member="principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/ci/*" '
        "--role=roles/run.developer --condition=None  # to every identity of the pool",
    ),
    (
        CALL,
        exceptions.PermissionDenied("no", details=[NAMED]),
        "lacks the permission iam.serviceaccounts.actAs",
        "roles/iam.serviceAccountUser",
    ),
    (
        CALL,
        exceptions.PermissionDenied("caller does not have permission to act as service account b@p.iam.example"),
        "ci@p-staging.iam.gserviceaccount.com may not act as b@p.iam.example",
        "gcloud iam service-accounts add-iam-policy-binding b@p.iam.example --project=p-staging "
        "--member=serviceAccount:ci@p-staging.iam.gserviceaccount.com --role=roles/iam.serviceAccountUser "
        "--condition=None",
    ),
    (
        CALL,
        exceptions.InvalidArgument(
            "could not resolve source: googleapi: Error 403: 1-compute@developer.gserviceaccount.com does not have "
            "storage.objects.get access to the Google Cloud Storage object."
        ),
        "could not resolve source",
        "gcloud projects add-iam-policy-binding p-staging "
        "--member=serviceAccount:1-compute@developer.gserviceaccount.com --role=roles/storage.objectViewer "
        "--condition=None",
    ),
    (
        CALL,
        exceptions.PermissionDenied("Cloud Run Admin API has not been used", details=[DISABLED]),
        "run.googleapis.com is not enabled in project p-staging",
        "gcloud services enable run.googleapis.com --project p-staging",
    ),
    *(
        (
            CALL,
            error,
            "the login names no project that its calls count for (",
            "type: gcloud auth application-default set-quota-project p-staging",
        )
        for error in (
            exceptions.PermissionDenied("The cloudbuild.googleapis.com API requires a quota project, which is not set"),
            exceptions.PermissionDenied("Cloud Build API has not been used in project 764086051850", details=[GCLOUDS]),
            exceptions.Forbidden("The x.googleapis.com API requires a quota project"),
        )
    ),
    *(
        (
            CALL,
            error,
            "lacks the permission serviceusage.services.use",
            "--role=roles/serviceusage.serviceUsageConsumer",
        )
        for error in (
            exceptions.PermissionDenied("You may not", details=[NO_USE]),
            exceptions.Forbidden("Caller does not have required permission to use project p-staging. Grant the caller"),
        )
    ),
    (
        replace(CALL, counted_in="sandbox"),
        exceptions.Forbidden("Caller does not have required permission to use project sandbox"),
        "lacks the permission serviceusage.services.use",
        "gcloud projects add-iam-policy-binding sandbox ",
    ),
    *(
        (call, exceptions.PermissionDenied("off", details=[told]), f"not enabled in project {at}", f"--project {at}")
        for call, told, at in (
            (CALL, ELSEWHERE, "sandbox"),
            (CALL, NUMBERED, "p-staging"),
            (replace(CALL, counted_in="tools"), NUMBERED, "tools"),
        )
    ),
    (CALL, exceptions.Unauthenticated("expired"), "did not accept the credentials", "application-default login"),
    *(
        (CALL, error, "no access token could be had (", "check the network connection, the proxy and the firewall")
        for error in (
            TransportError("HTTPSConnectionPool(host='oauth2.googleapis.com', port=443): Read timed out."),
            RefreshError("internal_failure: x", {"error": "internal_failure"}, retryable=True),
            exceptions.ServiceUnavailable(f"{PLUGIN}HTTPSConnectionPool(host='oauth2.googleapis.com', port=443): Max "),
        )
    ),
    (
        CALL,
        TransportError("SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify"),
        "no access token could be had",
        "SSL_CERT_FILE names the certificates to trust",
    ),
    (
        CALL,
        exceptions.ServiceUnavailable("failed to connect to all addresses; OPENSSL_internal:CERTIFICATE_VERIFY_FAILED"),
        "no connection to Google could be made",
        "SSL_CERT_FILE names the certificates to trust",
    ),
    (CALL, RefreshError("Reauthentication is needed"), "did not accept the credentials", "application-default login"),
    (
        CALL,
        exceptions.ServiceUnavailable(f"{PLUGIN}Reauthentication is needed"),
        "did not accept the credentials (Reauthentication is needed)",
        "application-default login",
    ),
    (CALL, exceptions.NotFound("no such service"), "it does not exist (no such service)", "p-staging"),
    (CALL, exceptions.ResourceExhausted("quota"), "a quota or limit is used up (quota)", "iam-admin/quotas"),
    (CALL, exceptions.Aborted("stale"), "someone else changed it at the same time", "try again"),
    (CALL, exceptions.DeadlineExceeded("x"), "Google did not answer in time", "try again"),
    (
        CALL,
        exceptions.ServiceUnavailable("failed to connect to all addresses"),
        "no connection to Google could be made",
        "network",
    ),
    (CALL, requests.exceptions.ConnectionError("Connection refused"), "no connection to Google", "network"),
    (CALL, exceptions.InternalServerError("oops"), "Google answered INTERNAL: oops", "try again"),
    (CALL, exceptions.InvalidArgument("cpu: too much"), "could not change the service shop: cpu: too much", ""),
    (
        LOCAL,
        exceptions.ServiceUnavailable("failed to connect to all addresses"),
        "the local cloud at 127.0.0.1:9 does not answer",
        "local up",
    ),
    (CALL, ValueError("odd"), "odd", ""),
]


@pytest.mark.parametrize(("call", "error", "reason", "remedy"), CASES)
def test_told(call: ApiCall, error: Exception, reason: str, remedy: str) -> None:
    told = translated(error, call)
    assert reason in told.reason
    assert remedy in told.remedy


def test_a_refusal_is_evidence_of_who_was_refused_what() -> None:
    denied = translated(exceptions.PermissionDenied("no"), CALL).evidence
    assert denied is not None
    assert (denied.operation_code, denied.permission, denied.caller) == (7, "run.services.update", CALL.account)
    over = translated(exceptions.ResourceExhausted("CpuAllocPerProjectRegion requested: 2 allowed: 1"), CALL).evidence
    assert over is not None and over.operation_code == 8 and over.operation_message.startswith("CpuAlloc")


@pytest.mark.parametrize(
    "error",
    [
        exceptions.PermissionDenied("Cloud Run Admin API has not been used", details=[DISABLED]),
        exceptions.PermissionDenied("x requires a quota project", details=[GCLOUDS]),
        exceptions.ServiceUnavailable("busy"),
        exceptions.Aborted("stale"),
        ValueError("odd"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_may_pass_is_evidence_of_nothing(error: Exception) -> None:
    assert translated(error, CALL).evidence is None
