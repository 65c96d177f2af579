"""The HTML report in a real browser: it is drawn whole, in both colour schemes and on a phone, without a console error.

Chromium's own log is the witness: console messages of the page go there, and so does anything it could not load.
"""

from __future__ import annotations

import os
import re
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from deploy_lib.report.formats import render
from tests.report.test_formats import hostile
from tests.report.test_report import made, of_story
from tests.waits import WITHIN

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed here (apt-get install chromium)")

WIDE, PHONE = (1000, 2600), (500, 3200)  # Chromium makes no window narrower than 500
LOOKED_AT = os.environ.get("REPORT_SCREENSHOTS")  # a directory, for a person who wants to see them


def chromium(page: Path, directory: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    assert CHROMIUM is not None
    return subprocess.run(
        [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
         "--enable-logging=stderr", "--v=0", f"--user-data-dir={directory / 'profile'}", *flags, page.as_uri()],
        capture_output=True, text=True, timeout=WITHIN, check=False,
    )  # fmt: skip


def photographed(html: str, directory: Path, name: str, size: tuple[int, int], *flags: str) -> tuple[Path, str]:
    """A screenshot, and what the page wrote to the console."""
    page, picture = directory / f"{name}.html", directory / f"{name}.png"
    page.write_text(html, encoding="utf-8")
    done = chromium(page, directory, f"--window-size={size[0]},{size[1]}", f"--screenshot={picture}", *flags)
    assert done.returncode == 0, done.stderr[-2000:]
    if LOOKED_AT:
        shutil.copy(picture, Path(LOOKED_AT) / picture.name)
    return picture, "\n".join(line for line in done.stderr.splitlines() if re.search(r"CONSOLE|net::ERR", line))


def size_of(picture: Path) -> tuple[int, int]:
    width, height = struct.unpack(">II", picture.read_bytes()[16:24])
    return int(width), int(height)


LOOKS = {
    "light": (WIDE, ()),
    "dark": (WIDE, ("--blink-settings=preferredColorScheme=0",)),
    "phone": (PHONE, ()),
}


@pytest.mark.parametrize("look", LOOKS)
def test_the_page_is_drawn_without_a_console_error(look: str, tmp_path: Path) -> None:
    size, flags = LOOKS[look]
    picture, console = photographed(render(of_story("sick_under_traffic"), "html"), tmp_path, look, size, *flags)
    assert console == ""
    assert size_of(picture) == size
    assert picture.stat().st_size > 50_000, "the page is nearly empty"


FRAME = """<iframe id="page" src="page.html" style="width: 360px; height: 4000px; border: 0"></iframe><p id="said"></p>
<script>page.onload = () => said.textContent = `${page.contentDocument.documentElement.scrollWidth} wide`</script>"""


@pytest.mark.parametrize("name", ["incident", "sick_under_traffic"])
def test_a_page_of_360_pixels_does_not_scroll_sideways(name: str, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(render(of_story(name), "html"), encoding="utf-8")
    frame = tmp_path / "frame.html"
    frame.write_text(FRAME, encoding="utf-8")
    done = chromium(frame, tmp_path, "--allow-file-access-from-files", "--virtual-time-budget=3000", "--dump-dom")
    assert ">360 wide<" in done.stdout, re.findall(r"\d+ wide", done.stdout)


def test_a_hostile_journal_runs_nothing(tmp_path: Path) -> None:
    _, console = photographed(render(made(hostile()), "html"), tmp_path, "hostile", WIDE)
    assert console == ""


def test_the_witness_would_tell(tmp_path: Path) -> None:
    """A page with an error in it is noticed by the same means."""
    _, console = photographed("<script>undefined_name()</script>", tmp_path, "broken", (600, 600))
    assert "undefined_name is not defined" in console
