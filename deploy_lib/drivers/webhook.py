"""A message to a chat channel over its webhook: one POST of {"text": ...}, as Slack and those who copy it take it.

The address is itself a secret, so no error repeats it.
"""

from __future__ import annotations

from deploy_lib.drivers.post_json import PATIENCE, post_json

_REMEDY = "check the webhook's address where it was created"
_REPLY = "messageReplyOption=REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD"


def send(address: str, text: str, *, thread: str = "", patience: float = PATIENCE) -> None:
    """Raises DriverError when it was not taken.

    `thread` is the key of the thread that it belongs to, as Google Chat takes it:
    https://developers.google.com/workspace/chat/quickstart/webhooks.
    """
    body: dict[str, object] = {"text": text}
    if thread:
        address += ("&" if "?" in address else "?") + _REPLY
        body["thread"] = {"threadKey": thread}
    post_json("the webhook", address, body, remedy=_REMEDY, patience=patience)
