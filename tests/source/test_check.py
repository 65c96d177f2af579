"""The command check on the example service: every way to lose a module, each told with its rule and its fix."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rehearse.repository import Repository

from deploy_lib.cli.main import main

EXAMPLE = Path(__file__).parents[2] / "examples/backend"
LOST = "shop_backend/core/orders.py"
MODULE = "shop_backend.core.orders"
COPIES = """\
COPY shop_backend/*.py shop_backend/
COPY shop_backend/routes shop_backend/routes
COPY shop_backend/schemas shop_backend/schemas
"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    monkeypatch.setenv("DEPLOY_STATE_DIR", str(tmp_path / "state"))
    return Repository.copied_from(EXAMPLE, tmp_path / "shop")


Check = Callable[..., tuple[int, Any]]


@pytest.fixture
def check(shop: Repository, capsys: pytest.CaptureFixture[str]) -> Check:
    """The exit code and what was printed, read as JSON when that was asked for."""

    def run(*words: str) -> tuple[int, Any]:
        capsys.readouterr()
        code = main(["check", "--repo", str(shop.root), *words])
        printed = capsys.readouterr()
        return code, json.loads(printed.out) if {"json", "sarif"} & set(words) else printed.out + printed.err

    return run


def processor_seconds() -> float:
    """Of this process and of the commands it ran, which a busy machine does not stretch as it does the time."""
    return sum(os.times()[:4])


def append(shop: Repository, path: str, text: str) -> None:
    shop.write(path, (shop.root / path).read_text(encoding="utf-8") + text)


def out_of_git(shop: Repository) -> None:
    """The file stays on the disk."""
    kept = (shop.root / LOST).read_text(encoding="utf-8")
    (shop.root / LOST).unlink()
    shop.commit("Take it out of git")
    shop.write(LOST, kept)


def ignored_by_git(shop: Repository) -> None:
    append(shop, ".gitignore", "orders.p*\n!routes/orders.py\n!schemas/orders.py\n")
    out_of_git(shop)


def ignored_by_docker(shop: Repository) -> None:
    append(shop, ".dockerignore", "**/core/orders.py\n")
    shop.commit("Ignore it")


def not_copied(shop: Repository) -> None:
    shop.replace("Dockerfile", "COPY shop_backend/ shop_backend/\n", COPIES)
    shop.commit("Copy less")


def wrong_case(shop: Repository) -> None:
    shop.move(LOST, "shop_backend/core/Orders.py")
    shop.commit("Rename it")


def deleted(shop: Repository) -> None:
    (shop.root / LOST).unlink()
    shop.commit("Delete it")


def line_number(shop: Repository, path: str, text: str) -> int:
    return (shop.root / path).read_text(encoding="utf-8").splitlines().index(text) + 1


def test_a_good_commit_is_clean(check: Check, shop: Repository) -> None:
    before = processor_seconds()
    code, told = check("--output", "json")
    assert (code, told["findings"], told["entrypoint"]) == (0, [], "shop_backend.main:app")
    assert told["commit"] == shop.head()
    assert (told["image_files"], told["closure_modules"]) == (19, 17)
    assert told["seconds"] > 0
    assert processor_seconds() - before < 1


@pytest.mark.parametrize(
    ("lose", "cause", "rule", "fix"),
    [
        (ignored_by_git, "gitignored", ".gitignore: orders.p*", f"git add --force -- {LOST} && git commit"),
        (ignored_by_docker, "dockerignored", ".dockerignore: **/core/orders.py", f"echo '!{LOST}' >> .dockerignore"),
        (out_of_git, "untracked", None, f"git add -- {LOST} && git commit"),
        (wrong_case, "case_mismatch", None, f"git mv -- shop_backend/core/Orders.py {LOST} && git commit"),
        (deleted, "deleted", None, "git restore --source="),
    ],
)
def test_a_lost_module(
    lose: Callable[[Repository], None], cause: str, rule: str | None, fix: str, check: Check, shop: Repository
) -> None:
    lose(shop)
    before = processor_seconds()
    code, told = check("--output", "json")
    (finding,) = [each for each in told["findings"] if each["severity"] == "error"]
    assert code == 1
    assert (finding["code"], finding["module"], finding["cause"]) == ("missing_module", MODULE, cause)
    assert finding["fix"].startswith(fix)
    assert (finding["lazy"], finding["guarded"]) == (False, False)
    assert finding["importer"].startswith("shop_backend/") and finding["line"]
    assert finding["chain"][0].startswith("shop_backend.main (shop_backend/main.py:")
    assert finding["chain"][-1].endswith(f"({finding['importer']}:{finding['line']})")
    if rule is None:
        assert finding["rule"] is None
    else:
        file, _, text = rule.partition(": ")
        assert finding["rule"] == f"{file}:{line_number(shop, file, text)}"
    assert told["seconds"] > 0
    assert processor_seconds() - before < 1


def test_a_package_that_is_not_copied(check: Check, shop: Repository) -> None:
    not_copied(shop)
    code, told = check("--output", "json")
    causes = {each["module"]: each for each in told["findings"] if each["severity"] == "error"}
    assert code == 1
    assert causes["shop_backend.core"]["cause"] == "not_copied"
    assert causes["shop_backend.core"]["rule"].startswith("Dockerfile:")
    assert causes["shop_backend.core"]["fix"] == "add to Dockerfile: COPY shop_backend/core/ shop_backend/core/"


def test_the_fix_fixes(check: Check, shop: Repository) -> None:
    not_copied(shop)
    append(shop, "Dockerfile", "COPY shop_backend/core/ shop_backend/core/\n")
    shop.commit("Do as told")
    assert check()[0] == 0


def test_gcloudignore_that_includes_gitignore_drops_a_tracked_module(check: Check, shop: Repository) -> None:
    shop.write(".gcloudignore", ".git\n#!include:.gitignore\n")
    shop.write(".gitignore", "__pycache__/\norders.p*\n")
    shop.commit("Ignore it everywhere")
    code, told = check("--output", "json")
    found = {each["module"]: each for each in told["findings"]}
    assert code == 1
    assert (found[MODULE]["cause"], found[MODULE]["rule"]) == ("gcloudignored", ".gitignore:2")


def test_the_worktree_counts_as_committed(check: Check, shop: Repository) -> None:
    out_of_git(shop)
    assert check()[0] == 1
    code, told = check("--worktree", "--output", "json")
    assert (code, told["differs"]) == (0, [{"path": LOST, "state": "untracked"}])
    (shop.root / LOST).unlink()
    code, told = check("--worktree", "--output", "json")
    assert (code, told["differs"]) == (1, [])


def test_a_file_deleted_on_disk(check: Check, shop: Repository) -> None:
    (shop.root / LOST).unlink()
    assert check()[0] == 0
    code, told = check("--worktree", "--output", "json")
    assert (code, told["findings"][0]["cause"], told["findings"][0]["fix"]) == (1, "deleted", f"git restore -- {LOST}")


def test_what_a_person_reads(check: Check, shop: Repository) -> None:
    ignored_by_docker(shop)
    code, told = check()
    lines = told.splitlines()
    assert code == 1
    assert "missing_module (dockerignored)" in lines[0] and lines[0].startswith("shop_backend/")
    assert any(line.startswith("    -> shop_backend.") for line in lines)
    assert any(line.startswith("    rule: .dockerignore:") for line in lines)
    assert any(line.startswith(f"    fix:  (cd {shop.root} && echo ") for line in lines)
    assert lines[-1].startswith(f"shop, commit {shop.head()[:7]}: 1 error; 18 files in the image")


def test_annotations_and_sarif(check: Check, shop: Repository) -> None:
    ignored_by_docker(shop)
    code, told = check("--output", "github")
    assert code == 1 and told.startswith("::error file=shop_backend/") and "title=missing_module::" in told
    code, told = check("--output", "sarif")
    (result,) = told["runs"][0]["results"]
    assert (code, told["version"], result["ruleId"], result["level"]) == (1, "2.1.0", "missing_module", "error")
    assert result["locations"][0]["physicalLocation"]["region"]["startLine"] > 0


def test_why(check: Check, shop: Repository) -> None:
    code, told = check("--why", MODULE, "--output", "json")
    assert (code, told["in_image"], told["image_path"]) == (0, True, f"/app/{LOST}")
    assert told["by"].startswith("Dockerfile:") and told["instruction"].startswith("COPY shop_backend/")
    assert "shop_backend.routes.orders" in told["imported_by"]
    assert check("--why", f"/app/{LOST}")[0] == check("--why", LOST)[0] == 0
    ignored_by_docker(shop)
    for asked in (MODULE, LOST):
        code, told = check("--why", asked, "--output", "json")
        assert (code, told["in_image"], told["cause"]) == (1, False, "dockerignored")
        assert told["rule"].startswith(".dockerignore:")
    code, told = check("--why", "nothing.like.this")
    assert code == 1 and "is not in the image" in told


def test_files(check: Check) -> None:
    assert check("--files", "--output", "json")[1]["files"][f"/app/{LOST}"] == LOST


def test_a_fix_is_whole_wherever_the_user_stands(
    check: Check, shop: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits in no editor, and goes where the repository is."""
    ignored_by_git(shop)
    command = f"git add --force -- {LOST} && git commit -m 'Fix the release'"
    assert f"    fix:  (cd {shop.root} && {command})" in check()[1]
    monkeypatch.chdir(shop.root)
    assert f"    fix:  {command}\n" in check()[1]
    assert f"  fix:  {command}\n" in check("--why", MODULE)[1]


def test_flags_instead_of_a_configuration(check: Check, shop: Repository) -> None:
    shop.write("services/one/app/main.py", "from app import gone\n")
    shop.write("services/one/app/__init__.py", "")
    shop.write("services/one/build.Dockerfile", "FROM python:3.11-slim\nWORKDIR /srv\nCOPY . .\n")
    shop.commit("Add a service")
    flags = ("--context", "services/one", "--dockerfile", "services/one/build.Dockerfile")
    code, told = check(*flags, "--entrypoint", "app.main", "--output", "json")
    assert (code, told["service"], [each["code"] for each in told["findings"]]) == (1, "one", ["missing_name"])
    code, told = check(*flags)
    assert code == 0 and "unknown_start: no Python entrypoint is known" in told
    assert "write 'entrypoint: app.main' below the service" in told
    assert check(*flags, "--strict")[0] == 1


def test_misuse(check: Check, shop: Repository) -> None:
    for words in (
        ("--commit", "nowhere"),
        ("--context", "/"),
        ("--entrypoint", "not a module"),
        ("--config", "x.yaml", "--context", "."),
        ("--service", "other"),
    ):
        code, told = check(*words)
        assert code == 2 and words[0] in told, (words, told)
    code, told = check("--dockerfile", "None.Dockerfile", "--output", "json")
    assert (code, told["findings"][0]["code"]) == (1, "dockerfile_missing")


def test_a_configuration_of_the_repository(check: Check, shop: Repository) -> None:
    shop.write(
        "config/staging.yaml",
        "project: shop-staging\nregion: us-central1\nimages: us-docker.pkg.dev/shop-staging/all\n"
        "services:\n  web:\n    cloud_run: web\n    entrypoint: shop_backend.mian\n"
        "steps:\n  - image_contents:\n",
    )
    code, told = check("--output", "json")
    assert (code, told["service"], told["findings"][0]["module"]) == (1, "web", "shop_backend.mian")
    shop.write("config/staging.yaml", "project: shop-staging\n")
    assert check()[0] == 2


def test_a_server_that_is_misspelt_in_the_dockerfile(shop: Repository, check: Check) -> None:
    """The build would pass, and no container of it would start."""
    text = (shop.root / "Dockerfile").read_text(encoding="utf-8")
    shop.write("Dockerfile", text.replace("uvicorn", "uvicon"))
    shop.commit("Misspell it")
    code, said = check("--output", "text")
    assert code == 1
    assert "the start command uvicon is not in the image" in said
    assert "write uvicorn instead of uvicon" in said


@pytest.mark.parametrize(
    "edit",
    [
        "echo \"SHA='1'\" >> shop_backend/info.py",
        "sed -i 's/# filled.*/SHA = 1/' shop_backend/info.py",
        "printf 'SHA = 1' | tee -a shop_backend/info.py",
    ],
)
def test_a_name_that_the_build_may_write_into_a_file_is_not_missing(shop: Repository, check: Check, edit: str) -> None:
    shop.write("shop_backend/info.py", "# filled by the build\n")
    append(shop, "shop_backend/main.py", "\nfrom shop_backend.info import SHA\n")
    append(shop, "Dockerfile", f"RUN {edit}\n")
    shop.commit("Let the build write the commit into the code")
    code, printed = check()
    assert (code, "missing_name" in printed) == (0, False), printed
    assert "not known: what is below /app/shop_backend/info.py" in printed


def test_what_a_file_that_the_build_edits_imports_is_still_followed(shop: Repository, check: Check) -> None:
    shop.write("shop_backend/info.py", "import shop_backend.gone\n")
    append(shop, "shop_backend/main.py", "\nfrom shop_backend import info\n")
    append(shop, "Dockerfile", "RUN echo 'SHA = 1' >> shop_backend/info.py\n")
    shop.commit("Lose a module beside what the build writes")
    code, printed = check()
    assert code == 1 and "shop_backend.gone" in printed, printed


def test_a_name_that_a_file_beside_it_lacks_is_missing(shop: Repository, check: Check) -> None:
    append(shop, "shop_backend/main.py", "\nfrom shop_backend.settings import SHA\n")
    append(shop, "Dockerfile", "RUN echo 'SHA = 1' >> shop_backend/info.py\n")
    shop.commit("Write into another file than the one that is asked")
    code, printed = check()
    assert code == 1 and "SHA" in printed, printed
