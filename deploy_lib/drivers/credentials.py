"""Application default credentials, found or missed within a second or two.

google.auth asks the metadata server of Compute Engine last, three times for three seconds each; on a laptop without
credentials that is a long silence before the one message that matters. The two variables shorten it and are read by
google.auth once, when it is imported (google/auth/compute_engine/_metadata.py).
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from deploy_lib.drivers.interface import DriverError

if TYPE_CHECKING:
    from google.auth.credentials import Credentials

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
REMEDY = "type: gcloud auth application-default login, or set GOOGLE_APPLICATION_CREDENTIALS to a key file"
LOCAL = "LOCAL_CLOUD_CREDENTIALS"
"""The variable that names a rehearsal's credentials; those of the real world are never used at a local cloud."""

_POOL = re.compile(r"//(iam\.googleapis\.com/.+/work(?:loadIdentity|force)Pools/[^/]+)/providers/")
_UNASKED = "default"
"""What the credentials of a machine of Google's call their account until the metadata server was asked."""


def find() -> Credentials:
    """Raises DriverError when this machine has no credentials for Google, or unreadable ones."""
    os.environ.setdefault("GCE_METADATA_TIMEOUT", "1")
    os.environ.setdefault("GCE_METADATA_DETECT_RETRIES", "1")
    import google.auth
    from google.auth.exceptions import GoogleAuthError

    named = os.environ.get("GOOGLE_APPLICATION_CREDENTIALS")
    try:
        credentials, _ = google.auth.default(scopes=[SCOPE])
    except (GoogleAuthError, OSError, ValueError) as error:
        if named:
            reason = f"GOOGLE_APPLICATION_CREDENTIALS does not name usable credentials: {words_of(error)}"
            raise DriverError(reason, "set it to a key file that exists, or unset it and " + REMEDY) from error
        raise DriverError("no Google credentials were found on this machine", REMEDY) from error
    return credentials


def account_of(credentials: Credentials) -> str | None:
    """The account's address, where the credentials tell it."""
    account = getattr(credentials, "service_account_email", None) or getattr(credentials, "account", None)
    return account if account and account != _UNASKED else None


def principal_of(credentials: Any) -> str | None:
    """Whom the policies of IAM name: the account, or the pool of a federated identity; None where neither is told."""
    return account_of(credentials) or pool_of(credentials)


def pool_of(credentials: Any) -> str | None:
    """A federated identity as a policy names it: by its whole pool, since its own name is not known here."""
    pool = _POOL.match(getattr(credentials, "_audience", None) or "")
    return f"principalSet://{pool[1]}/*" if pool else None


def learn_account(credentials: Any, request: Any) -> None:
    """Asks the metadata server once where it alone knows the account; what it does not answer stays unknown."""
    from google.auth.exceptions import GoogleAuthError

    if getattr(credentials, "service_account_email", None) == _UNASKED:
        with suppress(GoogleAuthError):
            credentials.refresh(request)


def words_of(error: Exception) -> str:
    """In one line: google-auth puts what Google answered into a second argument."""
    lines = [str(arg).strip() for arg in error.args if isinstance(arg, str)] or [str(error).strip()]
    return ": ".join(" ".join(line.split("\n\n")[0].split()).rstrip(".") for line in lines if line)[:400]
