"""git_clean on real working copies: what stops a release, what is one line of advice, and what a person is to do."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from deploy_lib.drivers.source.driver import GitSource
from deploy_lib.model.findings import Finding, errors
from deploy_lib.model.release import Status
from deploy_lib.model.service import BuildSource
from deploy_lib.steps.catalogue import KINDS
from deploy_lib.steps.git_clean import ReadCheckout
from deploy_lib.steps.image_contents import ReadSource
from deploy_lib.steps.kind import Verdict
from tests.source.git_repository import GitRepository, release_of

Open = Callable[[Path], GitSource]

EVERYTHING = "FROM python:3.11-slim\nWORKDIR /srv\nCOPY . .\nCMD uvicorn app.main:app\n"
BY_NAME = "FROM python:3.11-slim\nWORKDIR /srv\nCOPY app app\nCMD uvicorn app.main:app\n"
MAIN = {"app/main.py": "from app import models, llm\n\napp = models\n"}
USUAL = {
    ".env": "API_KEY=1\n",
    ".env.local": "API_KEY=1\n",
    ".venv/pyvenv.cfg": "",
    ".venv/lib/python3.11/site-packages/flask/app.py": "",
    "web/node_modules/node-gyp/gyp/gyp_main.py": "",
    ".mypy_cache/3.11/app.data.json": "{}",
    ".pytest_cache/v/cache/lastfailed": "{}",
    "app/__pycache__/main.cpython-311.pyc": "",
    "dist/app-1.0-py3-none-any.whl": "",
    "build/lib/app/main.py": "",
    "app.egg-info/PKG-INFO": "",
    "dev.sqlite3": "",
    "app/cache.db": "",
    ".idea/workspace.xml": "",
    ".vscode/settings.json": "{}",
    ".DS_Store": "",
    "netra-staging-1a2b.json": '{"type": "service_account", "private_key": "x"}',
    "tls/server.pem": "-----BEGIN PRIVATE KEY-----\n",
    "tools/deploy/.venv/lib/python3.11/site-packages/grpc/__init__.py": "",
    "notebooks/try.py": "",
}
IGNORED = "*\n!.gitignore\n"


def judged(source: GitSource, place: GitRepository, build: BuildSource | None = None, **settings: object) -> Verdict:
    kind = KINDS["git_clean"]
    release = release_of(place.git("rev-parse", "HEAD"), build)
    return kind.judge(kind.settings.model_validate(settings), release, source.read_checkout(ReadCheckout(release)))


def stopped_by(verdict: Verdict) -> list[str | None]:
    return [finding.file for finding in errors(verdict.findings)]


def advice(verdict: Verdict) -> Finding:
    (found,) = [finding for finding in verdict.findings if finding.code == "only_on_disk"]
    return found


@pytest.mark.parametrize("dockerfile", [EVERYTHING, BY_NAME], ids=["copy everything", "copy by name"])
@pytest.mark.parametrize("ignored", [True, False], ids=["ignored", "untracked"])
def test_what_lies_about_in_every_working_copy_stops_nothing(
    place: GitRepository, open_source: Open, dockerfile: str, ignored: bool
) -> None:
    place.commit({"Dockerfile": dockerfile, ".gitignore": "\n".join(USUAL) if ignored else "# nothing\n"})
    usual = dict(USUAL)
    if not ignored:  # a script that nobody ignores and COPY . . would bring is code
        usual.pop("notebooks/try.py")
    place.write(usual)
    verdict = judged(open_source(place.root), place)
    assert (verdict.status, stopped_by(verdict)) == (Status.PASSED, [])
    assert "git add --force" not in str(verdict.findings)
    told = advice(verdict)
    assert ".env" in (told.fix or "") and ".dockerignore" in (told.fix or "")
    assert not any(f"git add -- {path}" in (told.fix or "") for path in usual)


def test_the_advice_runs_as_it_is_printed_and_then_there_is_none(place: GitRepository, open_source: Open) -> None:
    place.commit({"Dockerfile": EVERYTHING, ".gitignore": ".env\n*odd*\n", ".dockerignore": "docs"})
    place.write({".env": "", "odd name [1]*.txt": ""})
    command = advice(judged(open_source(place.root), place)).fix or ""
    for each in command.split(" && ")[:2]:
        subprocess.run(["sh", "-c", each], cwd=place.root, check=True)
    place.git("commit", "--quiet", "-m", "Keep them out")
    verdict = judged(open_source(place.root), place)
    assert (verdict.status, verdict.findings) == (Status.PASSED, ())
    assert (place.root / ".dockerignore").read_text().startswith("docs\n.env\n")


def _untracked(place: GitRepository) -> None:
    place.write({"app/llm.py": ""})


def _ignored(place: GitRepository) -> None:
    place.commit({".gitignore": "llm*\n"})
    place.write({"app/llm.py": ""})


def _directory_ignored(place: GitRepository) -> None:
    place.commit({".gitignore": "llm/\n"})
    place.write({"app/llm/__init__.py": "from app.llm import types\n", "app/llm/types.py": ""})


def _like_an_output(place: GitRepository) -> None:
    place.commit({"app/main.py": "import app.build.llm\n\napp = 1\n", ".gitignore": "build/\n"})
    place.write({"app/build/__init__.py": "", "app/build/llm.py": ""})


def _force_removed(place: GitRepository) -> None:
    place.commit({"app/llm.py": ""})
    place.git("rm", "--quiet", "--cached", "app/llm.py")
    place.commit({".gitignore": "llm*\n"})
    assert (place.root / "app/llm.py").is_file()


def _removed_and_not_committed(place: GitRepository) -> None:
    place.commit({"app/llm.py": "", ".gitignore": "llm*\n"})
    place.git("add", "--force", "app/llm.py")
    place.git("commit", "--quiet", "--allow-empty", "-m", "It")
    place.git("rm", "--quiet", "--cached", "app/llm.py")


def _staged(place: GitRepository) -> None:
    place.write({"app/llm.py": ""})
    place.git("add", "app/llm.py")


def _excluded_on_this_machine(place: GitRepository) -> None:
    place.write({".git/info/exclude": "llm.py\n", "app/llm.py": ""})


def _repository_of_its_own(place: GitRepository) -> None:
    place.git("init", "--quiet", "app/llm")
    place.write({"app/llm/__init__.py": ""})


def _wrong_case(place: GitRepository) -> None:
    place.commit({"app/LLM.py": ""})


def _link(place: GitRepository) -> None:
    place.commit({"shared/llm.py": ""})
    (place.root / "app/llm.py").symlink_to("../shared/llm.py")


@pytest.mark.parametrize("dockerfile", [EVERYTHING, BY_NAME], ids=["copy everything", "copy by name"])
@pytest.mark.parametrize(
    "left",
    [
        _untracked,
        _ignored,
        _directory_ignored,
        _like_an_output,
        _force_removed,
        _removed_and_not_committed,
        _staged,
        _excluded_on_this_machine,
        _repository_of_its_own,
        _wrong_case,
        _link,
    ],
)
def test_a_module_that_is_only_on_this_disk_always_stops_the_release(
    place: GitRepository, open_source: Open, left: Callable[[GitRepository], None], dockerfile: str
) -> None:
    place.commit({"Dockerfile": dockerfile, **MAIN})
    left(place)
    source = open_source(place.root)
    read = source.read_source(ReadSource(release_of(place.git("rev-parse", "HEAD"))))
    before_the_build = [*stopped_by(judged(source, place)), *(each.file for each in errors(read.findings))]
    assert before_the_build
    if left is not _wrong_case:  # nothing differs from the commit there: the image's contents tell
        assert stopped_by(judged(source, place))


def test_variables_of_the_service_say_where_its_modules_are(place: GitRepository, open_source: Open) -> None:
    place.commit({"Dockerfile": EVERYTHING, ".gitignore": "lib/\n", "app/main.py": "import helper\n\napp = helper\n"})
    place.write({"lib/helper.py": ""})
    release = release_of(place.git("rev-parse", "HEAD"))
    given = replace(release, service=replace(release.service, env={"PYTHONPATH": "/srv/lib"}))
    kind, source = KINDS["git_clean"], open_source(place.root)
    for each, stopping in ((release, []), (given, ["lib/helper.py"])):
        verdict = kind.judge(kind.settings(), each, source.read_checkout(ReadCheckout(each)))
        assert stopped_by(verdict) == stopping


def test_only_an_imported_source_file_is_ever_to_be_forced_into_git(place: GitRepository, open_source: Open) -> None:
    place.commit({"Dockerfile": EVERYTHING, ".gitignore": "*_local.py\nllm.py\nsecrets.py\nkeys.py\n"})
    place.commit({"app/main.py": "from app import llm, secrets, keys\n\napp = 1\n"})
    place.write({"app/llm.py": "", "app/secrets.py": "", "app/plugin_local.py": ""})
    place.write({"app/keys.py": 'KEY = """-----BEGIN RSA PRIVATE KEY-----"""\n'})
    fixes = {each.file: each.fix or "" for each in errors(judged(open_source(place.root), place).findings)}
    assert [path for path, fix in fixes.items() if "git add --force" in fix] == ["app/llm.py"]
    assert set(fixes) == {"app/keys.py", "app/llm.py", "app/plugin_local.py", "app/secrets.py"}
    assert fixes["app/plugin_local.py"].startswith("printf '\\n%s' app/plugin_local.py >> .dockerignore")
    assert "Secret Manager" in fixes["app/keys.py"] and "Secret Manager" in fixes["app/secrets.py"]


@pytest.mark.parametrize(
    "run",
    [
        "RUN python -m grpc_tools.protoc -Iproto --python_out=app/gen proto/shop.proto",
        "RUN python -m grpc_tools.protoc -Iproto --python_out=. proto/shop.proto",
        "RUN protoc --python_out app/gen proto/shop.proto",
        "RUN echo 'X = 1' > app/gen/shop_pb2.py",
        "COPY --from=made /out/ app/gen/",
    ],
)
def test_what_the_dockerfile_makes_itself_is_not_missed(place: GitRepository, open_source: Open, run: str) -> None:
    before, last = EVERYTHING.split("CMD")
    made = "FROM python:3.11-slim AS made\nRUN make -C /out\n"
    place.commit({"Dockerfile": f"{made}{before}{run}\nCMD{last}", ".gitignore": "gen/\n", "proto/shop.proto": ""})
    place.commit({"app/main.py": "from app.gen import shop_pb2\n\napp = 1\n"})
    place.write({"app/gen/__init__.py": "", "app/gen/shop_pb2.py": "X = 1\n"})
    if "app/gen/shop_pb2.py" in run or "--python_out=." in run:
        place.git("add", "--force", "app/gen/__init__.py")
        place.git("commit", "--quiet", "-m", "The package")
    verdict = judged(open_source(place.root), place)
    assert (verdict.status, stopped_by(verdict)) == (Status.PASSED, [])
    assert "git add" not in str(verdict.findings)


def test_a_step_that_may_change_anything_is_no_reason_to_let_the_incident_pass(
    place: GitRepository, open_source: Open
) -> None:
    place.commit({"Dockerfile": EVERYTHING.replace("CMD", "RUN ./tune.sh\nCMD"), ".gitignore": "llm*\n", **MAIN})
    place.write({"app/llm.py": ""})
    assert stopped_by(judged(open_source(place.root), place)) == ["app/llm.py"]


@pytest.mark.parametrize("pattern", ["front/dist/**", "front/dist", "front/dist/", "front/**", "front/dist/**/*"])
def test_what_the_configuration_includes_is_known(place: GitRepository, open_source: Open, pattern: str) -> None:
    place.commit({"Dockerfile": EVERYTHING, ".gitignore": "dist/\n", "front/package.json": "{}"})
    place.write({"front/dist/index.html": "", "front/dist/js/deep/a.js": "", "front/dist/.well-known/x": ""})
    build = BuildSource(include=(pattern,))
    source = open_source(place.root)
    verdict = judged(source, place, build)
    assert (verdict.status, verdict.findings) == (Status.PASSED, ())
    held = source.stage_commit("HEAD", build, True).contents.files
    assert {"/srv/front/dist/index.html", "/srv/front/dist/js/deep/a.js", "/srv/front/dist/.well-known/x"} <= set(held)


def test_a_pattern_that_matches_nothing_names_its_line(place: GitRepository, open_source: Open) -> None:
    build = BuildSource(
        include=("front/dist/**", "app/*.py"), include_places=("config/a.yaml:9:7", "config/a.yaml:10:7")
    )
    verdict = judged(open_source(place.root), place, build)
    assert [(each.code, each.place) for each in verdict.findings] == [("include_matches_nothing", "config/a.yaml:9")]
    assert verdict.status is Status.FAILED


def test_a_service_in_its_own_directory_is_told_of_its_own_ignore_file(place: GitRepository, open_source: Open) -> None:
    place.commit(
        {"services/api/Dockerfile": "FROM scratch\nCOPY . /\n", "services/api/a.py": "", ".gitignore": ".env\n"}
    )
    place.write({"services/api/.env": "", ".env": "", "services/web/.env": ""})
    build = BuildSource("services/api", "services/api/Dockerfile")
    told = advice(judged(open_source(place.root), place, build))
    command = "printf '\\n%s' .env >> services/api/.dockerignore && git add -- services/api/.dockerignore && git commit"
    assert told.fix == command
    assert shlex.split(command)[1] == "\\n%s"
    place.commit({"services/api/Dockerfile.dockerignore": "docs\n"})
    assert ">> services/api/Dockerfile.dockerignore" in str(advice(judged(open_source(place.root), place, build)).fix)


def test_documents_and_submodules_that_differ_only_warn(
    place: GitRepository, open_source: Open, tmp_path: Path
) -> None:
    other = GitRepository(tmp_path / "other")
    other.commit({"lib.py": ""})
    place.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other.root), "vendor/other")
    place.commit({"Dockerfile": EVERYTHING})
    place.write({"README.md": "# Changed\n", "vendor/other/new.py": ""})
    verdict = judged(open_source(place.root), place)
    assert [(each.severity.value, each.code) for each in verdict.findings] == [("warning", "outside_context")]


@pytest.mark.parametrize(
    ("changed", "stops"),
    [
        ("app/models.py", True),
        ("app/page.html", True),
        ("Dockerfile", True),
        ("requirements.txt", True),
        (".dockerignore", True),
        ("README.md", False),
        ("docs/a.md", False),
    ],
)
def test_a_committed_file_that_changed(place: GitRepository, open_source: Open, changed: str, stops: bool) -> None:
    install = EVERYTHING.replace("CMD", "RUN pip install -r requirements.txt\nCMD")
    files = {
        "Dockerfile": install,
        "requirements.txt": "",
        ".dockerignore": "docs\n",
        "docs/a.md": "",
        "app/page.html": "",
    }
    place.commit(files)
    with open(place.root / changed, "a") as file:
        file.write("\n# changed\n")
    assert stopped_by(judged(open_source(place.root), place)) == ([changed] if stops else [])
