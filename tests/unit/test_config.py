"""Bad files are told all their problems at once, each where it is; good ones become plans."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy_lib.config import ConfigError, load, plan_for
from deploy_lib.config.lines import parse
from deploy_lib.model.requests import ImportCheck
from deploy_lib.model.service import Guard
from deploy_lib.source.entrypoint import start_of
from deploy_lib.steps.import_check import ImportCheckSettings, wanted
from tests.drivers.builds.samples import release_of

ROOT = Path(__file__).resolve().parents[2]
HEAD = """\
project: netra-staging
region: us-central1
images: us-central1-docker.pkg.dev/netra-staging/services
services:
  backend: {cloud_run: netra-backend}
"""
STEPS = "steps: [build, canary, promote, verify]\n"


def problems(tmp_path: Path, text: str) -> list[str]:
    file = tmp_path / "c.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(file, shown="c.yaml")
    return [str(problem) for problem in caught.value.problems]


def test_one_fault_hides_no_other(tmp_path: Path) -> None:
    entry = "{cloud_run: b, port: x, dockerfile: no/File, context: 3, after: [auth], env: {A: x}, secrets: {A: s}}"
    text = f"project: p\nimages: i\nregoin: r\nservices:\n  backend: {entry}\nsteps: [cannary]\n"
    file = tmp_path / "c.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(file, shown="c.yaml", exists=lambda path: False)
    found = [str(problem) for problem in caught.value.problems]
    told = (
        "region is missing",
        "unknown key 'regoin'",
        "port is a whole number",
        "no Dockerfile at no/File",
        "unknown service 'auth'",
        "A is both in env and in secrets",
        "unknown step 'cannary'",
        "context",
    )
    assert [each for each in told if not any(each in problem for problem in found)] == []
    assert not any("directory ." in problem for problem in found), "what is misread is not looked for"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (HEAD + STEPS + "regoin: x\n", "c.yaml:7:1: unknown key 'regoin'; did you mean region?"),
        (HEAD + "steps: [cannary]\n", "c.yaml:6:9: unknown step 'cannary'; did you mean canary?"),
        (HEAD + "steps:\n  - build: {timeout: 20x}\n", "c.yaml:7:13: timeout: '20x' is not a time; write for example"),
        (HEAD + "steps:\n  - build:\n  - probe:\n", "c.yaml:8:5: probe needs canary before it"),
        (HEAD + "steps: [canary]\n", "c.yaml:6:9: canary needs build before it"),
        (HEAD + "steps: [job, build]\n", "c.yaml:6:9: job needs build before it: there is no image to run"),
        (
            HEAD + "steps: [build, canary, {promote: {percent: 100}}, {job: {name: migrate}}]\n",
            "job cannot follow promote: users have the candidate by then (when: before_traffic)",
        ),
        (
            HEAD + "steps: [build, {job: {when: after_live}}, canary, promote]\n",
            "job needs promote before it: no user has the candidate before (when: after_live)",
        ),
        (
            HEAD + "steps: [build, canary, {promote: {percent: 10}}, {job: {when: after_live}}, promote]\n",
            "job expects 100 % of the traffic right after promote 10 %, so no release could pass it; put it after "
            "promote: {percent: 100}",
        ),
        (
            HEAD + "steps: [build, {job: {name: a}}, {job: {name: b}}, {job: {name: a}}, canary, promote]\n",
            "c.yaml:6:53: two steps job have name: a; give one of them another",
        ),
        (HEAD + "steps: [build, {job: {on_failure: run}}]\n", "on_failure: run needs a rollback_command"),
        (HEAD + "steps: [build, {job: {name: Migrate_It}}]\n", "c.yaml:6:23: name cannot be 'Migrate_It'"),
        (HEAD + "steps: [build, {job: {retries: 11}}]\n", "retries"),
        (HEAD + "steps: [build, {job: {timeout: 8000h}}]\n", "timeout"),
        (HEAD + "steps: [build, {job: {env: {A: true}}}]\n", "YAML reads this as True; write it in quotes"),
        (HEAD + "steps: [build, {job: {env: {A: null}}}]\n", "YAML reads this as null; write '' for an empty value"),
        (HEAD + "steps: [build, {job: {env: {A: [1]}}}]\n", "A is one text, not a list"),
        (HEAD + "steps: [build, {job: {env: {A: b}, secrets: {A: c}}}]\n", "A is both in env and in secrets"),
        (HEAD + "steps: [build, {job: {secrets: {A: a b}}}]\n", "'a b' is not a secret reference"),
        (HEAD + "steps: [build, approve, canary, promote]\n", "approve needs canary before it"),
        (
            HEAD + "steps: [build, canary, approve, {promote: {percent: 10}}, approve, promote]\n",
            "two steps approve have name: none; give one of them another",
        ),
        (HEAD + "steps: [build, canary, {approve: {otherwise: stop}}, promote]\n", "otherwise"),
        (HEAD + "steps: [build, git_clean]\n", "git_clean cannot follow build"),
        (HEAD + "steps: [build, canary, {promote: {percent: 0.5}}]\n", "percent is a whole number, not 0.5"),
        (HEAD + "steps: [build, canary, {promote: 10}]\n", "the settings of promote must be a mapping, not 10"),
        (
            HEAD + "steps: [build, canary, {promote: {percent: 50}}, {promote: {percent: 10}}]\n",
            "promote 10 % cannot follow promote 50 %",
        ),
        (HEAD + "steps: [build, canary, {promote: {percent: 10}}]\n", "the last promote ends at 10 %"),
        (
            HEAD + "steps: [build, canary, {promote: {percent: 50}}, verify, {promote: {percent: 100}}]\n",
            "c.yaml:6:50: verify expects 100 % of the traffic right after promote 50 %, so no release could pass it; ",
        ),
        (
            HEAD + "steps: [build, canary, promote, {verify: {status: 404}}]\n",
            "c.yaml:6:43: status: 404 says that nothing serves there; verify accepts 2xx and 3xx",
        ),
        (
            HEAD.replace("netra-backend}", "b, health: {status: [401, 403]}}") + STEPS,
            "c.yaml:5:36: verify accepts 2xx and 3xx, and backend's health: allows 401 or 403 only",
        ),
        (
            HEAD + "steps: [build, canary, {probe: {status: [200, 503]}}]\n",
            "c.yaml:6:33: status: 503 is always a failure, like 429 and every 5xx",
        ),
        (
            HEAD.replace("netra-backend}", "b, health: {status: 429}}") + STEPS,
            "c.yaml:5:36: status: 429 is always a failure, like 429 and every 5xx",
        ),
        (
            HEAD + "steps: [build, canary, {probe: {slower_than: 0s}}]\n",
            "slower_than must be above 0, not '0s'",
        ),
        (
            HEAD + "steps: [git_clean]\n",
            "c.yaml:6:9: a release would end here with nothing released; add build and canary to bring up a candidate",
        ),
        (HEAD + "steps: [build]\n", "c.yaml:6:9: a release would end here with nothing released; add canary to bring"),
        (HEAD + "steps:\n  - git_clean\n  - build\n  - import_check\n", "c.yaml:9:5: a release would end here with"),
        (HEAD + "steps: [build, canary, {promote: {percent: 101}}]\n", "percent must be at most 100, not 101"),
        (HEAD + "steps: [build, canary, {probe: {need: 9, attempts: 3}}]\n", "need: 9 good responses cannot come from"),
        (
            HEAD + "steps: [build, canary, {compare: {for: 5s}}]\n",
            "for: 5 s with a pair every 250 ms makes 21 at most, and min_samples: 30 are needed to judge",
        ),
        (HEAD + "project: twice-given\n" + STEPS, "c.yaml:6:1: 'project' is given twice"),
        ("project: [\n", "c.yaml:2:1: not valid YAML"),
        ("- a\n", "c.yaml: the file must be a mapping of keys"),
        (
            HEAD.replace("netra-backend}", "netra-backend, port: x}") + STEPS,
            "c.yaml:5:39: port is a whole number, not 'x'",
        ),
        (HEAD.replace("netra-backend}", "b, after: [auth]}") + STEPS, "unknown service 'auth'; known: backend"),
        (HEAD.replace("netra-backend}", "b, after: [backend]}") + STEPS, "a circle: backend after backend"),
        (
            HEAD.replace("netra-backend}", "b, env: {DEBUG: true}}") + STEPS,
            "YAML reads this as True; write it in quotes",
        ),
        (HEAD.replace("netra-backend}", "b, context: ../up}") + STEPS, "'../up' leaves the repository"),
        (HEAD + STEPS + "bucket: ../../x\n", "c.yaml:7:1: bucket cannot be '../../x'"),
        (HEAD + STEPS + "guard: cloud_bild\n", "c.yaml:7:1: guard is one of 'cloud_build' or 'none', not 'cloud_bild'"),
        (HEAD + STEPS + "guard: {after: 0s}\n", "c.yaml:7:9: after must be at least 1, not '0s'"),
        (HEAD + STEPS + "guard: {lasts: 48h}\n", "c.yaml:7:9: lasts must be at most 86400, not '48h'"),
        (HEAD + STEPS + "guard: true\n", "c.yaml:7:1: guard is a mapping, not True"),
        (HEAD.replace("netra-backend}", "b, guard: {image: 'a b'}}") + STEPS, "image cannot be 'a b'; it is"),
        (HEAD + STEPS + "webhook_env: 'a b'\n", "c.yaml:7:1: webhook_env cannot be 'a b'"),
        (HEAD.replace("netra-backend}", "b, service_account: 'a b'}") + STEPS, "service_account cannot be 'a b'"),
        (HEAD.replace("netra-backend}", 'b, service_account: "\\e@x"}') + STEPS, "service_account cannot be"),
        (HEAD.replace("netra-backend}", "b, vpc_connector: 'a b'}") + STEPS, "vpc_connector cannot be 'a b'"),
        (HEAD.replace("netra-backend}", "b, target: 'a b'}") + STEPS, "target cannot be 'a b'"),
        (HEAD.replace("netra-backend}", "b, build_args: {A B: x}}") + STEPS, "'A B' is not a valid name for an ARG"),
        (HEAD.replace("netra-backend}", 'b, url: "https://[shop].example.com"}') + STEPS, "url cannot be"),
        (HEAD.replace("netra-backend}", "b, entrypoint: app-main}") + STEPS, "entrypoint cannot be 'app-main'"),
        (HEAD.replace("netra-backend}", "b, entrypoint: [app.main, 3]}") + STEPS, "entrypoint is a text, not 3"),
        (HEAD.replace("netra-backend}", "b, entrypoint: []}") + STEPS, "entrypoint: the list is empty; leave it out"),
        (
            HEAD.replace("netra-backend}", "b, entrypoint: [a.b, a.b]}") + STEPS,
            "an entrypoint is listed twice",
        ),
        (HEAD.replace("netra-backend}", "b, pythonpath: 'a:b'}") + STEPS, "pythonpath is a list, not 'a:b'"),
        (HEAD.replace("netra-backend}", "b, pythonpath: ['a:b']}") + STEPS, "c.yaml:5:40: pythonpath cannot be 'a:b'"),
        (HEAD.replace("netra-backend}", "b, secrets: {A: 'x:\u0663'}}") + STEPS, "is not a secret reference"),
        (HEAD.replace("netra-backend}", "b, include: ['\\']}") + STEPS, "is not a valid pattern"),
        (HEAD.replace("netra-backend}", 'b, include: ["a\\0"]}') + STEPS, "cannot hold the character U+0000"),
        (HEAD.replace("netra-backend}", 'b, env: {A: "a\\0b"}}') + STEPS, "c.yaml:5:36: a text cannot hold the"),
        (HEAD.replace("netra-backend}", 'b, env: {A: "\\ud800"}}') + STEPS, "cannot hold the character U+D800"),
        (HEAD.replace("netra-backend}", 'b, build_args: {"A\\0": x}}') + STEPS, "cannot hold the character U+0000"),
        (HEAD.replace("netra-backend}", 'b, health: {path: "/\\r\\nX: y"}}') + STEPS, "path cannot be '/\\r\\nX: y'"),
        (HEAD + 'steps: [build, canary, {probe: {path: "/a\\n"}}]\n', "path cannot be '/a\\n'"),
        (HEAD.replace("  backend:", "  ../../../x:") + STEPS, "'../../../x' is not a valid name of a service"),
        (HEAD.replace("  backend:", '  "a\\e[2J":') + STEPS, "is not a valid name of a service"),
        (HEAD.replace("  backend:", f"  {'a' * 300}:") + STEPS, "is not a valid name of a service"),
        (HEAD.replace("netra-backend}", "b, env: {A: x}, secrets: {A: s}}") + STEPS, "A is both in env and in secrets"),
        (
            HEAD + "  web: {cloud_run: netra-backend}\n" + STEPS,
            "c.yaml:6:9: web and backend are both netra-backend on Cloud Run; each release would undo the other's",
        ),
        (
            HEAD.replace("netra-backend", "Netra_Backend") + STEPS,
            "cloud_run cannot be 'Netra_Backend'; it is the service's",
        ),
    ],
)
def test_bad_files(tmp_path: Path, text: str, expected: str) -> None:
    found = problems(tmp_path, text)
    assert any(expected in problem for problem in found), found


@pytest.mark.parametrize("steps", ["build, canary", "build, canary, probe", "build, canary, promote", "canary"])
def test_plans_that_come_to_an_end(tmp_path: Path, steps: str) -> None:
    """Without a promote the candidate is up in the end; the last one lacks its build, and is told only that."""
    file = tmp_path / "c.yaml"
    file.write_text(f"{HEAD}steps: [{steps}]\n", encoding="utf-8")
    if steps == "canary":
        assert len(problems(tmp_path, f"{HEAD}steps: [canary]\n")) == 1
    else:
        assert [step.kind.name for step in load(file).steps] == steps.split(", ")


def test_a_plan_without_an_end_is_no_obstacle_to_what_releases_nothing(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(f"{HEAD}steps: [git_clean]\n", encoding="utf-8")
    assert len(load(file, to_release=False).steps) == 1


def test_what_only_looks_reads_no_steps_and_waits_for_nobody_to_repair_them(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(f"{HEAD}steps: [nope]\n", encoding="utf-8")
    with pytest.raises(ConfigError):
        load(file, to_release=False)
    looked_at = load(file, with_steps=False)
    assert plan_for(looked_at, looked_at.services()[0]).steps == ()


def test_all_problems_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    found = problems(tmp_path, "project: x\nregion: 3\nimages: i\nservices: {}\nsteps: [nope, {build: {with: z}}]\n")
    assert len(found) == 6
    assert found == sorted(found, key=lambda problem: [int(part) for part in problem.split(":")[1:3]])


def test_a_dockerfile_that_is_not_there(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(HEAD + STEPS, encoding="utf-8")
    with pytest.raises(ConfigError, match="there is no Dockerfile at Dockerfile"):
        load(file, exists=lambda path: path == ".")


@pytest.mark.parametrize("make", ["missing", "directory", "latin1"])
def test_unreadable_files(tmp_path: Path, make: str) -> None:
    file = tmp_path / "c.yaml"
    if make == "directory":
        file.mkdir()
    if make == "latin1":
        file.write_bytes(b"project: \xe9\n")
    with pytest.raises(ConfigError) as caught:
        load(file)
    assert len(caught.value.problems) == 1


def test_unknown_service_names_the_near_one(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(HEAD + STEPS, encoding="utf-8")
    with pytest.raises(ConfigError, match="unknown service 'bakend'; did you mean backend"):
        plan_for(load(file), "bakend")


def test_a_guard_is_the_files_unless_the_service_has_another(tmp_path: Path) -> None:
    def guard_of(file: str, service: str) -> Guard | None:
        path = tmp_path / "c.yaml"
        path.write_text(HEAD.replace("netra-backend}", f"b{service}}}") + STEPS + file)
        return plan_for(load(path), "backend").service.guard

    assert guard_of("", "") is None
    assert guard_of("guard: cloud_build\n", "") == Guard(after=120, lasts=7200)
    assert guard_of("guard: cloud_build\n", ", guard: none") is None
    assert guard_of("", ", guard: {after: 30s, service_account: a@b.c}") == Guard(30, 7200, None, "a@b.c")


def test_promotion_in_steps_is_written_out(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    watched = "{promote: {steps: [1, 25, 100], bake: 2m, watch: {path: /h}}}"
    file.write_text(HEAD + f"steps: [build, import_check, canary, {watched}]\n", encoding="utf-8")
    plan = plan_for(load(file), "backend")
    labels = [step.label for step in plan.steps]
    assert labels[3:] == ["promote 1 %", "compare 2 min", "promote 25 %", "compare 2 min", "promote 100 %"]
    assert plan.steps[0].settings.check == ImportCheck()  # type: ignore[attr-defined]


def test_a_check_without_a_build_runs_where_and_as_whom_the_build_would(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    cloud = {
        "machine_type": "E2_HIGHCPU_8",
        "worker_pool": "projects/p/locations/europe-west1/workerPools/w",
        "service_account": "builder@p.iam.gserviceaccount.com",
        "logging": "CLOUD_LOGGING_ONLY",
        "region": "europe-west1",
    }
    steps = f"steps: [{{build: {cloud}}}, import_check, canary, {{promote: {{percent: 100}}}}, verify]\n"
    file.write_text(f"bucket: eu-builds\n{HEAD}{steps}", encoding="utf-8")
    plan = plan_for(load(file), "backend")
    release = release_of("p", entrypoint="shop.main")
    build, check = (step.kind.ask(step.settings, release) for step in plan.steps[:2])
    for request in (build, check):
        assert {name: getattr(request.settings.worker, name) for name in cloud} == cloud
    assert plan.service.bucket == "eu-builds"


def test_a_region_of_the_build_is_that_of_its_private_pool(tmp_path: Path) -> None:
    file, pool = tmp_path / "c.yaml", "projects/p/locations/europe-west1/workerPools/w"
    file.write_text(f"{HEAD}steps: [{{build: {{region: us-east1, worker_pool: {pool}}}}}, canary]\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"region us-east1 is not where the private pool is \(europe-west1\)"):
        plan_for(load(file), "backend")


def test_every_process_of_the_service_is_imported_in_the_image(tmp_path: Path) -> None:
    text = HEAD.replace("netra-backend}", "b, entrypoint: ['shop.main:app', shop.worker], pythonpath: [src]}") + STEPS
    (tmp_path / "c.yaml").write_text(text)
    service = plan_for(load(tmp_path / "c.yaml"), "backend").service
    check = wanted(ImportCheckSettings(also=("shop.jobs",)), service)
    assert (check.entrypoint, check.also) == ("shop.main:app", ("shop.worker", "shop.jobs"))
    assert start_of(service).pythonpath == ("src",)


@pytest.mark.parametrize("name", ["local.yaml", "staging.yaml", "production.yaml", "reference.yaml"])
def test_the_files_of_the_project_are_good(name: str) -> None:
    config = load(ROOT / "config" / name, exists=lambda path: name == "reference.yaml" or (ROOT / path).exists())
    for service in config.services():
        plan_for(config, service)


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    try:
        parse(text, "c.yaml")
    except ConfigError as error:
        assert error.problems


def test_the_schema_file_is_what_the_loader_accepts() -> None:
    import json

    from deploy_lib.config.schema import schema

    written = json.loads((ROOT / "config" / "schema.json").read_text(encoding="utf-8"))
    assert written == json.loads(json.dumps(schema())), "write config/schema.json again from deploy_lib.config.schema"


def test_the_reference_names_every_key() -> None:
    from deploy_lib.config.freeze import FreezeSettings
    from deploy_lib.config.runtime import RuntimePart
    from deploy_lib.config.service_settings import ServiceSettings
    from deploy_lib.config.settings import FileSettings
    from deploy_lib.steps.catalogue import KINDS

    text = (ROOT / "config" / "reference.yaml").read_text(encoding="utf-8")
    parts = RuntimePart.__subclasses__()
    models = [FileSettings, ServiceSettings, FreezeSettings, *parts, *(kind.settings for kind in KINDS.values())]
    fields = [(name, info) for model in models for name, info in model.model_fields.items() if not info.exclude]
    keys = {info.alias or name for name, info in fields}
    assert not sorted(key for key in keys if f"{key}:" not in text)
