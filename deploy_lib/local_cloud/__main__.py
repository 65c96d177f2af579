"""python -m deploy_lib.local_cloud: the local cloud as a process of its own.

It says on standard error what it serves and with which engine. Whoever started it waits for endpoints.json in the
state directory; when the process ends before, the last line it printed is the reason. SIGTERM or SIGINT ends it and
everything it started; a second one ends it at once.
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import threading
from dataclasses import replace
from pathlib import Path

from .emulator.reach.targets import NotReachable, Target, aliases, parse_target
from .emulator.state import AlreadyServed, keep_ports, last_ports, locked, published
from .emulator.wire.message_types import import_messages
from .emulator.wire.ports import PortInUse, is_free
from .engines import BY_SPEED, choose
from .engines.model import EngineError, EngineUnavailable

UNUSABLE = 4  # exit code: this machine or this directory cannot serve a local cloud
_PORTS = ("grpc", "http", "registry", "gcloud")


def main(arguments: list[str] | None = None) -> int:
    parser = _parser()
    args = parser.parse_args(arguments)
    try:
        aliases(args.reach)
    except NotReachable as error:
        parser.error(f"argument --reach: {error}")
    if sys.platform == "win32":
        _say("the local cloud needs Linux, whose processes it is made of; on Windows start it within WSL")
        return UNUSABLE
    _may_open_many_files()
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: _end(ending))
    try:
        with locked(args.state.absolute()):
            _serve(args, ending)
    except EngineUnavailable as error:
        _say(f"{error.reason}; {error.remedy}")
        return UNUSABLE
    except PortInUse as error:
        options = {f"--{name}-port": getattr(args, f"{name}_port") for name in _PORTS}
        option = next(option for option, port in options.items() if port == error.port)
        _say(f"{error}; choose another with {option}")
        return UNUSABLE
    except (AlreadyServed, EngineError, OSError) as error:
        _say(str(error))
        return UNUSABLE
    return 0


def _may_open_many_files() -> None:
    """A shell's usual limit of 1024 is less than the sockets of a few dozen services; up to the hard one is allowed."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _serve(args: argparse.Namespace, ending: threading.Event) -> None:
    # Google's libraries take a quarter of a second to import; what can be refused without them is refused before.
    state: Path = args.state.absolute()
    engine = choose(args.engine, (args.store or state / "engine").absolute(), BY_SPEED)
    with import_messages():
        from .emulator.cloud import CloudSettings, serving
        from .emulator.profile.profile import PROFILES
    why = "it was asked for" if args.engine else "it is the fastest that works here"
    _say(f"engine {engine.name}: {why}")
    given = {name: getattr(args, f"{name}_port") for name in _PORTS}
    before = {name: port for name, port in last_ports(state).items() if name in _PORTS and is_free(port)}
    profile = PROFILES[args.profile]
    if args.etags:
        profile = replace(profile, enforce_etags=args.etags == "enforced")
    ports = (given[name] or before.get(name, 0) for name in _PORTS)
    reach = tuple(dict.fromkeys(args.reach))
    settings = CloudSettings(state, args.time_scale, profile, reach, args.start_tries, *ports)
    with serving(engine, settings) as at:
        endpoints = {"grpc": at.grpc, "http": at.http, "registry": at.registry, "gcloud": at.gcloud}
        keep_ports(state, {name: int(address.rpartition(":")[2]) for name, address in endpoints.items()})
        about: dict[str, object] = {
            "engine": engine.name,
            "engine_note": why,
            "time_scale": args.time_scale,
            "profile": profile.name,
            "reach": [str(target) for target in settings.reach],
        }
        with published(state, {**endpoints, **about}):
            _say(f"serving gRPC on {at.grpc}, HTTP on {at.http}, images on {at.registry}")
            ending.wait()
            _say("ending")


def _parser() -> argparse.ArgumentParser:
    about = (__doc__ or "").partition("\n")[0].partition(": ")[2]
    parser = argparse.ArgumentParser(prog=f"python -m {__package__}", description=about)
    add = parser.add_argument
    add("--state", type=Path, required=True, metavar="DIR", help="where everything it keeps lies")
    add("--store", type=Path, metavar="DIR", help="the engine's images, which several local clouds may share")
    add("--engine", metavar="NAME", help="docker, podman or namespaces; without it the quickest that works here")
    add("--time-scale", type=_positive, default=1.0, metavar="X", help="0.01: two minutes of Cloud Run take a second")
    add("--start-tries", type=_count, default=10, metavar="N", help="how often what ends at its start is started")
    add("--profile", choices=("relaxed", "production"), default="relaxed", help="production: as strict as Google")
    add("--etags", choices=("enforced", "ignored"), help="what Cloud Run does with a stale one; else as in the profile")
    what = (
        "what containers may reach: HOST:PORT, a service's name, or PROJECT:REGION:NAME=HOST:PORT for a Cloud SQL "
        "socket; may be given several times"
    )
    add("--reach", type=_target, action="append", default=[], metavar="WHAT", help=what)
    for name in _PORTS:
        add(f"--{name}-port", type=_port, default=0, metavar="N", help="0, a free one, when not given")
    return parser


def _end(ending: threading.Event) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    ending.set()


def _count(text: str) -> int:
    if text.isascii() and text.isdigit() and 0 < int(text) <= 100:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to 100")


def _positive(text: str) -> float:
    with contextlib.suppress(ValueError):
        if 0 < (value := float(text)) < float("inf"):
            return value
    raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")


def _target(text: str) -> Target:
    try:
        return parse_target(text)
    except NotReachable as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and int(text) < 65536:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a port from 0 to 65535")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
