"""The control interface on the HTTP port: setting and clearing faults, reading back what was called and served."""

from __future__ import annotations

import json
from dataclasses import asdict

from aiohttp import web

from ..run.history import TrafficHistory
from .calls import CallLog
from .fault import BadFault, read_fault
from .fault_queue import FaultQueue


def control_routes(queue: FaultQueue, calls: CallLog, history: TrafficHistory) -> list[web.RouteDef]:
    async def set_faults(request: web.Request) -> web.StreamResponse:
        """All of them or, when one is unusable, none."""
        try:
            given = json.loads(await request.read())
            faults = [read_fault(one) for one in (given if isinstance(given, list) else [given])]
        except (ValueError, RecursionError):
            return web.json_response({"error": "the body is not JSON"}, status=400)
        except BadFault as error:
            return web.json_response({"error": str(error)}, status=400)
        queue.add(faults)
        return web.json_response(_faults(queue))

    async def get_faults(_: web.Request) -> web.StreamResponse:
        return web.json_response(_faults(queue))

    async def clear_faults(_: web.Request) -> web.StreamResponse:
        queue.clear()
        return web.json_response(_faults(queue))

    async def get_calls(request: web.Request) -> web.StreamResponse:
        after = request.query.get("after", "0")
        if not (after.isascii() and after.isdigit()):
            return web.json_response({"error": f"after is {after!r}; want a call's number"}, status=400)
        return web.json_response({"calls": [asdict(call) for call in calls.after(int(after))]})

    async def get_traffic(request: web.Request) -> web.StreamResponse:
        found = history.of(request.query.get("service", ""))
        return web.json_response({"traffic": [asdict(served) for served in found]})

    return [
        web.post("/_local/faults", set_faults),
        web.get("/_local/faults", get_faults),
        web.delete("/_local/faults", clear_faults),
        web.get("/_local/calls", get_calls),
        web.get("/_local/traffic", get_traffic),
    ]


def _faults(queue: FaultQueue) -> dict[str, object]:
    return {"faults": [{**asdict(one.fault), "seen": one.seen, "fired": one.fired} for one in queue.all()]}
