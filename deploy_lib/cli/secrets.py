"""The secrets of a release that are known before its first line: all it says and writes goes through this."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from deploy_lib.model.service import Service
from deploy_lib.printable import Printable
from deploy_lib.redact import named_secrets


def redactor_of(service: Service, webhook_env: str | None = None) -> Printable:
    """Knows the values of `env` and of build arguments that are secret, and the webhook's address.

    A value that stands in the release's names (a password "backend" of the service backend) is no use as a
    secret, and masking it would make every line unreadable; it goes only where it follows its name.
    """
    values = {*named_secrets(service.env), *named_secrets(service.source.args), *_address(webhook_env)}
    names = " ".join((service.name, service.cloud_run, service.project, service.region, service.images))
    return Printable([value for value in values if value not in names])


def _address(variable: str | None) -> tuple[str, ...]:
    """The webhook's address, and what of it is secret alone: its path and its query."""
    address = os.environ.get(variable, "").strip() if variable else ""
    if not address:
        return ()
    try:
        parts = urlsplit(address)
    except ValueError:
        return (address,)
    return (address, *(text for text in (parts.path, parts.query, parts.password or "") if len(text) >= 8))
