"""What the metadata server answers to what Google's libraries and people ask it."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from deploy_lib.local_cloud import metadata_server
from deploy_lib.local_cloud.metadata_server import respond

ABOUT = {"project": "shop-1", "number": "42", "region": "europe-west1", "account": "a@shop-1.test", "instance": "0f"}
FLAVOR = "Metadata-Flavor: Google\r\n"


def ask(path: str, headers: str = FLAVOR, method: str = "GET") -> tuple[int, str, str]:
    """Status, head and body."""
    whole = respond(f"{method} {path} HTTP/1.1\r\nHost: metadata.google.internal\r\n{headers}\r\n", ABOUT, 1000.0)
    head, _, body = whole.decode().partition("\r\n\r\n")
    return int(head.split()[1]), head, body


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/", "computeMetadata/\n"),
        ("/computeMetadata/", "v1/\n"),
        ("/computeMetadata/v1/", "instance/\nproject/\nuniverse/\n"),
        ("/computeMetadata/v1", "instance/\nproject/\nuniverse/\n"),
        ("/computeMetadata/v1/project/project-id", "shop-1"),
        ("/computeMetadata/v1/project/numeric-project-id", "42"),
        ("/computeMetadata/v1/instance/id", "0f"),
        ("/computeMetadata/v1/instance/region", "projects/42/regions/europe-west1"),
        ("/computeMetadata/v1/instance/zone", "projects/42/zones/europe-west1-1"),
        ("/computeMetadata/v1/instance/service-accounts/", "default/\na@shop-1.test/\n"),
        ("/computeMetadata/v1/instance/service-accounts/default/email?alt=text", "a@shop-1.test"),
        ("/computeMetadata/v1/instance/service-accounts/a@shop-1.test/aliases", "default"),
        ("/computeMetadata/v1/universe/universe-domain", "googleapis.com"),
    ],
)
def test_texts(path: str, answer: str) -> None:
    assert (ask(path)[0], ask(path)[2]) == (200, answer)


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        (
            "/computeMetadata/v1/instance/service-accounts/default/token?scopes=x",
            {"access_token": "placeholder", "expires_in": 3599, "token_type": "Bearer"},
        ),
        (
            "/computeMetadata/v1/instance/service-accounts/default/?recursive=true",
            {
                "aliases": ["default"],
                "email": "a@shop-1.test",
                "scopes": ["https://www.googleapis.com/auth/cloud-platform"],
            },
        ),
        ("/computeMetadata/v1/project/?recursive=true", {"numericProjectId": 42, "projectId": "shop-1"}),
    ],
)
def test_objects(path: str, answer: object) -> None:
    status, head, body = ask(path)
    assert (status, json.loads(body)) == (200, answer)
    assert "Content-Type: application/json" in head


@pytest.mark.parametrize(
    ("path", "headers", "method", "status"),
    [
        ("/computeMetadata/v1/project/project-id", "", "GET", 403),
        ("/computeMetadata/v1/project/project-id", "Metadata-Flavor: Other\r\n", "GET", 403),
        ("/computeMetadata/v1/project/project-id", f"{FLAVOR}X-Forwarded-For: 10.0.0.1\r\n", "GET", 403),
        ("/computeMetadata/v1/project/project-id", "metadata-flavor: google\r\n", "GET", 200),
        ("/computeMetadata/v1/project/gone", FLAVOR, "GET", 404),
        ("/computeMetadata/v1beta1/project/project-id", FLAVOR, "GET", 404),
        ("/computeMetadata/v1/project/project-id/more", FLAVOR, "GET", 404),
        ("/computeMetadata/v1/instance/service-accounts/default/identity", FLAVOR, "GET", 400),
        ("/computeMetadata/v1/instance/service-accounts/default/identity?audience=", FLAVOR, "GET", 400),
        ("/computeMetadata/v1/project/project-id", FLAVOR, "PUT", 405),
    ],
)
def test_refusals(path: str, headers: str, method: str, status: int) -> None:
    found, head, _ = ask(path, headers, method)
    assert found == status
    assert "Metadata-Flavor: Google" in head


def test_the_head_alone() -> None:
    status, head, body = ask("/computeMetadata/v1/project/project-id", method="HEAD")
    assert (status, body) == (200, "")
    assert "Content-Length: 6" in head


@pytest.mark.parametrize("request_", ["", "\r\n\r\n", "GET\r\n", "\0\xff GET / x", "GET  \r\n\r\n"])
def test_what_is_not_a_question(request_: str) -> None:
    assert respond(request_, ABOUT, 0).startswith(b"HTTP/1.1 ")


def test_it_can_be_read_by_the_oldest_python_that_an_image_may_have() -> None:
    ast.parse(Path(metadata_server.__file__).read_text(), feature_version=(3, 8))
