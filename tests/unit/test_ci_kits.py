"""What teams copy into their CI: each file parses, names only what there is, and is told of in its page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from google.cloud.devtools.cloudbuild_v1 import Build, BuildTrigger

from deploy_lib.cli.arguments import command_parsers, parser
from deploy_lib.cli.result import CommandResult
from tests.rehearsal.github_job import ACTION, evaluate

ROOT = ACTION.parent
KITS, PAGES = ROOT / "examples" / "ci", ROOT / "docs" / "ci"
EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}")
OF_THE_RUNNER = re.compile(r"^(GITHUB|RUNNER|CI)_|^(PROJECT_ID|PATH|HOME)$")


def read(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def action() -> dict[str, Any]:
    return dict(read("action.yml"))


def scripts() -> Iterator[tuple[str, str]]:
    """Every script of a kit, with where it stands."""
    for step in read("action.yml")["runs"]["steps"]:
        if "run" in step:
            yield f"action.yml: {step['name']}", step["run"]
    for job, each in read("examples/ci/gitlab-ci.yml").items():
        for key in ("before_script", "script", "after_script"):
            if key in each:
                yield f"gitlab-ci.yml: {job}.{key}", "\n".join(each[key])
    for name in ("check", "deploy"):
        yield f"cloudbuild-{name}.yaml", read(f"examples/ci/cloudbuild-{name}.yaml")["steps"][0]["script"]


def expressions(value: object) -> Iterator[str]:
    """All that GitHub would evaluate in a part of a file."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from [each] if key == "if" and isinstance(each, str) else expressions(each)
    elif isinstance(value, list):
        for each in value:
            yield from expressions(each)
    elif isinstance(value, str):
        yield from (found.strip() for found in EXPRESSION.findall(value))


def test_the_action_asks_only_for_what_an_earlier_step_gives(action: dict[str, Any]) -> None:
    given: dict[str, set[str]] = {}
    for part in (*action["runs"]["steps"], action["outputs"]):
        for expression in expressions(part):
            evaluate(expression, {})
            for name in re.findall(r"inputs\.(\w+)", expression):
                assert name in action["inputs"], expression
            for step, output in re.findall(r"steps\.(\w+)\.outputs\.([\w-]+)", expression):
                assert output in given.get(step, ()), f"{expression}: no earlier step gives it"
        if "id" in part:
            written = set(re.findall(r"\b(\w+)=", part.get("run", "")))
            named = {"python": {"python-version", "python-path"}, "deploy": {*CommandResult("deploy").document()}}
            given[part["id"]] = named.get(part["id"], written)


def test_no_script_holds_an_expression_and_every_step_says_its_shell(action: dict[str, Any]) -> None:
    """The name of a branch is somebody else's text: within a script it would be run."""
    for workflow in (action["runs"], *read("examples/ci/github-workflow.yml")["jobs"].values()):
        for step in workflow["steps"]:
            assert not EXPRESSION.search(step.get("run", "")), step
            assert step.get("uses", "@").count("@") == 1
    assert all(step["shell"] == "bash" for step in action["runs"]["steps"] if "run" in step)


@pytest.mark.parametrize(("where", "script"), [*scripts()], ids=lambda value: value if ":" in value else "")
def test_scripts_use_only_variables_that_are_set(where: str, script: str) -> None:
    kit = read(where.partition(":")[0] if where.startswith("action") else f"examples/ci/{where.partition(':')[0]}")
    known = set(re.findall(r"\b([A-Za-z_]\w*)=", script)) | set(re.findall(r"for (\w+) in|read (?:-r )?(\w+);", script))
    names = {name for each in known for name in ([each] if isinstance(each, str) else each)}
    if where.startswith("action"):
        names |= {name for step in kit["runs"]["steps"] for name in step.get("env", ())}
    else:
        names |= {name for each in kit.values() if isinstance(each, dict) for name in each.get("id_tokens", ())}
        names |= {*kit.get("variables", ())}
    used = {name for name in re.findall(r"\$\{?([A-Za-z_]\w*)", script) if not OF_THE_RUNNER.search(name)}
    assert used - names - {"services", "words"} == set()


@pytest.mark.parametrize(("where", "script"), [*scripts()], ids=lambda value: value if ":" in value else "")
def test_commands_have_the_flags_that_kits_give_them(where: str, script: str) -> None:
    parsers = command_parsers(parser())
    for line in script.replace("\\\n", " ").splitlines():
        found = re.search(r'(?:deploy_to_gcp\.py|\$DEPLOY_TOOL)"? (\w+)(.*)', line)
        if found is None:
            continue
        flags = set(re.findall(r"(?<!\S)(--[a-z-]+)", found[2].partition("#")[0]))
        assert flags <= {*parsers[found[1]]._option_string_actions}, (where, line)


def test_the_workflow_gives_the_action_inputs_that_it_has(action: dict[str, Any]) -> None:
    jobs = read("examples/ci/github-workflow.yml")["jobs"]
    used = [step for job in jobs.values() for step in job["steps"] if "deploy-to-gcp" in step.get("uses", "")]
    assert len(used) == 2
    assert {name for step in used for name in step["with"]} <= {*action["inputs"]}
    assert jobs["check"]["permissions"] == {"contents": "read", "security-events": "write"}
    assert jobs["deploy"]["permissions"] == {"contents": "read", "id-token": "write"}


def test_cloud_build_understands_its_files() -> None:
    for name in ("check", "deploy"):
        build = read(f"examples/ci/cloudbuild-{name}.yaml")
        assert Build.from_json(json.dumps(build)).options.automap_substitutions
    triggers = list(yaml.safe_load_all((KITS / "cloudbuild-triggers.yaml").read_text(encoding="utf-8")))
    for trigger in triggers:
        BuildTrigger.from_json(json.dumps(trigger))
        assert (ROOT / trigger["filename"]).is_file()
    assert [trigger["name"] for trigger in triggers] == ["deploy-check", "deploy"]


def test_pre_commit_is_given_hooks_that_there_are() -> None:
    hooks = {hook["id"]: hook for hook in read(".pre-commit-hooks.yaml")}
    wanted = read("examples/ci/pre-commit-config.yaml")
    assert [hook["id"] for repo in wanted["repos"] for hook in repo["hooks"]] == [*hooks]
    assert all((ROOT / hook["entry"].split()[0]).is_file() for hook in hooks.values())
    stages = {stage for hook in hooks.values() for stage in hook["stages"]}
    assert stages == {*wanted["default_install_hook_types"]}


def test_each_page_names_what_its_kit_takes_and_gives(action: dict[str, Any]) -> None:
    github, gitlab = ((PAGES / name).read_text(encoding="utf-8") for name in ("github.md", "gitlab.md"))
    assert [name for name in (*action["inputs"], *action["outputs"]) if f"`{name}`" not in github] == []
    assert [name for name in read("examples/ci/gitlab-ci.yml")["variables"] if f"`{name}`" not in gitlab] == []
    pages = "".join(page.read_text(encoding="utf-8") for page in PAGES.glob("*.md"))
    assert [path.name for path in KITS.iterdir() if path.name not in pages] == []


def test_the_deployers_roles_are_those_of_the_permissions() -> None:
    page = (PAGES / "README.md").read_text(encoding="utf-8")
    table = (
        (ROOT / "docs/permissions.md").read_text(encoding="utf-8").partition("begin deployer")[2].partition("end")[0]
    )
    smallest = set(re.findall(r"`(roles/[\w.]+)` \|$", table, re.MULTILINE))
    in_wider_ones = {"roles/run.viewer", "roles/cloudbuild.builds.viewer", "roles/storage.objectViewer"}
    of_a_login = {"roles/serviceusage.serviceUsageConsumer"}
    assert {role for role in smallest - in_wider_ones - of_a_login if role not in page} == set()


@pytest.mark.parametrize("page", sorted(PAGES.glob("*.md")), ids=lambda page: page.name)
def test_links_of_the_pages_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        assert (page.parent / link).exists(), link
