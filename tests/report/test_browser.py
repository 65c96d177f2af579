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

from deploy_lib.report.document import Renderable
from deploy_lib.report.facts.four_keys import four_keys
from deploy_lib.report.formats import render
from deploy_lib.report.over_time import ServiceOverTime, read
from deploy_lib.report.statistics import page_of
from tests.report import journals
from tests.report.test_formats import hostile
from tests.report.test_four_keys import FEW, MONDAY
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


WIDTHS = (360, 768, 1280)
FRAMES = """<base href="."><body>{frames}<p id="said"></p><script>
const told = frame => {{
  const page = frame.contentDocument, wide = page.documentElement.scrollWidth;
  const cut = [...page.querySelectorAll("body *:not(svg *)")].filter(each => each.clientWidth
    && each.scrollWidth > each.clientWidth && getComputedStyle(each).display !== "inline");
  const drawn = [...page.querySelectorAll("svg text")].map(each => each.getBoundingClientRect())
    .filter(each => each.width && (each.left < 0 || each.right > wide));
  const which = cut.map(each => ` ${{each.tagName}} ${{each.textContent.slice(0, 30)}}`);
  return `${{frame.title}}: ${{wide}} wide, ${{cut.length + drawn.length}} cut${{which}}`;
}};
onload = () => said.textContent = [...document.querySelectorAll("iframe")].map(told).join(";");
</script></body>"""


def test_nothing_scrolls_sideways_or_is_cut_on_any_screen(tmp_path: Path) -> None:
    """Every page in a frame of each width: Chromium makes no window narrower than 500."""
    frames = []
    rows = tuple(read(journals.STORIES[name](), f"2026-{name}", f"{name}.html") for name in journals.STORIES)
    pages: dict[str, Renderable] = {name: of_story(name) for name in ("incident", "sick_under_traffic", "live")}
    pages["service"] = ServiceOverTime("netra-staging", "backend", rows, journals.NOW)
    pages["statistics"] = page_of(four_keys(FEW), "backend of netra-staging", MONDAY)
    for name, shown in pages.items():
        (tmp_path / f"{name}.html").write_text(render(shown, "html"), encoding="utf-8")
        style = 'style="width: {}px; height: 4000px; border: 0"'
        frames += [f'<iframe title="{name}" src="{name}.html" {style.format(width)}></iframe>' for width in WIDTHS]
    whole = tmp_path / "frames.html"
    whole.write_text(FRAMES.format(frames="".join(frames)), encoding="utf-8")
    done = chromium(whole, tmp_path, "--allow-file-access-from-files", "--virtual-time-budget=3000", "--dump-dom")
    said = re.findall(r"(\w+): (\d+) wide, (\d+) cut([^;<]*)", done.stdout)
    assert len(said) == len(frames), done.stderr[-2000:]
    assert [each for each in said if int(each[1]) not in WIDTHS or each[2] != "0"] == []


def test_a_hostile_journal_runs_nothing(tmp_path: Path) -> None:
    _, console = photographed(render(made(hostile()), "html"), tmp_path, "hostile", WIDE)
    assert console == ""


def test_the_witness_would_tell(tmp_path: Path) -> None:
    """A page with an error in it is noticed by the same means."""
    _, console = photographed("<script>undefined_name()</script>", tmp_path, "broken", (600, 600))
    assert "undefined_name is not defined" in console
