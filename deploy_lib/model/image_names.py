"""Names of images: HOST[:PORT]/PATH[:TAG][@sha256:...]. A release knows its image by the digest."""

from __future__ import annotations

_BEFORE = "@sha256:"
_LETTERS = 19  # "sha256:" and enough to tell images apart on a screen


def by_digest(name: str, digest: str) -> str:
    """The image as name@sha256:..., which never changes."""
    return f"{name}@{digest}"


def digest_of(image: str | None) -> str | None:
    """sha256:..., None for a name by its tag and for none."""
    _, found, digest = (image or "").partition(_BEFORE)
    return f"sha256:{digest}" if found and digest else None


def repository_of(image: str) -> str:
    """Without digest and tag; a host may have a port."""
    head, slash, last = image.partition("@")[0].rpartition("/")
    return f"{head}{slash}{last.partition(':')[0]}"


def short_digest(digest: str) -> str:
    """sha256:1234567890ab"""
    return digest[:_LETTERS]


def short(image: str) -> str:
    """The last part of the name, and so much of the digest; as it is for a name by its tag."""
    digest = digest_of(image)
    return f"{repository_of(image).rpartition('/')[2]}@{short_digest(digest)}" if digest else image


def artifact_repository(images: str) -> str | None:
    """The repository of Artifact Registry as its API names it, None for images that are kept elsewhere.

    "us-central1-docker.pkg.dev/p/services/a" is in "projects/p/locations/us-central1/repositories/services".
    """
    host, _, path = images.partition("/")
    location, of_google, _ = host.partition("-docker.pkg.dev")
    project, _, rest = path.partition("/")
    name = rest.partition("/")[0]
    return f"projects/{project}/locations/{location}/repositories/{name}" if of_google and name else None
