"""Where the Google APIs are: Google's own, or a local cloud on this machine."""

from __future__ import annotations

from dataclasses import dataclass

LOCAL_ACCOUNT = "deploy-to-gcp@local-cloud.invalid"
"""What a service of a local cloud, which knows no accounts, names as its last modifier after a write of this tool."""


@dataclass(frozen=True, slots=True)
class Endpoints:
    """All None: Google's APIs with the caller's credentials. Else every address is on loopback.

    `grpc` is host:port without TLS, for Cloud Run, Cloud Build, Logging, Monitoring and Secret Manager; `http` the
    base URL of the Storage JSON API; `registry` is host:port and stands in for the host of every image name. `account`
    is who calls there, where no credentials are named.
    """

    grpc: str | None = None
    http: str | None = None
    registry: str | None = None
    account: str = LOCAL_ACCOUNT

    @property
    def local(self) -> bool:
        """Whether they are those of a local cloud."""
        return self.grpc is not None
