"""Many targets: side by side, each in a process of its own, with nothing shared but the code of what they import."""

from __future__ import annotations

import pytest

from tests.in_image.images import FakeImage

NOTE_COMPILES = """
import os, sys
def note(event, arguments):
    name = os.path.basename(str(arguments[1])) if event == "compile" else ""
    if name in ("helper.py", "stock.py"):
        place = os.open("{log}", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(place, (name + chr(10)).encode())
        os.close(place)
sys.addaudithook(note)
"""
MEET = """
import os
open("{own}.here", "w").close()
while not os.path.exists("{other}.here"):
    os.sched_yield()
"""


def test_two_targets_that_wait_for_each_other_both_end(image: FakeImage) -> None:
    """Warm ones, and those of a short list; one after the other, the first would hang until its time is up."""
    first, second = MEET.format(own="a", other="b"), MEET.format(own="b", other="a")
    for more in (0, 20):
        idle = {f"shop/idle_{number}.py": "" for number in range(more)}
        image.write({"shop/__init__.py": "", "shop/main.py": "", "shop/a.py": first, "shop/b.py": second, **idle})
        run = image.probe(also=("shop",), jobs=2, timeout=60.0)
        assert run.result.verdict == "passed", run.result.failures
        assert run.result.tried == more + 4
        for path in image.app.glob("*.here"):
            path.unlink()


def test_no_target_compiles_what_another_one_has(image: FakeImage) -> None:
    log = image.root / "compiled"
    image.install("helper", "1.0", {"helper.py": "x = 1\n"})
    image.write({"sitecustomize.py": NOTE_COMPILES.format(log=log)}, within=image.site)
    parts = {f"shop/part_{number}.py": "import helper\nfrom shop import stock\n" for number in range(20)}
    image.write({"shop/__init__.py": "", "shop/main.py": "", "shop/stock.py": "y = 2\n", **parts})
    run = image.probe(all=True, jobs=1)
    assert run.result.verdict == "passed"
    compiled = log.read_text().split()
    assert compiled.count("stock.py") == 1
    assert compiled.count("helper.py") == 2  # by the first target that met it, and for those after it


def test_what_one_target_loads_is_not_loaded_in_the_next(image: FakeImage) -> None:
    parts = {f"shop/part_{number}.py": "import xml.dom.minidom\n" for number in range(20)}
    image.write({"shop/__init__.py": "", "shop/main.py": "", **parts, "shop/zeal.py": "import xml\nxml.dom\n"})
    (failure,) = image.probe(all=True, jobs=1).result.failures
    assert (failure.targets, failure.kind, failure.name) == (("shop.zeal",), "missing_name", "dom")


def test_a_file_that_an_import_writes_anew_is_read_anew(image: FakeImage) -> None:
    write = "import os\nwith open('made.py', 'w') as file: file.write('value = %r' % {name!r})\n"
    read = "import made\nassert made.value == {name!r}, made.value\n"
    names = [f"part_{letter}" for letter in "abcdefghijklmnopqrst"]
    parts = {f"shop/{name}.py": (write + read).format(name=name) for name in names}
    image.write({"shop/__init__.py": "", "shop/main.py": "", **parts})
    run = image.probe(all=True, jobs=1)
    assert run.result.verdict == "passed", run.result.failures


@pytest.mark.parametrize("body", ["1 +\n", "raise ValueError('no')\n", "import os\nos._exit(3)\n"])
def test_one_that_fails_among_many_is_the_only_one(image: FakeImage, body: str) -> None:
    parts = {f"shop/part_{number}.py": "" for number in range(20)}
    image.write({"shop/__init__.py": "", "shop/main.py": "", **parts, "shop/part_7.py": body})
    (failure,) = image.probe(all=True).result.failures
    assert failure.targets == ("shop.part_7",)
    assert failure.chain[-1].file == str(image.app / "shop/part_7.py")


@pytest.mark.parametrize(
    ("also", "verdict"), [(("shop", "csv", "json", "sched"), "incomplete"), ((), "passed")], ids=["many", "none"]
)
def test_without_a_list_of_its_files_a_package_is_not_imported_whole(
    image: FakeImage, also: tuple[str, ...], verdict: str
) -> None:
    image.write({"sitecustomize.py": "import sys\nsys.modules['hashlib'] = None\n"}, within=image.site)
    image.write({"shop/__init__.py": "", "shop/main.py": "", "shop/lost.py": "import nothing_of_that_name\n"})
    result = image.probe(also=also, jobs=1).result
    assert (result.verdict, result.error) == (verdict, "the files of the image could not be listed")
