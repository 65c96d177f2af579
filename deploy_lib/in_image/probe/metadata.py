"""A metadata server of the probe's own, as Cloud Run has one."""

from __future__ import annotations

import os
import select
from time import time
from typing import Any

from deploy_lib.in_image.probe import Document
from deploy_lib.in_image.probe.processes import read_some, settle_group, write_all
from deploy_lib.local_cloud.metadata_server import respond

METADATA_NAMES = ("metadata.google.internal", "metadata.google.internal.", "metadata", "169.254.169.254")
METADATA = {"address": ""}


def start_metadata(about: Document) -> int:
    """The process that answers on loopback, found by Google's libraries through the environment; 0 for none."""
    import _socket

    listener = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
    try:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
    except OSError:
        listener.close()
        return 0
    METADATA["address"] = "127.0.0.1:%d" % listener.getsockname()[1]
    for name in ("GCE_METADATA_HOST", "GCE_METADATA_ROOT", "GCE_METADATA_IP"):
        os.environ.setdefault(name, METADATA["address"])
    parent, pid = os.getpid(), os.fork()
    if pid:
        settle_group(pid)
        listener.close()
        return pid
    try:
        os.setpgid(0, 0)
        serve_metadata(listener, about, parent)
    finally:
        os._exit(0)


def serve_metadata(listener: Any, about: Document, parent: int) -> None:
    """One request after the other, until the process that asked for it is gone."""
    waiting = select.poll()
    waiting.register(listener.fileno(), select.POLLIN)
    while os.getppid() == parent:
        if not waiting.poll(1000):
            continue
        descriptor, _ = listener._accept()
        request, one = b"", select.poll()
        one.register(descriptor, select.POLLIN)
        while b"\r\n\r\n" not in request and len(request) < 1 << 14 and one.poll(2000):
            data = read_some(descriptor)
            if not data:
                break
            request += data
        write_all(descriptor, respond(request.decode("latin-1"), about, time()))
        os.close(descriptor)


def resolve_metadata() -> None:
    """The metadata server's name and address lead to the one that answers here, for code that looks it up itself."""
    if not METADATA["address"]:
        return
    import _socket

    original, here = _socket.getaddrinfo, METADATA["address"].rpartition(":")

    def getaddrinfo(host: Any, port: Any, *rest: Any, **more: Any) -> Any:
        name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
        if name in METADATA_NAMES and str(port) in ("80", "http"):
            return original(here[0], int(here[2]), *rest, **more)
        return original(host, port, *rest, **more)

    _socket.getaddrinfo = getaddrinfo
