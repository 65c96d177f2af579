"""Tokens that the local cloud gives out and knows again: access tokens, and identity tokens for an audience.

Signed with a key that lives as long as the process; nobody else takes them. Their form is Google's: an opaque access
token, and a JWT with email, aud and exp (https://cloud.google.com/docs/authentication/token-types).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
import time
from typing import Any

LIFETIME = 3600  # seconds
_KEY = secrets.token_bytes(32)
_ACCESS = "ya29.local"


def access_token(account: str, *, login: bool = False) -> str:
    """`login`: it is a person's."""
    return _signed(_ACCESS, {"account": account, "login": login, "exp": _end()})


def identity_token(account: str, audience: str) -> str:
    claims = {
        "iss": "https://accounts.google.com",
        "aud": audience,
        "email": account,
        "email_verified": True,
        "sub": hashlib.sha256(account.encode()).hexdigest()[:21],
        "iat": _end() - LIFETIME,
        "exp": _end(),
    }
    return _signed(_text(json.dumps({"alg": "HS256", "typ": "JWT"}).encode()), claims)


def account_of(token: str) -> str | None:
    """Whose access token it is; None when it is none of ours, or has ended."""
    claims = _claims(token) if token.startswith(f"{_ACCESS}.") else None
    return str(claims["account"]) if claims else None


def is_login(token: str) -> bool:
    """Whether it is an access token of a person's login."""
    claims = _claims(token) if token.startswith(f"{_ACCESS}.") else None
    return bool(claims and claims["login"])


def identity_of(token: str) -> dict[str, Any] | None:
    """The claims of an identity token; None when it is none of ours, or has ended."""
    claims = _claims(token)
    return claims if claims and "aud" in claims else None


def unverified_claims(token: str) -> dict[str, Any]:
    """What a JWT of anybody says; empty when it is none."""
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        found = json.loads(base64.urlsafe_b64decode(parts[1] + "=="))
    except (ValueError, binascii.Error, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _claims(token: str) -> dict[str, Any] | None:
    head, _, signature = token.rpartition(".")
    if not token.isascii() or not head or not hmac.compare_digest(_sign(head).encode(), signature.encode()):
        return None
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(head.rpartition(".")[2] + "=="))
    return found if found["exp"] > time.time() else None


def _signed(head: str, claims: dict[str, Any]) -> str:
    body = f"{head}.{_text(json.dumps(claims).encode())}"
    return f"{body}.{_sign(body)}"


def _sign(body: str) -> str:
    return _text(hmac.new(_KEY, body.encode(), hashlib.sha256).digest())


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _end() -> int:
    return int(time.time()) + LIFETIME
