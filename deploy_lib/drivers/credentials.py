"""Application default credentials, found or missed within a second or two where no machine of Google's is in sight.

google.auth asks the metadata server of Compute Engine last, three times for three seconds each; on a laptop without
credentials that is a long silence before the one message that matters. The two variables shorten it and are read by
google.auth once, when it is imported (google/auth/compute_engine/_metadata.py). On a machine of Google's that server
may come up seconds late, so there google.auth has its own way
(https://github.com/googleapis/google-auth-library-python/issues/604).
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy_lib.drivers.interface import DriverError

if TYPE_CHECKING:
    from google.auth.credentials import Credentials

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
REMEDY = "type: gcloud auth application-default login, or set GOOGLE_APPLICATION_CREDENTIALS to a key file"
LOCAL = "LOCAL_CLOUD_CREDENTIALS"
"""The variable that names a rehearsal's credentials; those of the real world are never used at a local cloud."""

_POOL = re.compile(r"//(iam\.googleapis\.com/.+/work(?:loadIdentity|force)Pools/[^/]+)/providers/")
_HOME = re.compile(r"@([a-z0-9-]+)\.iam\.gserviceaccount\.com$")
_UNASKED = "default"
"""What the credentials of a machine of Google's call their account until the metadata server was asked."""
_SIGNS = (
    "GCE_METADATA_HOST", "GCE_METADATA_ROOT",  # somebody says where the metadata server is
    "KUBERNETES_SERVICE_HOST", "BUILDER_OUTPUT",  # a pod, perhaps of GKE; a step of Cloud Build
    "K_SERVICE", "CLOUD_RUN_JOB",  # Cloud Run
)  # fmt: skip
_PRODUCT = Path("/sys/class/dmi/id/product_name")


def find(project: str) -> Credentials:
    """A person's login that names no quota project has its calls counted in `project`.

    Nothing is asked of the network, but for the metadata server where no credentials are named. Raises DriverError when
    this machine has no credentials for Google, or unreadable ones.
    """
    if not may_be_googles(os.environ):
        os.environ.setdefault("GCE_METADATA_TIMEOUT", "1")
        os.environ.setdefault("GCE_METADATA_DETECT_RETRIES", "1")
    import google.auth
    from google.auth.credentials import with_scopes_if_required
    from google.auth.exceptions import GoogleAuthError

    named = os.environ.get("GOOGLE_APPLICATION_CREDENTIALS")
    try:
        with warnings.catch_warnings(action="ignore"):  # of a login without a quota project, which it is given below
            # Without scopes: with them, a federated identity is asked for its project, of an API that may be shut off.
            credentials, _ = google.auth.default()
            found: Credentials = counted_in(with_scopes_if_required(credentials, [SCOPE]), project)
            return found
    except (GoogleAuthError, OSError, ValueError) as error:
        if named:
            reason = f"GOOGLE_APPLICATION_CREDENTIALS does not name usable credentials: {words_of(error)}"
            raise DriverError(reason, "set it to a key file that exists, or unset it and " + REMEDY) from error
        raise DriverError("no Google credentials were found on this machine", REMEDY) from error


def may_be_googles(environ: Mapping[str, str], product: Path = _PRODUCT) -> bool:
    """Whether there are signs of a machine of Google's, whose metadata server is worth waiting for.

    `product` is where Linux names the machine: https://cloud.google.com/compute/docs/instances/detect-compute-engine
    """
    if any(environ.get(name) for name in _SIGNS):
        return True
    try:
        return product.read_text(encoding="utf-8", errors="replace").startswith("Google")
    except OSError:
        return False


def counted_in(credentials: Any, project: str) -> Any:
    """A person's login whose calls count for that project, unless the login itself names one; others as they are."""
    if not is_login(credentials) or credentials.quota_project_id:
        return credentials
    return credentials.with_quota_project(project)


def is_login(credentials: Any) -> bool:
    """Whether they are a person's, whose calls count for no project of themselves and are refused then.

    https://cloud.google.com/docs/quotas/set-quota-project
    """
    from google.auth import external_account, external_account_authorized_user
    from google.oauth2 import credentials as login

    if isinstance(credentials, external_account.Credentials):
        return bool(credentials.is_user)
    return isinstance(credentials, login.Credentials | external_account_authorized_user.Credentials)


def project_of(credentials: Any) -> str | None:
    """The project that calls count for: the one they name, else the account's own; None where that is not told."""
    named = getattr(credentials, "quota_project_id", None)
    home = _HOME.search(account_of(credentials) or "")
    return named or (home[1] if home else None)


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
