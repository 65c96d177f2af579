"""One word for one thing, in findings and in causes."""

from __future__ import annotations

import ast

from deploy_lib.drivers.builds.findings import CIRCUMSTANTIAL
from deploy_lib.in_image.options import probe_source
from deploy_lib.model.codes import Code
from tests.unit.diagnose.cases import CLASSES


def test_every_class_of_failure_has_its_word() -> None:
    assert {name for name in CLASSES if Code(name) != name} == set()


def test_whatever_the_import_check_meets_has_its_word() -> None:
    """The probe is read, not imported: it clears the import path of what the image does not have."""
    assigned = [node for node in ast.parse(probe_source()).body if isinstance(node, ast.Assign)]
    wanted = next(node.value for node in assigned if ast.unparse(node.targets[0]) == "IMPORT_KINDS")
    kinds = (*ast.literal_eval(wanted), *CIRCUMSTANTIAL)
    assert len(kinds) > 15
    assert {name for name in kinds if Code(name) != name} == set()


def test_a_word_of_another_version_is_read_as_unknown() -> None:
    assert Code("of_tomorrow") is Code.UNKNOWN
