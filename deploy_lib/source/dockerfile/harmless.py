"""Commands of RUN steps that write none of the application's modules, whatever else they do.

Django's and Flask's own commands: https://docs.djangoproject.com/en/stable/ref/django-admin/. What a program is that is
not here nobody knows, so it may write where it runs.
"""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Callable

from deploy_lib.source.imports.syntax import tree_of

_NAMES = """
    . : [ [[ activate add-apt-repository addgroup adduser alias apk apt apt-cache apt-get apt-key apt-mark arch awk
    base64 basename bower break bun bunx case cat chgrp chmod chown clear command continue corepack coverage cut
    date debconf-set-selections deluser df diff dirname dnf dpkg dpkg-architecture dpkg-query dpkg-reconfigure du
    echo egrep esac esbuild eval exit export false fc-cache fgrep file flake8 for gem getconf getent getfacl gpg
    grep groupadd groupmod grunt gulp hadolint hash head history hostname id in jq ldconfig ldd lessc local
    locale-gen localedef ls lsb_release microdnf mkdir mkdocs mktemp mypy mysql nc nginx node node-sass npm nproc
    npx openssl pacman parcel passwd pg_config pg_isready ping pkg-config playwright pnpm pre-commit printenv printf
    psql pwd pylint pyright pytest read readlink realpath redis-cli return rollup ruff sass screen seq service set
    setcap setfacl sha1sum sha256sum sha512sum shellcheck shift shopt sleep sort source sphinx-build stat strip sync
    systemctl tail tailwindcss tdnf test tr trap true tsc type ulimit umask uname uniq unset update-alternatives
    update-ca-certificates update-locale useradd userdel usermod virtualenv visudo vite wait wc webpack which whoami
    yarn yum zypper
"""
_HARMLESS = frozenset(_NAMES.split())
_MODULES_TEXT = """
    black compileall coverage ensurepip flake8 json.tool mypy nltk.downloader pip piptools playwright pylint
    pytest ruff site spacy sysconfig unittest venv virtualenv whitenoise.compress
"""
_MODULES = frozenset(_MODULES_TEXT.split())
_OF_DJANGO_TEXT = """
    check clearsessions collectstatic collectstatic_js_reverse compilejsi18n compilemessages compilescss compress
    createcachetable createsuperuser diffsettings flush loaddata migrate remove_stale_contenttypes showmigrations
    sqlmigrate tailwind test
"""
_OF_DJANGO = frozenset(_OF_DJANGO_TEXT.split())
_WITH_A_WORD = frozenset(
    {("pybabel", "compile"), ("git", "config"), *(("flask", word) for word in ("assets", "db", "digest", "translate"))}
)
_ASKING = (("--help",), ("-h",), ("--version",), ("-V",))
_DOWNLOADS_TEXT = """
    AutoModel CrossEncoder SentenceTransformer TextEmbedding WhisperModel download from_pretrained
    get_encoding hub load load_model pipeline print version
"""
_DOWNLOADS = frozenset(_DOWNLOADS_TEXT.split())
"""Last names of what a `python -c` calls to fetch models and data, which libraries put into caches of their own."""
_FLAGS_AND_MODULE = re.compile(r"-[bBdEIOPqsSuvx]+m")
_PYTHON = re.compile(r"(python|pypy)[\d.]*")


def leaves_files_alone(name: str, args: tuple[str, ...], holds: Callable[[str], bool], *, fetched: bool) -> bool:
    """`holds`: whether the image holds a file or directory of the application by that name. `fetched`: what stands on
    its input was downloaded, so it is an installer, which cannot know where the application lies."""
    if name in _HARMLESS or name.startswith("$(") or args in _ASKING:
        return True
    if name in ("sh", "bash", "dash", "ash") or _PYTHON.fullmatch(name):
        of_input = fetched and not any(not word.startswith("-") and holds(word) for word in args)
        return of_input or (bool(_PYTHON.fullmatch(name)) and _of_python(args, holds))
    if name in ("manage.py", "django-admin"):
        return args[:1] != () and args[0] in _OF_DJANGO
    return (name, *args[:1]) in _WITH_A_WORD


def _of_python(args: tuple[str, ...], holds: Callable[[str], bool]) -> bool:
    while args and args[0] in ("-u", "-B", "-O", "-OO", "-I", "-s", "-E", "-W", "-X"):
        args = args[2:] if args[0] in ("-W", "-X") else args[1:]
    if not args:
        return False
    if _FLAGS_AND_MODULE.fullmatch(args[0]):
        args = ("-m", *args[1:])
    if args[0].startswith("-m"):
        module, *rest = (args[0][2:], *args[1:]) if len(args[0]) > 2 else (*args[1:], "")
        return module in _MODULES or (module == "django" and rest[:1] != [] and rest[0] in _OF_DJANGO)
    if args[0] == "-c":
        return len(args) > 1 and _only_asks(args[1], holds)
    if posixpath.basename(args[0]) == "manage.py":
        return args[1:2] != () and args[1] in _OF_DJANGO
    return args[0] in ("--version", "-V")


def _only_asks(code: str, holds: Callable[[str], bool]) -> bool:
    """Code that imports what is installed, asks it, and lets it download."""
    try:
        body = tree_of(code.strip()).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    for node in body:
        match node:
            case ast.Import(names=names):
                tops = [each.name.partition(".")[0] for each in names]
            case ast.ImportFrom(module=str(module)):
                tops = [module.partition(".")[0]]
            case ast.Expr(value=ast.Call(func=func)) | ast.Assign(value=ast.Call(func=func)):
                last = func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""
                if last not in _DOWNLOADS:
                    return False
                continue
            case ast.Assert() | ast.Pass():
                continue
            case ast.stmt():
                return False
        if any(holds(top) or holds(f"{top}.py") for top in tops):
            return False
    return True
