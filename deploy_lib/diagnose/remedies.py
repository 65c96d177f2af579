"""What to type next, for every kind of cause: commands in order, filled in with what is known.

A word in capitals stands for what nobody could know here. The last command is always the release itself.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from deploy_lib.diagnose.distributions import distribution
from deploy_lib.model.evidence import Cause, Evidence
from deploy_lib.model.program import Program
from deploy_lib.model.service import Service


@dataclass(frozen=True, slots=True)
class Names:
    """The service's names on the command line, or words in capitals."""

    service: str = "SERVICE"
    project: str = "PROJECT"
    region: str = "REGION"
    cloud_run: str = "SERVICE"
    account: str = "ACCOUNT"
    image: str = "IMAGE"

    @property
    def on(self) -> str:
        return f"--project {self.project} --region {self.region}"


def commands(cause: Cause, service: Service | None, evidence: Evidence, program: Program) -> tuple[str, ...]:
    """The commands for this cause. What the cause already carries (a finding's fix) comes first."""
    names = _names(service, evidence, cause)
    again = program.command("deploy")
    return tuple(dict.fromkeys([*cause.commands, *_for(cause, names, evidence, program), again]))


def _for(cause: Cause, names: Names, evidence: Evidence, program: Program) -> list[str]:
    facts = cause.facts
    update = f"gcloud run services update {names.cloud_run} {names.on}"
    check = program.command("check")
    logs = f"gcloud run services logs read {names.cloud_run} {names.on} --limit 100"
    place = f"{facts.get('file', 'FILE')}:{facts.get('line', 'LINE')}" if "file" in facts else _last_place(cause)
    match cause.kind:
        case "missing_module":
            found = (
                []
                if "rule" in facts
                else [
                    program.command("check", "--why", cause.module or "MODULE"),
                    f"git status --ignored -- {_path(cause)}",
                ]
            )
            return [*found, check]
        case "missing_dependency":
            return [
                f"echo {distribution(cause.module or '')} >> requirements.txt",
                "git commit -am 'Declare a package the service imports'",
            ]
        case "missing_name" | "circular_import":
            return [f"sed -n 1,40p {_file(place)}", f"git log -3 --stat -- {_path(cause)}", check]
        case "syntax_error" | "encoding_error":
            return [f"python -m py_compile {_file(place)}", check]
        case "missing_shared_library":
            return [
                f"apt-file search {facts.get('library', 'LIBRARY')}"
                "  # then add the package to the Dockerfile's apt-get install"
            ]
        case "settings_error":
            variable = facts.get("variables", "VARIABLE").split(",")[0].strip()
            return [f"grep -n {shlex.quote(variable)} -r config/  # add it under env: or secrets: of {names.service}"]
        case "missing_file":
            return [program.command("check", "--why", facts.get("file", "FILE"))]
        case "secret_missing":
            return [
                f"gcloud secrets create {facts.get('secret', 'SECRET')} --project {names.project} --data-file=-",
                f"gcloud secrets list --project {names.project}",
            ]
        case "secret_no_version":
            secret = facts.get("secret", "SECRET")
            return [
                f"gcloud secrets versions list {secret} --project {names.project}",
                f"gcloud secrets versions add {secret} --project {names.project} --data-file=-",
            ]
        case "secret_no_access":
            return [
                f"gcloud secrets add-iam-policy-binding {facts.get('secret', 'SECRET')} --project {names.project} "
                f"--member serviceAccount:{names.account} --role roles/secretmanager.secretAccessor"
            ]
        case "wrong_port":
            return [
                "grep -nE 'port|PORT' Dockerfile"
                f"  # let the server listen on $PORT, or set port: {facts.get('listens', 'PORT')} "
                f"for {names.service} in the YAML"
            ]
        case "localhost_only":
            return ["grep -nE 'localhost|127.0.0.1|--host|--bind' Dockerfile  # let the server listen on 0.0.0.0"]
        case "port_taken":
            return [
                "grep -nE 'CMD|ENTRYPOINT' Dockerfile"
                "  # only one process may listen on $PORT, and no port below 1024 as a user"
            ]
        case "never_listens" | "slow_start":
            return [logs, f"{update} --cpu-boost", program.command("plan")]
        case "cpu_starved":
            return [f"{update} --cpu 2 --cpu-boost  # and the same under cpu: in the YAML"]
        case "out_of_memory":
            return [
                f"{update} --memory {_more(facts.get('limit') or evidence.memory_limit)}"
                "  # and the same under memory: in the YAML"
            ]
        case "exits_zero":
            return [
                "grep -nE 'CMD|ENTRYPOINT' Dockerfile"
                "  # the start command ends by itself: let it be the server, in the foreground"
            ]
        case "command_not_found" | "not_executable":
            command = facts.get("command", "COMMAND")
            fix = program.command("check", "--why", command)
            if cause.kind == "not_executable":  # the repository has it at another path than the image
                fix = f"git update-index --chmod=+x $(git ls-files '*{command.rpartition('/')[2]}')"
            return [fix, "grep -nE 'CMD|ENTRYPOINT|PATH' Dockerfile"]
        case "wrong_architecture":
            return ["docker buildx build --platform linux/amd64 .  # or leave the build to Cloud Build"]
        case "image_missing":
            return [
                f"gcloud artifacts docker images describe {facts.get('image', names.image)}",
                program.command("deploy", "--rebuild"),
            ]
        case "image_no_permission":
            return [
                f"gcloud projects add-iam-policy-binding {names.project} --member serviceAccount:{names.account} "
                "--role roles/artifactregistry.reader"
            ]
        case "vpc_missing":
            return [f"gcloud compute networks vpc-access connectors list {names.on}"]
        case "quota":
            return [
                f"gcloud run services describe {names.cloud_run} {names.on}"
                "  # lower instances: max, cpu or memory in the YAML",
                "https://console.cloud.google.com/iam-admin/quotas",
            ]
        case "revision_limit":
            return [
                f"gcloud run revisions list --service {names.cloud_run} {names.on}",
                f"gcloud run revisions delete OLD_REVISION {names.on}",
            ]
        case "permission_denied":
            return [_grant(cause, names)]
        case "frontend_refused":
            return [
                f"gcloud run services add-iam-policy-binding {names.cloud_run} {names.on} --member user:CALLER "
                "--role roles/run.invoker"
            ]
        case "pip_failed":
            return [f"python -m pip install --dry-run -r requirements.txt  # {facts.get('requirement', 'see the log')}"]
        case "dockerfile_error":
            return [program.command("check", "--why", facts["path"])] if "path" in facts else [check]
        case "build_failed" | "build_cancelled":
            return [_build_log(facts, names, program)]
        case "push_failed":
            grant = f"gcloud projects add-iam-policy-binding {names.project} --member serviceAccount:BUILD_ACCOUNT"
            return [_build_log(facts, names, program), f"{grant} --role roles/artifactregistry.writer"]
        case "build_timeout":
            return [
                "grep -n 'build:' config/*.yaml  # raise timeout: of the build step, or choose a larger machine_type:"
            ]
        case "database_refused" | "upstream_refused":
            return [
                f"gcloud run services describe {names.cloud_run} {names.on}"
                "  # is the VPC connector or Cloud SQL instance set?",
                logs,
            ]
        case "health_not_found" | "health_redirect" | "health_body":
            return ["grep -n 'probe:' -A4 config/*.yaml  # is path: and what is expected right?"]
        case _:
            return [logs]


def _names(service: Service | None, evidence: Evidence, cause: Cause) -> Names:
    account = cause.facts.get("account") or evidence.service_account or (service.service_account if service else None)
    if service is None:
        return Names(account=account or "ACCOUNT")
    return Names(
        service.name, service.project, service.region, service.cloud_run, account or "ACCOUNT", service.image_name
    )


def _path(cause: Cause) -> str:
    known = cause.facts.get("missing_file")
    return known or f"'{(cause.module or 'MODULE').replace('.', '/')}*'"


def _last_place(cause: Cause) -> str:
    return f"{cause.chain[-1].file}:{cause.chain[-1].line}" if cause.chain else "FILE:LINE"


def _file(place: str) -> str:
    return place.rpartition(":")[0] or place


def _build_log(facts: dict[str, str], names: Names, program: Program) -> str:
    """Of Cloud Build, which keeps its logs; a build on this machine shows its whole log when it is made again."""
    if "build" in facts:
        return f"gcloud builds log {facts['build']} --project {names.project}"
    return program.command("deploy", "--rebuild", note="shows the whole log of the build")


def _grant(cause: Cause, names: Names) -> str:
    """To whom: the caller whom the platform refused, else the account that the application runs as."""
    permission, account = cause.facts.get("permission", ""), cause.facts.get("account")
    refused_here = "message" in cause.facts
    caller = cause.facts.get("caller") or (None if refused_here else names.account)
    kind = "serviceAccount" if caller is None or caller.endswith("gserviceaccount.com") else "user"
    member = f"--member {kind}:{caller}" if caller else "--member user:WHO_DEPLOYS"
    if permission.lower() == "iam.serviceaccounts.actas" and account:
        on = f"gcloud iam service-accounts add-iam-policy-binding {account} --project {names.project}"
    else:
        on = f"gcloud projects add-iam-policy-binding {names.project}"
        member = f"--member serviceAccount:{account}" if account else member
    return f"{on} {member} --role {_role(permission)}"


def _role(permission: str) -> str:
    known = {
        "iam.serviceaccounts.actas": "roles/iam.serviceAccountUser",
        "secretmanager.versions.access": "roles/secretmanager.secretAccessor",
        "artifactregistry.repositories.downloadartifacts": "roles/artifactregistry.reader",
        "artifactregistry.repositories.uploadartifacts": "roles/artifactregistry.writer",
    }
    if permission.lower() in known:
        return known[permission.lower()]
    if permission.startswith("run."):
        return "roles/run.developer"
    return f"A_ROLE_WITH_{permission}" if permission else "ROLE"


def _more(limit: str | None) -> str:
    """The next size up: the doubled limit, in the notation of Cloud Run's memory field."""
    digits = "".join(character for character in (limit or "") if character.isdigit() or character == ".")
    if not limit or not digits:
        return "1Gi"
    mebibytes = float(digits) * (1024 if "G" in limit.upper() else 1) * 2
    return f"{int(mebibytes // 1024)}Gi" if mebibytes % 1024 == 0 else f"{int(mebibytes)}Mi"
