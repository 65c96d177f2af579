"""A configuration made of several files: whose value holds, where it is from, and what is wrong in which of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy_lib.cli.explain import explain
from deploy_lib.cli.selection import Selection
from deploy_lib.config import ConfigError, load, plan_for
from deploy_lib.config.dotenv import BadLine, read_variables
from deploy_lib.config.explain import NoSuchKey, explained
from deploy_lib.model.program import PROGRAM
from deploy_lib.model.variables import as_label, for_release
from deploy_lib.steps import job
from tests.unit.samples import CANDIDATE

BASE = """\
region: us-central1
images: us-central1-docker.pkg.dev/netra/services
x-common: &common {LOG: json, LEVEL: info}
services:
  backend:
    cloud_run: netra-backend
    memory: 512Mi
    include: [a/**, b/**]
    env: *common
steps: [build, canary, promote, verify]
"""
CHILD = """\
extends: base.yaml
project: netra-staging
services:
  backend:
    include: [c/**]
    env: {LEVEL: debug}
"""
ENV = "# settings\nexport A=plain\nB='as ${it} is'\n"


def write(directory: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text, encoding="utf-8")


def problems(directory: Path, files: dict[str, str]) -> list[str]:
    write(directory, files)
    with pytest.raises(ConfigError) as caught:
        load(directory / "c.yaml", shown="c.yaml")
    return [str(problem) for problem in caught.value.problems]


def test_mappings_are_merged_key_by_key_and_lists_are_replaced(tmp_path: Path) -> None:
    top = "extends: sub/middle.yaml\nservices: {backend: {memory: null, cpu: 2}}\n"
    middle = CHILD.replace("base.yaml", "../base.yaml")
    write(tmp_path, {"c.yaml": top, "sub/middle.yaml": middle, "base.yaml": BASE})
    config = load(tmp_path / "c.yaml", shown="c.yaml")
    service = plan_for(config, "backend").service
    assert (service.project, service.memory, service.cpu) == ("netra-staging", None, "2")
    assert service.source.include == ("c/**",)
    assert service.env == {"LOG": "json", "LEVEL": "debug"}
    at = ("services", "backend")
    place = config.document.place
    assert place((*at, "env", "LEVEL")) == "sub/middle.yaml:6:11"
    assert place((*at, "env", "LOG")).startswith("base.yaml:3:")
    assert place((*at, "cpu")) == "c.yaml:2:36"
    assert [(each.place, each.value) for each in config.document.overridden[(*at, "memory")]] == [
        ("base.yaml:7:5", "512Mi")
    ]
    assert [step.kind.name for step in config.steps] == ["build", "canary", "promote", "verify"]
    assert config.steps[0].place == "base.yaml:10:9"


CHAIN = {"c.yaml": CHILD, "base.yaml": BASE}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (
            {**CHAIN, "base.yaml": BASE.replace("512Mi", "lots")},
            ["base.yaml:7:5: memory cannot be 'lots'; it is an amount of memory, e.g. 512Mi or 2Gi"],
        ),
        (
            {**CHAIN, "base.yaml": BASE.replace("memory", "memroy")},
            ["base.yaml:7:5: unknown key 'memroy'; did you mean memory?"],
        ),
        (
            {**CHAIN, "c.yaml": CHILD.replace("include: [c/**]", "memory: x")},
            ["c.yaml:5:5: memory cannot be 'x'; it is an amount of memory, e.g. 512Mi or 2Gi"],
        ),
        (
            {**CHAIN, "c.yaml": CHILD.replace("{LEVEL: debug}", "[LEVEL]")},
            [
                "c.yaml:6:5: services.backend.env is a list here and a mapping in base.yaml:9:5, which this file "
                "extends; write it in one form"
            ],
        ),
        (
            {**CHAIN, "c.yaml": f"{CHILD}region: {{a: b}}\n"},
            [
                "c.yaml:7:1: region is a mapping here and a single value in base.yaml:1:1, which this file extends; "
                "write it in one form"
            ],
        ),
        (
            {**CHAIN, "base.yaml": f"extends: c.yaml\n{BASE}"},
            ["base.yaml:1:1: a circle: c.yaml extends base.yaml extends c.yaml"],
        ),
        (
            {**CHAIN, "base.yaml": f"extends: [other.yaml]\n{BASE}"},
            ["base.yaml:1:1: extends is not the name of one file"],
        ),
        ({**CHAIN, "base.yaml": f"extends: ''\n{BASE}"}, ["base.yaml:1:1: extends is not the name of one file"]),
        ({"c.yaml": "extends: c.yaml\n"}, ["c.yaml:1:1: a circle: c.yaml extends c.yaml"]),
        ({"c.yaml": CHILD}, ["c.yaml:1:1: base.yaml: there is no such file"]),
        ({**CHAIN, "base.yaml": "- a\n"}, ["base.yaml: the file must be a mapping of keys; config/reference.yaml"]),
        ({**CHAIN, "base.yaml": "a: [\n"}, ["base.yaml:2:1: not valid YAML"]),
        ({**CHAIN, "base.yaml": f"{BASE}region: us-east1\n"}, ["base.yaml:11:1: 'region' is given twice"]),
        ({"c.yaml": CHILD.replace("base", "../base")}, ["c.yaml:1:1: extends: '../base.yaml' leaves "]),
        ({"c.yaml": CHILD.replace("base", "/etc/base")}, ["c.yaml:1:1: extends: '/etc/base.yaml' leaves "]),
        (
            {**CHAIN, "c.yaml": CHILD.replace("base.yaml", "[base.yaml]")},
            ["c.yaml:1:1: extends is one text, not"],
        ),
        ({**CHAIN, "c.yaml": f"{CHILD}x: &a 1\n"}, ["c.yaml:7:1: unknown key 'x'; known: "]),
    ],
)
def test_a_problem_is_told_in_the_file_that_has_it(tmp_path: Path, files: dict[str, str], expected: list[str]) -> None:
    found = problems(tmp_path, files)
    wanted = [each for each in expected if not any(problem.startswith(each) for problem in found)]
    assert not wanted, found
    assert len(found) == len(expected), found


def test_a_link_out_of_the_root_is_not_followed(tmp_path: Path) -> None:
    write(tmp_path, {"base.yaml": BASE, "in/c.yaml": CHILD})
    (tmp_path / "in" / "base.yaml").symlink_to(tmp_path / "base.yaml")
    with pytest.raises(ConfigError, match=r"'base\.yaml' leaves"):
        load(tmp_path / "in" / "c.yaml")
    (tmp_path / ".git").mkdir()
    assert load(tmp_path / "in" / "c.yaml").settings.project == "netra-staging"


def test_variables_of_a_file_stand_behind_those_of_env(tmp_path: Path) -> None:
    text = CHILD.replace("include: [c/**]", "env_file: [one.env, sub/two.env]")
    write(tmp_path, {**CHAIN, "c.yaml": text, "one.env": f"{ENV}LEVEL=warn\n", "sub/two.env": 'A="se\\tcond"\nC=\n'})
    config = load(tmp_path / "c.yaml", shown="c.yaml")
    env = plan_for(config, "backend").service.env
    assert env == {"A": "se\tcond", "B": "as $${it} is", "C": "", "LOG": "json", "LEVEL": "debug"}
    assert config.document.place(("services", "backend", "env", "B")) == "one.env:3:1"
    assert for_release(plan_for(config, "backend").service, "c" * 40, "r").env["B"] == "as ${it} is"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A=1\nnonsense\n", "v.env:2:1: not a line of the form NAME=value"),
        ("1A=x\n", "v.env:1:1: not a valid name for a variable before the ="),
        ("A='x\n\nB=1\n", "v.env:1:1: A: the quote is never closed"),
        ('A="x" y\n', "v.env:1:1: A: only a comment may follow the closing quote"),
        ("A=1\nB=2\nA=3\n", "v.env:3:1: A is given twice, first in line 1"),
        ("A=1\nDB_PASSWORD=hunter2hunter2\n", "v.env:2:1: DB_PASSWORD holds a secret; put it into Secret Manager"),
        ("URL=postgres://u:hunter2hunter2@db/x\n", "v.env:1:1: URL holds a secret; put it into Secret Manager"),
        (
            "A=${BRANCH}\n",
            "v.env:1:1: A: ${BRANCH} is not known; ${COMMIT}, ${PROJECT}, ${SERVICE}, ${RELEASE} and ${REGION} may",
        ),
        (None, "c.yaml:5:5: env_file: v.env: there is no such file"),
    ],
)
def test_a_bad_line_of_variables_is_told_where_it_is(tmp_path: Path, text: str | None, expected: str) -> None:
    files = {**CHAIN, "c.yaml": CHILD.replace("include: [c/**]", "env_file: v.env")}
    found = problems(tmp_path, files if text is None else {**files, "v.env": text})
    assert [problem.startswith(expected) for problem in found] == [True], found
    assert "hunter2" not in "".join(found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A=1", [(1, "A", "1")]),
        ("A = 1 # why\n\n  # none\nB=a#b \n", [(1, "A", "1"), (4, "B", "a#b")]),
        ("export A=x y\r\n".replace("\r\n", "\n"), [(1, "A", "x y")]),
        ("A='one\ntwo' # end\nB=3\n", [(1, "A", "one\ntwo"), (3, "B", "3")]),
        (r'A="a\n\"b\" \\ \q"', [(1, "A", 'a\n"b" \\ \\q')]),
        ("A='${X} \\n'\nB=\"\\${X}\"\nC=$X\n", [(1, "A", "$${X} \\n"), (2, "B", "$${X}"), (3, "C", "$X")]),
        ("\ufeffA=1\n", [(1, "A", "1")]),
        ("A=\nB=''\nC= # nothing\n", [(1, "A", ""), (2, "B", ""), (3, "C", "")]),
        ("A=it's\n", [(1, "A", "it's")]),
    ],
)
def test_lines_of_variables(text: str, expected: list[tuple[int, str, str]]) -> None:
    found = list(read_variables(text))
    assert [(each.line, each.name, each.value) for each in found if not isinstance(each, BadLine)] == expected
    assert not [each for each in found if isinstance(each, BadLine)]


KNOWN = (
    "${COMMIT}, ${PROJECT}, ${SERVICE}, ${RELEASE} and ${REGION} may be used, in env, args and labels of a service "
    "and in env, args and rollback_command of a job; $${ stands for a plain ${"
)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("env: {A: '${COMMIT}'}, args: ['${RELEASE}'], rollback_command: [a, '$${COMMIT}']", ""),
        ("env: {A: '${COMIT}'}", "A: ${COMIT} is not known; " + KNOWN),
        ("args: [a, '${SERVICE']", "args: ${SERVICE is not known; " + KNOWN),
        ("command: ['${SERVICE}']", "command: ${SERVICE} cannot be used here; " + KNOWN),
        ("secrets: {A: '${SERVICE}-key'}", "A: ${SERVICE} cannot be used here; " + KNOWN),
    ],
)
def test_a_job_has_places_for_them_too(tmp_path: Path, settings: str, expected: str) -> None:
    steps = f"steps: [build, {{job: {{{settings}}}}},"
    changed = {**CHAIN, "base.yaml": BASE.replace("steps: [build,", steps), "c.yaml": CHILD + "nothing: 1\n"}
    told = [each.partition(": ")[2] for each in problems(tmp_path, changed)]
    assert [each for each in told if "${" in each and "is not a secret" not in each] == [expected] * bool(expected)


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("env: {A: '${COMIT}'}", "c.yaml:6:11: A: ${COMIT} is not known; " + KNOWN),
        ("env: {A: 'x${COMMIT'}", "c.yaml:6:11: A: ${COMMIT is not known; " + KNOWN),
        ("cpu: '${COMMIT}'", "c.yaml:6:5: cpu: ${COMMIT} cannot be used here; " + KNOWN),
        ("secrets: {A: '${SERVICE}-key'}", "c.yaml:6:15: A: ${SERVICE} cannot be used here; " + KNOWN),
        ("build_args: {A: '${COMMIT}'}", "c.yaml:6:18: A: ${COMMIT} cannot be used here; " + KNOWN),
    ],
)
def test_variables_of_a_release_have_their_places(tmp_path: Path, entry: str, expected: str) -> None:
    found = problems(tmp_path, {**CHAIN, "c.yaml": CHILD.replace("env: {LEVEL: debug}", entry)})
    assert any(problem.startswith(expected) for problem in found), found


def test_a_release_fills_in_what_it_is(tmp_path: Path) -> None:
    entry = "env: {A: '${COMMIT}/${PROJECT}/${SERVICE}/${RELEASE}/${REGION}/$${COMMIT}/$X'}"
    write(tmp_path, {**CHAIN, "c.yaml": CHILD.replace("env: {LEVEL: debug}", entry)})
    service = for_release(plan_for(load(tmp_path / "c.yaml"), "backend").service, "c0ffee", "2026-b")
    assert service.env["A"] == "c0ffee/netra-staging/backend/2026-b/us-central1/${COMMIT}/$X"
    settings = job.JobSettings(env={"A": "${COMMIT} $${COMMIT}"}, rollback_command=("back", "${RELEASE}"))
    filled_in = job.ask(settings, CANDIDATE).settings
    assert filled_in.env == {"A": f"{CANDIDATE.commit} ${{COMMIT}}"}
    assert filled_in.rollback_command == ("back", CANDIDATE.id)
    assert as_label("Release.A/b" + "x" * 80) == "release-a-b" + "x" * 52


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("memory", [("services.backend.memory", "1Gi", "c.yaml:7:5", [("base.yaml:7:5", "512Mi")])]),
        ("services.backend.env.LOG", [("services.backend.env.LOG", "json", "base.yaml:3:20", [])]),
        (
            "backend.env",
            [
                ("services.backend.env.LOG", "json", "base.yaml:3:20", []),
                ("services.backend.env.LEVEL", "debug", "c.yaml:6:11", [("base.yaml:3:31", "info")]),
            ],
        ),
        ("include.0", [("services.backend.include.0", "c/**", "c.yaml:5:15", [])]),
        ("steps.2", [("steps.2", "promote", "base.yaml:10:24", [])]),
        ("cpu", [("services.backend.cpu", None, "", [])]),
        ("bucket", [("bucket", None, "c.yaml:8:1", [("base.yaml:11:1", "b-bucket")])]),
        ("on_failure", [("on_failure", "restore", "", [])]),
        ("health.timeout", [("services.backend.health.timeout", 10.0, "", [])]),
        ("services.backend.gpu.count", [("services.backend.gpu.count", 1, "", [])]),
        ("instances.max", [("services.backend.instances.max", None, "", [])]),
    ],
)
def test_every_value_has_an_origin(tmp_path: Path, key: str, expected: list[object]) -> None:
    text = f"{CHILD}    memory: 1Gi\nbucket: null\n"
    write(tmp_path, {"c.yaml": text, "base.yaml": f"{BASE}bucket: b-bucket\n"})
    found = explained(load(tmp_path / "c.yaml", shown="c.yaml"), key, ["backend"])
    shown = [(each.key, each.value, each.place, [(it.place, it.value) for it in each.over]) for each in found]
    assert shown == expected


def test_an_origin_tells_no_secret_and_no_key_that_there_is_not(tmp_path: Path) -> None:
    text = CHILD.replace("debug}", "debug, API_TOKEN: hunter2hunter2}")
    write(tmp_path, {"c.yaml": text, "base.yaml": BASE})
    config = load(tmp_path / "c.yaml")
    assert "hunter2" not in str(explained(config, "env", ["backend"]))
    with pytest.raises(NoSuchKey, match="unknown key 'memroy'; did you mean memory"):
        explained(config, "memroy", ["backend"])
    with pytest.raises(NoSuchKey, match=r"nothing is named env\.ZZZ, and env has no such key of its own"):
        explained(config, "env.ZZZ", ["backend"])
    for near in ("LEVEL", "level", "LEVL", "env.LEVL", "backend.env.LEVL"):
        with pytest.raises(NoSuchKey, match=rf"unknown key '{near}'; did you mean (backend\.)?env\.LEVEL\?"):
            explained(config, near, ["backend"])
    with pytest.raises(NoSuchKey, match="x-common is not a setting; it is for anchors"):
        explained(config, "x-common.LOG", ["backend"])


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("memory", "services.backend.memory: 1Gi\n  from c.yaml:7:5\n  over base.yaml:7:5: 512Mi\n"),
        ("bucket", "bucket: not set\n  taken away by c.yaml:8:1\n  over base.yaml:11:1: b-bucket\n"),
        (
            "cpu",
            "services.backend.cpu: as the running service has it, else Cloud Run's own\n  no file names it\n",
        ),
        (
            "target",
            "services.backend.target: not set; stage of the Dockerfile to build; default: the last\n"
            "  no file names it\n",
        ),
    ],
)
def test_an_origin_is_told_in_three_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], key: str, expected: str
) -> None:
    write(tmp_path, {"c.yaml": f"{CHILD}    memory: 1Gi\nbucket: null\n", "base.yaml": f"{BASE}bucket: b-bucket\n"})
    config = load(tmp_path / "c.yaml", shown="c.yaml")
    selection = Selection(tmp_path, config, (plan_for(config, "backend"),), PROGRAM)
    assert explain(selection, key, as_text=True) == 0
    assert "".join(capsys.readouterr()) == expected
