"""Services that run in several regions: what a file may say of them, what its plans are, and what they share."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from deploy_lib.cli.arguments import parse
from deploy_lib.cli.selection import plans_named
from deploy_lib.config import ConfigError, load
from deploy_lib.drivers.clock import SystemClock
from deploy_lib.drivers.interface import DriverError, Tell
from deploy_lib.model.answers import Built
from deploy_lib.model.entry_words import sentence
from deploy_lib.model.journal import Withdrawn
from deploy_lib.model.not_possible import NotPossible
from deploy_lib.model.outcome import Outcome
from deploy_lib.model.release_ids import release_id
from deploy_lib.model.state import PastRelease, ServiceState
from deploy_lib.release.resume import Resumable, taken_back
from deploy_lib.release.shared_builds import SharedBuilds
from deploy_lib.steps.build import BuildImage, BuildSettings
from tests.unit.fake_cloud import FakeCloud
from tests.unit.samples import NOON, RELEASE, SERVICE, plan

EU, US = "europe-west1", "us-central1"
FILE = """\
project: my-project
{where}
images: us-central1-docker.pkg.dev/my-project/services
services:
  backend: {{cloud_run: my-backend{backend}}}
  web: {{cloud_run: my-web{web}}}
steps: [build, canary, {{promote: {{percent: 100}}}}]
"""


def written(tmp_path: Path, where: str, backend: str = "", web: str = "") -> Path:
    file = tmp_path / "c.yaml"
    file.write_text(FILE.format(where=where, backend=backend, web=web), encoding="utf-8")
    return file


BAD = {
    "both": (
        f"regions: [{EU}]\nregion: {US}",
        "",
        ["c.yaml:2:1: region and regions are given; leave one out (region: null takes away that of a file it extends)"],
    ),
    "both of a service": (
        f"region: {US}",
        f", region: {EU}, regions: [{US}]",
        ["c.yaml:5:58: region and regions are given; leave one out"],
    ),
    "none": ("", "", ["c.yaml:1:1: region is missing"]),
    "none for one of two": ("", f", regions: [{EU}]", ["c.yaml:1:1: region is missing"]),
    "empty": ("regions: []", "", ["c.yaml:2:1: regions is empty; name the regions, e.g. [europe-west1, us-central1]"]),
    "twice": (f"regions: [{EU}, {US}, {EU}]", "", [f"c.yaml:2:38: regions: {EU} is named twice; once is enough"]),
    "unknown": (
        f"regions: [{EU}, europe-west111]",
        "",
        ["c.yaml:2:25: unknown region 'europe-west111'; did you mean europe-west1"],
    ),
    "unknown region": (
        "region: us-centrl1",
        "",
        ["c.yaml:2:1: unknown region 'us-centrl1'; did you mean us-central1?"],
    ),
    "no region": (
        f"regions: [{EU}, Frankfurt]",
        "",
        ["c.yaml:2:25: unknown region 'Frankfurt'; known: africa-south1, asia-east1, "],
    ),
    "no list": (f"regions: {EU}", "", [f"c.yaml:2:1: regions is a list, not '{EU}'"]),
    "a list of lists": (f"regions: [[{EU}]]", "", ["c.yaml:2:11: regions is one text, not a list"]),
    "order": (
        f"regions: [{EU}, {US}]\nregion_order: together",
        "",
        ["c.yaml:3:1: region_order is one of 'one_after_the_other' or 'side_by_side', not 'together'"],
    ),
    "nothing to order": (
        f"region: {EU}\nregion_order: side_by_side",
        "",
        ["c.yaml:3:1: region_order has nothing to order; name several regions in regions, or leave it out"],
    ),
    "nothing to order in a service": (
        f"regions: [{EU}, {US}]",
        f", region: {EU}, region_order: side_by_side",
        ["c.yaml:5:58: region_order has nothing to order"],
    ),
    "all at once": (
        f"region: {US}\nregions: [{EU}, {EU}, mars-east1]",
        "",
        ["c.yaml:3:1: region and", "c.yaml:3:25: regions: europe-west1 is named", "c.yaml:3:39: unknown region 'mars-"],
    ),
}


@pytest.mark.parametrize(("where", "backend", "expected"), BAD.values(), ids=BAD)
def test_what_cannot_be_meant_is_told_with_its_place(
    tmp_path: Path, where: str, backend: str, expected: list[str]
) -> None:
    with pytest.raises(ConfigError) as caught:
        load(written(tmp_path, where, backend), shown="c.yaml")
    found = [str(problem) for problem in caught.value.problems]
    assert len(found) == len(expected), found
    assert all(problem.startswith(told) for problem, told in zip(found, expected, strict=True)), found


def test_two_services_are_one_only_where_they_meet_in_a_region(tmp_path: Path) -> None:
    same = written(tmp_path, f"region: {US}", f", regions: [{EU}, {US}]").read_text().replace("my-web", "my-backend")
    apart = same.replace(f"[{EU}, {US}]", f"[{EU}]")
    (tmp_path / "c.yaml").write_text(same)
    with pytest.raises(ConfigError, match="web and backend are both my-backend on Cloud Run"):
        load(tmp_path / "c.yaml")
    (tmp_path / "c.yaml").write_text(apart)
    assert load(tmp_path / "c.yaml").regions("backend") == (EU,)


SELECTED = {
    "one": (f"region: {US}", "", [], ["backend", "web"]),
    "another": (f"region: {US}", "", ["--region", "us-east1"], ["backend", "web"]),
    "several": (f"regions: [{EU}, {US}]", "", [], [f"backend ({EU})", f"backend ({US})", f"web ({EU})", f"web ({US})"]),
    "a list of one": (f"regions: [{EU}]", "", [], ["backend", "web"]),
    "one of several": (f"regions: [{EU}, {US}]", "", ["--region", US], [f"backend ({US})", f"web ({US})"]),
    "of one service": (f"region: {US}", f", regions: [{EU}, {US}]", [], [f"backend ({EU})", f"backend ({US})", "web"]),
    "but for one service": (f"regions: [{EU}, {US}]", f", region: {US}", [], ["backend", f"web ({EU})", f"web ({US})"]),
}


@pytest.mark.parametrize(("where", "backend", "words", "labels"), SELECTED.values(), ids=SELECTED)
def test_a_command_is_of_every_region_or_of_the_one_that_is_named(
    tmp_path: Path, where: str, backend: str, words: list[str], labels: list[str]
) -> None:
    file = written(tmp_path, where, backend)
    plans = plans_named(parse(["status", "--all", *words]), load(file))
    assert [plan.service.label for plan in plans] == labels
    assert all(plan.program_here.region == plan.service.region for plan in plans if plan.service.regions)


def test_a_region_that_is_not_of_the_service_is_refused(tmp_path: Path) -> None:
    file = written(tmp_path, f"regions: [{EU}, {US}]")
    wanted = parse(["status", "--all", "--region", "us-east1"])
    with pytest.raises(NotPossible, match=f"--region us-east1: backend runs in {EU}, {US}; name one of these, or add"):
        plans_named(wanted, load(file))


ORDER = {
    "in the order of the file": ("", {(US, EU)}),
    "side by side": (", region_order: side_by_side", set()),
}


@pytest.mark.parametrize(("order", "expected"), ORDER.values(), ids=ORDER)
def test_what_comes_after_a_service_comes_after_all_its_regions(
    tmp_path: Path, order: str, expected: set[tuple[str, str]]
) -> None:
    file = written(tmp_path, f"regions: [{EU}, {US}]", order, f", after: [backend]{order}")
    plans = plans_named(parse(["status", "--all"]), load(file))
    backend, web = ([each.service for each in plans if each.service.name == name] for name in ("backend", "web"))
    found = {(one.region, other.region) for one in backend for other in backend if one.comes_after(other)}
    assert found == expected
    assert all(one.comes_after(other) for one in web for other in backend)
    assert not any(one.comes_after(other) for one in backend for other in web)


def test_an_image_is_built_once_for_all_regions_in_the_name_of_the_first() -> None:
    """Whoever comes first asks; the other is answered the same, also that it could not be found out."""
    first, second = (
        replace(RELEASE, id=f"r-{region}", service=replace(SERVICE, region=region, regions=(EU, US)))
        for region in (EU, US)
    )
    begun, go_on, told = threading.Event(), threading.Event(), list[str]()

    class Builds(FakeCloud):
        def build(self, request: BuildImage, tell: Tell) -> Built:
            self.asked.append(request.release.id)
            begun.set()
            go_on.wait()
            raise DriverError("no quota")

    cloud = Builds()
    shared = SharedBuilds(first, SystemClock())
    here, there = (shared.for_region(each.service, cloud) for each in (second, first))
    answers: list[str] = []

    def ask(region: str) -> None:
        with pytest.raises(DriverError) as caught:
            builds, release = (here, second) if region == US else (there, first)
            builds.build(BuildImage(release, BuildSettings()), told.append if region == EU else lambda text: None)
        answers.append(str(caught.value))

    threads = [threading.Thread(target=ask, args=(region,)) for region in (US, EU)]
    threads[0].start()
    begun.wait()
    threads[1].start()
    while not told:
        pass
    go_on.set()
    for thread in threads:
        thread.join()
    assert (cloud.asked, answers) == (["r-europe-west1"], ["no quota"] * 2)
    assert told == [f"one image for all regions: {SERVICE.name} ({US}) has this done"]


BESIDE = {
    # What the other region remembers of its release, or of another one; whether this one is given up for it.
    "rejected": (Outcome.REJECTED, "", True),
    "interrupted": (Outcome.INTERRUPTED, "", True),
    "live": (Outcome.LIVE, "", False),
    "held": (Outcome.HELD, "", False),
    "another release": (Outcome.REJECTED, "x", False),
}


@pytest.mark.parametrize(("outcome", "suffix", "given_up"), BESIDE.values(), ids=BESIDE)
def test_a_region_is_given_up_for_another_whose_release_had_ended_badly(
    outcome: Outcome, suffix: str, given_up: bool
) -> None:
    """The client died after the one had ended, and before it took the other back."""
    here, there = (replace(plan(), service=replace(SERVICE, region=each, regions=(EU, US))) for each in (EU, US))
    ids = {each.service.region: release_id(NOON, each.service, "c0ffee1", "9f0e") for each in (here, there)}
    past = PastRelease(ids[US] + suffix, "c0ffee1", None, "cand-2", outcome, NOON)
    states = [(here, ServiceState(True)), (there, ServiceState(True, history=(past,)))]
    found = Resumable(here, replace(RELEASE, id=ids[EU], service=here.service))
    [resumed] = taken_back([found], states, NOON)
    expected = (Withdrawn(NOON, f"{there.service.label} was not released"),) if given_up else ()
    assert resumed.unwritten == expected


def test_what_is_held_beside_another_is_not_told_as_taken_back() -> None:
    assert sentence(Withdrawn(NOON, "the other is held", hold=True)) == ("held as it is: the other is held", "unsure")
    assert sentence(Withdrawn(NOON, "the other failed")) == ("taken back: the other failed", "bad")
