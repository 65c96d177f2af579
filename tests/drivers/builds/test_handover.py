"""Nobody who may read builds or the bucket reads what a build was given, or what the application said in secret."""

from __future__ import annotations

import base64
import gzip
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from google.cloud.devtools.cloudbuild_v1 import Build

from deploy_lib.drivers.builds.check import without_secrets
from deploy_lib.drivers.builds.handover import VOLUME, handover
from deploy_lib.drivers.storage import build_bucket
from deploy_lib.source.model import Staged
from tests.drivers.builds.conftest import BuildHarness
from tests.drivers.builds.samples import APP, DOCKERFILE, stage_files

ARGUMENT, PASSWORD, URL_PASSWORD = "npm-argument-Zq71", "hunter2-Tr0ub4dor", "in-the-url-93x"
GREETING = "good-morning-from-the-yaml"
ENV = {
    "DB_PASSWORD": PASSWORD,
    "DATABASE_URL": f"postgres://shop:{URL_PASSWORD}@db/shop",
    "GREETING": GREETING,
    "POOL": "7",
    "MAX_TOKEN": "100",
}
SAID = {
    "token": "ghp_0123456789abcdefghijABCDEFGHIJ012345",
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJlc2lnbmF0dXJl",
    "bearer": "Bearer abcdefghijklmnop0123456789",
    "url": "amqp://user:rabbit-pa55word@mq/",
    "words": "api_key=k-93jd83jd83jd83jd",
    "key": "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nzzYYxxWW\n-----END PRIVATE KEY-----",
}
SECRET = (
    *(ARGUMENT, PASSWORD, URL_PASSWORD, SAID["token"], SAID["jwt"], "abcdefghijklmnop0123456789"),
    *("rabbit-pa55word", "k-93jd83jd83jd83jd", "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC", "zzYYxxWW"),
)
SPEAKS = f"""import os, sys, time
assert int(os.environ["POOL"]) == 7 and int(os.environ["MAX_TOKEN"]) == 100
assert os.environ["GREETING"] == {GREETING!r}
assert os.environ["DB_PASSWORD"] == "placeholder", "what looks like a secret stays at home"
assert os.environ["DATABASE_URL"] == "postgres://shop:placeholder@db/shop"
for text in {tuple(SAID.values())!r}:
    print("here is", text, flush=True)
    print("and again", text, file=sys.stderr, flush=True)
"""
DOCKER = f'{DOCKERFILE}ARG NPM_TOKEN\nARG MODE\nRUN test "$NPM_TOKEN$MODE" = npm-argument-Zq7"1x"\n'


def speaking(then: str = "") -> Staged:
    return stage_files({**APP, "Dockerfile": DOCKER, "shop/main.py": SPEAKS + then})


def stored(build: Build) -> str:
    """All that the build resource shows, what is packed in it unpacked."""
    whole = Build.to_json(build)
    for step in build.steps:
        packed = "".join(step.args[3:])
        if step.id == "import-check":
            whole += gzip.decompress(base64.b64decode(packed)).decode()
    whole += b"".join(build.results.build_step_outputs).decode("utf-8", "replace")
    return whole


def everything(harness: BuildHarness) -> str:
    blobs = harness.clients.storage.list_blobs(build_bucket(harness.project))
    return "\n".join(
        blob.download_as_bytes().decode("utf-8", "replace") for blob in blobs if not blob.name.startswith("source/")
    )


@pytest.mark.parametrize("fails", [False, True])
def test_no_value_is_left_in_the_build_or_the_bucket(harness: BuildHarness, fails: bool) -> None:
    release = harness.release(env=ENV)
    source = replace(release.service.source, args={"NPM_TOKEN": ARGUMENT, "MODE": "x"})
    release = replace(release, service=replace(release.service, source=source))
    raising = f"raise RuntimeError('cannot log in at ' + {SAID['url']!r} + ' with ' + {SAID['token']!r})\n"
    built = harness.build(speaking(raising if fails else ""), release)
    assert built.checked and built.checked.ran, built.trouble
    assert (built.image is None) == fails
    (build,) = harness.builds()
    shown = stored(build) + everything(harness) + "\n".join(harness.lines) + repr(built)
    assert not [value for value in SECRET if value in shown]
    assert GREETING not in stored(build)
    kept = ["log", "source"] if fails else ["checks", "log", "source"]
    assert harness.objects(build_bucket(harness.project)) == kept, "an application's words go once they were read"
    assert any("here is" in line for line in harness.lines)


def test_a_check_by_itself_is_given_its_values_in_the_same_way(harness: BuildHarness) -> None:
    staged = stage_files(APP)
    built = harness.build(staged)
    check = harness.check(staged, built, service={"env": {"GREETING": GREETING}})
    assert check.ran and not check.findings
    alone = next(build for build in harness.builds() if not build.source)
    assert [step.id for step in alone.steps] == ["values", "import-check", "import-verdict"]
    assert GREETING not in stored(alone)
    assert "handover" not in harness.objects(build_bucket(harness.project))


@pytest.mark.parametrize(
    ("name", "value", "given"),
    [
        ("MODE", "strict", "strict"),
        ("API_KEY", "k3y-value", "placeholder"),
        ("MAX_TOKEN", "100", "100"),
        ("USE_TOKEN", "true", "true"),
        ("DATABASE_URL", "mysql://root:pa55@db/x?a=b", "mysql://root:placeholder@db/x?a=b"),
        ("ANYTHING", SAID["token"], "placeholder"),
        ("CONFIG", '{"password": "pa55word"}', '{"password": "placeholder"}'),
    ],
)
def test_what_looks_like_a_secret_is_replaced(name: str, value: str, given: str) -> None:
    assert without_secrets({name: value}) == {name: given}


@pytest.mark.parametrize(
    "value", ["plain", "", "two words", "a'b\"c$d`e\\f", "%s %d \\x41 \\n", "line\nline", "ä€𝄞", "x" * 20_000]
)
def test_values_come_out_as_they_went_in(tmp_path: Path, value: str) -> None:
    made = handover("1", {"A": value, "B": "other"}, {"C": value})
    assert value == "" or len(value) < 4 or value.encode().hex() not in made.sealed().decode()
    (tmp_path / "gsutil").write_text('#!/bin/sh\nexec cp "$SEALED" "$4"\n')
    (tmp_path / "gsutil").chmod(0o755)
    (tmp_path / "object").write_bytes(made.sealed())
    arguments = [each.replace("$$", "$").replace(VOLUME, str(tmp_path)) for each in made.opening("b")]
    env = {"PATH": f"{tmp_path}:/usr/bin:/bin", "SEALED": str(tmp_path / "object")}
    subprocess.run(["bash", *arguments], env=env, check=True)
    show = f'. {tmp_path}/values; printf "%s\\0" "${{variables[@]}}" "${{arguments[@]}}"'
    shown = subprocess.run(["bash", "-c", show], capture_output=True, check=True).stdout.decode()
    assert shown.split("\0")[:-1] == [f"--env=A={value}", "--env=B=other", f"--build-arg=C={value}"]
