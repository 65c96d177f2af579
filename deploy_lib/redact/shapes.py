"""What looks like a secret, whoever prints it: tokens, keys, passwords in URLs, credentials in key=value form."""

from __future__ import annotations

import re

MASK = "[masked]"
NAMES = (
    r"pass(?:word|wd|phrase|code)?|pwd|secret|token|api[_-]?key|apikey|access[_-]?key|private[_-]?key|"
    r"client[_-]?secret|auth[_-]?token|refresh[_-]?token|id[_-]?token|session[_-]?(?:id|key)|signature|credentials?|"
    r"encryption[_-]?key|signing[_-]?key|secret[_-]?key|fernet[_-]?key|account[_-]?key|shared[_-]?key|storage[_-]?key|"
    r"master[_-]?key|webhook[_-]?url|connection[_-]?string|dsn|x-goog-signature|sig"
)
_WORD_START = r"(?:(?<![A-Za-z0-9])|(?-i:(?<=[a-z])(?=[A-Z])))"
KEY = rf"{_WORD_START}(?:{NAMES})(?:[_-](?:value|v?\d+))?\\?['\"]?"
# After a colon no secret, but the next word of a sentence: "there is no secret api-key: gcloud secrets create ...".
_PROSE = (
    r"(?:(?<==)|(?!(?:a|access|added|an|and|cannot|changed|does|expired|for|from|gcloud|grant|in|invalid|is|it|its|missing|no|"
    r"none|not|nothing|of|on|only|or|permission|plain|removed|required|set|that|the|there|this|to|unknown|unset|was|"
    r"with|write)(?=[\s,;:.]|$)|roles/))"
)
# Masked already, quoted (see above), only a reference, or prose.
NO_VALUE = rf"(?!\[masked\]|['\"\\]|projects/|//|latest\b){_PROSE}"
# Shapes that are secret as a whole.
WHOLE = (
    r"(?s:-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z))",
    r"\beyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?",  # JWT
    r"\b(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{16}\b",  # AWS key ids
    r"\bAIza[0-9A-Za-z_-]{30,}",  # Google: API keys, access tokens, refresh tokens, client secrets
    r"\bya29\.[0-9A-Za-z_.-]{10,}",
    r"\b1//[0-9A-Za-z_-]{20,}",
    r"\bGOCSPX-[0-9A-Za-z_-]{10,}",
    r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{15,})",
    r"\b[spr]k[-_](?=[A-Za-z_-]*\d)[A-Za-z0-9_-]{16,}",  # OpenAI, Anthropic, Stripe
    r"\bxox[abprs]-[A-Za-z0-9-]{8,}",  # Slack
    r"\b(?:pypi-AgEIcHlwaS|npm_|hf_|SG\.|do[opr]_v1_|dckr_pat_|shp(?:at|ss|ca)_|whsec_|sntrys_|hvs\.|glptt-|xapp-|"
    r"lin_api_|PMAK-|NRAK-|AGE-SECRET-KEY-1)[A-Za-z0-9._-]{16,}",
    r"\b\d{8,10}:AA[A-Za-z0-9_-]{33}\b",  # Telegram
)
# Shapes whose first group may stay: it tells what was masked.
_AFTER = (
    r"(?i)(\b[a-z][a-z0-9+.-]{1,30}://[^\s:/@'\"]*:)[^\s/@'\"]+(?:/[^\s@'\"]*)?(?=@)",  # scheme://user:password@
    r"(?i)\b((?:proxy-)?authorization['\"]?\s*[:=]\s*['\"]?(?:(?:bearer|basic|token|digest)\s+)?)"
    rf"{_PROSE}[^\s'\",;}}]+",
    r"(?i)\b(bearer\s+)[A-Za-z0-9._~+/=-]{8,}",
    r"(?i)\b((?:set-)?cookie['\"]?\s*:\s*['\"]?)[^\n'\"]+",
    r"(hooks\.slack\.com/(?:services|workflows)/)[A-Za-z0-9/_-]+",
    r"(discord(?:app)?\.com/api/webhooks/)[A-Za-z0-9/_-]+",
    r"(webhook\.office\.com/)[^\s'\"]+",
    r"(?i)(\b(?:password|passwd|passphrase|passcode|pwd)\s+(['\"`]))[^'\"`\n]+(?=\2)",  # log in with password 'x'
    r"(?i)(\b(?:token|(?:api|access|account|secret) key)\s+(['\"`]))(?=[^'\"`\s]*\d)[^'\"`\s]{8,}(?=\2)",
    r"(?i)(\b(?:password|passwd|passphrase|passcode)\s+(?:is|was)\s+)(?=\S*[\d!@#$%^&*_+=])(?!\[masked\])[^\s,;]+",
    r"(\s(?:-u|--user)[ =])[A-Za-z][^\s:]*:[^\s'\"]+",  # curl -u user:password
    rf"(?i)({KEY}\s*(?:=>|[=:])\s*\\?(['\"]))(?:(?!\2)[^\n])+?(?=\\?\2)",  # "key": "value"
    rf"(?i)({KEY}\s*(?:=>|[=:])\s*){NO_VALUE}[^\s&'\",;)}}\]]+",  # key=value, key: value, ?key=value&
    rf"(?i)(--(?:{NAMES})\s+)(?!-)\S+",
)
MASKED_SHAPES = (
    *((re.compile(shape), MASK) for shape in WHOLE),
    *((re.compile(shape), rf"\1{MASK}") for shape in _AFTER),
)
HINT = re.compile(
    rf"PRIVATE KEY|://|authorization|bearer|cookie|eyJ|AKIA|ASIA|AROA|AIDA|AIza|ya29|1//|GOCSPX|gh[pousr]_|github_pat|"
    rf"glpat|[spr]k[-_]|xox|slack|discord|office|pypi-|npm_|hf_|SG\.|do[opr]_|dckr_|shp|whsec_|sntrys_|hvs\.|glptt|xapp|"
    rf"lin_api|PMAK|NRAK|AGE-|:AA|-u |--user|{NAMES}",
    re.IGNORECASE,
)

SHAPES = ((f"(?i){HINT.pattern}", ""), *((shape.pattern, instead) for shape, instead in MASKED_SHAPES))
"""The second net for a program that cannot import this module: a text without the first pattern holds no secret's
shape; each of the others is to be replaced."""
