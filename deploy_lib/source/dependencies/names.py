"""Import names of well-known packages, and the distributions that bring each.

Only these are ever called undeclared: of any other import nobody can tell from its name which distribution it comes
from. Names are normalised; "a b" means that either brings it, and that a is the one to install on a server.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from deploy_lib.source.dependencies.declared import normalised

_SAME = """
aiofiles aiohttp aiomysql aioredis alembic anthropic anyio apscheduler arq asyncpg authlib bcrypt bokeh boto3 botocore
cachetools celery certifi channels click cohere cryptography dash databases discord django docker elasticsearch environs
falcon fastapi flask flower gevent gradio graphene gunicorn httpcore httptools httpx hypercorn jinja2 joblib jsonschema
kombu langchain langgraph litellm loguru lxml mako markdown matplotlib mlflow mongoengine motor nltk numpy openai
orjson pandas paramiko passlib peewee pendulum pika plotly polars psutil psycopg pyarrow pydantic pymongo pymysql pyodbc
pypdf pytest quart redis requests rich ruamel sanic scipy seaborn sentry_sdk simplejson slack_sdk spacy sqlalchemy
sqlmodel starlette stripe streamlit structlog sympy tabulate tenacity tensorflow tiktoken torch torchvision tornado tqdm
transformers trio twilio typer ujson uvicorn uvloop watchfiles websockets werkzeug xlrd xmltodict yarl zstandard
"""
_OTHER = {
    "attr": "attrs",
    "attrs": "attrs",
    "bs4": "beautifulsoup4",
    "clickhouse_connect": "clickhouse-connect",
    "clickhouse_driver": "clickhouse-driver",
    "cv2": "opencv-python-headless opencv-python opencv-contrib-python opencv-contrib-python-headless",
    "Crypto": "pycryptodome pycrypto",
    "dateutil": "python-dateutil",
    "decouple": "python-decouple",
    "discord": "discord-py py-cord",
    "docx": "python-docx",
    "dotenv": "python-dotenv",
    "email_validator": "email-validator",
    "faiss": "faiss-cpu faiss-gpu",
    "fitz": "pymupdf",
    "flask_cors": "flask-cors",
    "flask_login": "flask-login",
    "flask_migrate": "flask-migrate",
    "flask_sqlalchemy": "flask-sqlalchemy",
    "git": "gitpython",
    "googleapiclient": "google-api-python-client",
    "google_auth_oauthlib": "google-auth-oauthlib",
    "grpc": "grpcio",
    "itsdangerous": "itsdangerous",
    "jose": "python-jose",
    "jwt": "pyjwt",
    "ldap": "python-ldap",
    "magic": "python-magic python-magic-bin",
    "multipart": "python-multipart multipart",
    "MySQLdb": "mysqlclient",
    "nacl": "pynacl",
    "opensearchpy": "opensearch-py",
    "OpenSSL": "pyopenssl",
    "PIL": "pillow pillow-simd",
    "pkg_resources": "setuptools",
    "playwright": "playwright",
    "pptx": "python-pptx",
    "prometheus_client": "prometheus-client",
    "psycopg": "psycopg psycopg-binary",
    "psycopg2": "psycopg2-binary psycopg2",
    "pydantic_settings": "pydantic-settings",
    "pythonjsonlogger": "python-json-logger",
    "pytz": "pytz",
    "rest_framework": "djangorestframework",
    "ruamel": "ruamel-yaml",
    "sendgrid": "sendgrid",
    "serial": "pyserial",
    "setuptools": "setuptools",
    "sklearn": "scikit-learn",
    "slugify": "python-slugify",
    "skimage": "scikit-image",
    "socketio": "python-socketio",
    "sse_starlette": "sse-starlette",
    "telegram": "python-telegram-bot",
    "tensorflow": "tensorflow tensorflow-cpu tensorflow-gpu",
    "usb": "pyusb",
    "weasyprint": "weasyprint",
    "yaml": "pyyaml",
    "zmq": "pyzmq",
}
_BELOW_GOOGLE = {
    "google.api_core": "google-api-core",
    "google.auth": "google-auth",
    "google.genai": "google-genai",
    "google.generativeai": "google-generativeai",
    "google.oauth2": "google-auth",
    "google.protobuf": "protobuf",
    "google.rpc": "googleapis-common-protos",
    "google.cloud.aiplatform": "google-cloud-aiplatform",
    "google.cloud.pubsub": "google-cloud-pubsub",
    "google.cloud.run": "google-cloud-run",
    "google.cloud.secretmanager": "google-cloud-secret-manager",
    "google.cloud.sql": "cloud-sql-python-connector",
}
DISTRIBUTIONS: dict[str, frozenset[str]] = {
    **{name: frozenset({name.replace("_", "-")}) for name in _SAME.split()},
    **{name: frozenset(brought.split()) for name, brought in _OTHER.items()},
}


def names_of(module: str) -> frozenset[str]:
    """Distributions that are called as the module is, or known to bring it."""
    return DISTRIBUTIONS.get(module, frozenset({module.replace("_", "-").lower()}))


def may_be_brought_by(module: str) -> frozenset[str]:
    """The same, and those that the generated table names (scripts/distributions.py), which knows many more."""
    return names_of(module) | _generated().get(module, frozenset()) | {normalised(module)}


def import_names(distributions: Iterable[str]) -> set[str]:
    """What those of the distributions are imported as that are well known; of others nobody can tell."""
    wanted = set(distributions)
    return {module for module, brought in DISTRIBUTIONS.items() if brought & wanted}


@cache
def _generated() -> dict[str, frozenset[str]]:
    text = Path(__file__).with_name("distributions.txt").read_text(encoding="utf-8")
    lines = (line.split() for line in text.splitlines() if not line.startswith("#"))
    return {module: frozenset(names) for module, *names in lines}


def to_install(module: str) -> str | None:
    """The distribution to install for an import; None where the module's name does not show it.

    >>> to_install("yaml"), to_install("google.cloud.secretmanager_v1"), to_install("google"), to_install("unheard.of")
    ('pyyaml', 'google-cloud-secret-manager', None, None)
    """
    top, *below = module.split(".")
    if top == "google":
        words = [re.sub(r"_v\d+\w*$", "", word) for word in module.split(".")]
        known = next((name for prefix, name in _BELOW_GOOGLE.items() if ".".join(words).startswith(prefix)), None)
        return known or (f"google-cloud-{words[2].replace('_', '-')}" if below[:1] == ["cloud"] and below[1:] else None)
    if top in _OTHER:
        return _OTHER[top].split()[0]
    return top.replace("_", "-") if top in DISTRIBUTIONS else None
