"""Names to install for names to import, where the two differ. Only common packages; others share one name."""

from __future__ import annotations

_KNOWN = {
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python-headless",
    "dateutil": "python-dateutil",
    "docx": "python-docx",
    "dotenv": "python-dotenv",
    "fitz": "PyMuPDF",
    "git": "GitPython",
    "grpc": "grpcio",
    "jose": "python-jose",
    "jwt": "PyJWT",
    "magic": "python-magic",
    "multipart": "python-multipart",
    "MySQLdb": "mysqlclient",
    "OpenSSL": "pyOpenSSL",
    "PIL": "Pillow",
    "pkg_resources": "setuptools",
    "psycopg2": "psycopg2-binary",
    "serial": "pyserial",
    "sklearn": "scikit-learn",
    "skimage": "scikit-image",
    "slugify": "python-slugify",
    "socketio": "python-socketio",
    "yaml": "PyYAML",
    "zmq": "pyzmq",
}


def distribution(module: str) -> str:
    """What to put into a requirements file for an import of `module`.

    >>> distribution("yaml"), distribution("google.cloud.secretmanager"), distribution("httpx._client")
    ('PyYAML', 'google-cloud-secret-manager', 'httpx')
    """
    parts = module.split(".")
    if parts[:2] == ["google", "cloud"] and len(parts) > 2:
        words = {
            "secretmanager": "secret-manager",
            "run_v2": "run",
            "pubsub_v1": "pubsub",
            "aiplatform_v1": "aiplatform",
        }
        return f"google-cloud-{words.get(parts[2], parts[2]).replace('_', '-')}"
    return _KNOWN.get(parts[0], parts[0].replace("_", "-"))
