"""One registry over HTTP: manifests and blobs, with the authentication that its token server asks for.

Protocol: https://github.com/opencontainers/distribution-spec/blob/main/spec.md; tokens:
https://distribution.github.io/distribution/spec/auth/token/. Every failure is an EngineError whose reason says
what was refused; a registry that cannot be reached is a RegistryUnreachable, since a base image may then be
stood in for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from ..errors import EngineError
from .access import RegistryAccess
from .names import RemoteImage
from .oci import DOCKER_INDEX, DOCKER_MANIFEST, INDEX, MANIFEST, digest_of

if TYPE_CHECKING:
    import httpx

_ACCEPTED = ", ".join((MANIFEST, INDEX, DOCKER_MANIFEST, DOCKER_INDEX))
_CONNECT, _SILENCE = 4.0, 60.0  # seconds: to connect, and between two pieces of an answer
_CHUNK = 1 << 20


class RegistryUnreachable(EngineError):
    """Nothing answered at the registry's address, or it said to come back later."""


class RegistryClient:
    """One repository of one registry; use as a context manager."""

    def __init__(self, name: RemoteImage, access: RegistryAccess, scope: str) -> None:
        """`scope` is "pull" or "pull,push"."""
        import httpx

        host = access.address or name.host
        secure = not (access.address or name.plain_http)
        self._base = f"{'https' if secure else 'http'}://{host}/v2/{name.repository}"
        self._host = host
        self._scope = f"repository:{name.repository}:{scope}"
        self._basic = httpx.BasicAuth(access.user, access.token) if access.token else None
        self._header: dict[str, str] = {}
        self._client = httpx.Client(
            timeout=httpx.Timeout(_SILENCE, connect=_CONNECT), follow_redirects=True, trust_env=secure
        )

    def __enter__(self) -> RegistryClient:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def ping(self) -> None:
        """RegistryUnreachable when nothing answers."""
        with _explained(self._host):
            self._client.get(self._base.partition("/v2/")[0] + "/v2/")

    def read_manifest(self, reference: str) -> tuple[bytes, str]:
        """Its bytes and media type."""
        answer = self._ask("GET", f"/manifests/{reference}", headers={"Accept": _ACCEPTED})
        return answer.content, answer.headers.get("Content-Type", "").partition(";")[0]

    def write_manifest(self, reference: str, content: bytes, media_type: str) -> None:
        self._ask("PUT", f"/manifests/{reference}", content=content, headers={"Content-Type": media_type})

    def has_blob(self, digest: str) -> bool:
        return self._ask("HEAD", f"/blobs/{digest}", allowed=(404,)).status_code == 200

    def read_blob(self, digest: str, target: Path) -> None:
        """Into a file; EngineError when it is not what its digest says."""
        import hashlib

        found = hashlib.sha256()
        self._ask("HEAD", f"/blobs/{digest}")  # any refusal, and a fresh token, before the stream
        with (
            _explained(self._host),
            self._client.stream("GET", f"{self._base}/blobs/{digest}", headers=self._header) as answer,
            target.open("wb") as file,
        ):
            self._check("GET", answer, ())
            for chunk in answer.iter_bytes(_CHUNK):
                found.update(chunk)
                file.write(chunk)
        if f"sha256:{found.hexdigest()}" != digest:
            raise EngineError(f"{self._host} sent something else than the blob {digest}")

    def write_blob(self, digest: str, source: Path) -> None:
        answer = self._ask("POST", "/blobs/uploads/", headers={"Content-Length": "0"})
        where = urljoin(f"{self._base}/", answer.headers.get("Location", ""))
        where += f"{'&' if '?' in where else '?'}digest={digest}"
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(source.stat().st_size)}
        self._ask("PUT", where, content=source, headers=headers)

    def _ask(
        self,
        verb: str,
        path: str,
        *,
        headers: dict[str, str] | None = None,
        content: bytes | Path | None = None,
        allowed: tuple[int, ...] = (),
    ) -> httpx.Response:
        url = path if "://" in path else self._base + path
        with _explained(self._host):
            answer = self._send(verb, url, headers or {}, content)
            if answer.status_code == 401 and self._renew(answer.headers.get("WWW-Authenticate", "")):
                answer = self._send(verb, url, headers or {}, content)
        self._check(verb, answer, allowed)
        return answer

    def _send(self, verb: str, url: str, headers: dict[str, str], content: bytes | Path | None) -> httpx.Response:
        body = _read_pieces(content) if isinstance(content, Path) else content
        return self._client.request(verb, url, headers={**headers, **self._header}, content=body)

    def _renew(self, challenge: str) -> bool:
        """Get what the registry asks for; False when there is nothing more to offer."""
        kind, _, rest = challenge.partition(" ")
        asked = dict(re.findall(r'(\w+)="([^"]*)"', rest))
        if kind.lower() == "basic" and self._basic and not self._header:
            self._header = {"Authorization": self._basic._auth_header}
            return True
        if kind.lower() != "bearer" or "realm" not in asked:
            return False
        wanted = {"service": asked.get("service", ""), "scope": asked.get("scope") or self._scope}
        answer = self._client.get(asked["realm"], params=wanted, auth=self._basic)
        record: dict[str, Any] = answer.json() if answer.status_code == 200 else {}
        token = record.get("token") or record.get("access_token")
        if not token:
            return False
        self._header = {"Authorization": f"Bearer {token}"}
        return True

    def _check(self, verb: str, answer: httpx.Response, allowed: tuple[int, ...]) -> None:
        code = answer.status_code
        if code < 300 or code in allowed:
            return
        message = _explain(answer) if verb != "HEAD" else ""
        what = f"{self._scope.split(':', 1)[1].rpartition(':')[0]} at {self._host}"
        if code in (401, 403):
            who = "without credentials" if self._basic is None else "with the credentials it was given"
            raise EngineError(f"the registry refuses {what} {who}{message}")
        if code == 429 or code >= 500:
            raise RegistryUnreachable(f"the registry {self._host} serves nothing now, it answered {code}{message}")
        if code == 404:
            raise EngineError(f"the registry has no such image: {what}{message}")
        raise EngineError(f"the registry answered {code} for {what}{message}")


def _read_pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_CHUNK):
            yield piece


def _explain(answer: httpx.Response) -> str:
    """The registry's own words, when it has any (spec, "Error Codes")."""
    try:
        answer.read()
        first = answer.json()["errors"][0]
        return f" ({first.get('code', '')}: {first.get('message', '')})"
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        return ""


@contextmanager
def _explained(host: str) -> Iterator[None]:
    import httpx

    try:
        yield
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
        raise RegistryUnreachable(f"the registry {host} could not be reached ({error})") from None
    except httpx.HTTPError as error:
        raise EngineError(
            f"the transfer with the registry {host} broke off ({error or type(error).__name__})"
        ) from None
    except OSError as error:
        raise EngineError(f"the transfer with the registry {host} broke off ({error})") from None


def check_digest(content: bytes, digest: str, host: str) -> None:
    if digest_of(content) != digest:
        raise EngineError(f"{host} sent another manifest than the {digest} that was asked for")
