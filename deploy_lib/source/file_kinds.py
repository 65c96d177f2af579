"""What kind of file a path names: program text, or one of the things that lie about in every working copy.

Names alone decide, so this is pure. Two questions are answered from it: whether a file that is not in the commit can
be part of the service's code, and whether a person may be advised to commit it.
"""

from __future__ import annotations

import enum
import re
from fnmatch import fnmatchcase


class FileKind(enum.Enum):
    """PROGRAM runs; SOURCE is read by programs (templates, queries, settings); the others are left-overs or data."""

    PROGRAM = "program"
    SOURCE = "source"
    SECRET = "secret"
    DATABASE = "database"
    ENVIRONMENT = "environment"
    CACHE = "cache"
    OUTPUT = "output"
    EDITOR = "editor"
    OTHER = "other"


_DIRECTORIES = {
    FileKind.ENVIRONMENT: "venv .venv env ENV virtualenv .virtualenv node_modules site-packages __pypackages__ .direnv",
    FileKind.CACHE: """
        __pycache__ .mypy_cache .pytest_cache .ruff_cache .cache .tox .nox .hypothesis .pytype .pyre .eggs htmlcov
        .ipynb_checkpoints .parcel-cache .turbo .gradle .terraform .sass-cache .npm .yarn .pnpm-store .uv-cache
    """,
    FileKind.OUTPUT: "build dist target .next .nuxt .output .svelte-kit wheelhouse *.egg-info *.dist-info",
    FileKind.EDITOR: ".idea .vscode .vs .fleet",
    FileKind.SECRET: ".ssh .aws .gnupg .gcloud .kube .docker",
}
_FILES = {
    FileKind.SECRET: """
        .env .env.* *.env .envrc .flaskenv .netrc .pypirc .npmrc .htpasswd .dockercfg .git-credentials .pgpass
        *.pem *.key *.p12 *.pfx *.jks *.keystore *.kdbx *.ppk *.asc *.gpg id_rsa* id_dsa* id_ecdsa* id_ed25519*
        *.tfvars *.tfstate *.tfstate.* kubeconfig application_default_credentials.json *service*account*.json
        *serviceaccount*.json *credential*.json *credentials* *secret* *password* *passwd* *token.json *tokens.json
        *-sa.json sa.json sa-*.json *sa-key*.json *_key.json *-key.json key.json keyfile.json gcp-*.json gcloud-*.json
    """,
    FileKind.DATABASE: """
        *.db *.db-* *.sqlite *.sqlite-* *.sqlite3 *.sqlite3-* *.db3 *.rdb *.mdb *.dump *.sql.gz *.dbm *.lmdb *.duckdb
    """,
    FileKind.CACHE: ".coverage .coverage.* coverage.xml .eslintcache .stylelintcache *.pyc *.pyo .dmypy.json",
    FileKind.OUTPUT: "*.whl *.egg *.tar.gz *.log",
    FileKind.EDITOR: """
        *.swp *.swo *~ .DS_Store Thumbs.db desktop.ini *.iml *.orig *.rej .#* *.bak *.code-workspace
    """,
}
_PROGRAMS = ".py .pyw .pyx .pxd .so .pyd .sh .bash"
_SOURCES = """
    .html .htm .jinja .jinja2 .j2 .tmpl .tpl .mako .sql .js .mjs .cjs .ts .tsx .jsx .css .scss .vue .svelte .graphql
    .gql .proto .po .mo .ini .cfg .toml .yaml .yml .json .conf .xml .lock .avsc .xsd .lua .c .h .cpp .rs .go
"""
_DIRECTORY_NAMES = {kind: tuple(names.split()) for kind, names in _DIRECTORIES.items()}
_FILE_NAMES = {kind: tuple(names.split()) for kind, names in _FILES.items()}
_PROGRAM_ENDINGS, _SOURCE_ENDINGS = frozenset(_PROGRAMS.split()), frozenset(_SOURCES.split())
_SOURCE_NAMES = re.compile(
    r"(?i)(requirements|constraints)[\w.-]*\.(txt|in)|(.*\.)?dockerfile(\..*)?|Makefile|Pipfile|Procfile"
)
_SECRET_PROGRAMS = re.compile(r"(secret|password|passwd|credential)s?|.*[_-](secrets|passwords|credentials)")
"""Stems of programs that are values by their names; a secret_manager.py or reset_password.py is code like any other."""
_NEVER_COMMITTED = frozenset(FileKind) - {FileKind.PROGRAM, FileKind.SOURCE, FileKind.OTHER}
_KEY = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----|\"type\"\s*:\s*\"service_account\"|\"private_key\"\s*:")


def kind_of(path: str) -> FileKind:
    """Of a file, or of a directory written "path/". A directory above decides first: what lies in .venv is .venv's."""
    *directories, name = path.rstrip("/").split("/")
    if path.endswith("/"):
        directories, name = [*directories, name], ""
    for directory in directories:
        for kind, names in _DIRECTORY_NAMES.items():
            if any(fnmatchcase(directory, each) for each in names):
                return kind
    lowered = name.lower()
    ending = lowered[lowered.rfind(".") :] if "." in lowered[1:] else ""
    program = ending in _PROGRAM_ENDINGS
    speaks_of_secrets = program and name[0] != "." and not _SECRET_PROGRAMS.fullmatch(lowered.removesuffix(ending))
    for kind, names in _FILE_NAMES.items():
        if kind is FileKind.SECRET and speaks_of_secrets:
            continue
        if any(fnmatchcase(name, each) or fnmatchcase(lowered, each) for each in names):
            return kind
    if program:
        return FileKind.PROGRAM
    return FileKind.SOURCE if ending in _SOURCE_ENDINGS or _SOURCE_NAMES.fullmatch(name) else FileKind.OTHER


def outermost(path: str) -> str:
    """What an ignore rule would best name: the environment, cache or output that holds the path, else the path."""
    parts = path.rstrip("/").split("/")
    for length in range(1, len(parts)):
        above = "/".join(parts[:length])
        if kind_of(f"{above}/") is not FileKind.OTHER:
            return above
    return path.rstrip("/")


def may_be_committed(path: str) -> bool:
    """Whether a person may be advised to commit it: never a directory, an environment, a key, a database or output."""
    return not path.endswith("/") and kind_of(path) not in _NEVER_COMMITTED


def holds_key(beginning: bytes) -> bool:
    """Whether a file that begins so is a private key or a service account's key."""
    return _KEY.search(beginning) is not None
