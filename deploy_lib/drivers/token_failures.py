"""Whether a call failed for want of an access token, and whether one may come a little later."""

from __future__ import annotations

import re

PLUGIN = "Getting metadata from plugin failed with error: "
"""How gRPC begins to tell whatever google-auth raised when it was asked for a token: of that, grpc/_plugin_wrapping.py
hands on the words alone."""
_FOR_GOOD = re.compile(
    r"\b(?:invalid_[a-z]+|unauthorized_client|unsupported_[a-z_]+|access_denied|(?:deleted|disabled)_client)\b"
    r"|reauth|\brapt\b|PERMISSION_DENIED|NOT_FOUND|INVALID_ARGUMENT|FAILED_PRECONDITION|was not found|does not exist",
    re.I,
)
"""The refusals of OAuth (RFC 6749, 5.2; RFC 8693, 2.2.2) and of IAM Credentials, and files that are gone. What else
keeps a token away passes: a connection that broke, a server that is out."""


def is_of_token(error: Exception) -> bool:
    """Whether no token could be had, so that the call was not sent; google-auth's own requests are for tokens alone."""
    from google.auth.exceptions import OAuthError, RefreshError, TransportError

    return isinstance(error, TransportError | RefreshError | OAuthError) or PLUGIN.partition(" with")[0] in str(error)


def may_come_later(error: Exception) -> bool:
    """Of such a failure: nobody refused the token."""
    return bool(getattr(error, "retryable", False)) or not _FOR_GOOD.search(str(error))
