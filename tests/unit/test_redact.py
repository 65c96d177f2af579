"""Nothing secret gets through a Redactor, and what is not a secret stays readable."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import dataclass
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy_lib.redact import MASK, Redactor, named_secrets

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
BY_SHAPE = [
    ("postgres://app:pl4nted!@db:5432/shop", "pl4nted!"),
    ("postgresql+asyncpg://app:pl4n/ted@db/shop", "pl4n/ted"),
    ("redis://:pl4nted@cache:6379/0", "pl4nted"),
    ("Authorization: Bearer pl4nted-token-1", "pl4nted-token-1"),
    ("authorization=Basic cGw0bnRlZA==", "cGw0bnRlZA"),
    ("{'Authorization': 'Bearer pl4nted.token.2'}", "pl4nted.token.2"),
    ("sent bearer pl4ntedpl4nted to it", "pl4ntedpl4nted"),
    ("Set-Cookie: session=pl4nted; Path=/", "pl4nted"),
    (f"the token was {JWT}", JWT),
    ("using AKIAIOSFODNN7PLANTED", "AKIAIOSFODNN7PLANTED"),
    ("AIzaSyPlanted0123456789012345678901234", "AIzaSyPlanted"),
    ("ya29.a0Planted_0123456789", "a0Planted"),
    ("GOCSPX-planted0123456789", "planted0123456789"),
    ("ghp_planted0123456789012345", "planted0123456789012345"),
    ("sk-proj-planted0123456789abc", "planted0123456789abc"),
    ("xoxb-123-planted", "123-planted"),
    ("https://hooks.slack.com/services/T0/B0/pl4nted", "pl4nted"),
    ("GET /x?access_token=pl4nted&n=1", "pl4nted"),
    ("https://s/x?X-Goog-Signature=pl4nted&b=1", "pl4nted"),
    ("DB_PASSWORD=pl4nted", "pl4nted"),
    ("dbPassword: pl4nted", "pl4nted"),
    ('{"client_secret": "pl4nted with spaces"}', "pl4nted with spaces"),
    ("input_value={'openai_api_key': 'pl4nted', 'n': 2}", "pl4nted"),
    ('"{\\"password\\": \\"pl4nted\\"}"', "pl4nted"),
    ("mysql --password pl4nted", "pl4nted"),
    ("-----BEGIN RSA PRIVATE KEY-----\nMIIpl4nted\n-----END RSA PRIVATE KEY-----", "MIIpl4nted"),
    ("-----BEGIN PRIVATE KEY-----\nMIIpl4nted and then the log was cut", "MIIpl4nted"),
]
BY_SHAPE += [
    ("cannot log in with password 'pl4nted'", "pl4nted"),
    ("AccountName=x;AccountKey=cGw0bnRlZA==;Endpoint=y", "cGw0bnRlZA"),
    ("the password is pl4nted", "pl4nted"),
    ("curl -u app:pl4nted https://example.com", "pl4nted"),
    ("invalid token 'pl4nted-0123'", "pl4nted-0123"),
    ("hvs.pl4nted0123456789abcdef", "pl4nted0123456789abcdef"),
]
HARMLESS = [
    "the password is required",
    "SyntaxError: unexpected token '}'",
    "docker run -u 1000:1000 image",
    "backend-staging-9f8e7d6-0a1b2c3d serves 100 %, commit 9f8e7d6c5b4a39281706f5e4d3c2b1a098765432",
    "ModuleNotFoundError: No module named 'app.secrets'",
    'File "/app/token_utils.py", line 12, in <module>',
    "KeyError: 'API_TOKEN'",
    "permission secretmanager.versions.access is denied",
    "secret: projects/1/secrets/openai-api-key/versions/latest",
    "the container ends with exit code 1; its last output: bypass",
    "https://example.com:8080/health",
    "us-central1-docker.pkg.dev/p/services/backend@sha256:0123456789abcdef",
    "task-1234 risk-assessment sk-learn",
]


@pytest.mark.parametrize(("text", "secret"), BY_SHAPE)
def test_masks_what_looks_like_a_secret(text: str, secret: str) -> None:
    masked = Redactor().text(text)
    assert secret not in masked
    assert MASK in masked


@pytest.mark.parametrize("text", HARMLESS)
def test_leaves_the_rest_alone(text: str) -> None:
    assert Redactor().text(text) == text


@pytest.mark.parametrize(
    "secret", ["hunter2-planted", "p@ss w/rd&1é", 'quo"te\\d and more', "line one long\nline two long"]
)
def test_masks_known_values_in_every_form(secret: str) -> None:
    redactor = Redactor([secret])
    wrapped = base64.b64encode(f"user:{secret}".encode()).decode()
    for form in (secret, quote(secret, safe=""), json.dumps(secret), repr(secret)):
        assert redactor.text(f"before {form} after").count(secret.split()[0]) == 0, form
    assert wrapped not in redactor.text(f"header {wrapped}")


@pytest.mark.parametrize("value", ["a", "true", "8080", "secret", "localhost", "production"])
def test_a_value_that_is_no_use_as_a_secret_eats_no_text(value: str) -> None:
    """It goes only where it follows its name."""
    redactor = Redactor(named_secrets({"DB_PASSWORD": value}))
    assert redactor.text(f"a true answer of the secret at localhost:8080 in {value}") == (
        f"a true answer of the secret at localhost:8080 in {value}"
    )
    assert redactor.text(f"DB_PASSWORD={value}") == f"DB_PASSWORD={MASK}"


@pytest.mark.parametrize(
    ("name", "value", "known"),
    [
        ("DB_PASSWORD", "hunter2", ["hunter2"]),
        ("dbPassword", "swordfish", ["swordfish"]),
        ("STRIPE_KEY", "pl4nted0123456789", ["pl4nted0123456789"]),
        ("PARTITION_KEY", "customer", []),
        ("DATABASE_URL", "postgres://app:pl4%21ted@db/shop", ["pl4%21ted", "pl4!ted"]),
        ("TOKEN_URL", "https://example.com/token", []),
        ("PASSWORD_FILE", "/run/secrets/db", []),
        ("API_TOKEN", "api-token:latest", []),
    ],
)
def test_values_that_are_known_to_be_secret(name: str, value: str, known: list[str]) -> None:
    assert sorted(named_secrets({name: value})) == sorted(known)


def test_a_known_value_that_is_folded_over_lines_goes_whole() -> None:
    secret = "hunter2-Tr0ub4dor-and-3-more"
    for cut in range(8, len(secret) - 6):  # a piece that is one plain word may stand there by chance
        masked = Redactor([secret]).text(f"it is {secret[:cut]}\nbuild: {secret[cut:]} now")
        assert secret[:cut] not in masked and secret[cut:] not in masked, masked


def test_the_longer_of_two_secrets_goes_first() -> None:
    assert Redactor(["planted", "planted-and-more"]).text("x planted-and-more y") == f"x {MASK} y"


def test_a_key_over_several_log_lines_goes_as_a_whole() -> None:
    lines = ["-----BEGIN PRIVATE KEY-----", "MIIEvQIBADANB", "kqhkiG9w0", "-----END PRIVATE KEY-----", "then this"]
    assert Redactor().lines(lines) == [MASK, MASK, MASK, MASK, "then this"]


@pytest.mark.parametrize(
    ("name", "value", "secret"),
    [
        ("APP_KEY", "a1b2c3d4e5f6a7b8c9", True),
        ("APP_KEY", "order_id", False),
        ("dbPassword", "pl4nted", True),
        ("DB_PASSWORD", "db-password:latest", False),
        ("DB_PASSWORD", "", False),
    ],
)
def test_a_name_means_the_same_in_settings_and_in_records(name: str, value: str, secret: bool) -> None:
    assert (value in named_secrets({name: value})) is secret
    assert (Redactor().value({name: value})[name] == MASK) is secret


@dataclass(frozen=True)
class Holder:
    name: str
    inner: tuple[str, ...]
    facts: dict[str, object]


def test_values_of_any_plain_shape() -> None:
    held = Holder(
        "x", ("password=pl4nted", "y"), {"db_password": "pl4nted", "n": 3, "at": None, "list": [{"token": "pl4nted"}]}
    )
    masked = Redactor().value(held)
    assert "pl4nted" not in repr(masked)
    assert masked.name == "x"
    assert masked.facts["n"] == 3


@pytest.mark.parametrize(
    "text",
    [
        "there is no secret api-key: gcloud secrets create api-key",
        "config/passwd: no such file or directory",
        "the account may not read the secret db-password: grant it roles/secretmanager.secretAccessor",
        "variable DB_PASSWORD: added, plain value",
        "no identity token: the metadata server does not answer",
        "Authorization: the caller has none",
    ],
)
def test_a_sentence_after_a_colon_is_no_secret(text: str) -> None:
    assert Redactor().text(text) == text


def test_a_secret_named_by_reference_is_no_secret() -> None:
    assert Redactor().value({"API_TOKEN": "api-token:latest"}) == {"API_TOKEN": "api-token:latest"}


def test_long_lines_do_not_take_long() -> None:
    redactor = Redactor(["planted-secret"])
    began = time.thread_time()
    for text in ("a" * 200_000, "password=" * 2_000, "x://" * 5_000, "token: '" * 2_000, "eyJ" * 20_000):
        redactor.text(text)
    assert time.thread_time() - began < 2


@given(
    st.text(),
    st.text(min_size=4).filter(lambda text: text.strip("\r\n") == text and "\n" not in text and "\r" not in text),
)
def test_a_known_value_never_survives(around: str, secret: str) -> None:
    masked = Redactor([secret]).text(f"{around}{secret}{around}")
    assert secret not in masked.replace(MASK, "\0") or secret in around
