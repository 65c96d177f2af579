"""The context's archive and its identity: the same content in any order, and only the same content."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from deploy_lib.source.archive import archive, context_hash, tar
from deploy_lib.source.model import EXECUTABLE, REGULAR, SUBMODULE, SYMLINK, Staged, TreeFile
from tests.drivers.builds.samples import APP, Reads, stage_files

PATHS = st.lists(
    st.text("abcä-. ", min_size=1, max_size=6).filter(lambda part: part.strip(". ")), min_size=1, max_size=3
)
FILES = st.dictionaries(
    PATHS.map("/".join), st.tuples(st.binary(max_size=700), st.sampled_from((REGULAR, EXECUTABLE))), max_size=6
)


def members(staged: Staged) -> list[tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(b"".join(archive(staged))), mode="r:gz") as unpacked:
        return unpacked.getmembers()


def reordered(staged: Staged) -> Staged:
    files = dict(reversed(staged.context.files.items()))
    return replace(staged, context=replace(staged.context, files=files))


def test_members_are_sorted_with_one_time_one_owner_and_gits_modes() -> None:
    files = {"run.sh": "#!/bin/sh\n", "shop/main.py": "", "Dockerfile": "FROM scratch\n", "current": "shop/main.py"}
    found = members(stage_files(files, modes={"run.sh": EXECUTABLE, "current": SYMLINK}))
    assert [(m.name, oct(m.mode), m.linkname) for m in found] == [
        ("Dockerfile", "0o644", ""),
        ("current", "0o777", "shop/main.py"),
        ("run.sh", "0o755", ""),
        ("shop", "0o755", ""),
        ("shop/main.py", "0o644", ""),
    ]
    assert {(m.mtime, m.uid, m.gid, m.uname, m.gname) for m in found} == {(315_619_200, 0, 0, "", "")}


def test_the_archive_never_changes_between_versions_of_this_tool() -> None:
    """A change here must come with another FORMAT, or old archives in buckets would be taken for new ones."""
    assert hashlib.sha256(b"".join(tar(stage_files(APP)))).hexdigest() == (
        "03b256d3eec93795fbb9ab1b14dd767f4eb497093714e1f4c48c67ef631b7b65"
    )
    assert (
        context_hash(stage_files(APP), {}, None) == "bda7ab3542f6a12d95359e1e37a31cb0de008ad6879f9208cb6dc48d5b685e2d"
    )


def test_a_submodule_has_no_content_to_send() -> None:
    staged = stage_files(APP)
    files = {**staged.context.files, "vendor": TreeFile("vendor", SUBMODULE, "1" * 40, 0)}
    with_submodule = replace(staged, context=replace(staged.context, files=files))
    assert [m.name for m in members(with_submodule)] == [m.name for m in members(staged)]


def test_long_and_unusual_names_survive() -> None:
    names = {"d/" * 60 + "x" * 120 + ".py": "1", "späße/\udcff.py": "2"}
    assert sorted(m.name for m in members(stage_files(names)) if m.isreg()) == sorted(names)


def test_the_identity_needs_no_content_when_git_has_hashed_it() -> None:
    hashed, unhashed = stage_files(APP), stage_files(APP, hashed=False)
    assert context_hash(hashed, {}, None) == context_hash(unhashed, {}, None)
    assert isinstance(hashed.read_many, Reads) and hashed.read_many.paths == []
    assert isinstance(unhashed.read_many, Reads) and sorted(unhashed.read_many.paths) == sorted(APP)


def test_arguments_target_and_dockerfile_belong_to_the_identity() -> None:
    staged = stage_files(APP)
    seen = {
        context_hash(staged, {}, None),
        context_hash(staged, {"A": "1"}, None),
        context_hash(staged, {"A": "2"}, None),
        context_hash(staged, {"A": "1", "B": ""}, None),
        context_hash(staged, {}, "test"),
        context_hash(replace(staged, dockerfile="shop/main.py"), {}, None),
    }
    assert len(seen) == 6


def test_what_is_executable_and_what_is_a_link_belong_to_the_identity() -> None:
    plain = stage_files({"a": "b"})
    other = [stage_files({"a": "b"}, modes={"a": mode}) for mode in (EXECUTABLE, SYMLINK)]
    assert len({context_hash(staged, {}, None) for staged in (plain, *other)}) == 3


@settings(max_examples=60, deadline=None)
@given(FILES, FILES)
def test_equal_identity_means_equal_archive(
    one: dict[str, tuple[bytes, int]], two: dict[str, tuple[bytes, int]]
) -> None:
    first, second = (
        stage_files({path: data for path, (data, _) in files.items()}, modes={p: m for p, (_, m) in files.items()})
        for files in (one, two)
    )
    assert context_hash(first, {}, None) == context_hash(reordered(first), {}, None)
    assert b"".join(tar(first)) == b"".join(tar(reordered(first)))
    same = context_hash(first, {}, None) == context_hash(second, {}, None)
    assert same == (b"".join(tar(first)) == b"".join(tar(second)))


@settings(max_examples=30, deadline=None)
@given(FILES)
def test_what_goes_in_comes_out(files: dict[str, tuple[bytes, int]]) -> None:
    clear = {path: value for path, value in files.items() if not any(other.startswith(path + "/") for other in files)}
    staged = stage_files({p: d for p, (d, _) in clear.items()}, modes={p: m for p, (_, m) in clear.items()})
    packed = b"".join(archive(staged))
    assert gzip.decompress(packed) == b"".join(tar(staged))
    with tarfile.open(fileobj=io.BytesIO(packed), mode="r:gz") as unpacked:
        found = {
            m.name: (file.read(), REGULAR | m.mode)
            for m in unpacked.getmembers()
            if m.isreg() and (file := unpacked.extractfile(m))
        }
    assert found == clear
