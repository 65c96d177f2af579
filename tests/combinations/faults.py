"""One fault, planted in a repository whose image would have started: what people do by mistake."""

from __future__ import annotations

import posixpath
import random
from collections.abc import Callable
from dataclasses import dataclass

from tests.combinations.application import LEAVES
from tests.combinations.django_site import APPS
from tests.combinations.draft import Draft
from tests.combinations.layouts import LAYOUTS, Layout
from tests.combinations.starts import FORMS, WITH_SCRIPT, Start


@dataclass(frozen=True, slots=True)
class Made:
    """`dockerfile` is its repository path."""

    layout: Layout
    draft: Draft
    start: Start
    dockerfile: str

    def leaf(self, chance: random.Random) -> tuple[str, str]:
        """A module that is imported, and its path."""
        if self.layout.django:
            name = f"{chance.choice(APPS)}.{chance.choice(('models', 'urls', 'views'))}"
            name = name if name != "billing.urls" and name != "billing.views" else "billing.models"
            return name, f"{name.replace('.', '/')}.py"
        logical = chance.choice(LEAVES)
        return self.layout.module(logical), self.layout.path(logical)

    def main(self) -> str:
        return "site_config/settings.py" if self.layout.django else self.layout.path("main")


Plant = Callable[[random.Random, Made], None]


def untracked(chance: random.Random, made: Made) -> None:
    name, path = made.leaf(chance)
    made.draft.disk[path] = made.draft.files.pop(path)
    if chance.random() < 0.4:
        made.draft.files[".gitignore"] = f"*.log\n{posixpath.basename(path)}\n"
    made.draft.expects = name


def deleted(chance: random.Random, made: Made) -> None:
    name, path = made.leaf(chance)
    made.draft.before[path] = made.draft.files.pop(path)
    made.draft.expects = name


def wrong_case(chance: random.Random, made: Made) -> None:
    name, path = made.leaf(chance)
    directory, file = posixpath.split(path)
    made.draft.files[posixpath.join(directory, file.capitalize())] = made.draft.files.pop(path)
    made.draft.expects = name


def ignored(chance: random.Random, made: Made) -> None:
    """By a line of .dockerignore: of the file, of its directory, or of everything that is named so."""
    name, path = made.leaf(chance)
    directory, file = posixpath.split(path)
    rules = [path, f"**/{file}", f"{directory}/{file[:4]}*"]
    if not made.layout.django:
        rules += [directory, f"**/{posixpath.basename(directory)}"]
    text = made.draft.files.get(".dockerignore", "")
    made.draft.files[".dockerignore"] = f"{text}{chance.choice(rules)}\n"
    made.draft.expects = name.partition(".")[0]


def not_copied(chance: random.Random, made: Made) -> None:
    lines = made.draft.files[made.dockerfile].splitlines(keepends=True)
    listed = [line for line in lines if line.startswith("COPY ") and "--from" not in line and _is_code(line, made)]
    gone = chance.choice(listed)
    lines.remove(gone)
    made.draft.files[made.dockerfile] = "".join(lines)
    made.draft.expects = posixpath.basename(gone.split()[1].rstrip("/")).removesuffix(".py")


def _is_code(line: str, made: Made) -> bool:
    source = line.split()[1]
    inside = any(path.startswith(f"{source.rstrip('/')}/") and path.endswith(".py") for path in made.draft.files)
    return inside and posixpath.basename(source.rstrip("/")) not in ("libs", "bin", "docker")


def misspelt_import(chance: random.Random, made: Made) -> None:
    if made.layout.django:
        made.draft.replace("orders/urls.py", "from orders import views", "from orders import vews")
        made.draft.expects = "vews"
        return
    importer = made.layout.path(chance.choice(("routes.orders", "routes.users")))
    made.draft.replace(importer, "core.models", "core.modles")
    made.draft.expects = "modles"


def missing_top_level(chance: random.Random, made: Made) -> None:
    """Of a package of one's own that never came into this repository."""
    name = chance.choice(("shop_contracts", "platform_helpers", "ourlib"))
    path = _importer(chance, made)
    made.draft.files[path] = f"from {name}.events import publish\n{made.draft.files[path]}"
    made.draft.expects = name


def missing_requirement(chance: random.Random, made: Made) -> None:
    name = chance.choice(("structlog", "yaml", "google.cloud.storage"))
    path = _importer(chance, made)
    made.draft.files[path] = f"import {name}\n{made.draft.files[path]}"
    made.draft.expects = name.partition(".")[0]


def crlf_script(chance: random.Random, made: Made) -> None:
    text = made.draft.files[made.start.script]
    made.draft.files[made.start.script] = text.replace("\n", "\r\n")
    made.draft.expects = posixpath.basename(made.start.script)


def script_not_executable(chance: random.Random, made: Made) -> None:
    made.draft.executable.discard(made.start.script)
    text = made.draft.files[made.dockerfile]
    kept = [line for line in text.splitlines(keepends=True) if not line.startswith("RUN chmod")]
    made.draft.files[made.dockerfile] = "".join(kept)
    made.draft.expects = posixpath.basename(made.start.script)


def missing_interpreter(chance: random.Random, made: Made) -> None:
    first, _, rest = made.draft.files[made.start.script].partition("\n")
    wrong = chance.choice(("#!/bin/zsh", "#!/usr/local/bin/bash5", "#!/usr/bin/env fish"))
    assert first.startswith("#!")
    made.draft.files[made.start.script] = f"{wrong}\n{rest}"
    made.draft.expects = posixpath.basename(made.start.script)


def undefined_name(chance: random.Random, made: Made) -> None:
    path = _importer(chance, made)
    made.draft.files[path] += chance.choice(
        ("\n\nLIMIT = DEFAULT_LIMIT * 2\n", "\n\nclass Late:\n    kind: DEFAULT_LIMIT = None\n")
    )
    made.draft.expects = "DEFAULT_LIMIT"


def variable_read(chance: random.Random, made: Made) -> None:
    path = _importer(chance, made)
    read = chance.choice(("os.environ['PAYMENTS_KEY']", "os.environ['PAYMENTS_KEY'].strip()"))
    made.draft.files[path] += f"\n\nimport os\n\nKEY = {read}\n"
    made.draft.expects = "PAYMENTS_KEY"


def missing_init(chance: random.Random, made: Made) -> None:
    """Where it matters: a name that it binds, and a project that pip installs by what find_packages finds."""
    inside = made.layout.inside(made.layout.module("core").replace(".", "/"))
    lost = f"{inside}/__init__.py"
    if not made.layout.installed:
        made.draft.files[made.main()] += f"\n\nfrom {made.layout.module('core')} import CURRENCY\n"
        made.draft.files[lost] = "CURRENCY = 'EUR'\n"
    if chance.random() < 0.5:
        made.draft.disk[lost] = made.draft.files.pop(lost)
    else:
        made.draft.before[lost] = made.draft.files.pop(lost)
    made.draft.expects = "core"


def django_app_missing(chance: random.Random, made: Made) -> None:
    match chance.choice(("app", "deleted", "middleware", "config")):
        case "app":
            made.draft.replace("site_config/settings.py", '"billing",', '"billing",\n    "shipping",')
            made.draft.expects = "shipping"
        case "deleted":
            for path in [path for path in made.draft.files if path.startswith("billing/")]:
                made.draft.before[path] = made.draft.files.pop(path)
            made.draft.expects = "billing"
        case "middleware":
            made.draft.replace("site_config/settings.py", "site_config.middleware.", "site_config.midleware.")
            made.draft.expects = "midleware"
        case "config":
            made.draft.replace("site_config/settings.py", "users.apps.UsersConfig", "users.app.UsersConfig")
            made.draft.expects = "users.app"


def string_import(chance: random.Random, made: Made) -> None:
    if made.layout.django:
        if chance.random() < 0.5:
            made.draft.replace("site_config/settings.py", '"site_config.urls"', '"site_config.routes"')
            made.draft.expects = "site_config.routes"
        else:
            made.draft.replace("site_config/urls.py", '"users.urls"', '"users.routes"')
            made.draft.expects = "users.routes"
        return
    name = made.layout.module("plugins.audit")
    made.draft.files[made.main()] += f"\n\nimport importlib\n\nAUDIT = importlib.import_module('{name}')\n"
    made.draft.expects = "plugins"


def wrong_target(chance: random.Random, made: Made) -> None:
    """What starts it names a module, or a name in it, that is not there."""
    module, near = made.layout.module("main"), made.layout.module("mian")
    wrong = [(f"{module}:app", f"{module}:aplication"), (module, near)]
    chance.shuffle(wrong)
    wrong.append(("main.py", "mian.py"))
    told = (made.layout.path("cli"), made.layout.inside("run.py"), "gunicorn.conf.py", "Procfile", made.start.script,
            made.dockerfile)  # fmt: skip
    old, new, place = next(
        (old, new, place) for old, new in wrong for place in told if old in made.draft.files.get(place, "")
    )
    _replace_last(made, place, old, new)
    made.draft.expects = new.rpartition(":")[2]


def wrong_command(chance: random.Random, made: Made) -> None:
    name = made.start.words[0]
    told = (made.start.script, "Procfile", made.dockerfile)
    place = next(each for each in told if name in made.draft.files.get(each, "").replace("gunicorn.conf", ""))
    wrong = f"{name[:-2]}{name[-1]}"
    if place == made.dockerfile:
        text = made.draft.files[place]
        at = text.index(name, min(text.find(each) for each in ("\nENTRYPOINT", "\nCMD") if each in text))
        made.draft.files[place] = text[:at] + wrong + text[at + len(name) :]
    else:
        _replace_last(made, place, name, wrong)
    made.draft.expects = wrong


def _replace_last(made: Made, place: str, old: str, new: str) -> None:
    before, _, after = made.draft.files[place].rpartition(old)
    made.draft.files[place] = f"{before}{new}{after}"


def nothing(chance: random.Random, made: Made) -> None:
    """It starts, and no finding may say otherwise."""


def _importer(chance: random.Random, made: Made) -> str:
    """A file that is imported at start."""
    return chance.choice((made.main(), made.leaf(chance)[1]))


@dataclass(frozen=True, slots=True)
class Fault:
    """`layouts` and `forms` are those that it can be planted in; `copy` how the code must come into the image."""

    plant: Plant
    layouts: tuple[str, ...] = tuple(LAYOUTS)
    forms: tuple[str, ...] = FORMS
    copy: str | None = None


_PLAIN = tuple(name for name, layout in LAYOUTS.items() if not layout.django)
_NOT_INSTALLED = tuple(name for name, layout in LAYOUTS.items() if not layout.installed)

FAULTS = {
    "none": Fault(nothing),
    "untracked": Fault(untracked),
    "deleted": Fault(deleted),
    "wrong case": Fault(wrong_case),
    "ignored": Fault(ignored),
    "not copied": Fault(not_copied, layouts=_NOT_INSTALLED, copy="listed"),
    "misspelt import": Fault(misspelt_import),
    "missing top level": Fault(missing_top_level),
    "missing requirement": Fault(missing_requirement),
    "crlf script": Fault(crlf_script, forms=WITH_SCRIPT),
    "script not executable": Fault(script_not_executable, forms=WITH_SCRIPT),
    "missing interpreter": Fault(missing_interpreter, forms=WITH_SCRIPT),
    "undefined name": Fault(undefined_name),
    "variable read": Fault(variable_read),
    "missing init": Fault(missing_init, layouts=tuple(each for each in _PLAIN if each != "namespace")),
    "django": Fault(django_app_missing, layouts=("django",)),
    "string import": Fault(string_import),
    "wrong target": Fault(wrong_target, layouts=_PLAIN),
    "wrong command": Fault(wrong_command),
}
