"""Application default credentials, found or missed within a second or two.

google.auth asks the metadata server of Compute Engine last, three times for three seconds each; on a laptop without
credentials that is a long silence before the one message that matters. The two variables shorten it and are read by
google.auth once, when it is imported (google/auth/compute_engine/_metadata.py).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from deploy_lib.drivers.interface import DriverError

if TYPE_CHECKING:
    from google.auth.credentials import Credentials

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
REMEDY = "type: gcloud auth application-default login, or set GOOGLE_APPLICATION_CREDENTIALS to a key file"
LOCAL = "LOCAL_CLOUD_CREDENTIALS"
"""The variable that names a rehearsal's credentials; those of the real world are never used at a local cloud."""


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
    return account if account and account != "default" else None


def words_of(error: Exception) -> str:
    """In one line: google-auth puts what Google answered into a second argument."""
    lines = [str(arg).strip() for arg in error.args if isinstance(arg, str)] or [str(error).strip()]
    return ": ".join(" ".join(line.split("\n\n")[0].split()).rstrip(".") for line in lines if line)[:400]
