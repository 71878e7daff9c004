"""Thousands of damaged files for every reader: a clear error or a sound value; nothing else, and soon."""

import codecs
import io
import json
import random
import struct
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save as save_safetensors

from biggan_directions.directions import Directions
from biggan_directions.errors import FileFormatError
from biggan_directions.files.torch_file import read_torch_file
from biggan_directions.generators import ImageClass
from biggan_directions.generators.biggan_deep.layout import load_state, read_config
from biggan_directions.generators.weights.weight_folder import WeightFiles
from biggan_directions.scores import SCORES_FORMAT, read_scores
from tests.support.checkpoints import SMALL, saved, small_state
from tests.support.hostile import archive, sizes, text, view, whole
from tests.support.oracles import random_orthogonal

IN_CI, ALL = 2_000, 20_000  # files, over all kinds
SLOWEST_S = 5.0  # a file, on a busy machine; the usual one takes some milliseconds
MORE_MEMORY = 256 * 2**20  # bytes that may be had beyond what is in use when the test begins

_RUNS = {"pickle.find_class", "os.system", "os.exec", "os.posix_spawn", "subprocess.Popen", "marshal.loads"}
_watching: list[str] | None = None


def _watch(event: str, _: object) -> None:
    if _watching is not None and event in _RUNS:
        _watching.append(event)


codecs.lookup("cp437")  # of names in an archive: the module is Python's, and loaded where it is first used
sys.addaudithook(_watch)  # cannot be taken away again: it does nothing unless it is asked to


@contextmanager
def harmless() -> Iterator[None]:
    """Nothing is run, and memory has a limit, where the system has such limits."""
    global _watching
    _watching = []
    try:
        with limited_memory():
            yield
        assert not _watching
    finally:
        _watching = None


@contextmanager
def limited_memory() -> Iterator[None]:
    """An allocation of more than ``MORE_MEMORY`` fails, with an error that no reader expects."""
    statm = Path("/proc/self/statm")
    if not statm.exists():
        yield
        return
    import resource

    before = resource.getrlimit(resource.RLIMIT_AS)
    used = int(statm.read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MORE_MEMORY, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def damaged(whole_file: bytes, chance: random.Random) -> bytes:
    """A file with one to four places changed: a bit, a byte, a number, a stretch lost, doubled or moved."""
    content = bytearray(whole_file)
    for _ in range(chance.choice((1, 1, 2, 4))):
        place, length = chance.randrange(len(content) + 1), chance.choice((1, 2, 4, 8, 40, 400))
        kind = chance.randrange(7)
        if kind == 0 and place < len(content):
            content[place] ^= 1 << chance.randrange(8)
        elif kind == 1:
            content[place : place + length] = chance.randbytes(length)
        elif kind == 2:
            powers = (2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**63, 2**64 - 1)
            number, size = chance.choice((0, 1, *powers)), chance.choice((1, 2, 4, 8))
            content[place : place + size] = struct.pack("<Q", number)[:size]
        elif kind == 3:
            del content[place : place + length]
        elif kind == 4:
            content[place:place] = content[place : place + length]
        elif kind == 5:
            other = chance.randrange(len(content) + 1)
            content[place:place] = content[other : other + length]
        else:
            content = content[:place] if chance.random() < 0.2 else content
    return bytes(content)


def repaired(whole_file: bytes, chance: random.Random) -> bytes:
    """A file of torch's with its pickle damaged and every checksum right, so that the damage is read."""
    with zipfile.ZipFile(io.BytesIO(whole_file)) as made:
        parts = {name.partition("/")[2]: made.read(name) for name in made.namelist()}
    storages = {name.removeprefix("data/"): raw for name, raw in parts.items() if name.startswith("data/")}
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as made:
        made.writestr("archive/data.pkl", damaged(parts["data.pkl"], chance))
        for key, raw in storages.items():
            made.writestr(f"archive/data/{key}", damaged(raw, chance) if chance.random() < 0.1 else raw)
        made.writestr("archive/version", b"3\n")  # torch reads no archive without
    return content.getvalue()


def _ours(folder: Path) -> bytes:
    Directions(
        directions=random_orthogonal(8, 0)[:3].float(),
        names=("", "zoom", "größer"),
        effect=torch.tensor([0.3, 0.2, 0.1]),
        penalty=torch.tensor([0.01, 0.5, float("nan")]),
        model={"name": "toybox", "resolution": 64, "z_dim": 8, "weights_sha256": "0" * 64},
        classes=(ImageClass(4, "car"), ImageClass(8, "duck")),
        truncation=1.0,
        seed=3,
        solver={"name": "jacobi", "latents": 32, "blocks": "8, 16"},
        made_with={"python": "3"},
        license="MIT",
    ).save(folder / "made.pt")
    return (folder / "made.pt").read_bytes()


def _scorecard() -> bytes:
    figure = {"value": 0.5, "error": 0.1}
    keys = ("effect", "penalty", "overlap", "unevenness", "steadiness")
    one = {**dict.fromkeys(keys, figure), "recovery": 0.9, "factor": "azimuth"}
    sets = [{"solver": "jacobi", "directions": [one, one], "paper_penalty": figure, "recovery_mean": 0.8}]
    head = {"format": SCORES_FORMAT, "directions_sha256": "0" * 64, "model": "toybox", "classes": ["car"]}
    rest = {"truncation": 1.0, "seed": 0, "latents": 4, "evaluations": 100, "sets": sets}
    return json.dumps({**head, **rest}).encode()


def _directions(path: Path) -> None:
    found = Directions.load(path)
    assert found.orthonormality_error() < 1e-4
    assert bool(torch.isfinite(found.directions).all())


def _model(path: Path) -> None:
    config = path.with_name("config.json")
    config.write_text(json.dumps(SMALL), "utf-8")
    _, state = load_state(WeightFiles(config_path=config, state_path=path, sha256=""))
    assert all(bool(torch.isfinite(tensor).all()) for tensor in state.values())


def _scores(path: Path) -> None:
    found = read_scores(path, "0" * 64, 2)
    assert found is None or len(found.sets[0].directions) == 2


Kind = tuple[str, Callable[[Path], bytes], Callable[[Path], object], Callable[[bytes, random.Random], bytes]]
_BARE = torch.randn(4, 8, generator=torch.Generator().manual_seed(0))
KINDS: dict[str, Kind] = {
    "directions": ("file.pt", _ours, _directions, damaged),
    "directions, checksums right": ("file.pt", _ours, _directions, repaired),
    "matrix": ("file.pt", lambda _: saved(_BARE), _directions, repaired),
    "matrix, older format": ("file.pt", lambda _: saved(_BARE, older_format=True), _directions, damaged),
    "checkpoint": ("file.bin", lambda _: saved(small_state()), _model, damaged),
    "checkpoint, checksums right": ("file.bin", lambda _: saved(small_state()), _model, repaired),
    "checkpoint, older": ("file.bin", lambda _: saved(small_state(), older_format=True), _model, damaged),
    "safetensors": ("file.safetensors", lambda _: save_safetensors(small_state()), _model, damaged),
    "config": ("file.json", lambda _: json.dumps(SMALL).encode(), read_config, damaged),
    "scorecard": ("file.json", lambda _: _scorecard(), _scores, damaged),
}


def _rounds(kind: str, first: int, last: int, folder: Path) -> int:
    """Read damaged files by number; how many were refused."""
    name, make, read, damage = KINDS[kind]
    original, path, refused, longest = make(folder), folder / name, 0, 0
    path.write_bytes(original)
    read(path)  # is read where nothing is wrong with it
    with harmless():
        for number in range(first, last):
            content = damage(original, random.Random(f"{kind} {number}"))
            path.write_bytes(content)
            begun = time.perf_counter()
            try:
                read(path)
            except FileFormatError as error:
                refused += 1
                longest = max(longest, len(str(error)))
            except BaseException as error:
                kept = Path(tempfile.gettempdir()) / f"damaged_{number}_{name}"
                kept.write_bytes(content)
                raise AssertionError(f"{kind} {number}: {error!r}; the file is kept at {kept}") from error
            assert time.perf_counter() - begun < SLOWEST_S, f"{kind} {number}"
    assert longest < 1000
    return refused


@pytest.mark.parametrize("kind", list(KINDS))
def test_damaged_files(kind: str, tmp_path: Path) -> None:
    count = IN_CI // len(KINDS)
    refused = _rounds(kind, 0, count, tmp_path)
    assert refused > count / 4
    assert refused < count or kind == "checkpoint, checksums right"  # nothing in that can be left out


@pytest.mark.long
@pytest.mark.parametrize("kind", list(KINDS))
def test_many_damaged_files(kind: str, tmp_path: Path) -> None:
    count = ALL // len(KINDS)
    assert _rounds(kind, IN_CI, IN_CI + count, tmp_path) > count / 4


def test_the_watch_sees_what_runs(tmp_path: Path) -> None:
    import pickle

    with pytest.raises(AssertionError), harmless():
        pickle.loads(b"cbuiltins\nlen\n.")
    if Path("/proc/self/statm").exists():
        with pytest.raises((MemoryError, RuntimeError)), harmless():
            torch.zeros(2 * MORE_MEMORY)


_OPCODES = st.sampled_from(
    [
        *(bytes([code]) for code in b"N\x88\x89(]})t\x85\x86\x87aesuQRb.\x94\x93"),
        *(b"q\x00", b"q\x01", b"h\x00", b"h\x01", b"K\x02"),
        *(whole(2**62), whole(-1), sizes([2, 2]), sizes([2, 1])),
        *(text("storage"), text("0"), text("cpu"), b"ctorch\nFloatStorage\n", b"ccollections\nOrderedDict\n"),
        *(b"ctorch._utils\n_rebuild_tensor_v2\n", b"ctorch._utils\n_rebuild_parameter\n"),
        view(4, [2, 2], [2, 1]),
    ]
)


@settings(max_examples=300, deadline=None)
@given(opcodes=st.lists(_OPCODES, max_size=30).map(b"".join) | st.binary(max_size=60))
def test_any_opcodes_at_all(opcodes: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "any.pt"
    path.write_bytes(archive(opcodes, {"0": bytes(16)}))
    with harmless():
        try:
            read_torch_file(path, largest=2**20, what="a test's file")
        except FileFormatError:
            return
