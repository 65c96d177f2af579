"""The directories that a text puts on sys.path, as far as it tells them."""

from __future__ import annotations

from itertools import pairwise

import pytest

from deploy_lib.source.imports.added_paths import added_paths, placed
from deploy_lib.source.imports.syntax import tree_of

MADE_OF_EACH_OTHER = "\n".join(
    ("A = 'a'", *(f"{name} = f'{f'{{{before}}}' * 40}'" for before, name in pairwise("ABCDEFG")), "sys.path.append(G)")
)
TEXTS = [
    ("sys.path.insert(0, 'lib')", ["/srv/lib"]),
    ("sys.path.append(os.getcwd())", ["/srv"]),
    ("sys.path.append(os.path.dirname(os.path.realpath(__file__)) + '/lib')", ["/app/shop/lib"]),
    ("sys.path.append(join(dirname(abspath(__file__)), os.pardir, 'lib'))", ["/app/lib"]),
    ("B = pathlib.Path(__file__).resolve(strict=True).parents[1]\nsys.path.append(str(B / 'lib'))", ["/app/lib"]),
    ("B = Path(__file__).parent\nsys.path.extend([str(B.joinpath('a')), f'{B}/b'])", ["/app/shop/a", "/app/shop/b"]),
    ("sys.path += ['/opt/lib', '/opt/lib']\nsite.addsitedir('/opt/site')", ["/opt/lib", "/opt/site"]),
    ("sys.path.append(os.environ['LIB'])\nsys.path.append(f'{LIB:>9}')\nsys.path.append(', '.join(LIBS))", []),
    ("B = 'a'\nif x:\n    B = 'b'\nsys.path.append(B)", []),
    ("def add(B):\n    sys.path.append(B)\nB = 'a'", []),
    ("B = B + 'a'\nsys.path.append(B)", []),
    ("paths.append('lib')\nsys.paths.append('lib')\nsys.path.remove('lib')", []),
    (MADE_OF_EACH_OTHER, []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "directories"), TEXTS, ids=[text[:60] for text, _ in TEXTS])
def test_what_a_text_puts_there(text: str, directories: list[str]) -> None:
    assert [*placed(added_paths(tree_of(text)), "/app/shop/web.py", "/srv")] == directories
