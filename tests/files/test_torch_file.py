"""Torch's files: what torch wrote is read as torch reads it, and what somebody else wrote harms nothing."""

import io
import pickle
import struct
import subprocess
import sys
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save as save_safetensors

from biggan_directions.errors import FileFormatError
from biggan_directions.files.safetensors_file import read_safetensors
from biggan_directions.files.torch_file import read_torch_file
from tests.support.checkpoints import saved
from tests.support.hostile import Runs, archive, older_file, text, view, whole

LARGEST = 2**20


def read(content: bytes, folder: Path, largest: int = LARGEST) -> Any:
    path = folder / "file.pt"
    path.write_bytes(content)
    return read_torch_file(path, largest=largest, what="a test's file")


def same(one: Any, other: Any) -> bool:
    if isinstance(one, torch.Tensor):
        return one.dtype == other.dtype and torch.equal(one.nan_to_num(), other.nan_to_num())
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return type(one) is type(other) and len(one) == len(other) and all(map(same, one, other))
    return bool(type(one) is type(other) and (one == other or one != one))


DTYPES = (torch.float16, torch.bfloat16, torch.float64, torch.uint8, torch.int8, torch.int64)
LEAVES = (
    st.none()
    | st.booleans()
    | st.floats()
    | st.integers(-(2**100), 2**100)
    | st.text(st.characters())
    | st.sampled_from([torch.arange(6.0).reshape(2, 3), torch.arange(6.0).reshape(2, 3).T, torch.empty(0, 4)])
    | st.sampled_from(DTYPES).map(lambda dtype: torch.tensor([1, 2, 3], dtype=dtype))
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=5) | st.integers(0, 99), inner, max_size=4)
        | st.tuples(inner, inner)
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("older_format", [False, True])
@settings(max_examples=60, deadline=None)
@given(value=VALUES)
def test_what_torch_writes_is_read_as_torch_reads_it(
    older_format: bool, value: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    content = saved(value, older_format=older_format)
    assert same(read(content, tmp_path_factory.getbasetemp()), value)
    assert same(torch.load(io.BytesIO(content), weights_only=True), value)


def test_shared_storages_values_and_parameters_are_read(tmp_path: Path) -> None:
    base, table = torch.arange(12.0), {"lr": 0.1}
    module = torch.nn.Linear(3, 2)
    found = read(
        saved(
            {
                "view": base[2:8].reshape(2, 3),
                "again": base[::3],
                "one": table,
                "two": table,
                "parameter": torch.nn.Parameter(base),
                "module": module.state_dict(),
                "ordered": OrderedDict(a=1),
            }
        ),
        tmp_path,
    )
    assert torch.equal(found["view"], base[2:8].reshape(2, 3))
    assert torch.equal(found["again"], base[::3])
    assert found["one"] == found["two"] == table
    assert torch.equal(found["parameter"], base)
    assert type(found["parameter"]) is torch.Tensor
    assert not found["parameter"].requires_grad
    assert torch.equal(found["module"]["weight"], module.weight)
    assert found["ordered"] == {"a": 1}
    assert found["two"] is not found["one"]


def test_attributes_that_hide_a_dicts_methods(tmp_path: Path) -> None:
    opcodes = b"ccollections\nOrderedDict\n)R" + text("a") + b"K\x01s}" + text("items") + b"Nsb"
    assert read(archive(opcodes, {}), tmp_path) == {"a": 1}


FOUR = struct.pack("<4f", 1, 2, 3, 4)
GOOD = view(4, [2, 2], [2, 1])


@pytest.mark.parametrize("kind", ["zip", "older", "bare pickle", "nested"])
def test_nothing_is_ever_run(kind: str, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    evil = {"a": torch.zeros(3), "b": Runs(mark)}
    if kind == "nested":  # a pickle as text within a pickle stays text
        assert read(saved(pickle.dumps(Runs(mark)).decode("latin-1")), tmp_path)
    else:
        content = pickle.dumps(evil) if kind == "bare pickle" else saved(evil, older_format=kind == "older")
        with pytest.raises(FileFormatError):
            read(content, tmp_path)
    assert not mark.exists()
    pickle.loads(pickle.dumps(Runs(mark)))  # it does run where something runs it
    assert mark.exists()


def test_an_archive_that_unpacks_to_more_than_it_has(tmp_path: Path) -> None:
    bomb = archive(view(2**24, [2**24], [1]), {"0": bytes(2**26)}, compression=zipfile.ZIP_DEFLATED)
    assert len(bomb) < 2**17
    with pytest.raises(FileFormatError, match="compressed"):
        read(bomb, tmp_path)


def _directory(content: bytes) -> int:
    place: int = struct.unpack_from("<L", content, len(content) - 6)[0]
    return place


def changed(content: bytes, place: int, code: str, value: int) -> bytes:
    """``content`` with a number of the archive's own tables replaced."""
    altered = bytearray(content)
    struct.pack_into(code, altered, place, value)
    return bytes(altered)


def _second(content: bytes) -> int:
    return content.index(b"PK\x01\x02", _directory(content) + 4)


def _grow_second(content: bytes) -> bytes:
    """Both of an entry's sizes, so that they agree."""
    grown = changed(content, _second(content) + 24, "<L", 2**30)
    return changed(grown, _second(content) + 20, "<L", 2**30)


def _crowd(content: bytes) -> bytes:
    crowded = changed(content, len(content) - 12, "<H", 60_000)
    return changed(crowded, len(content) - 14, "<H", 60_000)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda c: changed(c, _second(c) + 42, "<L", 0), "not what its directory says"),
        (lambda c: changed(c, _second(c) + 42, "<L", 2**31), "not what its directory says"),
        (lambda c: changed(c, _second(c) + 24, "<L", 2**31), "another size"),
        (_grow_second, "outside"),
        (lambda c: changed(c, _second(c) + 8, "<H", 1), "encrypted"),
        (lambda c: changed(c, _second(c) + 16, "<L", 7), "checksum"),
        (lambda c: changed(c, len(c) - 6, "<L", 2**31), "directory"),
        (lambda c: changed(c, len(c) - 10, "<L", 2**32 - 1), "File is not a zip file|cannot be read|Bad"),
        (_crowd, "cannot be read"),
        (lambda c: c + b"PK\x05\x06" + bytes(18), "directory"),
        (lambda c: c + c, "not where it is said to be"),
        (lambda c: c.replace(b"archive/version", b"archive/data/0\0"), "one name"),
        (lambda c: c + b"tail", "end of the archive"),
        (lambda c: changed(c, len(c) - 2, "<H", 1), "end of the archive"),
        (lambda c: c.replace(b"archive/version", b"archive/d\xff\xfe/00"), "damaged"),
    ],
)
def test_an_archive_that_lies(change: Any, says: str, tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=says):
        read(change(archive(GOOD, {"0": FOUR})), tmp_path)


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["archive/DATA.PKL"], "one name"),  # torch takes it for data.pkl
        (["archive/constants.pkl"], "not one that torch.save"),
        ([f"archive/{number}" for number in range(20_000)], "directory of the archive has over"),
    ],
)
def test_an_archive_with_more_than_torch_writes(names: list[str], says: str, tmp_path: Path) -> None:
    content = io.BytesIO(archive(GOOD, {"0": FOUR}))
    with zipfile.ZipFile(content, "a") as made:
        for name in names:
            made.writestr(name, b"")
    with pytest.raises(FileFormatError, match=says):
        read(content.getvalue(), tmp_path, largest=2**23)


def test_an_archive_whose_end_is_said_to_be_elsewhere(tmp_path: Path) -> None:
    """``zipfile`` does not look at that place, torch does."""
    content = saved(torch.zeros(2))
    assert read(content, tmp_path).shape == (2,)
    with pytest.raises(FileFormatError, match="end of the archive is damaged"):
        read(changed(content, len(content) - 34, "<Q", 0), tmp_path)


OLDER = view(4, [2, 2], [2, 1], older_format=True)
STORED = struct.pack("<Q", 4) + FOUR


@pytest.mark.parametrize(
    ("opcodes", "keys", "storages", "says"),
    [
        (view(2**40, [4], [1], older_format=True), "0", STORED, "not those"),
        (view(4, [2**30], [1], older_format=True), "0", STORED, "outside"),
        (view(4, [2, 2], [0, 0], older_format=True), "0", STORED, "overlap"),
        (OLDER.replace(b"NtQ", b"K\x01K\x00K\x04\x87tQ"), "0", STORED, "not described"),
        (OLDER, "0", struct.pack("<Q", 2**40) + FOUR, "cannot be read"),
        (OLDER, "", b"", "not those"),
        (OLDER, "", STORED, "not those"),
        (OLDER, "01", 2 * STORED, "not those"),
        (OLDER, "00", STORED, "cannot be read"),
        (OLDER, "0", STORED + b"more", "not those"),
        (b"cbuiltins\nbytearray\n" + whole(2**40) + b"\x85R", "", b"", "was not run"),
    ],
)
def test_a_file_of_the_older_format_that_lies(
    opcodes: bytes, keys: str, storages: bytes, says: str, tmp_path: Path
) -> None:
    assert torch.equal(read(older_file(OLDER, "0", STORED), tmp_path), torch.tensor([[1.0, 2], [3, 4]]))
    with pytest.raises(FileFormatError, match=says):
        read(older_file(opcodes, keys, storages), tmp_path)


@pytest.mark.parametrize("older_format", [False, True])
def test_a_file_that_ends_too_early_or_too_late(older_format: bool, tmp_path: Path) -> None:
    content = saved({"a": torch.arange(20.0)}, older_format=older_format)
    for size in range(0, len(content), 7):
        with pytest.raises(FileFormatError):
            read(content[:size], tmp_path)
    with pytest.raises(FileFormatError):
        read(content + b"more", tmp_path)


FORMATS = ("file.pt", "older.pt", "file.safetensors")


def write(path: Path, numbers: torch.Tensor) -> None:
    safe = path.suffix == ".safetensors"
    older = path.name == "older.pt"
    path.write_bytes(save_safetensors({"a": numbers}) if safe else saved({"a": numbers}, older_format=older))


@pytest.mark.parametrize("name", FORMATS)
def test_tensors_outlive_their_file(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    write(path, torch.arange(2.0**16))
    reader = read_safetensors if path.suffix == ".safetensors" else read_torch_file
    found = reader(path, largest=LARGEST, what="a test's file")["a"]
    with path.open("r+b") as file:
        file.write(bytes(1000))
        file.truncate(1000)
    assert torch.equal(found, torch.arange(2.0**16))
    found += 1  # it is the caller's own


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="this system does not say what is in use")
@pytest.mark.parametrize("name", FORMATS)
def test_memory_is_that_of_the_file(name: str, tmp_path: Path) -> None:
    """64 MB of numbers are read where 90 MB may be had beyond what is in use."""
    write(tmp_path / name, torch.zeros(2**24))
    code = (
        "import resource, sys; from pathlib import Path\n"
        "from biggan_directions.files.safetensors_file import read_safetensors\n"
        "from biggan_directions.files.torch_file import read_torch_file\n"
        "used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (used + 90 * 2**20,) * 2)\n"
        "read = read_safetensors if sys.argv[1].endswith('safetensors') else read_torch_file\n"
        "print(read(Path(sys.argv[1]), largest=2**27, what='x')['a'].numel())"
    )
    command = [sys.executable, "-c", code, str(tmp_path / name)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stdout.strip() == str(2**24), done.stderr
