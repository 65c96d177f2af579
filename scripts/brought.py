"""Writes deploy_lib/source/dependencies/brought.txt: what each well-known distribution brings when it is installed.

The source is PyPI itself: the requirements of the newest release and of some older ones where PyPI tells them, since a
pinned version may be an old one, and the top-level modules of the newest wheel. Run it again for a newer table:
`python scripts/brought.py`. It asks https://pypi.org/pypi/NAME/json and reads the end of wheels; nothing else uses it.
"""

from __future__ import annotations

import io
import json
import re
import sys
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from deploy_lib.source.dependencies.declared import normalised  # noqa: E402
from deploy_lib.source.dependencies.names import DISTRIBUTIONS  # noqa: E402

TARGET = ROOT / "deploy_lib/source/dependencies/brought.txt"
HEAD = """\
# What distributions bring, written by scripts/brought.py from PyPI: NAME MODULES NEEDS [EXTRA]NEEDS...
# MODULES are top-level and joined by commas, "?" where no wheel tells them; NEEDS are names joined by commas.
"""
INDEX = "https://pypi.org/pypi"
YEARS = 3
"""Of the past ones, every second."""
_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[([^\]]*)\])?")
_EXTRA = re.compile(r"extra\s*==\s*['\"]([^'\"]+)['\"]")
_TAIL = 256 * 1024  # bytes of a wheel's end, which hold the list of its files mostly
SEEDS = """
aiobotocore aiocache aiokafka aiosmtplib aiosqlite apache-airflow apispec argon2-cffi asgiref async-timeout azure-core
azure-identity azure-storage-blob babel backoff bleach blinker boto brotli celery-types cffi charset-normalizer
chromadb click-plugins cloudpickle colorama coloredlogs confluent-kafka coverage croniter crispy-bootstrap5 cython
dacite dataclasses-json datadog daphne ddtrace deepdiff defusedxml deprecated dill distro dj-database-url
django-allauth django-celery-beat django-celery-results django-compressor django-cors-headers django-crispy-forms
django-debug-toolbar django-environ django-extensions django-filter django-guardian django-health-check
django-import-export django-jazzmin django-ninja django-oauth-toolkit django-ratelimit django-redis django-rest-knox
django-storages django-taggit djangorestframework-simplejwt dnspython docutils dramatiq drf-spectacular drf-yasg
duckdb dynaconf email-validator et-xmlfile factory-boy faker fastapi-cache2 fastapi-cli fastapi-mail
fastapi-pagination fastapi-users fasteners feedparser filelock flasgger flask-admin flask-babel flask-bcrypt
flask-caching flask-compress flask-httpauth flask-jwt-extended flask-limiter flask-mail flask-marshmallow flask-openid
flask-pymongo flask-restful flask-restx flask-session flask-smorest flask-socketio flask-sqlalchemy flask-talisman
flask-wtf fonttools fsspec functions-framework furl future gcsfs geoalchemy2 geojson geopandas geopy google-ads
google-analytics-data google-api-core google-api-python-client google-auth google-auth-httplib2 google-auth-oauthlib
google-cloud-aiplatform google-cloud-bigquery google-cloud-bigquery-storage google-cloud-bigtable google-cloud-build
google-cloud-core google-cloud-dataproc google-cloud-datastore google-cloud-dlp google-cloud-documentai
google-cloud-error-reporting google-cloud-firestore google-cloud-kms google-cloud-language google-cloud-logging
google-cloud-monitoring google-cloud-ndb google-cloud-profiler google-cloud-pubsub google-cloud-pubsublite
google-cloud-run google-cloud-scheduler google-cloud-secret-manager google-cloud-spanner google-cloud-speech
google-cloud-storage google-cloud-tasks google-cloud-texttospeech google-cloud-trace google-cloud-translate
google-cloud-vision google-cloud-workflows google-genai google-generativeai google-resumable-media
googleapis-common-protos googlemaps graphql-core graphene-django greenlet grpc-google-iam-v1 grpcio
grpcio-health-checking grpcio-reflection grpcio-status grpcio-tools gspread h11 h2 hiredis honcho html5lib html2text
httplib2 httptools huggingface-hub humanize idna imageio importlib-metadata influxdb-client inflection isodate
itsdangerous jmespath jsonpickle jsonpath-ng keras kubernetes langchain-community langchain-core
langchain-google-genai langchain-google-vertexai langchain-openai langsmith launchdarkly-server-sdk lightgbm limits
llama-index loguru lz4 mangum markupsafe marshmallow marshmallow-sqlalchemy minio mmh3 more-itertools msgpack
mypy-extensions mysql-connector-python mysqlclient networkx newrelic nest-asyncio numba oauth2client oauthlib odfpy
opencv-python-headless openpyxl opentelemetry-api opentelemetry-distro opentelemetry-exporter-gcp-trace
opentelemetry-exporter-otlp opentelemetry-instrumentation opentelemetry-instrumentation-asgi
opentelemetry-instrumentation-django opentelemetry-instrumentation-fastapi opentelemetry-instrumentation-flask
opentelemetry-instrumentation-requests opentelemetry-sdk packaging paho-mqtt pathspec pdfminer-six pdfplumber
peewee-migrate phonenumbers pip-tools pillow-heif pinecone pinecone-client plaid-python platformdirs playwright
portalocker posthog prefect prettytable prometheus-fastapi-instrumentator promise protobuf psycopg-pool psycopg2
psycopg2-binary pyasn1 pyasn1-modules pycountry pycryptodomex pydantic-core pydantic-extra-types pydantic-settings
pydub pyfcm pyfiglet pygithub pygments pyhumps pyinstrument pyjwt pymupdf pynamodb pyopenssl pyparsing pypdf2 pypika
pyproj python-arango python-dateutil python-decouple python-docx python-dotenv python-engineio python-json-logger
python-jose python-keycloak python-magic python-multipart python-pptx python-slugify python-socketio python-ulid
pytz-deprecation-shim pyyaml qdrant-client qrcode quart-cors rapidfuzz rasterio ratelimit raven redis-om regex
reportlab requests-oauthlib requests-toolbelt retrying rq rsa s3transfer scikit-image scikit-learn scrapy segno
selenium semver sentence-transformers sentry-sdk shapely simple-salesforce singledispatch six slack-bolt slowapi
sniffio social-auth-app-django soupsieve sqlalchemy-utils sqlparse sse-starlette statsd statsmodels strawberry-graphql
supabase svix sympy taskiq tblib tenacity testcontainers thefuzz threadpoolctl tokenizers toml tomli tomlkit toolz
tortoise-orm tox tree-sitter twisted types-requests typing-extensions typing-inspect tzdata tzlocal ua-parser
unidecode uritemplate urllib3 user-agents validators vine wand warlock watchdog watchgod wcwidth webargs weasyprint
weaviate-client websocket-client wheel whitenoise whoosh wrapt wtforms xgboost xlsxwriter xlwt yfinance zeep zipp
zope-interface
"""


def main() -> None:
    rows: dict[str, str] = {}
    waiting = {normalised(name) for names in DISTRIBUTIONS.values() for name in names} | set(SEEDS.split())
    seen = set(waiting)
    with ThreadPoolExecutor(32) as pool:
        while waiting:
            asked = sorted(waiting)
            found = list(pool.map(_read, asked))
            rows.update({name: row for name, (row, _) in zip(asked, found, strict=True) if row})
            waiting = {need.partition("[")[0] for _, needs in found for need in needs} - seen
            seen |= waiting
            print(f"{len(rows)} read, {len(waiting)} to go", file=sys.stderr)
    TARGET.write_text(HEAD + "".join(f"{name} {row}\n" for name, row in sorted(rows.items())), encoding="utf-8")


def _read(name: str) -> tuple[str, set[str]]:
    """The row without its name, and what always comes with it; an empty row for what PyPI does not have."""
    document = _json(f"{INDEX}/{name}/json")
    if document is None:
        return "", set()
    always: set[str] = set()
    extras: dict[str, set[str]] = {}
    for requirements in (document["info"].get("requires_dist"), *_of_years(name, document)):
        for requirement in requirements or ():
            _note(requirement, always, extras)
    always -= {need for need in always if need.partition("[")[0] == name}
    words = [",".join(_modules(name, document)) or "?", ",".join(sorted(always)) or "-"]
    words += [f"[{extra}]{','.join(sorted(needs))}" for extra, needs in sorted(extras.items()) if needs - always]
    return " ".join(words), always


def _of_years(name: str, document: Any) -> Iterable[Any]:
    """The requirements of the last release of each year before the newest."""
    last: dict[str, tuple[str, str]] = {}
    for version, files in document.get("releases", {}).items():
        times = [each["upload_time"] for each in files if not each.get("yanked")]
        if times and re.fullmatch(r"[\d.]+", version):
            at = max(times)
            last[at[:4]] = max(last.get(at[:4], ("", "")), (at, version))
    for _, (_, version) in sorted(last.items(), reverse=True)[1::2][:YEARS]:
        if version != document["info"]["version"]:
            found = _json(f"{INDEX}/{name}/{version}/json")
            yield found["info"].get("requires_dist") if found else None


def _note(requirement: str, always: set[str], extras: dict[str, set[str]]) -> None:
    """A requirement with extras is NAME, and NAME[EXTRA] for each."""
    match = _REQUIREMENT.match(requirement)
    if match is None:
        return
    name = normalised(match[1])
    needs = {name, *(f"{name}[{normalised(each.strip())}]" for each in (match[2] or "").split(",") if each.strip())}
    wanted = _EXTRA.findall(requirement)
    for extra in wanted:
        extras.setdefault(normalised(extra), set()).update(needs)
    if not wanted:
        always.update(needs)


def _modules(name: str, document: Any) -> list[str]:
    """Top-level ones of the newest wheel; none where there is no wheel."""
    wheels = [each for each in document["urls"] if each["packagetype"] == "bdist_wheel"]
    if not wheels:
        return []
    linux = [each for each in wheels if "any" in each["filename"] or "manylinux" in each["filename"]]
    wheel = min(linux or wheels, key=lambda each: each["size"])
    try:
        paths = _listing(urllib.parse.urljoin(f"{INDEX}/{name}/json", wheel["url"]), wheel["size"])
    except (OSError, zipfile.BadZipFile):
        return []
    found = set()
    for path in paths:
        top, slash, rest = path.partition("/")
        if top.endswith((".dist-info", ".libs")):
            continue
        if top.endswith(".data"):
            top, slash, rest = rest.partition("/")[2].partition("/") if "lib/" in rest else ("", "", "")
        stem = top if slash else top.partition(".")[0] if top.endswith((".py", ".so", ".pyd")) else ""
        if stem.isidentifier() and (slash or top):
            found.add(stem)
    return sorted(found)


class _Tail(io.RawIOBase):
    """A file of which only the end is known; what is asked of the rest is fetched."""

    def __init__(self, url: str, size: int) -> None:
        self._url, self._size, self._at = url, size, 0
        self._from = max(0, size - _TAIL)
        self._known = _bytes(url, self._from, size)

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def read(self, size: int = -1) -> bytes:
        end = self._size if size < 0 else min(self._size, self._at + size)
        if self._at < self._from:
            self._known, self._from = _bytes(self._url, self._at, self._from) + self._known, self._at
        found = self._known[self._at - self._from : end - self._from]
        self._at = end
        return found


def _listing(url: str, size: int) -> list[str]:
    """The names in a zip file, of which only the end is read."""
    with zipfile.ZipFile(_Tail(url, size)) as packed:
        return packed.namelist()


def _bytes(url: str, start: int, end: int) -> bytes:
    request = urllib.request.Request(url, headers={"Range": f"bytes={start}-{end - 1}"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        content: bytes = answer.read()
        return content


def _json(url: str) -> Any:
    for _ in range(3):
        try:
            with urllib.request.urlopen(url, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
        except OSError:
            pass
    return None


if __name__ == "__main__":
    main()
