"""What the reference of a base image tells about what it holds."""

from __future__ import annotations

import re

_WITHOUT_APPLICATION = re.compile(
    r"^((docker\.io|mirror\.gcr\.io|public\.ecr\.aws/docker)/)?(library/)?"
    r"(python|pypy|debian|ubuntu|alpine|fedora|rockylinux|almalinux|amazonlinux|buildpack-deps|busybox|node)(?=[:@]|$)"
    r"|distroless/|astral-sh/uv|chainguard/python|/ubi\d|miniconda|mambaforge|micromamba|nvidia/cuda"
)
"""Base images that everybody builds on: what a team's own brings, the application itself perhaps, is not known."""

_OF_LAMBDA = re.compile(r"(^|/)lambda/python(?=[:@]|$)")
LAMBDA_ENTRYPOINT = "/lambda-entrypoint.sh"
LAMBDA_TASK_ROOT = "/var/task"


_OF_TIANGOLO = re.compile(
    r"(^|/)tiangolo/(uvicorn-gunicorn(-fastapi|-starlette|-machine-learning)?|meinheld-gunicorn(-flask|-falcon)?)(?=[:@]|$)"
)
TIANGOLO_START = "/start.sh"
TIANGOLO_DIRECTORY = "/app"


def is_of_tiangolo(base: str | None) -> bool:
    """Whether it is an image that starts gunicorn itself, with the module that variables name, or app.main or main of
    /app, its working directory and PYTHONPATH (https://github.com/tiangolo/uvicorn-gunicorn-docker#advanced-usage)."""
    return base is not None and _OF_TIANGOLO.search(base) is not None


def is_of_lambda(base: str | None) -> bool:
    """Whether it is AWS's base image for handlers: its entrypoint is given the name of one, which it imports from
    LAMBDA_TASK_ROOT, its working directory (https://docs.aws.amazon.com/lambda/latest/dg/python-image.html)."""
    return base is not None and _OF_LAMBDA.search(base) is not None


def is_official(base: str | None) -> bool:
    """Whether the image brings no application: one that everybody builds on, or none at all."""
    return base is None or _WITHOUT_APPLICATION.search(base) is not None
