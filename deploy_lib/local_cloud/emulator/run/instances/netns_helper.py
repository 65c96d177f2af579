"""Runs inside a container's network and hands out sockets made there; started by `netns_sockets`.

A socket belongs to the network it was made in, whoever holds it. So a container needs no way out and no port of
the host: this process is told of one, enters its network, gives it the address `ADDRESS` beside 127.0.0.1, and sends
unconnected sockets through a Unix socket. Whoever connects one to ADDRESS meets only what listens on all
interfaces, as on Cloud Run; a server on 127.0.0.1 refuses. The first socket it sends listens at METADATA, where a
container's code looks for the metadata server; more that listen are made at whatever address is asked for. It knows
only the standard library, and ends when the other side of its channel does.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct

ADDRESS = "169.254.8.1"
METADATA = ("169.254.169.254", 80)  # https://cloud.google.com/compute/docs/metadata/querying-metadata
_WAITING = 128  # connections that are not accepted yet
_SIOCSIFADDR, _SIOCSIFNETMASK, _SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8916, 0x891C, 0x8913, 0x8914, 0x1
PROCESS = struct.Struct("i")  # one in whose network to be
LISTEN = struct.Struct("4sH")  # what follows the command "l": an IPv4 address and a port


def hand_out_sockets(arguments: list[str]) -> None:
    """Entry point: the handle of the channel."""
    channel = socket.socket(fileno=int(arguments[0]))
    told = channel.recv(PROCESS.size, socket.MSG_WAITALL)
    if not told:
        return
    (process,) = PROCESS.unpack(told)
    try:
        for kind in ("user", "net"):
            _enter(process, kind)
        _raise_interface()
        with socket.create_server(METADATA, backlog=_WAITING) as listener:
            socket.send_fds(channel, [b"+"], [listener.fileno()])
    except OSError as error:
        channel.send(b"!" + str(error).encode())
        return
    held = {ADDRESS, METADATA[0]}
    while command := channel.recv(1):
        if command == b"l":
            address, port = LISTEN.unpack(channel.recv(LISTEN.size, socket.MSG_WAITALL))
            _send_listener(channel, held, socket.inet_ntoa(address), port)
            continue
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as fresh:
            socket.send_fds(channel, [b"s"], [fresh.fileno()])


def _send_listener(channel: socket.socket, held: set[str], host: str, port: int) -> None:
    """`held` are the addresses of the interface; 127.0.0.0/8 it has from the start."""
    try:
        if not host.startswith("127.") and host not in held:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
                _add_address(probe, f"lo:{len(held) + 1}", host)
            held.add(host)
        with socket.create_server((host, port), backlog=_WAITING) as listener:
            socket.send_fds(channel, [b"+"], [listener.fileno()])
    except OSError as error:
        channel.send(b"!" + str(error).encode())


def _enter(process: int, kind: str) -> None:
    """Nothing to do when it is our own: a container started by root may have no user namespace."""
    theirs = f"/proc/{process}/ns/{kind}"
    if os.stat(theirs).st_ino == os.stat(f"/proc/self/ns/{kind}").st_ino:  # noqa: PTH116  starts faster without pathlib
        if kind == "net":
            raise OSError("the container shares the host's network")
        return
    handle = os.open(theirs, os.O_RDONLY)
    if ctypes.CDLL(None, use_errno=True).setns(handle, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"setns {kind}: {os.strerror(number)}")
    os.close(handle)


def _raise_interface() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for name, host in (("lo:1", ADDRESS), ("lo:2", METADATA[0])):
            _add_address(probe, name, host)
        flags = struct.unpack("16sh14x", fcntl.ioctl(probe, _SIOCGIFFLAGS, struct.pack("16sh14x", b"lo", 0)))[1]
        fcntl.ioctl(probe, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | _IFF_UP))


def _add_address(probe: socket.socket, name: str, host: str) -> None:
    """That one address alone: with the network of its class the container would find its neighbours at itself."""
    for call, value in ((_SIOCSIFADDR, host), (_SIOCSIFNETMASK, "255.255.255.255")):
        request = struct.pack("16sHH4s8x", name.encode(), socket.AF_INET, 0, socket.inet_aton(value))
        fcntl.ioctl(probe, call, request)
