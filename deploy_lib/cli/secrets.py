"""The secrets of a release that are known before its first line: all it says and writes goes through this."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from deploy_lib.model.service import Service
from deploy_lib.printable import Printable
from deploy_lib.redact import named_secrets


def redactor_of(service: Service, variables: Sequence[str] = ()) -> Printable:
    """Knows the values of `env` and of build arguments that are secret, and addresses and tokens in `variables`.

    A value that stands in the release's names (a password "backend" of the service backend) is no use as a
    secret, and masking it would make every line unreadable; it goes only where it follows its name.
    """
    values = {*named_secrets(service.env), *named_secrets(service.source.args), *_held(variables)}
    names = " ".join((service.name, service.cloud_run, service.project, service.region, service.images))
    return Printable([value for value in values if value not in names])


def _held(variables: Sequence[str]) -> Iterator[str]:
    for variable in variables:
        yield from _parts(os.environ.get(variable, "").strip())


def _parts(address: str) -> tuple[str, ...]:
    """A token as it is; of a webhook's address also what is secret alone: its path and its query."""
    if not address:
        return ()
    try:
        parts = urlsplit(address)
    except ValueError:
        return (address,)
    return (address, *(text for text in (parts.path, parts.query, parts.password or "") if len(text) >= 8))
