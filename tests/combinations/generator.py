"""One combination from a kind of fault and a number: the same two always make the same repository."""

from __future__ import annotations

import random
from dataclasses import dataclass

from tests.combinations import dockerfiles
from tests.combinations.application import REQUIRED, application
from tests.combinations.django_site import django_site
from tests.combinations.draft import Draft
from tests.combinations.faults import FAULTS, Made
from tests.combinations.layouts import LAYOUTS, Layout
from tests.combinations.starts import Place, Start, start

_FLAVOURS = tuple(sorted(REQUIRED))


@dataclass(frozen=True, slots=True)
class Combination:
    """`chosen` is one idiom of each dimension. The Dockerfile and the context are as the command is given them."""

    name: str
    draft: Draft
    chosen: tuple[str, ...]
    dockerfile: str = "Dockerfile"

    def __str__(self) -> str:
        shown = (self.dockerfile, ".dockerignore", "start.sh", "docker/entrypoint.sh", "bin/serve", "Procfile")
        texts = [f"--- {path}\n{self.draft.files[path]}" for path in shown if path in self.draft.files]
        return "\n".join([f"{self.name}: {', '.join(self.chosen)}", *texts])


def combination(kind: str, number: int, *, planted: bool = True) -> Combination:
    """`planted`: with its fault; else as it was before somebody made the mistake."""
    fault = FAULTS[kind]
    chance = random.Random(f"{kind} {number}")
    layout = LAYOUTS[fault.layouts[number % len(fault.layouts)]]
    flavour = _flavour(chance, layout)
    draft = django_site(chance) if layout.django else application(chance, layout, flavour.partition(" ")[0])
    recipe = dockerfiles.recipe(chance, layout, fault.copy)
    place = Place(layout, draft, layout.module("main"), dockerfiles.sub(layout, recipe))
    made = start(chance, place, _servers(layout, flavour), chance.choice(fault.forms))
    _declare(layout, draft, made, flavour)
    file = "services/api/Dockerfile" if layout.beside else "Dockerfile"
    draft.files[file] = dockerfiles.dockerfile(chance, layout, recipe, draft, made)
    rules = dockerfiles.dockerignore(recipe, layout, draft)
    if rules:
        draft.files[".dockerignore"] = rules
    if planted:
        fault.plant(chance, Made(layout, draft, made, file))
    chosen = (layout.name, flavour, recipe.install, recipe.copy, recipe.ignore, made.server, made.wrapper, made.form)
    return Combination(f"{kind} {number}", draft, chosen, file)


def _flavour(chance: random.Random, layout: Layout) -> str:
    if layout.django:
        return "django"
    return "asgi" if layout.installed and chance.random() < 0.5 else chance.choice(_FLAVOURS)


def _servers(layout: Layout, flavour: str) -> str:
    return "installed" if layout.installed and flavour == "asgi" else flavour


def _declare(layout: Layout, draft: Draft, made: Start, flavour: str) -> None:
    own = [] if layout.django else [*REQUIRED[flavour], "requests", "python-dotenv"]
    names = sorted({*own, *made.requires})
    if not layout.installed:
        draft.files["requirements.txt"] = "".join(f"{name}\n" for name in names)
        return
    draft.files["pyproject.toml"] = "\n".join(
        (
            "[build-system]",
            'requires = ["setuptools"]',
            'build-backend = "setuptools.build_meta"',
            "",
            "[project]",
            'name = "shop"',
            'version = "1.0"',
            f"dependencies = {names!r}".replace("'", '"'),
            "",
            *(["[project.scripts]", 'shop-serve = "shop.cli:serve"', ""] if "shop-serve" in made.words else []),
            "[tool.setuptools.packages.find]",
            'where = ["src"]',
            "",
        )
    )
