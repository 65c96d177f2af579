"""What Cloud Run's metadata server answers, with placeholders for credentials unless better ones are given. Pure.

Used by the local cloud for its instances, and by the import check inside an image, whose parts it is joined with (see
in_image/probe): so only the standard library, Python 3.8 to 3.14.

Paths: https://cloud.google.com/run/docs/container-contract#metadata-server
Queries: https://cloud.google.com/compute/docs/metadata/querying-metadata
"""

from __future__ import annotations

import json
import re
from binascii import b2a_base64

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_BELOW = "computeMetadata/v1"
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_PLACEHOLDER = "placeholder"
_SECONDS = 3599  # that a token is good for


def respond(request: str, about: dict[str, str], now: float, sign: Callable[[str], str] | None = None) -> bytes:
    """The whole HTTP response to the head of a request; the connection is closed after it.

    `about`: project, number (of the project), region, account (its e-mail address) and instance (its id).
    `now`: seconds since the epoch, from which tokens are good for an hour. `sign` as `metadata_answer` takes it.
    """
    status, kind, body = metadata_answer(request, about, now, sign)
    data = body.encode()
    head = f"HTTP/1.1 {status}\r\nMetadata-Flavor: Google\r\nServer: Metadata Server for VM\r\n"
    head += f"Content-Type: {kind}\r\nContent-Length: {len(data)}\r\nConnection: close\r\n\r\n"
    return head.encode() + (b"" if request.startswith("HEAD ") else data)


def metadata_answer(request: str, about: dict[str, str], now: float, sign: Callable[[str], str] | None = None) -> Any:
    """Status line, content type and body.

    `sign` gives a token of the account: for an audience its identity token, for "" its access token. Without it
    both are placeholders.
    """
    from urllib.parse import parse_qs  # not at the top: an import check that nobody asks would load it for nothing

    words = request.split(" ", 2)
    if len(words) < 3 or words[0] not in ("GET", "HEAD"):
        return "405 Method Not Allowed", "text/html", "the metadata server is only read\n"
    address, _, question = words[1].partition("?")
    path = address.strip("/")
    if path == "":  # what Google's libraries ask to find out where they are
        return "200 OK", "application/text", "computeMetadata/\n"
    if not re.search(r"(?im)^metadata-flavor: *google\s*$", request):
        return "403 Forbidden", "text/html", "Missing Metadata-Flavor:Google header.\n"
    if re.search(r"(?im)^x-forwarded-for:", request):
        return "403 Forbidden", "text/html", "Requests with an X-Forwarded-For header are not answered.\n"
    query = parse_qs(question, keep_blank_values=True)
    found = _find(path, _tree(about, query, now, sign))
    if found is None:
        return "404 Not Found", "text/html", f"not found: {address}\n"
    if found == "" and path.endswith("/identity"):
        return "400 Bad Request", "text/html", "non-empty audience parameter required\n"
    recursive = query.get("recursive", [""])[0].lower() == "true"
    if isinstance(found, dict):
        if recursive:
            return "200 OK", "application/json", json.dumps(_whole(found))
        lines = [name + ("/" if isinstance(below, dict) else "") for name, below in found.items()]
        return "200 OK", "application/text", "".join(line + "\n" for line in lines)
    return "200 OK", "application/json" if found.startswith("{") else "application/text", found


def _find(path: str, tree: dict[str, Any]) -> Any:
    """A text, a dict of what is below, or None."""
    if path == "computeMetadata":
        return {"v1": {}}
    if path != _BELOW and not path.startswith(_BELOW + "/"):
        return None
    found = tree  # type: Any
    for part in path[len(_BELOW) + 1 :].split("/"):
        if part:
            found = found.get(part) if isinstance(found, dict) else None
    return found


def _tree(
    about: dict[str, str], query: dict[str, list[str]], now: float, sign: Callable[[str], str] | None
) -> dict[str, Any]:
    access = sign("") if sign else _PLACEHOLDER
    audience = query.get("audience", [""])[0]
    identity = sign(audience) if sign and audience else _identity(about["account"], audience, now)
    token = {"access_token": access, "expires_in": _SECONDS, "token_type": "Bearer"}
    account = {
        "aliases": "default",
        "email": about["account"],
        "identity": identity,
        "scopes": _SCOPE,
        "token": json.dumps(token),
    }
    return {
        "instance": {
            "id": about["instance"],
            "region": f"projects/{about['number']}/regions/{about['region']}",
            "service-accounts": {"default": account, about["account"]: account},
            "zone": f"projects/{about['number']}/zones/{about['region']}-1",
        },
        "project": {"numeric-project-id": about["number"], "project-id": about["project"]},
        "universe": {"universe-domain": "googleapis.com", "universe_domain": "googleapis.com"},
    }


def _identity(account: str, audience: str, now: float) -> str:
    """A token of the right form for the audience, that no signature makes good; "" for no audience."""
    if not audience:
        return ""
    issued = int(now)
    claims = {
        "aud": audience, "azp": "0", "email": account, "email_verified": True, "exp": issued + _SECONDS,
        "iat": issued, "iss": "https://accounts.google.com", "sub": "0",
    }  # fmt: skip
    parts = [json.dumps(part).encode() for part in ({"alg": "none", "typ": "JWT"}, claims)]
    coded = [b2a_base64(part, newline=False).decode().rstrip("=") for part in parts]
    return ".".join([*coded, _PLACEHOLDER]).replace("+", "-").replace("/", "_")


def _whole(tree: dict[str, Any]) -> dict[str, Any]:
    """All below as one object, with names as the real one writes them there; tokens are left out."""
    found: dict[str, Any] = {}
    for name, below in tree.items():
        if name in ("identity", "token", "universe_domain"):
            continue
        key = name if "@" in name else re.sub("-(.)", lambda match: match[1].upper(), name)
        if isinstance(below, dict):
            found[key] = _whole(below)
        elif name in ("aliases", "scopes"):
            found[key] = [below]
        else:
            found[key] = int(below) if name == "numeric-project-id" and below.isdigit() else below
    return found
