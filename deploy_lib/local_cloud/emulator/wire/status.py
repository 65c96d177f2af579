"""A refusal as the protocols carry it: code and message, and beside them the details of a google.rpc.Status.

Google's clients take RetryInfo and ErrorInfo from the details, never from the message
(https://google.aip.dev/193), so a refusal that holds some must bring them along whole.
"""

from __future__ import annotations

import grpc
from google.rpc import status_pb2
from grpc_status import rpc_status

from .method import RpcRefusal

HTTP_STATUS = {
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "OUT_OF_RANGE": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "ABORTED": 409,
    "ALREADY_EXISTS": 409,
    "RESOURCE_EXHAUSTED": 429,
    "CANCELLED": 499,
    "INTERNAL": 500,
    "UNIMPLEMENTED": 501,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
}
"""https://cloud.google.com/apis/design/errors#handling_errors: the HTTP status of each code."""


def to_proto(refusal: RpcRefusal) -> status_pb2.Status:
    """Raises KeyError when `refusal.code` names no code."""
    status = status_pb2.Status(code=grpc.StatusCode[refusal.code].value[0], message=refusal.message)
    for detail in refusal.details:
        status.details.add().Pack(getattr(detail, "_pb", detail))  # proto-plus messages wrap the real one
    return status


def to_status(refusal: RpcRefusal) -> grpc.Status:
    """Raises KeyError when `refusal.code` names no code."""
    answer: grpc.Status = rpc_status.to_status(to_proto(refusal))
    return answer
