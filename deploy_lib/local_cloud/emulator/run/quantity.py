"""CPU and memory as Cloud Run writes them, and which of them go together. Pure.

https://cloud.google.com/run/docs/configuring/services/cpu and .../memory-limits.
"""

from __future__ import annotations

import re
from decimal import Decimal

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}
_GIB = 2**30
_WHOLE_CPUS = (1000, 2000, 4000, 6000, 8000)
_LEAST_CPU = 80
_LEAST_MEMORY, _LEAST_OF_SECOND = 128 * 2**20, 512 * 2**20
_MEMORY_FOR_CPU = {
    1000: (_LEAST_MEMORY, 4 * _GIB),
    2000: (_LEAST_MEMORY, 8 * _GIB),
    4000: (2 * _GIB, 16 * _GIB),
    6000: (4 * _GIB, 24 * _GIB),
    8000: (4 * _GIB, 32 * _GIB),
}
"""The least and the most in bytes; a part of a CPU is taken as a whole one."""


def parse_memory(text: str) -> int:
    """Bytes. ValueError when it is not a quantity."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(K|M|G|Ki|Mi|Gi)?", text)
    if match is None:
        raise ValueError(f"{text!r} is not a valid amount of memory; write 512Mi or 2Gi")
    return int(Decimal(match[1]) * _UNITS[match[2] or ""])


def parse_cpu(text: str) -> int:
    """Thousandths of a CPU. ValueError when it is not a quantity."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(m?)", text)
    if match is None:
        raise ValueError(f"{text!r} is not a valid number of CPUs; write 1, 0.5 or 1000m")
    return int(Decimal(match[1]) * (1 if match[2] else 1000))


def check_together(cpu: int, memory: int, concurrency: int, second: bool = False) -> str | None:
    """What is wrong with this pair, behind the name of the limit; None when Cloud Run would take it.

    `second` is the second generation of the execution environment. Sentences about memory [report:
    googleCloudRunner#137, repo-automation-bots#3875], and about CPU and concurrency
    [report: slack-knowledgebase-chatgpt-responder#980]; the other one is assumed.
    """
    if cpu not in _WHOLE_CPUS and not _LEAST_CPU <= cpu < 1000:
        return f"cpu: Invalid value specified for cpu. {cpu}m is none of 0.08 to 1, 2, 4, 6 or 8"
    if cpu < 1000 and concurrency > 1:
        return "cpu: Invalid value specified for cpu. Total cpu < 1 is not supported with concurrency > 1."
    least, most = _MEMORY_FOR_CPU.get(cpu, _MEMORY_FOR_CPU[1000])
    if second:
        least = max(least, _LEAST_OF_SECOND)
    if not least <= memory <= most:
        environment = " with gen2 execution environment" if second else ""
        bounds = f"{_written(least)} and {_written(most)} inclusive"
        return (
            f"memory: Invalid value specified for memory{environment}. For {cpu / 1000} CPU, memory must be between "
            f"{bounds}."
        )
    return None


def _written(memory: int) -> str:
    return f"{memory // _GIB}Gi" if memory >= _GIB else f"{memory // 2**20}Mi"
