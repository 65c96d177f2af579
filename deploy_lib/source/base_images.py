"""What the reference of a base image tells about what it holds."""

from __future__ import annotations

import re

_WITHOUT_APPLICATION = re.compile(
    r"^((docker\.io|mirror\.gcr\.io|public\.ecr\.aws/docker)/)?(library/)?"
    r"(python|pypy|debian|ubuntu|alpine|fedora|rockylinux|almalinux|amazonlinux|buildpack-deps|busybox|node)(?=[:@]|$)"
    r"|distroless/|astral-sh/uv|chainguard/python|/ubi\d|miniconda|mambaforge|micromamba|nvidia/cuda"
)
"""Base images that everybody builds on: what a team's own brings, the application itself perhaps, is not known."""


def is_official(base: str | None) -> bool:
    """Whether the image brings no application: one that everybody builds on, or none at all."""
    return base is None or _WITHOUT_APPLICATION.search(base) is not None
