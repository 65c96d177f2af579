"""A throwaway certificate for *.googleapis.com, made by openssl and trusted by whoever is given it.

It is its own authority. The key stays in the state directory, readable by its owner alone.
"""

from __future__ import annotations

import os
import ssl
import subprocess
from pathlib import Path

_DAYS = "90"
_CONFIGURATION = """\
[req]
distinguished_name = name
x509_extensions = extensions
prompt = no
[name]
CN = local cloud (not Google)
[extensions]
subjectAltName = DNS:*.googleapis.com
basicConstraints = critical, CA:TRUE
keyUsage = critical, digitalSignature, keyCertSign
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
"""


class GcloudUnavailable(Exception):
    """One line: why gcloud cannot be served, and what to do."""


class Certificate:
    """The files in `directory`, which need not be there."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.path, self._key = directory / "certificate.pem", directory / "key.pem"

    def make(self) -> None:
        """Raises GcloudUnavailable."""
        configuration = self._directory / "openssl.cnf"
        configuration.write_text(_CONFIGURATION, encoding="ascii")
        self._key.touch(mode=0o600)
        made = self.path.with_suffix(".new")  # whole, or not there at all
        command = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", _DAYS, "-config", str(configuration)]
        _openssl([*command, "-keyout", str(self._key), "-out", str(made)])
        made.replace(self.path)

    def ends(self) -> float:
        """When it expires, in seconds since the epoch; 0.0 when there is none. Raises GcloudUnavailable."""
        if not (self.path.exists() and self._key.exists()):
            return 0.0
        told = _openssl(["x509", "-noout", "-enddate", "-in", str(self.path)])
        return float(ssl.cert_time_to_seconds(told.strip().removeprefix("notAfter=")))

    def key(self) -> str:
        """In PEM."""
        return self._key.read_text(encoding="ascii")

    def load(self, context: ssl.SSLContext) -> None:
        """For the connections to come. Raises GcloudUnavailable."""
        try:
            context.load_cert_chain(self.path, self._key)
        except (OSError, ssl.SSLError) as error:
            raise GcloudUnavailable(f"{self.path} cannot be used: {error}; delete {self._directory}") from None


def _openssl(arguments: list[str]) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "OPENSSL_CONF"}
    try:
        done = subprocess.run(
            ["openssl", *arguments], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True
        )
    except FileNotFoundError:
        why = "openssl is not installed, which makes the certificate that gcloud has to trust; install it"
        raise GcloudUnavailable(why) from None
    if done.returncode != 0:
        line = next((line for line in reversed(done.stderr.splitlines()) if line.strip()), f"exit {done.returncode}")
        raise GcloudUnavailable(f"openssl {arguments[0]} failed: {line}")
    return done.stdout
