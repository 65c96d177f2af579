"""Run by gcloud's own Python: gcloud for each line of standard input, in a process that is forked after its imports.

Those take three quarters of a call's time. A line is a JSON list: the arguments, the environment, and the files for
what is printed and for what is said on standard error; its exit code is the answer.
"""

import contextlib
import importlib
import json
import os
import sys

_ASKED_LATER = (
    "googlecloudsdk.api_lib.cloudbuild.cloudbuild_util",
    "googlecloudsdk.api_lib.storage.api_factory",
    "googlecloudsdk.command_lib.run.config_changes",
    "googlecloudsdk.command_lib.run.flags",
    "googlecloudsdk.command_lib.run.serverless_operations",
    "googlecloudsdk.core.credentials.store",
    "googlecloudsdk.core.credentials.transports",
    "googlecloudsdk.generated_clients.apis.run.v1.run_v1_client",
)


def serve(library: str) -> None:
    sys.path.insert(0, library)
    gcloud = importlib.import_module("gcloud")
    gcloud._fix_google_module()
    gcloud._import_gcloud_main()
    for name in _ASKED_LATER:  # another version may have them elsewhere
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    for line in sys.stdin:
        process = os.fork()
        if process == 0:
            _become(gcloud.main, f"{library}/gcloud.py", *json.loads(line))
        print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)


def _become(main, script, words, variables, out, err) -> None:  # type: ignore[no-untyped-def]
    os.environ.clear()
    os.environ.update(variables)
    for number, path in ((0, os.devnull), (1, out), (2, err)):
        os.dup2(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), number)
    sys.argv = [script, *words]
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    main()


if __name__ == "__main__":
    serve(sys.argv[1])
