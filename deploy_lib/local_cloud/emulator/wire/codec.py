"""Encodes and decodes messages, be they of proto-plus or plain protobuf classes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def reader(message: Any) -> Callable[[bytes], Any]:
    """For a message class."""
    read: Callable[[bytes], Any] = message.deserialize if hasattr(message, "deserialize") else message.FromString
    return read


def writer(message: Any) -> Callable[[Any], bytes]:
    """For a message class."""
    write: Callable[[Any], bytes] = message.serialize if hasattr(message, "serialize") else message.SerializeToString
    return write
