"""Secrets never leave: every text that a person, a file or a webhook gets goes through a Redactor.

Two nets. Values known to be secret are masked wherever they stand, also URL-quoted, base64 or JSON-escaped. And
what looks like a secret is masked by its shape: tokens, keys, passwords in URLs, credentials in key=value form.
A mask keeps the name and loses the value: better a report that says too little than one that cannot be sent on.
"""

from deploy_lib.redact.redactor import Following, Redactor
from deploy_lib.redact.shapes import MASK, SHAPES
from deploy_lib.redact.values import is_secret, named_secrets

__all__ = ["MASK", "SHAPES", "Following", "Redactor", "is_secret", "named_secrets"]
