"""What `python -m` and a script import only once they are __main__ is imported too, and nothing of it is started."""

from __future__ import annotations

import pytest

from deploy_lib.in_image.result import ProbeResult
from tests.in_image.images import FakeImage

STARTS = "raise SystemExit('it was started')\n"


def probe(image: FakeImage, files: dict[str, str], entrypoint: str = "shop") -> ProbeResult:
    image.write({"shop/__init__.py": "", "shop/app.py": f"def main():\n    {STARTS}", **files})
    run = image.probe(entrypoint, main=True)
    assert run.code == 0, run.stderr
    return run.result


@pytest.mark.parametrize(
    "text",
    [
        "from .app import main\nmain()\n",
        "import sys\nfrom shop.app import main\nsys.exit(main())\n",
        "from __future__ import annotations\nimport shop.app as app\nif __name__ == '__main__':\n    app.main()\n",
        "try:\n    import uvloop\nexcept ImportError:\n    uvloop = None\nfrom shop import app\napp.main()\n",
        "if __name__ != '__main__':\n    import no_such_thing\n",
        "import typing\nif typing.TYPE_CHECKING:\n    import no_such_thing\nimport shop.app\nshop.app.main()\n",
        "def unused():\n    import no_such_thing\nfrom shop.app import main\nmain()\n",
    ],
)
def test_a_package_that_starts_passes_and_is_not_started(image: FakeImage, text: str) -> None:
    assert probe(image, {"shop/__main__.py": text}).failures == ()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("import sys\nfrom .gone import main\nsys.exit(main())\n", 2),
        ("from shop.app import main\nif __name__ == '__main__':\n    import shop.gone\n    main()\n", 3),
        ("def main():\n    from shop import gone\n    gone.run()\nmain()\n", 2),
        ("import asyncio\nasync def main():\n    import shop.gone\nasyncio.run(main())\n", 3),
        ("try:\n    import fast\nexcept ImportError:\n    import shop.gone\n", 4),
        ("from shop.__init__ import *\nfrom shop.late import x\n", 1),
    ],
)
def test_what_it_lacks_is_told_with_its_line(image: FakeImage, text: str, line: int) -> None:
    result = probe(image, {"shop/__main__.py": text, "shop/late.py": "import shop.gone\n"})
    [failure] = result.failures
    assert (failure.kind, failure.module or failure.name) in (("missing_module", "shop.gone"), ("missing_name", "shop"))
    last = failure.chain[-1]
    assert last.file.endswith(("shop/__main__.py", "shop/late.py")) and last.line == line


def test_a_package_without_a_main_cannot_be_run(image: FakeImage) -> None:
    [failure] = probe(image, {}).failures
    assert (failure.kind, failure.module) == ("missing_module", "shop.__main__")


@pytest.mark.parametrize("entrypoint", ["shop.web", "shop/web.py"])
def test_a_module_and_a_script_import_what_their_last_lines_need(image: FakeImage, entrypoint: str) -> None:
    text = f"app = 1\nif __name__ == '__main__':\n    import no_such_server\n    no_such_server.run(app)\n    {STARTS}"
    entry = str(image.app / entrypoint) if "/" in entrypoint else entrypoint
    [failure] = probe(image, {"shop/web.py": text}, entry).failures
    assert (failure.kind, failure.module) == ("missing_dependency", "no_such_server")
    assert failure.chain[-1].line == 3


def test_what_a_server_imports_is_not_run_as_main(image: FakeImage) -> None:
    image.write({"shop/__init__.py": "", "shop/__main__.py": "import shop.gone\n", "shop/main.py": ""})
    assert image.probe("shop").result.failures == ()
