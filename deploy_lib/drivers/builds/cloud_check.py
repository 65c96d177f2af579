"""The steps of a Cloud Build that import the application inside its image, and let nothing else see the source.

Cloud Build mounts /workspace into every step, so a step that ran the image itself would find the source there and
pass although the image lacks it. The docker builder runs the image beside itself instead, without a mount
(https://cloud.google.com/build/docs/build-config-file-schema). The probe goes in on standard input; it travels in
the arguments of the step, since a file in the source could be copied into the image. Pure.
"""

from __future__ import annotations

import base64
import gzip
import json
import shlex
from dataclasses import asdict

from deploy_lib.drivers.builds.check import CheckPlan
from deploy_lib.drivers.builds.handover import VALUES, VOLUME
from deploy_lib.in_image.options import probe_source
from deploy_lib.in_image.result import MAY_BE_PUSHED

_PASSED = f"{VOLUME}/passed"
_RESULT = f"{VOLUME}/result"
_PIECE = 9_000  # characters; Cloud Build takes 10,000 in one argument and 100 arguments in a step
_UNPACK = f'printf %s "$@" | base64 -d | gzip -d > {VOLUME}/check.sh && exec bash {VOLUME}/check.sh'


def check_arguments(plan: CheckPlan, image: str) -> list[str]:
    """Arguments of bash in the docker builder. The step passes whatever was found; `keep_arguments` judges it."""
    packed = base64.b64encode(gzip.compress(check_script(plan, image).encode(), mtime=0)).decode()
    pieces = [packed[start : start + _PIECE] for start in range(0, len(packed), _PIECE)]
    return ["-c", literal(_UNPACK), "import-check", *pieces]


def keep_arguments(plan: CheckPlan, bucket: str) -> list[str]:
    """Arguments of bash in the gsutil builder: keeps the full result, then ends with 1 unless the check passed."""
    target = f"gs://{bucket}/{result_name(plan.options.nonce)}"
    keep = f"gsutil -q cp {_RESULT} {shlex.quote(target)} || echo 'the full result could not be kept'"
    return ["-c", literal(f"{keep}\ntest -e {_PASSED} || {{ echo 'the imports failed: nothing is pushed'; exit 1; }}")]


def result_name(nonce: str) -> str:
    """Object that holds the full result."""
    return f"checks/{nonce}.json"


def literal(text: str) -> str:
    """As an argument that Cloud Build's substitutions leave alone."""
    return text.replace("$", "$$")


def docker_flags(plan: CheckPlan) -> list[str]:
    """Of `docker run`: no network, no mounts, bounded memory and processes. What is written goes with the container."""
    given = [f"--env={name}={value}" for name, value in sorted(plan.env.items())]
    passed_on = [f"--env={name}" for name in sorted(plan.secrets)]
    limits = [f"--memory={plan.memory}", "--pids-limit=2048"]
    return ["--rm", "-i", "--network=none", *limits, *given, *passed_on]


def check_script(plan: CheckPlan, image: str) -> str:
    """The probe's first line is the compact result: it goes to the build's outputs and decides."""
    flags, end = shlex.join(docker_flags(plan)), f"END-OF-PROBE-{plan.options.nonce}"
    arguments = shlex.join([image, *plan.arguments])
    passed = " | ".join(shlex.quote(_beginning(plan.options.nonce, verdict)) + "*" for verdict in MAY_BE_PUSHED)
    return f"""\
set -uo pipefail
variables=()
{f". {VALUES} || exit 1" if plan.given else ""}
check() {{
docker run {flags} "${{variables[@]}}" --entrypoint="$1" {arguments} > {_RESULT} <<'{end}'
{probe_source().decode()}
{end}
}}
echo {shlex.quote("importing " + _named(plan) + " inside the image, without network, source or mounts")}
for python in {shlex.join(plan.interpreters)}; do
  check "$python"
  code=$?
  [ "$code" = 127 ] || [ "$code" = 126 ] || break
done
case "$code" in 126 | 127) echo "the image has no python to import with" ;; esac
[ "$code" = 0 ] || echo "the container of the import check ended with exit code $code"
head -n 1 {_RESULT} | head -c {plan.options.limit + 2} > "$BUILDER_OUTPUT/output"
case "$(head -n 1 {_RESULT})" in
  {passed}) touch {_PASSED} && echo "the imports passed" ;;
  *) echo "the imports did not pass" ;;
esac
"""


def _beginning(nonce: str, verdict: str) -> str:
    """How a result of this run begins. A quote inside a message is escaped, so no message can look like it."""
    return json.dumps({"probe": 1, "nonce": nonce, "verdict": verdict})[:-1]


def _named(plan: CheckPlan) -> str:
    options = asdict(plan.options)
    also = "every module of the application" if options["all"] else ", ".join(options["also"])
    return " and ".join(part for part in (options["entrypoint"], also) if part)
