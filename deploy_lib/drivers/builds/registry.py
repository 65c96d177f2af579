"""What a registry holds of an image: whether its digest is still there, and how large it is.

Artifact Registry speaks the OCI distribution API and takes the caller's access token
(https://cloud.google.com/artifact-registry/docs/reference/docker-api); a registry on loopback takes none.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deploy_lib.drivers.interface import DriverError
from deploy_lib.drivers.lean_import import HTTPX, import_lean
from deploy_lib.model.image_names import digest_of, repository_of
from deploy_lib.model.roles import IMAGE_READER

if TYPE_CHECKING:
    import httpx

_ACCEPT = ", ".join(
    (
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    )
)
_PATIENCE = 20.0  # seconds
_SPACES = (200, 404)
_OF_GOOGLE = re.compile(r"[a-z0-9-]+-docker\.pkg\.dev|(?:[a-z]+\.)?gcr\.io")
"""The hosts that the caller's access token may go to: it opens far more than a registry."""


def takes_access_token(host: str) -> bool:
    """Whether a registry is Google's; no other is sent the caller's access token."""
    return _OF_GOOGLE.fullmatch(host) is not None


@dataclass(frozen=True, slots=True)
class Registry:
    """`address` is host:port of a registry on loopback; None means each image's host, with `token` for Google's."""

    address: str | None
    token: Callable[[], str | None]

    def image_size(self, image: str) -> int | None:
        """Compressed bytes of name@sha256:...; None when the registry does not have it. DriverError."""
        response = self._get(image)
        if response.status_code == 404:
            return None
        try:
            manifest = response.json()
            return sum(int(layer["size"]) for layer in manifest.get("layers", ()))
        except (ValueError, TypeError, KeyError, AttributeError):
            raise DriverError(f"the registry's answer about {image} is not a manifest") from None

    def _get(self, image: str) -> httpx.Response:
        import_lean(HTTPX)
        import httpx

        host, url = self._url(image)
        headers = {"Accept": _ACCEPT}
        token = self.token() if self.address is None and takes_access_token(host) else None
        if token:
            headers["Authorization"] = f"Bearer {token}"
        try:
            # A proxy of the environment has no way to a registry on loopback.
            response = httpx.get(url, headers=headers, timeout=_PATIENCE, trust_env=self.address is None)
        except httpx.HTTPError as problem:
            raise DriverError(
                f"the registry {host} could not be asked for {image}: {problem}", "check the network, then try again"
            ) from None
        if response.status_code in (401, 403):
            raise DriverError(
                f"the registry {host} does not let this account read {image}",
                f"grant it {IMAGE_READER} on the repository",
            )
        if response.status_code not in _SPACES:
            raise DriverError(f"the registry {host} answered {response.status_code} about {image}")
        return response

    def _url(self, image: str) -> tuple[str, str]:
        host, _, path = repository_of(image).partition("/")
        digest = digest_of(image)
        if self.address is not None:
            return self.address, f"http://{self.address}/v2/{path}/manifests/{digest}"
        return host, f"https://{host}/v2/{path}/manifests/{digest}"
