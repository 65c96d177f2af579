"""The stories of the catalogue: what a service does wrong, what a person must be told and advised.

Stories of one table are the services of one release, which runs them side by side; `broken` has their code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.rehearsal.cli_harness import PROJECT

ACCOUNT = f"shop@{PROJECT}.iam.gserviceaccount.com"
READ_SECRETS = "roles/secretmanager.secretAccessor"


@dataclass(frozen=True, slots=True)
class Story:
    """`says` stands in the sentence, `types` in one of the commands to type next."""

    kind: str
    says: str
    types: str
    behave: Mapping[str, Any] = field(default_factory=dict)
    entry: Mapping[str, Any] = field(default_factory=dict)  # of the service, in the YAML


def imports(module: str) -> dict[str, Any]:
    return {"import": f"app.broken.{module}"}


def dockerfile(name: str) -> dict[str, Any]:
    return {"dockerfile": f"docker/{name}.Dockerfile"}


CRASHES = {
    "missing-module": Story(
        "missing_module", "module app.broken.llm_config_types is not in the image",
        "check --why app.broken.llm_config_types", imports("missing_module"),
    ),
    "missing-name": Story(
        "missing_name", "app.parts.words has no name FAREWELL", "app/broken/missing_name.py:1",
        imports("missing_name"),
    ),
    "syntax": Story(
        "syntax_error", "syntax.py:1: invalid syntax", "correct the syntax at app/broken/syntax.py:1", imports("syntax")
    ),
    "encoding": Story("encoding_error", "app/broken/encoding.py", "at app/broken/encoding.py:1", imports("encoding")),
    "null-bytes": Story("encoding_error", "null bytes", "app/broken/null_bytes.py", imports("null_bytes")),
    "dependency": Story(
        "missing_dependency", "the package that provides asyncpg is not installed", "install asyncpg",
        imports("missing_dependency"),
    ),
    "dependency-declared": Story(
        "missing_dependency", "the package that provides asyncpg is not installed", "echo asyncpg >> requirements.txt",
        imports("missing_dependency"), dockerfile("installs"),
    ),
    "circle": Story(
        "circular_import", "app.broken.circle is imported in a circle while one was still to be defined",
        "move the import that closes the circle into the function that needs it at app/broken/circle_back.py:1",
        imports("circle"),
    ),
    "setting": Story("settings_error", "OPENAI_API_KEY", "write OPENAI_API_KEY with its value", imports("setting")),
    "settings-words": Story(
        "settings_error", "DATABASE_URL", "write DATABASE_URL with its value", imports("settings_words"),
    ),
    "missing-file": Story(
        "missing_file", "/srv/config/settings.toml", "--why /srv/config/settings.toml", imports("missing_file")
    ),
}  # fmt: skip
"""Trying again cannot help, so the tool does not wait for Cloud Run to give up."""
ENDINGS = {
    "upstream": Story("upstream_refused", "a server it needs", "vpc_connector: and the address", imports("upstream")),
    "port-taken": Story("port_taken", "Address already in use", "let only one process listen", imports("port_taken")),
    "memory": Story("out_of_memory", "of the 256 MiB it may have", "write memory: 512Mi", imports("hungry")),
    "ends-well": Story("exits_zero", "exit code 0", "let the start command be the server", {"exit_at_start": 0}),
    "ends-badly": Story("exits_nonzero", "exit code 7; its last output: no use", "report ", {"exit_at_start": 7}),
}  # fmt: skip
UNREACHED = {
    "never": Story("never_listens", "nothing listens on port 8080", "report ", imports("forever")),
    "other-port": Story(
        "wrong_port", "listens on port 9999, Cloud Run asks on port 8080", "write port: 9999", {"port": 9999}
    ),
    "localhost": Story(
        "localhost_only", "listens on 127.0.0.1 only", "listen on 0.0.0.0", {"address": "127.0.0.1"}
    ),
    "slow": Story("slow_start", "too slow to start: it needed", "write cpu:", {"late": True}),
}  # fmt: skip
REFUSED = {
    "connector": Story(
        "vpc_missing", "connector does not exist", "correct vpc_connector: at ",
        entry={"vpc_connector": f"projects/{PROJECT}/locations/us-central1/connectors/nowhere"},
    ),
    "secret": Story(
        "secret_missing", "secret nobody-made-it does not exist", "correct secrets: at ",
        entry={"secrets": {"KEY": "nobody-made-it:latest"}},
    ),
    "secret-version": Story(
        "secret_no_version", "secret catalogue-open has no usable version 9", "correct secrets: at ",
        entry={"secrets": {"KEY": "catalogue-open:9"}},
    ),
    "secret-access": Story(
        "secret_no_access", f"{ACCOUNT} may not read secret catalogue-shut: it lacks {READ_SECRETS}",
        "let the account read it",
        entry={"secrets": {"KEY": "catalogue-shut:latest"}, "service_account": ACCOUNT},
    ),
}  # fmt: skip
UNHEALTHY = {
    "not-found": Story("health_not_found", "answers 404", "correct path:", {"health": 404}),
    "server-error": Story("health_error", "answers 500", "report ", {"health": 500}),
    "redirect": Story("health_redirect", "answers 307", "correct path:", {"health": 307}),
    "body": Story("health_body", "status is 'degraded' instead of 'ok'", "correct path:", {"health_says": "degraded"}),
    "sluggish": Story("health_slow", "longer than 1 s", "report ", {"health_slow": 1.5}),
}
BUILDS = {
    "copy": Story(
        "dockerfile_error", "COPY finds no requirements/prod.txt", "--why requirements/prod.txt",
        entry=dockerfile("absent_copy"),
    ),
    "run": Story(
        "build_failed", "RUN in line 3 of the Dockerfile failed with exit code 3: assets", "--rebuild",
        entry=dockerfile("failing_run"),
    ),
    "pip": Story("pip_failed", "pip could not install fastapi==99.0", "correct fastapi==99.0", entry=dockerfile("pip")),
}  # fmt: skip
COMMANDS = {
    "no-command": Story(
        "command_not_found", "the command gunicorn is not in the image", "correct gunicorn in docker/",
        entry=dockerfile("no_command"),
    ),
    "no-command-in-shell": Story(
        "command_not_found", "the command gunicorn is not in the image", "correct gunicorn in docker/",
        entry=dockerfile("no_command_in_shell"),
    ),
    "not-executable": Story(
        "not_executable", "/srv/start.sh may not be executed", "git update-index --chmod=+x start.sh",
        entry=dockerfile("not_executable"),
    ),
    "machine": Story(
        "wrong_architecture", "is not a program for linux/amd64", "build for linux/amd64",
        entry=dockerfile("other_machine"),
    ),
}  # fmt: skip
GROUPS = (CRASHES, ENDINGS, UNREACHED, REFUSED, UNHEALTHY, BUILDS, COMMANDS)

LIBRARY = Story(
    "missing_shared_library", "libGL.so.1 is not in the image",
    "apt-get install -y --no-install-recommends libgl1", imports("missing_library"),
)  # fmt: skip
SLOW_BUILD = Story(
    "build_timeout", "longer than its time limit", "raise timeout: of the build", entry=dockerfile("slow")
)
DENIED = Story("permission_denied", "lacks the permission run.services.create", "the local cloud refused this")
QUOTA = Story("quota", "CpuAllocPerProjectRegion: 60000 wanted, 20000 allowed", "lower instances: max:")
REVISIONS = Story("revision_limit", "the limit of active revisions is reached", "start a fresh local cloud")
MISSPELT = Story(
    "command_not_found", "the start command gunicon is not in the image", "write gunicorn instead of gunicon in CMD",
    entry=dockerfile("misspelt"),
)  # fmt: skip
IMAGE_GONE = Story("image_missing", "the image is not in the registry", "--rebuild")
SINGLE = (LIBRARY, SLOW_BUILD, DENIED, QUOTA, REVISIONS, IMAGE_GONE, MISSPELT)


def produced() -> set[str]:
    """The classes that happen for real here."""
    return {story.kind for story in SINGLE} | {story.kind for group in GROUPS for story in group.values()}
