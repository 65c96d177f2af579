"""One Dockerfile through two engines: the same files, and the same answer to whether the application would start."""

from __future__ import annotations

import pytest

from deploy_lib.in_image.options import ProbeOptions, probe_arguments, probe_source
from deploy_lib.in_image.result import ProbeResult, read_result
from deploy_lib.local_cloud.engines.model import Engine, FileEntry
from tests.local_cloud.engines.conftest import Opened
from tests.local_cloud.engines.engine_harness import FROM, EngineHarness, run

FILES = {
    "shop/__init__.py": "",
    "shop/main.py": "from shop.core import start\napp = start()\n",
    "shop/core.py": "from shop.schemas import Order\ndef start():\n    return Order()\n",
    "shop/schemas/__init__.py": "from shop.schemas.order import Order\n",
    "shop/schemas/order.py": "import decimal\nclass Order: pass\n",
    "tools/run.sh": "#!/bin/sh\nexit 0\n",
    "notes.txt": "read me",
}
DOCKERFILE = f"""FROM python:3.11-slim AS made
RUN mkdir -p /made/deep && echo 1 > /made/deep/x && ln -s deep/x /made/link
RUN chmod 700 /made/deep && umask 077 && echo 2 > /made/y
{FROM}ARG OWNER=65534:65534
ENV PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
COPY --chown=$OWNER shop shop
COPY tools/ /opt/tools/
COPY notes.txt tools /both/
COPY *.txt renamed.txt
COPY --from=made /made /made
ADD notes.txt /added/
RUN chmod 755 /opt/tools/run.sh && rm /both/run.sh && printf hello > /app/shop/generated.txt
USER 65534
CMD ["python", "-m", "shop.main"]
"""
OTHERS = ("podman", "docker")


def build(engine: Engine, harness: EngineHarness, files: dict[str, str]) -> str:
    return harness.build(DOCKERFILE, files).digest


def own_files(engine: Engine, image: str) -> list[FileEntry]:
    """Without what the base brings, which the loader of one engine may store in another order of links."""
    kept = ("/app/", "/opt/", "/both/", "/made/", "/added/", "/etc/passwd", "/etc/os-release")
    return sorted((e for e in engine.files(image) if e.path.startswith(kept)), key=lambda e: e.path)


def probe(engine: Engine, image: str) -> ProbeResult:
    arguments = probe_arguments(ProbeOptions("4f2a", "shop.main:app", all=True))
    options = {"entrypoint": ("python",), "network": False, "read_only": True, "stdin": probe_source()}
    return read_result(run(engine, image, *arguments, **options).out.encode(), "4f2a")


@pytest.mark.parametrize("other", OTHERS)
def test_the_same_files(other: str, opened: Opened, tmp_path_factory: pytest.TempPathFactory) -> None:
    both = [opened("namespaces"), opened(other)]
    listings = []
    for engine in both:
        harness = EngineHarness(engine, tmp_path_factory.mktemp(engine.name))
        image = build(engine, harness, FILES)
        listings.append(own_files(engine, image))
        assert harness.text(harness.engine.inspect(image), "/made/link") == "1\n"
    assert listings[0] == listings[1]
    assert len(listings[0]) > 12


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("missing", [None, "shop/schemas/order.py"])
def test_the_same_verdict(
    other: str, missing: str | None, opened: Opened, tmp_path_factory: pytest.TempPathFactory
) -> None:
    files = {name: text for name, text in FILES.items() if name != missing}
    results = []
    for engine in (opened("namespaces"), opened(other)):
        harness = EngineHarness(engine, tmp_path_factory.mktemp(engine.name))
        results.append(probe(engine, build(engine, harness, files)))
    here, there = results
    assert here.verdict == there.verdict == ("passed" if missing is None else "failed")
    assert [(f.kind, f.module, f.chain) for f in here.failures] == [(f.kind, f.module, f.chain) for f in there.failures]
    if missing:
        assert here.failures[0].module == "shop.schemas.order"
