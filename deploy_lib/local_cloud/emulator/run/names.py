"""Parses and makes resource names of Cloud Run v2. A name that is accepted is safe as a file name.

https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.services
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

from .refusal import invalid

_PLACE = r"projects/(?P<project>[a-z0-9][a-z0-9-]*)/locations/(?P<location>[a-z0-9-]+)"
_ID = r"[a-z](?:[a-z0-9-]*[a-z0-9])?"
_PARENT = re.compile(_PLACE)
_SERVICE = re.compile(rf"{_PLACE}/services/(?P<service>{_ID})")
_REVISION = re.compile(rf"{_PLACE}/services/(?P<service>{_ID}|-)/revisions/(?P<revision>{_ID})")
_LONGEST_SERVICE, _LONGEST_REVISION = 49, 63
_LETTERS = "bcdfghjkmnpqrstvwxz2456789"  # none that make words


@dataclass(frozen=True, slots=True)
class ServiceName:
    project: str
    location: str
    service: str

    @property
    def parent(self) -> str:
        return f"projects/{self.project}/locations/{self.location}"

    def __str__(self) -> str:
        return f"{self.parent}/services/{self.service}"

    def revision(self, short: str) -> str:
        return f"{self}/revisions/{short}"


def parse_parent(text: str) -> str:
    """projects/P/locations/L, checked. Raises RunRefusal."""
    if not _PARENT.fullmatch(text):
        raise invalid(f"invalid parent {text!r}: want projects/PROJECT/locations/LOCATION")
    return text


def parse_service(text: str) -> ServiceName:
    """Raises RunRefusal."""
    match = _SERVICE.fullmatch(text)
    if match is None or len(match["service"]) > _LONGEST_SERVICE:
        raise invalid(
            f"invalid service name {text!r}: want projects/PROJECT/locations/LOCATION/services/SERVICE, the service "
            f"of lower-case letters, digits and hyphens, beginning with a letter, at most {_LONGEST_SERVICE} of them"
        )
    return ServiceName(match["project"], match["location"], match["service"])


def parse_revision(text: str) -> tuple[ServiceName, str]:
    """The service (named "-" where the client left it open) and the short name. Raises RunRefusal."""
    match = _REVISION.fullmatch(text)
    if match is None:
        raise invalid(
            f"invalid revision name {text!r}: "
            "want projects/PROJECT/locations/LOCATION/services/SERVICE/revisions/REVISION"
        )
    return ServiceName(match["project"], match["location"], match["service"]), match["revision"]


def check_revision(service: str, short: str) -> None:
    """A name the client chose for a revision to come. Raises RunRefusal."""
    if not short.startswith(f"{service}-") or not re.fullmatch(_ID, short) or len(short) > _LONGEST_REVISION:
        raise invalid(
            f"template.revision: invalid revision name {short!r}: it must begin with {service + '-'!r}, hold "
            f"lower-case letters, digits and hyphens, and be at most {_LONGEST_REVISION} characters long"
        )


def generate_revision(service: str, generation: int) -> str:
    """SERVICE-00001-abc, as Cloud Run names what the client left unnamed."""
    return f"{service}-{generation:05d}-{''.join(random.choices(_LETTERS, k=3))}"


def short_name(name: str) -> str:
    return name.rpartition("/")[2]
