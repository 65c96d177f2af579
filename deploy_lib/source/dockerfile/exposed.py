"""The port that a Dockerfile says its server listens on."""

from __future__ import annotations

import re

from deploy_lib.source.dockerfile.syntax import parse


def port_of(text: str) -> int | None:
    """The only EXPOSE or PORT of its last stage; None where there is none, several, or one that a variable decides.

    Raises Refused for a text that is no Dockerfile.
    """
    stages = parse(text).stages
    ports = set()
    for instruction in stages[-1].instructions if stages else ():
        if instruction.name == "EXPOSE":
            ports |= {word.partition("/")[0] for word in instruction.args}
        elif instruction.name == "ENV":
            ports |= set(re.findall(r"(?:^|\s)PORT[= ]\"?(\d+)", instruction.text))
    known = {int(port) for port in ports if port.isdigit() and 0 < int(port) < 65536}
    return known.pop() if len(known) == 1 and all(port.isdigit() for port in ports) else None
