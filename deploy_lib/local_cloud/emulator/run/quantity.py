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
_LEAST_MEMORY = 128 * 2**20
# (more memory than this in bytes, needs at least these thousandths of a CPU), and the other way round.
_CPU_FOR_MEMORY = ((24 * _GIB, 8000), (16 * _GIB, 6000), (8 * _GIB, 4000), (4 * _GIB, 2000))
_MEMORY_FOR_CPU = {4000: 2 * _GIB, 6000: 4 * _GIB, 8000: 4 * _GIB}


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


def check_together(cpu: int, memory: int, concurrency: int) -> str | None:
    """What is wrong with this pair; None when Cloud Run would take it."""
    if cpu not in _WHOLE_CPUS and not _LEAST_CPU <= cpu < 1000:
        return f"Invalid value specified for cpu. {cpu}m is none of 0.08 to 1, 2, 4, 6 or 8"
    if cpu < 1000 and concurrency > 1:
        return "Invalid value specified for cpu. Total cpu < 1 is not supported with concurrency > 1."
    if not _LEAST_MEMORY <= memory <= 32 * _GIB:
        return "Invalid value specified for memory. It must be at least 128Mi and at most 32Gi"
    for most, needed in _CPU_FOR_MEMORY:
        if memory > most and cpu < needed:
            return f"Invalid value specified for cpu. For the specified memory, at least {needed // 1000} are needed"
    if memory < _MEMORY_FOR_CPU.get(cpu, 0):
        least = _MEMORY_FOR_CPU[cpu] // _GIB
        return f"Invalid value specified for memory. For {cpu // 1000} cpus at least {least}Gi are needed"
    return None
