"""Two images side by side."""

from __future__ import annotations

from deploy_lib.drivers.builds.result import source_facts
from deploy_lib.report.sections.inventory import manifest
from deploy_lib.source.archive import blob_id
from deploy_lib.source.comparison import Changes, ImageComparison, compare_images
from tests.drivers.builds.samples import APP, stage_files

OLD = {
    "base": "python:3.11-slim",
    "base_digest": "sha256:1",
    "python": "3.11.6",
    "distributions": {"fastapi": "0.110.0", "idna": "3.6", "six": "1.16"},
    "files": {"/app/shop/main.py": "aa", "/app/shop/old.py": "bb"},
    "image_size": 100,
}
NEW = {
    **OLD,
    "python": "3.11.7",
    "distributions": {"fastapi": "0.111.0", "idna": "3.6", "httpx": "0.28"},
    "files": {"/app/shop/main.py": "cc", "/app/shop/new.py": "dd"},
    "image_size": 120,
}


def test_every_kind_of_change_is_named() -> None:
    assert compare_images(OLD, NEW) == ImageComparison(
        settings=Changes(changed={"python": ("3.11.6", "3.11.7")}),
        distributions=Changes({"httpx": "0.28"}, {"six": "1.16"}, {"fastapi": ("0.110.0", "0.111.0")}),
        files=Changes({"/app/shop/new.py": "dd"}, {"/app/shop/old.py": "bb"}, {"/app/shop/main.py": ("aa", "cc")}),
        size=(100, 120),
    )


def test_an_image_is_the_same_as_itself() -> None:
    assert compare_images(OLD, OLD).same


def test_what_one_side_lacks_is_unknown_and_not_removed() -> None:
    found = compare_images({"python": "3.11.6"}, OLD)
    assert found.unknown == ("base", "base_digest", "distributions", "files", "image_size")
    assert not found.distributions
    assert not found.same


def test_what_neither_side_knows_is_no_difference_of_texts() -> None:
    assert "base_digest" not in compare_images({"base": "x"}, {"base": "x"}).unknown


def test_facts_of_a_wrong_shape_are_unknown() -> None:
    assert {"files", "image_size", "python"} <= set(
        compare_images(OLD, {**OLD, "files": 3, "image_size": "x", "python": 3}).unknown
    )


def test_what_the_image_will_hold_is_known_before_it_is_built() -> None:
    facts = source_facts(stage_files(APP))
    assert facts["base"] == "python:3.11-slim"
    held = manifest(facts)
    assert held is not None
    assert list(held) == ["/app/shop/__init__.py", "/app/shop/main.py", "/app/shop/orders.py"]
    assert held["/app/shop/main.py"] == blob_id(APP["shop/main.py"].encode())
