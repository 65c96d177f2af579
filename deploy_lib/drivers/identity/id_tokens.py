"""Identity tokens for an audience, from every kind of credentials that google-auth knows.

google.oauth2.id_token.fetch_id_token_credentials knows key files and the metadata server only, so each kind is told
apart here. What IAM Credentials makes for another account needs iam.serviceAccounts.getOpenIdToken on it:
https://cloud.google.com/iam/docs/create-short-lived-credentials-direct#sa-credentials-oidc
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Lock
from typing import Any

from deploy_lib.drivers.credentials import REMEDY, SCOPE, account_of, pool_of, principal_of, words_of
from deploy_lib.drivers.error_words import connect
from deploy_lib.drivers.errors import PASSING, code_of
from deploy_lib.drivers.interface import DriverError
from deploy_lib.drivers.permissions import permission_in
from deploy_lib.model.roles import ACCESS_TOKEN, INVOKER, OPEN_ID_TOKEN, grant, role_for

_PROJECT = re.compile(r"@([a-z0-9-]+)\.iam\.gserviceaccount\.com$")


class NoIdToken(DriverError):
    """No identity token can be had; the reason is a whole clause."""


class IdTokens:
    """Identity tokens for one audience, each kept until it expires. Safe to share between threads."""

    def __init__(self, credentials: Any, audience: str, invoke_as: str | None, request: Any) -> None:
        """`credentials` and `request` are google-auth's; `invoke_as` is the account to ask as, where it is another.

        Raises NoIdToken for credentials that can make none.
        """
        from google.auth.exceptions import GoogleAuthError
        from requests.exceptions import RequestException

        self._given, self._request = credentials, request
        try:
            self._made = _by_kind(credentials, audience, invoke_as, request)
        except (GoogleAuthError, RequestException, OSError, ValueError, KeyError) as error:  # a metadata server's
            raise NoIdToken(f"no identity token could be had ({words_of(error)})", REMEDY) from error
        self._lock = Lock()

    @property
    def account(self) -> str | None:
        """Whose tokens they are, where that is known."""
        target = getattr(self._made, "_target_credentials", None)
        return account_of(target or self._given)

    def token(self) -> str:
        """Raises NoIdToken."""
        from google.auth.exceptions import GoogleAuthError
        from requests.exceptions import RequestException

        with self._lock:
            try:
                if not self._made.valid:
                    self._made.refresh(self._request)
            except (GoogleAuthError, RequestException, OSError, ValueError, KeyError) as error:
                if code_of(error) not in PASSING or not self._is_good_still():
                    raise self._refused(error) from error
            # A person's credentials have both: `token` is their access token.
            found = self._made.id_token if hasattr(self._made, "id_token") else self._made.token
        if not found:
            raise NoIdToken("the login gives no identity token", f"{REMEDY}; or {_BY_ACCOUNT}")
        return str(found)

    def _is_good_still(self) -> bool:
        """google-auth calls a token expired minutes before it is, so that there is time to get the next one."""
        expiry = self._made.expiry
        return expiry is not None and expiry.replace(tzinfo=UTC) > datetime.now(UTC)

    def _refused(self, error: Exception) -> NoIdToken:
        text = words_of(error)
        permission, target = permission_in(text), getattr(self._made, "_target_credentials", None)
        if code_of(error) in PASSING:
            return NoIdToken(f"no identity token could be had ({text})", connect(text))
        if target is None or permission is None:
            return NoIdToken(f"no identity token could be had ({text})", REMEDY if target is None else "")
        own, who, name = account_of(self._given), principal_of(self._given), _name_of(self._given)
        doing, account = "make identity tokens of", target.service_account_email
        if permission == ACCESS_TOKEN:
            doing, account = "act for", own or account
        if account == own:  # it is asked by who stands behind the account that the credentials are of
            who, name = pool_of(self._given), "whoever these credentials stand for"
        project = _PROJECT.search(account)
        command = grant(project[1] if project else "", who, permission, on_account=account)
        reason = f"{name} may not {doing} {account}: it lacks {permission}"
        return NoIdToken(reason, f"let someone who may grant it: {command}")


_BY_ACCOUNT = (
    f"name a service account that may invoke the service ({INVOKER}) under invoke_as:, and let these credentials make "
    f"its identity tokens ({role_for(OPEN_ID_TOKEN)} on it)"
)


def _by_kind(credentials: Any, audience: str, invoke_as: str | None, request: Any) -> Any:
    from google.auth import compute_engine, external_account, impersonated_credentials
    from google.oauth2 import credentials as login
    from google.oauth2 import service_account

    if invoke_as:
        return _of_account(credentials, invoke_as, audience)
    if isinstance(credentials, service_account.Credentials):
        return service_account.IDTokenCredentials(
            signer=credentials.signer,
            service_account_email=credentials.service_account_email,
            token_uri=credentials._token_uri,
            target_audience=audience,
        )
    if isinstance(credentials, compute_engine.Credentials):
        return compute_engine.IDTokenCredentials(request, audience, use_metadata_identity_endpoint=True)
    if isinstance(credentials, impersonated_credentials.Credentials):
        return _id_tokens(credentials, audience)
    if isinstance(credentials, external_account.Credentials) and credentials.service_account_email:
        return _of_account(_without_account(credentials), credentials.service_account_email, audience)
    if isinstance(credentials, login.Credentials):
        # Without scopes: a refresh for cloud-platform alone brings no identity token.
        make: Callable[..., Any] = login.Credentials
        return make(
            None,
            refresh_token=credentials.refresh_token,
            token_uri=credentials.token_uri,
            client_id=credentials.client_id,
            client_secret=credentials.client_secret,
            rapt_token=credentials.rapt_token,
        )
    raise NoIdToken(f"{_name_of(credentials)} can make no identity tokens", _BY_ACCOUNT)


def _of_account(source: Any, account: str, audience: str) -> Any:
    """`source` asks for the tokens in its own name."""
    from google.auth import impersonated_credentials

    make: Callable[..., Any] = impersonated_credentials.Credentials
    return _id_tokens(make(source_credentials=source, target_principal=account, target_scopes=[SCOPE]), audience)


def _id_tokens(target: Any, audience: str) -> Any:
    """Cloud Run looks up who may invoke by the e-mail address, which IAM Credentials puts in on request only."""
    from google.auth import impersonated_credentials

    make: Callable[..., Any] = impersonated_credentials.IDTokenCredentials
    return make(target, target_audience=audience, include_email=True)


def _without_account(credentials: Any) -> Any:
    """The federated identity itself: it is what may act for the account, which may seldom act for itself."""
    info = {key: value for key, value in credentials.info.items() if not key.startswith("service_account_imperson")}
    return type(credentials).from_info(info, scopes=[SCOPE])


def _name_of(credentials: Any) -> str:
    if account := account_of(credentials):
        return account
    pool = pool_of(credentials)
    if pool:
        return f"a federated identity of {pool.split('/')[-2]} without a service account"
    return "this login" if hasattr(credentials, "id_token") else f"credentials of the kind {type(credentials).__name__}"
