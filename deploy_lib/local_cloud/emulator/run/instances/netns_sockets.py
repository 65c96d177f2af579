"""Sockets inside the network of one container: they reach its port and take none of the host's.

Every instance may listen on the port its template names, however many run at once. See `netns_helper` for how.
"""

from __future__ import annotations

import socket
import subprocess
import threading

from ....helper import helper_command
from .netns_helper import ADDRESS, LISTEN, METADATA, PROCESS, hand_out_sockets

_PATIENCE = 10.0  # seconds the helper process may take for anything it does


class NetnsClosed(OSError):
    """The container has ended, or its network cannot be entered; the message says which call failed."""


class NetnsSockets:
    """May be used from any thread, once it has entered a network. `address` is where the container's servers answer;
    `metadata` listens where its code looks for the metadata server, and is whoever's who takes it from here."""

    address = ADDRESS
    metadata_address = METADATA[0]

    def __init__(self) -> None:
        """Starts the helper, which waits for `enter`."""
        self._lock = threading.Lock()
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self._channel.settimeout(_PATIENCE)
        with theirs:
            self._helper = subprocess.Popen(
                [*helper_command(hand_out_sockets), str(theirs.fileno())],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={},
                cwd="/",
            )

    def enter(self, process: int) -> None:
        """The network of that process. Raises NetnsClosed, and is closed then."""
        try:
            self._channel.sendall(PROCESS.pack(process))
            answer, handles, _, _ = socket.recv_fds(self._channel, 4096, 1)
        except OSError as error:
            self.close()
            raise NetnsClosed(str(error)) from None
        if answer[:1] != b"+":
            self.close()
            raise NetnsClosed(answer[1:].decode(errors="replace") or "the container ended")
        self.metadata = socket.socket(fileno=handles[0])

    def dial(self) -> socket.socket:
        """A fresh unconnected socket of the container's network. Raises NetnsClosed."""
        try:
            with self._lock:
                self._channel.send(b"s")
                _, handles, _, _ = socket.recv_fds(self._channel, 1, 1)
        except OSError as error:
            raise NetnsClosed(str(error)) from None
        if not handles:
            raise NetnsClosed("the container ended")
        return socket.socket(fileno=handles[0])

    def listen(self, host: str, port: int) -> socket.socket:
        """One that listens at an IPv4 address of the container's network, which is given the address for it.

        Raises NetnsClosed, also when the container listens there itself.
        """
        try:
            with self._lock:
                self._channel.send(b"l" + LISTEN.pack(socket.inet_aton(host), port))
                answer, handles, _, _ = socket.recv_fds(self._channel, 4096, 1)
        except OSError as error:
            raise NetnsClosed(str(error)) from None
        if not handles:
            raise NetnsClosed(answer[1:].decode(errors="replace") or "the container ended")
        return socket.socket(fileno=handles[0])

    def close(self) -> None:
        with self._lock:
            self._channel.close()
        self._helper.kill()
        self._helper.wait()
