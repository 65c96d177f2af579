"""A request's path, query and body as a message, and an answer or a refusal as JSON.

https://cloud.google.com/apis/design/standard_methods and google/api/http.proto: the path's variables fill their fields,
the body the field that the rule names, and the query the rest. What cannot be read is refused as Google refuses it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.rpc import error_details_pb2, status_pb2

from ..wire.method import RpcRefusal
from ..wire.status import HTTP_STATUS, to_proto

_SYSTEM = frozenset(
    {"access_token", "alt", "callback", "fields", "key", "oauth_token", "prettyPrint", "quotaUser", "uploadType"}
)
"""Query parameters that belong to no message (https://cloud.google.com/apis/docs/system-parameters)."""
_UNKNOWN = re.compile(r'no field named "(?P<name>[^"]*)" at "(?P<at>[^"]*)"')
_MASK = "google.protobuf.FieldMask"


def message_of(
    kind: Any, body_field: str, path: Mapping[str, str], query: Iterable[tuple[str, str]], body: bytes
) -> Any:
    """A plain message of the request's class `kind`, proto-plus or not. Raises RpcRefusal INVALID_ARGUMENT."""
    message = type(kind.pb(kind()))() if hasattr(kind, "pb") else kind()
    fields: dict[str, Any] = {}
    if body_field and body.strip():
        given = json_object(body)
        fields = given if body_field == "*" else {body_field: given}
    for name, text in query:
        if name not in _SYSTEM and not name.startswith("$"):
            _put(fields, message.DESCRIPTOR, name, text)
    for name, text in path.items():
        _put(fields, message.DESCRIPTOR, name, text, replace=True)
    try:
        return json_format.ParseDict(fields, message)
    except (json_format.ParseError, OverflowError) as error:
        raise _unreadable(str(error), body_field) from None


def json_object(body: bytes) -> dict[str, Any]:
    """Raises RpcRefusal INVALID_ARGUMENT."""
    try:
        given = json.loads(body)
        json.dumps(given, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except (ValueError, RecursionError) as error:
        raise _invalid(f"Invalid JSON payload received. {error}") from None
    if not isinstance(given, dict):
        raise _invalid('Invalid JSON payload received. Unknown name "": Root element must be a message.')
    return given


def answer_json(answer: Any, *, numbers: bool = False) -> str:
    """A message as JSON. `numbers`: enums as these, as Google's libraries ask."""
    found = getattr(answer, "_pb", answer)
    text: str = json_format.MessageToJson(found, use_integers_for_enums=numbers, ensure_ascii=False)
    return text


def refusal_json(refusal: RpcRefusal) -> tuple[int, dict[str, object]]:
    """HTTP status and body (https://cloud.google.com/apis/design/errors#http_mapping)."""
    code = HTTP_STATUS.get(refusal.code, 500)
    error: dict[str, object] = {"code": code, "message": refusal.message, "status": refusal.code}
    status: status_pb2.Status = to_proto(refusal)
    if status.details:
        error["details"] = [json_format.MessageToDict(detail) for detail in status.details]
    return code, {"error": error}


def _put(fields: dict[str, Any], at: Descriptor, name: str, text: str, *, replace: bool = False) -> None:
    """Sets the field of that dotted name. An unknown one is left to the reader of the whole, which refuses it."""
    *parents, last = name.split(".")
    kind: Descriptor | None = at
    for parent in parents:
        field = _field(kind, parent)
        kind = field.message_type if field else None
        inner = fields.setdefault(field.name if field and field.name in fields else parent, {})
        if not isinstance(inner, dict):
            raise _invalid(f"Invalid value at '{parent}', it is not a message")
        fields = inner
    field = _field(kind, last)
    value = _value(field, text)
    for spelling in {last, *((field.name, field.json_name) if field else ())} if replace else ():
        fields.pop(spelling, None)
    if field is not None and field.is_repeated and not _is_map(field):
        before = fields.setdefault(last, [])
        if not isinstance(before, list):
            raise _invalid(f"Invalid value at '{last}', it is not a list")
        before.append(value)
    else:
        fields[last] = value


def _field(kind: Descriptor | None, name: str) -> FieldDescriptor | None:
    if kind is None:
        return None
    found: FieldDescriptor | None = kind.fields_by_name.get(name) or kind.fields_by_camelcase_name.get(name)
    return found


def _is_map(field: FieldDescriptor) -> bool:
    return bool(field.message_type and field.message_type.GetOptions().map_entry)


def _value(field: FieldDescriptor | None, text: str) -> object:
    """Numbers and enums are read from texts anyway; a truth is not, and a mask may be spelt either way."""
    if field is not None and field.type == FieldDescriptor.TYPE_BOOL and text in ("true", "false"):
        return text == "true"
    if field is not None and field.message_type and field.message_type.full_name == _MASK:
        return re.sub(r"_([a-z0-9])", lambda found: found[1].upper(), text)
    return text


def _unreadable(why: str, body_field: str) -> RpcRefusal:
    """Google's sentence for what it cannot read, with the field beside it."""
    unknown = _UNKNOWN.search(why)
    if unknown is None:
        return _invalid(f"Invalid JSON payload received. {why.splitlines()[0]}")
    at = unknown["at"].partition(".")[2]
    where = f" at '{at}'" if at else ""
    text = f'Invalid JSON payload received. Unknown name "{unknown["name"]}"{where}: Cannot find field.'
    violation = error_details_pb2.BadRequest.FieldViolation(field=at, description=text)
    return RpcRefusal("INVALID_ARGUMENT", text, (error_details_pb2.BadRequest(field_violations=[violation]),))


def _invalid(message: str) -> RpcRefusal:
    return RpcRefusal("INVALID_ARGUMENT", message)
