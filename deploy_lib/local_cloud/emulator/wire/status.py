"""A refusal as gRPC carries it: code and message, and beside them a google.rpc.Status with its details.

Google's clients take RetryInfo and ErrorInfo from the details, never from the message
(https://google.aip.dev/193), so a refusal that holds some must bring them along whole.
"""

from __future__ import annotations

import grpc
from google.rpc import status_pb2
from grpc_status import rpc_status

from .method import RpcRefusal


def to_status(refusal: RpcRefusal) -> grpc.Status:
    """Raises KeyError when `refusal.code` names no code."""
    status = status_pb2.Status(code=grpc.StatusCode[refusal.code].value[0], message=refusal.message)
    for detail in refusal.details:
        status.details.add().Pack(getattr(detail, "_pb", detail))  # proto-plus messages wrap the real one
    answer: grpc.Status = rpc_status.to_status(status)
    return answer
