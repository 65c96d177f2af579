"""Which package of the distribution brings a shared library that the image lacks."""

from __future__ import annotations

_PACKAGES = {
    "libGL.so.1": "libgl1", "libgthread-2.0.so.0": "libglib2.0-0", "libglib-2.0.so.0": "libglib2.0-0",
    "libpq.so.5": "libpq5", "libmagic.so.1": "libmagic1", "libgomp.so.1": "libgomp1", "libsndfile.so.1": "libsndfile1",
    "libxml2.so.2": "libxml2", "libxslt.so.1": "libxslt1.1", "libcairo.so.2": "libcairo2", "libodbc.so.2": "unixodbc",
    "libpango-1.0.so.0": "libpango-1.0-0", "libpangoft2-1.0.so.0": "libpangoft2-1.0-0", "libzbar.so.0": "libzbar0",
    "libmariadb.so.3": "libmariadb3", "libgeos_c.so.1": "libgeos-c1v5", "libSM.so.6": "libsm6",
    "libXext.so.6": "libxext6",
}  # fmt: skip
"""Debian's packages (packages.debian.org, bookworm) of libraries that slim images lack most often."""


def package_for(library: str, dockerfile: str) -> str:
    """What to write into the Dockerfile."""
    package = _PACKAGES.get(library)
    if package is None:
        page = f"https://packages.debian.org/search?searchon=contents&keywords={library}"
        return f"# let a RUN of {dockerfile} install the package that has {library}: {page}"
    run = f"RUN apt-get update && apt-get install -y --no-install-recommends {package} && rm -rf /var/lib/apt/lists/*"
    return f"# add to {dockerfile}, before what needs it: {run}"
