"""What to do next, for every kind of cause: commands that run as they stand, and instructions behind a "# ".

Each is checked against the commit and the configuration, as far as they are known (`context`); a setting is changed in
the YAML and never by hand in the cloud, where the next release would undo it. The last command is the release itself.
"""

from __future__ import annotations

import shlex

from deploy_lib.diagnose import at_google, libraries
from deploy_lib.diagnose.case import Case
from deploy_lib.diagnose.packages import package_of
from deploy_lib.diagnose.remedy_context import RemedyContext
from deploy_lib.model.cause import Cause
from deploy_lib.model.cause_facts import (
    BuildFacts,
    CauseFacts,
    CommandFacts,
    DockerfileFacts,
    FileFacts,
    LibraryFacts,
    MemoryFacts,
    NameFacts,
    PortFacts,
    RefusalFacts,
    RequirementFacts,
    SettingsFacts,
)
from deploy_lib.model.codes import Code
from deploy_lib.model.evidence import Evidence
from deploy_lib.model.image_names import repository_of
from deploy_lib.model.memory import doubled
from deploy_lib.model.service import Service
from deploy_lib.model.shell_commands import in_repository, in_shell
from deploy_lib.source.entrypoint.misspelt import nearest

_A_MINUTE = "per minute"
"""In the name of a limit of calls, which smaller instances make no fewer."""


def commands(cause: Cause, service: Service | None, evidence: Evidence, context: RemedyContext) -> tuple[str, ...]:
    """What the cause already carries (a finding's fix) comes first."""
    case = Case(cause, service, evidence, context)
    given = [in_shell(fix) for fix in cause.commands]
    found = dict.fromkeys([*given, *_for(case), context.program.command("deploy")])
    return tuple(in_repository(each, context.program.repo) for each in found)


def _for(case: Case) -> list[str]:
    cause, facts, context = case.cause, case.facts, case.context
    match cause.kind:
        case Code.MISSING_MODULE:
            asked = [case.check("--why", cause.module)] if cause.module and cause.whereabouts is None else []
            return [*asked, case.check()]
        case Code.MISSING_DEPENDENCY | Code.UNDECLARED_DEPENDENCY:
            return [] if cause.commands else package_of(cause.module or "", context)
        case Code.MISSING_NAME:
            name = facts.name if isinstance(facts, NameFacts) else None
            return [*_at_chain(case, f"bind {name or 'the name'} in {cause.module}, or correct the import")]
        case Code.CIRCULAR_IMPORT:
            return [*_at_chain(case, "move the import that closes the circle into the function that needs it")]
        case Code.SYNTAX_ERROR | Code.ENCODING_ERROR:
            wrong = "correct the syntax" if cause.kind == Code.SYNTAX_ERROR else "save the file as UTF-8"
            return [] if cause.commands else [f"# {wrong} at {_unreadable(case)}", case.check()]
        case Code.MISSING_SHARED_LIBRARY:
            library = facts.library if isinstance(facts, LibraryFacts) else None
            return [libraries.package_for(library or "", case.dockerfile)]
        case Code.SETTINGS_ERROR | Code.ENVIRONMENT_VARIABLE:
            variables = facts.variables if isinstance(facts, SettingsFacts) else ()
            if cause.commands and not variables:
                return []  # the check that found it named the variable and its place
            named = variables[0] if variables else "the variable that the log names"
            return [
                f"# write {named} with its value under env: (or secrets:) of the service, at {context.place('env')}"
            ]
        case Code.MISSING_FILE:
            return _missing_file(case, facts.file if isinstance(facts, FileFacts) else None)
        case Code.SECRET_MISSING | Code.SECRET_NO_VERSION | Code.SECRET_NO_ACCESS:
            return at_google.secret(case)
        case Code.WRONG_PORT:
            port = facts.listens if isinstance(facts, PortFacts) else None
            return [context.write("port", str(port)) if port else f"# listen on $PORT: {case.start}"]
        case Code.LOCALHOST_ONLY:
            return [f"# let the server listen on 0.0.0.0 instead of localhost: {case.start}, or the code that binds it"]
        case Code.PORT_TAKEN:
            return [f"# let only one process listen on $PORT, and on no port below 1024: {case.start}"]
        case Code.NEVER_LISTENS:
            late = context.write("cpu", '"2"').removeprefix("# ")
            return [
                f"# let the server listen on $PORT: {case.start}",
                f"# or, where it is only slow to start, {late}",
                *case.logs(),
            ]
        case Code.SLOW_START:
            return [
                context.write("cpu", '"2"'),
                f"# or give it longer: ready_within: at {context.place('step canary')}",
            ]
        case Code.CPU_STARVED:
            return [context.write("cpu", '"2"')]
        case Code.OUT_OF_MEMORY:
            limit = facts.limit if isinstance(facts, MemoryFacts) else None
            limit = limit or case.evidence.memory_limit or (case.service.memory if case.service else None)
            return [context.write("memory", doubled(limit))]
        case Code.EXITS_ZERO:
            return [f"# let the start command be the server, in the foreground: {case.start}"]
        case Code.COMMAND_NOT_FOUND:
            return [] if cause.commands else _command(case)
        case Code.NOT_EXECUTABLE:
            return _executable(case)
        case Code.WRONG_ARCHITECTURE:
            return ["# build for linux/amd64 and copy no program of another machine; with: cloud_build does"]
        case Code.IMAGE_MISSING:
            image = facts.image if isinstance(facts, RefusalFacts) else None
            image = image or (case.service.image_name if case.service else "")
            look = case.at_google(f"gcloud artifacts docker images list {repository_of(image)}") if image else []
            return [*look, context.program.command("deploy", "--rebuild")]
        case Code.VPC_MISSING:
            look = case.at_google(f"gcloud compute networks vpc-access connectors list {case.where}")
            place = context.place("vpc_connector")
            return [*look, f"# correct vpc_connector: at {place} (left out, the service keeps the one it has)"]
        case Code.QUOTA:
            page = f"https://console.cloud.google.com/iam-admin/quotas?project={case.project}"
            used_up = isinstance(facts, RefusalFacts) and _A_MINUTE in (facts.message or "")
            lower = f"# lower instances: max:, cpu: or memory: at {context.place('instances')}"
            less = "# wait a minute, then try again" if used_up else lower
            return [less, *case.at_google(f"# or ask for more: {page}")]
        case Code.REVISION_LIMIT:
            return case.at_google(at_google.delete_old_revisions(case)) or [
                "# start a fresh local cloud: this one is full of revisions"
            ]
        case Code.PERMISSION_DENIED | Code.IMAGE_NO_PERMISSION | Code.FRONTEND_REFUSED:
            return at_google.permission(case)
        case Code.PIP_FAILED:
            wanted = (facts.requirement if isinstance(facts, RequirementFacts) else None) or ""
            where = context.source.requirement(wanted) if context.source and wanted else None
            return [f"# correct {wanted or 'the requirements'} at {where or f'what {case.dockerfile} installs'}"]
        case Code.DOCKERFILE_ERROR:
            if isinstance(facts, DockerfileFacts) and facts.base:
                return [f"# correct FROM {facts.base} in {case.dockerfile}"]
            path = facts.path if isinstance(facts, DockerfileFacts) else None
            return _missing_file(case, path) or [case.check()]
        case Code.BUILD_FAILED | Code.BUILD_CANCELLED:
            return _build_log(case)
        case Code.PUSH_FAILED:
            return [*_build_log(case), *case.at_google(at_google.let_builds_push(case))]
        case Code.BUILD_TIMEOUT:
            return [
                f"# raise timeout: of the build, or choose a larger machine_type:, at {context.place('step build')}"
            ]
        case Code.DATABASE_REFUSED | Code.UPSTREAM_REFUSED:
            return [
                f"# check that vpc_connector: and the address are right, at {context.place('vpc_connector')}",
                *case.logs(),
            ]
        case Code.HEALTH_NOT_FOUND | Code.HEALTH_REDIRECT | Code.HEALTH_BODY:
            return [f"# correct path: and what is expected, at {context.place('step probe')}"]
    return case.logs()  # that the log tells more is true of all the others


def _missing_file(case: Case, path: str | None) -> list[str]:
    """What brings the file into the image, and why it is not there."""
    found = case.context.source.file(path or "") if case.context.source else None
    fix = [in_shell(found.fix)] if found and found.fix else []
    return [*fix, case.check("--why", path)] if path else fix


def _unreadable(case: Case) -> str:
    """The source that Python cannot read. Null bytes are reported without their file, so the commit is searched."""
    facts = case.facts if isinstance(case.facts, FileFacts) else FileFacts()
    if facts.file:
        return f"{case.origin(facts.file)}:{facts.line or 1}"
    found = case.context.source.null_bytes() if facts.null_bytes and case.context.source else None
    return f"{found}, without null bytes" if found else "what the log names"


def _at_chain(case: Case, instruction: str) -> list[str]:
    if case.cause.commands:
        return []
    last = case.cause.chain[-1] if case.cause.chain else None
    where = f" at {case.origin(last.file)}:{last.line}" if last else ""
    return [f"# {instruction}{where}", case.check()]


def _command(case: Case) -> list[str]:
    command = (_start_command(case.facts) or "").rpartition("/")[2]
    if not command or " " in command:
        return [f"# correct the start command: {case.start}"]
    near = nearest(command)
    if near:
        return [
            f"# write {near} instead of {command} in {case.start}",
            *package_of(near, case.context, only_known=True),
        ]
    correct = f"# correct {command} in {case.start}, or install what brings it"
    return [correct, *package_of(command, case.context, only_known=True)]


def _start_command(facts: CauseFacts) -> str | None:
    return facts.command if isinstance(facts, CommandFacts) else None


def _executable(case: Case) -> list[str]:
    command = _start_command(case.facts)
    known = case.context.source.origin(command) if case.context.source and command else None
    if known is None:
        return [f"# make the start command executable in the image: {case.start}"]
    return [f"git update-index --chmod=+x {shlex.quote(known)} && git commit -m 'Make the start script executable'"]


def _build_log(case: Case) -> list[str]:
    """Of Cloud Build, which keeps its logs; of a build on this machine the report has the last lines."""
    facts = case.facts
    build = facts.build if isinstance(facts, BuildFacts | RequirementFacts | DockerfileFacts) else None
    if build and not case.context.local and case.service:
        return [f"gcloud builds log {build} --project={case.project}"]
    return [case.context.program.command("deploy", "--rebuild", note="shows the whole log of the build")]
