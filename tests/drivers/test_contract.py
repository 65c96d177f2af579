"""The contract's pure parts: variables, and where a server listens."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from deploy_lib.drivers.contract import listening, variables
from deploy_lib.drivers.contract.jobs import account_problem
from deploy_lib.model.roles import ACT_AS
from deploy_lib.model.service import JobTarget, Service
from deploy_lib.source.model import ImageContents

SERVICE = Service("shop", "p-staging", "us-central1", "shop-staging", "host/p-staging/images")

VARIABLES: list[tuple[dict[str, Any], tuple[str, ...], dict[str, str], list[tuple[str, str]]]] = [
    ({}, (), {}, []),
    (
        {"env": {"PORT": "8000"}},
        (),
        {},
        [("reserved_variable", "PORT is set by Cloud Run itself and may not be given")],
    ),
    ({"secrets": {"K_SERVICE": "a:1"}}, (), {}, [("reserved_variable", "K_SERVICE is set by Cloud Run itself")]),
    ({"job": JobTarget(), "env": {"PORT": "8000"}}, (), {}, []),
    (
        {"job": JobTarget(), "env": {"CLOUD_RUN_JOB": "x"}},
        (),
        {},
        [("reserved_variable", "CLOUD_RUN_JOB is set by Cloud Run itself")],
    ),
    ({"env": {"A": "1"}, "secrets": {"A": "a:1"}}, (), {}, [("variable_twice", "A is given twice")]),
    ({"env": {"A": "1"}}, ("A", "B"), {}, [("variable_missing", "B is required and not given")]),
    ({}, ("A",), {"A": "secret"}, [("variable_unnamed", "they stay: A")]),
    (
        {"env": {"DATABASE_ULR": "x"}},
        ("DATABASE_URL",),
        {},
        [("variable_missing", "DATABASE_URL is required and not given; DATABASE_ULR is given: is that the one?")],
    ),
    (
        {"secrets": {"OPENAI_APIKEY": "key:latest"}},
        (),
        {"OPENAI_API_KEY": "secret"},
        [
            (
                "variable_misspelt",
                "OPENAI_APIKEY is new, and the running service has OPENAI_API_KEY, which the YAML does not name",
            ),
            ("variable_unnamed", "they stay: OPENAI_API_KEY"),
        ],
    ),
    ({"env": {"KEY": "x"}}, (), {"KEY": "secret"}, [("variable_kind", "becomes a plain value")]),
    ({"secrets": {"KEY": "x:1"}}, (), {"KEY": "plain"}, [("variable_kind", "will come from a secret")]),
    ({"env": {"A": "1", "B": "2"}}, (), {"A": "plain"}, []),
]


@pytest.mark.parametrize(("wanted", "required", "running", "found"), VARIABLES)
def test_variables(
    wanted: dict[str, Any], required: tuple[str, ...], running: dict[str, str], found: list[tuple[str, str]]
) -> None:
    told = variables.check(replace(SERVICE, **wanted), required, running)
    assert [each.code for each in told] == [code for code, _ in found]
    assert all(words in each.message for each, (_, words) in zip(told, found, strict=True))


LISTENING: list[tuple[tuple[str, ...], dict[str, str], list[str]]] = [
    (("python", "app.py"), {}, []),
    (("uvicorn", "app:app", "--host", "0.0.0.0", "--port", "8080"), {}, []),
    (("uvicorn", "app:app", "--host=0.0.0.0", "--port=8000"), {}, ["port_mismatch"]),
    (("uvicorn", "app:app", "--port", "8080"), {}, ["listens_on_localhost"]),
    (("uvicorn", "app:app", "--port", "8080"), {"UVICORN_HOST": "0.0.0.0"}, []),
    (("uvicorn", "app:app"), {}, ["port_mismatch", "listens_on_localhost"]),
    (("uvicorn", "app:app", "--uds", "/x"), {}, []),
    (("python", "-m", "uvicorn", "app:app", "--host", "127.0.0.1", "--port", "8080"), {}, ["listens_on_localhost"]),
    (("sh", "-c", "exec uvicorn app:app --host 0.0.0.0 --port $PORT"), {}, []),
    (("/bin/sh", "-c", "uvicorn app:app --host 0.0.0.0 --port ${PORT:-8000}"), {}, []),
    (("/bin/sh", "-c", "uvicorn app:app --host 0.0.0.0 --port 9000"), {}, ["port_mismatch"]),
    (("gunicorn", "app:app"), {}, []),
    (("gunicorn", "-b", "0.0.0.0:9000", "app:app"), {}, ["port_mismatch"]),
    (("gunicorn", "--bind=127.0.0.1:8080", "app:app"), {}, ["listens_on_localhost"]),
    (("gunicorn", "--bind", ":$PORT", "app:app"), {}, []),
    (("sh", "-c", "echo 'unfinished"), {}, []),
]


@pytest.mark.parametrize(("command", "env", "codes"), LISTENING)
def test_listening(command: tuple[str, ...], env: dict[str, str], codes: list[str]) -> None:
    contents = ImageContents({}, {}, command=command, env=env)
    assert [each.code for each in listening.check(contents, 8080)] == codes


MIGRATOR = "migrator@p-staging.iam.gserviceaccount.com"


@pytest.mark.parametrize(
    ("held", "expected", "fix"),
    [
        (frozenset({ACT_AS}), None, None),
        (None, f"job migrate: there is no service account {MIGRATOR}", "service-accounts create migrator --project=p-"),
        (frozenset(), f"job migrate: a@b.c may not act as {MIGRATOR} ({ACT_AS})", "roles/iam.serviceAccountUser"),
    ],
)
def test_the_account_of_a_job(held: frozenset[str] | None, expected: str | None, fix: str | None) -> None:
    found = account_problem("job migrate", MIGRATOR, held, "p-staging", "a@b.c")
    assert (found.message if found else None) == expected
    assert fix is None or (found and found.fix and fix in found.fix)
