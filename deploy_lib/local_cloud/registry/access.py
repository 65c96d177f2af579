"""How a registry is reached, and where an image went."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pushed:
    """Where an image went: `reference` is name@sha256:..."""

    reference: str


@dataclass(frozen=True, slots=True)
class RegistryAccess:
    """How to reach the registry that holds `name`: a replaced host for a registry on loopback, or a token."""

    address: str | None = None  # "127.0.0.1:5000" which is asked in plain HTTP, instead of the name's own host
    user: str = "oauth2accesstoken"
    token: str | None = None
