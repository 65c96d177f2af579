"""Values that only the build should read: sealed in the bucket, opened by a step of the build.

What stands in a step's arguments is shown to everyone who may read builds (cloudbuild.builds.get), for ever. So the
values go to the bucket, each byte combined with one of a random pad, and the pad goes to the step: neither says
anything without the other, and the object is removed once the build has ended.
"""

from __future__ import annotations

import secrets
import shlex
from collections.abc import Mapping
from dataclasses import dataclass

VOLUME = "/check"
"""Shared by the steps that open the values and use them, and that check; the source is not in it."""
VALUES = f"{VOLUME}/values"
_PIECE = 9_000  # characters; Cloud Build takes 10,000 in one argument
_ROW = 1_000
"""Characters, an even number. bash walks a text from its start for every piece of it: 40 KB took 15 s in one row."""
_OPEN = f"""\
gsutil -q cp "$1" {VOLUME}/sealed || exit 1
shift; export LC_ALL=C
printf -v pad %s "$@"; sealed=$(cat {VOLUME}/sealed); out=
[ "${{#pad}}" = "${{#sealed}}" ] || {{ echo 'the values of this build are gone'; exit 1; }}
for ((at = 0; at < ${{#pad}}; at += {_ROW})); do
  these=${{sealed:at:{_ROW}}} those=${{pad:at:{_ROW}}}
  for ((i = 0; i < ${{#those}}; i += 2)); do
    printf -v one '\\\\x%02x' $((16#${{these:i:2}} ^ 16#${{those:i:2}})); out+=$one
  done
done
printf "$out" > {VALUES}"""


@dataclass(frozen=True, slots=True)
class Handover:
    """`variables` for the container of the import check, `arguments` for docker build; `pad` is at least as long as
    what is sealed, random, and used once."""

    id: str
    variables: Mapping[str, str]
    arguments: Mapping[str, str]
    pad: bytes

    def __bool__(self) -> bool:
        return bool(self.variables or self.arguments)

    @property
    def name(self) -> str:
        """The object in the bucket."""
        return object_name(self.id)

    @property
    def plain(self) -> bytes:
        """Two arrays of bash."""
        variables = shlex.join(f"--env={name}={value}" for name, value in sorted(self.variables.items()))
        arguments = shlex.join(f"--build-arg={name}={value}" for name, value in sorted(self.arguments.items()))
        return f"variables=({variables})\narguments=({arguments})\n".encode()

    def sealed(self) -> bytes:
        """In hexadecimal digits, as the step reads it."""
        plain = self.plain
        return bytes(one ^ other for one, other in zip(plain, self.pad[: len(plain)], strict=True)).hex().encode()

    def opening(self, bucket: str) -> list[str]:
        """Arguments of bash in the gsutil builder: puts the values into VALUES."""
        pad = self.pad[: len(self.plain)].hex()
        pieces = [pad[start : start + _PIECE] for start in range(0, len(pad), _PIECE)]
        return ["-c", _OPEN.replace("$", "$$"), "open", f"gs://{bucket}/{self.name}", *pieces]


def object_name(id_: str) -> str:
    """The object in the bucket that holds the sealed values of that hand-over."""
    return f"handover/{id_}"


def handover(id_: str, variables: Mapping[str, str], arguments: Mapping[str, str]) -> Handover:
    """With a separate pad."""
    bare = Handover(id_, variables, arguments, b"")
    return Handover(id_, variables, arguments, secrets.token_bytes(len(bare.plain)))
