"""The whole: one check from its options to its two lines."""

from __future__ import annotations

import json
import os
import resource
from time import perf_counter

from deploy_lib.in_image.probe import Document
from deploy_lib.in_image.probe.image import describe_image
from deploy_lib.in_image.probe.many import choose_targets, compile_sources, run_warm, warm_groups
from deploy_lib.in_image.probe.metadata import start_metadata
from deploy_lib.in_image.probe.options import SCHEMA, read_options
from deploy_lib.in_image.probe.paths import Territory, application_path
from deploy_lib.in_image.probe.processes import collect, fork_call, kill_group, write_all
from deploy_lib.in_image.probe.result import assemble, compact
from deploy_lib.in_image.probe.supervisor import Supervisor


def probe(options: Document, report: int) -> Document:
    deadline = perf_counter() + options["total_timeout"]
    metadata = start_metadata(options["metadata"]) if options["metadata"] else 0
    try:
        return probe_image(options, report, deadline)
    finally:
        if metadata:
            kill_group(metadata)
            os.waitpid(metadata, 0)


def probe_image(options: Document, report: int, deadline: float) -> Document:
    jobs = options["jobs"] or len(os.sched_getaffinity(0))
    path = application_path(options)
    territory = Territory(options, path)

    def list_image(writing: int) -> None:
        write_all(writing, json.dumps(describe_image(options, territory, path)).encode("ascii"))

    lister, reading = fork_call(list_image)  # works on another core while the entrypoint is imported
    supervisor = Supervisor(options, territory, path, fresh=True)
    supervisor.private = [report, reading]
    results: list[Document] = []
    supervisor.run([options["entrypoint"]] if options["entrypoint"] else [], 1, deadline, results.append)
    listed = collect(reading, min(deadline, perf_counter() + 120), lister)
    image = json.loads(listed) if listed.endswith(b"}") else {}
    first = results[0] if results else {}
    modules = image.get("modules", {})
    others = choose_targets(options, modules)
    left = others[: options["max_modules"]]
    if len(left) > 2 * jobs:
        own = [file for file in modules.values() if file.endswith(".py")]
        compile_sources([*own, *first.get("sources", ())], jobs, deadline)
        left = run_warm(supervisor, left, jobs, deadline, warm_groups(first.get("loaded", [])), results.append)
    supervisor.run(left, jobs, deadline, results.append)
    tried = {result["name"] for result in results}
    return assemble(options, results, [name for name in others if name not in tried], image)


def main(arguments: list[str]) -> int:
    report = os.dup(1)  # before anything of the application can write to it; closed in every process that runs its code
    os.dup2(2, 1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    nonce = ""
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
        options = read_options(arguments)
        nonce = options["nonce"]
        full = probe(options, report)
        text = json.dumps(full)
        lines, code = [compact(full, text, options["limit"]), text], 0
    except Exception as error:
        trace = error.__traceback__
        while trace and trace.tb_next:
            trace = trace.tb_next
        problem = "%s: %s (line %d of the probe)" % (type(error).__name__, error, trace.tb_lineno if trace else 0)
        document = {"probe": SCHEMA, "nonce": nonce, "form": "compact", "verdict": "error", "error": problem[:800]}
        lines, code = [json.dumps(document)], 2
    write_all(report, "".join(line + "\n" for line in lines).encode("ascii"))
    return code
