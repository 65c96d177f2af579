"""The metadata server of an instance: an application that asks it before it listens comes up, as on Cloud Run."""

from __future__ import annotations

import json

import pytest
from google.cloud.run_v2 import Service

from deploy_lib.local_cloud.emulator.builds.environment import project_number
from deploy_lib.local_cloud.emulator.wire.tokens import account_of, identity_of
from tests.local_cloud.emulator.run.bench import RunBench, template

ACCOUNT = "shop@p.iam.gserviceaccount.com"
DEFAULT = "instance/service-accounts/default"


@pytest.fixture(scope="module")
def url(bench: RunBench) -> str:
    wanted = template(behaviour="google")
    wanted.service_account = ACCOUNT
    return bench.deploy("metadata", Service(template=wanted)).uri


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("project/project-id", "p"),
        ("project/numeric-project-id", project_number("p")),
        ("instance/region", f"projects/{project_number('p')}/regions/r"),
        (f"{DEFAULT}/email", ACCOUNT),
        (f"instance/service-accounts/{ACCOUNT}/email", ACCOUNT),
        (f"{DEFAULT}/scopes", "https://www.googleapis.com/auth/cloud-platform"),
    ],
)
def test_it_tells_of_the_service(bench: RunBench, url: str, path: str, answer: str) -> None:
    assert bench.http.get(f"{url}/metadata?{path}").text == answer


def test_its_tokens_are_of_the_account_that_it_runs_as(bench: RunBench, url: str) -> None:
    access = json.loads(bench.http.get(f"{url}/metadata?{DEFAULT}/token").text)["access_token"]
    assert account_of(access) == ACCOUNT
    identity = bench.http.get(f"{url}/metadata?{DEFAULT}/identity?audience=https://other.run.app").text
    claims = identity_of(identity)
    assert claims is not None and (claims["email"], claims["aud"]) == (ACCOUNT, "https://other.run.app")


def test_its_instance_id_is_the_one_that_the_log_names(bench: RunBench, url: str) -> None:
    assert len(bench.http.get(f"{url}/metadata?instance/id").text) == 32
