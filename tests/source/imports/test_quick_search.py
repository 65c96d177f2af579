"""What is told from a few words is what the whole pattern, or the whole syntax tree, would tell."""

from __future__ import annotations

import ast

import pytest

from deploy_lib.source.imports import parse, settings
from deploy_lib.source.imports.functions import body_imports
from deploy_lib.source.imports.quick_search import ImportingLines, QuickSearch

pytestmark = pytest.mark.fast

SEARCHES = [each for room in (parse, settings) for each in vars(room).values() if isinstance(each, QuickSearch)]
TEXTS = [
    "globals()['a'] = 1",
    "exec(text)",
    "x = eval('1')",
    "ast.literal_eval(text)",
    "vars(settings)",
    "module.__dict__['a']",
    "sys.modules['a'] = b",
    "sys.modules.setdefault('a', b)",
    "setattr(module, name, value)",
    "setattr(self, name, value)",
    "sys.path.insert(0, 'lib')",
    "os.chdir('src')",
    "__path__ = extend_path(__path__, __name__)",
    "site.addsitedir('lib')",
    "importlib.import_module(name)",
    "__import__(name)",
    "pkgutil.iter_modules(path)",
    "os.environ['A'] = 'b'",
    "os.environ.setdefault('A', 'b')",
    "os.environ |= more",
    "os.environ[name] = value",
    "load_dotenv()",
    "env = Env()",
    "Env()",
    "environs.Env()",
    "INSTALLED_APPS = []",
    "MIDDLEWARE = []",
    "app.conf.imports = ('a',)",
    "app.conf.update(include=['a'])",
    "app = Celery('a')",
    "app.autodiscover_tasks()",
    "app.config_from_object('a')",
    "nothing = 'of the kind'",
]


def test_there_are_searches_to_compare() -> None:
    assert len(SEARCHES) == 9


@pytest.mark.parametrize("text", TEXTS)
def test_the_words_of_a_search_lose_no_match(text: str) -> None:
    source = text.encode()
    for search in SEARCHES:
        assert search.found_in(source) is bool(search.pattern.search(source)), search.pattern


BODIES = [
    "import a",
    "from . import a",
    "return import_module('a')",
    "return importlib.import_module(\n        'a'\n    )",
    "return __import__('a')",
    "uvicorn.run(\n        'a:app')",
    "run('a:app', host='0.0.0.0')",
    "app.config.from_object('a.b')",
    "return import_string('a.b')",
    "if x:\n        def inner():\n            import a\n        return inner",
]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("body", BODIES)
def test_a_function_that_imports_is_looked_into(body: str, end: str) -> None:
    text = f"import os\n\ndef first():\n    return 1\n\ndef second():\n    {body}\n\ndef third():\n    return 3\n"
    tree = ast.parse(text)
    lines = ImportingLines.of(text.replace("\n", end).encode())
    first, second, third = (node for node in tree.body if isinstance(node, ast.FunctionDef))
    assert body_imports(second.body, None)
    assert lines.any_in(second.lineno, second.end_lineno or 0)
    if end == "\n":
        assert not lines.any_in(first.lineno, first.end_lineno or 0)
        assert not lines.any_in(third.lineno, third.end_lineno or 0)
