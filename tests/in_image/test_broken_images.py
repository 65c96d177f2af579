"""Images that must not be released, each with the one right reason."""

from __future__ import annotations

import pytest

from deploy_lib.in_image.result import Failure
from tests.in_image.images import FakeImage

SHOP = {"shop/__init__.py": "", "shop/main.py": "import json\nfrom shop import store\napp = object()\n"}


def fail(image: FakeImage, files: dict[str, str], **options: object) -> Failure:
    image.write({**SHOP, **files})
    run = image.probe("shop.main:app", **options)
    assert run.code == 0
    assert run.result.verdict == "failed"
    (failure,) = run.result.failures
    (compacted,) = run.compact.failures
    assert (compacted.kind, compacted.module, compacted.variables) == (failure.kind, failure.module, failure.variables)
    return failure


def places(failure: Failure, image: FakeImage) -> list[str]:
    return [f"{frame.file.removeprefix(f'{image.root}/')}:{frame.line}" for frame in failure.chain]


def test_a_module_that_is_missing(image: FakeImage) -> None:
    files = {
        "shop/store.py": "import os\n\nfrom shop.schemas import order\n",
        "shop/schemas/__init__.py": "",
        "shop/schemas/order.py": '"""Orders."""\nfrom shop.schemas.llm_config_types import Config\n',
    }
    failure = fail(image, files)
    assert (failure.kind, failure.party) == ("missing_module", "first")
    assert failure.module == "shop.schemas.llm_config_types"
    assert places(failure, image) == ["app/shop/main.py:2", "app/shop/store.py:3", "app/shop/schemas/order.py:2"]
    assert failure.chain[-1].text == "from shop.schemas.llm_config_types import Config"


def test_a_name_that_is_missing(image: FakeImage) -> None:
    failure = fail(image, {"shop/store.py": "from shop.prices import total\n", "shop/prices.py": "totals = 1\n"})
    assert (failure.kind, failure.party) == ("missing_name", "first")
    assert (failure.module, failure.name) == ("shop.prices", "total")
    assert places(failure, image)[-1] == "app/shop/store.py:1"


def test_a_distribution_that_is_missing(image: FakeImage) -> None:
    failure = fail(image, {"shop/store.py": "import redis.asyncio\n"})
    assert (failure.kind, failure.party, failure.module) == ("missing_dependency", "third", "redis")


def test_a_part_of_a_distribution_that_is_missing(image: FakeImage) -> None:
    image.install("redis", "4.1.0", {"redis/__init__.py": ""})
    failure = fail(image, {"shop/store.py": "import redis.asyncio\n"})
    assert (failure.kind, failure.module) == ("missing_dependency", "redis.asyncio")
    assert failure.distribution == "redis==4.1.0"


def test_a_distribution_known_by_metadata_only(image: FakeImage) -> None:
    failure = fail(image, {"shop/store.py": "import importlib.metadata\nimportlib.metadata.version('shop-core')\n"})
    assert (failure.kind, failure.distribution) == ("missing_dependency", "shop-core")


@pytest.mark.parametrize(
    "statement", ["from fakedist import new_name", "import fakedist\nfakedist.new_name()", "from fakedist import *"]
)
def test_the_wrong_version_of_a_distribution(image: FakeImage, statement: str) -> None:
    image.install("fake-dist", "1.0", {"fakedist/__init__.py": "__all__ = ['new_name']\nold_name = 1\n"})
    failure = fail(image, {"shop/store.py": statement + "\n"})
    assert (failure.kind, failure.party) == ("missing_name", "third")
    assert (failure.module, failure.name) == ("fakedist", "new_name")
    assert failure.distribution == "fake-dist==1.0"


def test_a_module_that_left_the_standard_library(image: FakeImage) -> None:
    failure = fail(image, {"shop/store.py": "import symbol\n"})  # left in 3.10
    assert (failure.kind, failure.party) == ("missing_dependency", "standard")


@pytest.mark.parametrize(
    ("statement", "library"),
    [
        ("import ctypes\nctypes.CDLL('libshop_missing.so.1')", "libshop_missing.so.1"),
        ("raise ImportError('libGL.so.1: cannot open shared object file: No such file or directory')", "libGL.so.1"),
        ("raise ImportError('Error loading shared library libpq.so.5: No such file or directory (needed by x)')",
         "libpq.so.5"),
    ],
)  # fmt: skip
def test_a_shared_library_that_is_missing(image: FakeImage, statement: str, library: str) -> None:
    failure = fail(image, {"shop/store.py": statement + "\n"})
    assert (failure.kind, failure.library) == ("missing_shared_library", library)
    assert places(failure, image)[:2] == ["app/shop/main.py:2", f"app/shop/store.py:{statement.count(chr(10)) + 1}"]


def test_a_binary_made_for_another_machine(image: FakeImage) -> None:
    from importlib.machinery import EXTENSION_SUFFIXES

    image.write({f"shop/fast{EXTENSION_SUFFIXES[0]}": "no ELF file"})
    failure = fail(image, {"shop/store.py": "from shop import fast\n"})
    assert failure.kind == "incompatible_binary"


def test_a_syntax_error(image: FakeImage) -> None:
    failure = fail(image, {"shop/store.py": "x = 1\nif x\n    y = 2\n"})
    assert (failure.kind, failure.party) == ("syntax_error", "first")
    assert places(failure, image) == ["app/shop/main.py:2", "app/shop/store.py:2"]
    assert failure.chain[-1].text == "if x"


@pytest.mark.parametrize("content", [b"x = '\xe9t\xe9'\n", b"# coding: nonsense\nx = 1\n", b"x = 1\n\0\n"])
def test_a_file_in_another_encoding(image: FakeImage, content: bytes) -> None:
    image.write(SHOP)
    (image.app / "shop" / "store.py").write_bytes(content)
    failure = fail(image, {})
    assert failure.kind == "encoding"
    assert places(failure, image)[0] == "app/shop/main.py:2"


def test_a_cycle(image: FakeImage) -> None:
    files = {
        "shop/store.py": "from shop.prices import total\nstock = 1\n",
        "shop/prices.py": "from shop.store import stock\n",
    }
    failure = fail(image, files)
    assert failure.kind == "circular_import"
    assert failure.cycle == ("shop.store", "shop.prices", "shop.store")
    assert (failure.module, failure.name) == ("shop.store", "stock")


def test_a_cycle_met_through_an_attribute(image: FakeImage) -> None:
    files = {
        "shop/store.py": "import shop.prices\nstock = 1\n",
        "shop/prices.py": "import shop.store as s\nprint(s.stock)\n",
    }
    failure = fail(image, files)
    assert (failure.kind, failure.cycle) == ("circular_import", ("shop.store", "shop.prices", "shop.store"))


@pytest.mark.parametrize(
    ("call", "code"), [("sys.exit(3)", 3), ("sys.exit()", 0), ("sys.exit('no')", 1), ("exit(4)", 4)]
)
def test_an_exit_at_import(image: FakeImage, call: str, code: int) -> None:
    failure = fail(image, {"shop/store.py": f"import sys\n{call}\n"})
    assert (failure.kind, failure.exit_code) == ("exit", code)
    assert "app/shop/store.py:2" in places(failure, image)


def test_an_exit_that_hides_an_import_error(image: FakeImage) -> None:
    failure = fail(
        image, {"shop/store.py": "import sys\ntry:\n    import redis\nexcept ImportError:\n    sys.exit(1)\n"}
    )
    assert (failure.kind, failure.module, failure.exit_code) == ("missing_dependency", "redis", 1)
    assert places(failure, image) == ["app/shop/main.py:2", "app/shop/store.py:3"]


@pytest.mark.parametrize(
    "loop", ["while True:\n    pass", "import time\ntime.sleep(600)", "import re\nre.match('(a+)+b', 'a' * 99)"]
)
def test_a_loop_without_end_at_import(image: FakeImage, loop: str) -> None:
    failure = fail(image, {"shop/store.py": f"import json\n{loop}\n"}, timeout=2.0)
    assert failure.kind == "hang"
    last_own = [place for place in places(failure, image) if place.startswith("app/")]
    assert last_own[0] == "app/shop/main.py:2"
    assert last_own[1] in ("app/shop/store.py:2", "app/shop/store.py:3")


@pytest.mark.parametrize(
    "read",
    [
        "os.environ['DATABASE_URL']",
        "url = os.environ.get('DATABASE_URL')\nif not url: raise RuntimeError('DATABASE_URL must be set')",
        "if 'DATABASE_URL' not in os.environ: raise SystemExit('please set DATABASE_URL')",
        "try: os.environ['DATABASE_URL']\nexcept KeyError: raise RuntimeError('bad configuration')",
    ],
)
def test_a_variable_that_is_missing(image: FakeImage, read: str) -> None:
    failure = fail(image, {"shop/store.py": f"import os\n{read}\n"})
    assert (failure.kind, failure.variables) == ("environment_variable", ("DATABASE_URL",))
    assert places(failure, image)[:1] == ["app/shop/main.py:2"]


def test_an_exit_after_reading_a_variable_that_is_not_set(image: FakeImage) -> None:
    read = "import os, sys\nif not os.getenv('DATABASE_URL'):\n    print('no database')\n    sys.exit(1)\n"
    failure = fail(image, {"shop/store.py": read})
    assert (failure.kind, failure.unset) == ("exit", ("DATABASE_URL",))
    assert failure.output == "no database\n"


SETTINGS = """
from pydantic import BaseModel, ConfigDict
class BaseSettings(BaseModel):
    model_config = ConfigDict(env_prefix='', extra='allow')
    def __init__(__pydantic_self__, **values):
        super().__init__(**values)
"""


def test_settings_that_miss_variables(image: FakeImage) -> None:
    import pydantic

    image.write({"pydantic_settings/__init__.py": SETTINGS}, within=image.site)
    store = (
        "from pydantic import Field\nfrom pydantic_settings import BaseSettings\n"
        "class Settings(BaseSettings):\n    model_config = {'env_prefix': 'SHOP_'}\n"
        "    database_url: str\n    port: int\n"
        "    key: str = Field(validation_alias='API_KEY')\nSettings(port='s3cret')\n"
    )
    installed = str(pydantic.__file__).removesuffix("/pydantic/__init__.py")
    failure = fail(image, {"shop/store.py": store}, env={"PYTHONPATH": f"{image.site}:{installed}"})
    assert failure.kind == "environment_variable"
    assert failure.variables == ("SHOP_DATABASE_URL", "SHOP_PORT", "API_KEY")
    assert "s3cret" not in failure.message
    assert places(failure, image)[:2] == ["app/shop/main.py:2", "app/shop/store.py:8"]


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        ("OSError(30, 'Read-only file system')", "read_only_disk"),
        ("PermissionError(13, 'Permission denied')", "permission"),
        ("MemoryError()", "memory"),
        ("ImportError('needs the fast extra')", "import_error"),
        ("ZeroDivisionError('division by zero')", "other"),
        ("KeyboardInterrupt()", "other"),
    ],
)
def test_errors_of_other_kinds(image: FakeImage, raised: str, kind: str) -> None:
    failure = fail(image, {"shop/store.py": f"raise {raised}\n"})
    assert failure.kind == kind
    assert places(failure, image)[-1] == "app/shop/store.py:1"


@pytest.mark.parametrize(
    ("entrypoint", "near"),
    [
        ("shop.mian", "shop.main"),
        ("shp.main:app", "shop.main"),
        ("shop.main:ap", "app"),
        ("shop/mian.py", None),
    ],
)
def test_an_entrypoint_with_a_typing_error(image: FakeImage, entrypoint: str, near: str | None) -> None:
    image.write({**SHOP, "shop/store.py": ""})
    (failure,) = image.probe(entrypoint).compact.failures
    assert failure.party == "first"
    assert failure.kind in ("missing_module", "missing_name")
    assert failure.near[:1] == ((near,) if near else failure.near[:1])
