"""One variable for the certificates to trust, and one for the proxy, of all three libraries that speak to the network.

httpx reads SSL_CERT_FILE, requests REQUESTS_CA_BUNDLE, gRPC GRPC_DEFAULT_SSL_ROOTS_FILE_PATH; the first two read
HTTPS_PROXY and NO_PROXY in either case, gRPC in small letters and without ALL_PROXY
(https://github.com/grpc/grpc/blob/master/doc/environment_variables.md). So where one of them is told something, the
others are told the same, unless they are told something of their own.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

from deploy_lib.drivers.interface import DriverError

CA_FILE = "SSL_CERT_FILE"
_CA_FILES = (CA_FILE, "REQUESTS_CA_BUNDLE", "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH")
_PROXIES = ("grpc_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
_BY_SCHEME = (("http_proxy", "HTTP_PROXY"), ("https_proxy", "HTTPS_PROXY"), ("all_proxy", "ALL_PROXY"))
"""Of each pair the first that is set counts. httpx reads all three, whatever it is going to ask for."""
_NO_PROXIES = ("no_grpc_proxy", "no_proxy", "NO_PROXY")


def shared_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables to add to the environment, before any of the libraries is used.

    Raises DriverError for a file without certificates, and for a proxy that gRPC or httpx cannot use.
    """
    added: dict[str, str] = {}
    name = _first(environ, (*_CA_FILES, "CURL_CA_BUNDLE"))  # which requests reads, too
    if name is not None:
        _check_certificates(name, environ[name])
        added |= dict.fromkeys((each for each in _CA_FILES if not environ.get(each)), environ[name])
    name = _first(environ, _PROXIES)
    if name is not None:
        added["grpc_proxy"] = _proxy(name, environ[name])
        besides = _first(environ, _NO_PROXIES)
        if besides is not None:
            added["no_grpc_proxy"] = environ[besides]
    for names in _BY_SCHEME:
        name = _first(environ, names)
        if name is not None:
            _proxy(name, environ[name], "httpx", ("http", "https"))
    return added


def _first(environ: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    return next((name for name in names if environ.get(name)), None)


def _check_certificates(name: str, path: str) -> None:
    try:
        ssl.create_default_context(cafile=path)
    except OSError as problem:
        why = "it holds no certificate in PEM" if isinstance(problem, ssl.SSLError) else problem.strerror
        raise DriverError(
            f"{name} names {path}, which cannot be used: {why}",
            f"let it name a file of the certificates to trust, in PEM, or unset {name}",
        ) from None


def _proxy(name: str, address: str, library: str = "gRPC", schemes: tuple[str, ...] = ("http",)) -> str:
    """With a scheme, which gRPC needs. Raises DriverError for one that the library cannot use."""
    whole = address if "://" in address else f"http://{address}"
    try:
        parts = urlsplit(whole)
        usable = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise DriverError(
            f"{name} does not name a proxy that {library} can use: it asks for http://host:port",
            f"set {name} to the address of an HTTP proxy, which may well lead to https, or unset it",
        )
    return whole
