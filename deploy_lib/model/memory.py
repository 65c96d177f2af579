"""Amounts of memory as Kubernetes and Cloud Run write them: 512Mi, 2Gi, 1G, and in its log 512 MiB."""

from __future__ import annotations

import re

_QUANTITY = re.compile(r"(\d+(?:\.\d+)?) ?(Ki|Mi|Gi|Ti|k|M|G|T)?B?")
_UNITS = {None: 1, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_MIB = 2**20
_STEP = 128  # MiB


def memory_bytes(quantity: str | None) -> int | None:
    """None for none and for what is not one."""
    match = _QUANTITY.fullmatch(quantity or "")
    return int(float(match[1]) * _UNITS[match[2]]) if match else None


def doubled(quantity: str | None) -> str:
    """Twice as much or a little more, as Cloud Run takes it; 1Gi, twice its default, where it is not known."""
    known = memory_bytes(quantity)
    if not known:
        return "1Gi"
    return in_words(-(-2 * known // (_STEP * _MIB)) * _STEP * _MIB)


def in_words(amount: int) -> str:
    """Of whole MiB: 512Mi, 2Gi."""
    whole = amount // _MIB
    return f"{whole // 1024}Gi" if whole % 1024 == 0 else f"{whole}Mi"
